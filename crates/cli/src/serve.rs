//! `countersign serve`: from flags and environment to a running server, and back down on a signal.

use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_embedded::Recovery;
use countersign_engine::Engine;
use countersign_identity::{self as identity, AccessKey, Directory, MasterKeys, SystemRandom};
use countersign_server::{Cidr, Config, DiagnosisMode, PublicUrl, Real, ScrubSchedule, Server};
use countersign_store::{Settings, Store};
use countersign_types::BucketName;

use crate::data_dir;
use crate::duration;
use crate::exit::{Failure, Kind};
use crate::master_key;
use crate::private_file;
use crate::root_credentials::{self, Origin, Root};
use crate::running;

/// Where and how to serve.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where everything is kept; made if it does not exist.
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        default_value = "countersign-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// Where S3 is served; repeatable (default: port 9000 on 127.0.0.1 and on ::1).
    #[arg(long, env = "COUNTERSIGN_LISTEN", value_delimiter = ',', value_name = "ADDR")]
    listen: Vec<SocketAddr>,
    /// Where health and the admin API are served; repeatable (default: port 9001 on 127.0.0.1 and on ::1).
    #[arg(
        long,
        env = "COUNTERSIGN_ADMIN_LISTEN",
        value_delimiter = ',',
        value_name = "ADDR"
    )]
    admin_listen: Vec<SocketAddr>,
    /// The region that clients sign for.
    #[arg(long, env = "COUNTERSIGN_REGION", default_value = "us-east-1")]
    region: String,
    /// A URL under which clients reach this server; repeatable.
    #[arg(long, env = "COUNTERSIGN_PUBLIC_URL", value_delimiter = ',', value_name = "URL", value_parser = PublicUrl::parse)]
    public_url: Vec<PublicUrl>,
    /// A name whose first label is a bucket (virtual-host style); repeatable, `localhost` always is one.
    #[arg(long, env = "COUNTERSIGN_DOMAIN", value_delimiter = ',', value_name = "NAME")]
    domain: Vec<String>,
    /// A proxy whose forwarding headers are believed when a client's address is told; repeatable.
    #[arg(long, env = "COUNTERSIGN_TRUSTED_PROXY", value_delimiter = ',', value_name = "CIDR", value_parser = Cidr::parse)]
    trusted_proxy: Vec<Cidr>,
    /// How much a refusal tells: auto, full, basic or off.
    #[arg(long, env = "COUNTERSIGN_DIAGNOSIS", default_value = "auto", value_parser = diagnosis_mode)]
    diagnosis: DiagnosisMode,
    #[command(flatten)]
    master_key: master_key::Options,
    /// Ask identity providers at private addresses too, and in the clear there. Otherwise whoever may register one could have this
    /// server ask machines of its own network.
    #[arg(long, env = "COUNTERSIGN_ALLOW_PRIVATE_IDENTITY_PROVIDERS")]
    allow_private_identity_providers: bool,
    /// Buckets that exist from the start, separated by commas.
    #[arg(long, env = "COUNTERSIGN_BUCKETS", value_delimiter = ',', value_name = "NAMES", value_parser = bucket_name)]
    buckets: Vec<BucketName>,
    /// How often everything stored is read against its checksums, from the beginning of one pass to that of the next: 12h, 7d,
    /// or off.
    #[arg(long, env = "COUNTERSIGN_SCRUB_EVERY", default_value = "7d", value_name = "TIME", value_parser = scrub_every)]
    scrub_every: ScrubEvery,
    /// Not more than so many MiB a second are read for that.
    #[arg(long, env = "COUNTERSIGN_SCRUB_RATE", default_value_t = 16, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    scrub_rate: u32,
    /// The storage engine.
    #[arg(long, env = "COUNTERSIGN_ENGINE", default_value = "embedded", value_parser = ["embedded"])]
    engine: String,
}

/// Serves until a signal says stop.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    running::log_to_standard_error();
    running::runtime()?.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let data_dir = &arguments.data_dir;
    data_dir::make(data_dir)?;
    let engine = data_dir::open(data_dir, &data_dir::options())?;
    report(engine.recovery());
    let engine = Arc::new(engine);
    let root = root_credentials::find(data_dir, &|name| std::env::var(name).ok())
        .map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
    if let Origin::File(path) = &root.origin
        && private_file::is_exposed(path)
    {
        tracing::warn!(path = %path.display(), "others than its owner may read the root credentials: chmod 600 it");
    }
    let note = note(&root);
    // This process has the engine for itself: its own readers are all there are.
    let settings = Settings {
        sweep_after: Duration::ZERO,
        ..Settings::default()
    };
    let store = Store::open_with(Arc::clone(&engine) as _, Arc::new(Real), settings)
        .await
        .map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("`{}` does not open: {error}", data_dir.display()),
            )
        })?;
    let directory = open_directory(Arc::clone(&engine) as _, root.access_key, &arguments).await?;
    make_buckets(&store, &directory, &arguments).await?;

    let config = Config {
        region: arguments.region.clone(),
        public_urls: arguments.public_url.clone(),
        domains: arguments.domain.clone(),
        trusted_proxies: arguments.trusted_proxy.clone(),
        diagnosis: arguments.diagnosis,
        are_private_identity_providers_allowed: arguments.allow_private_identity_providers,
        refusals_dir: Some(data_dir.join("refusals")),
        scrub: ScrubSchedule {
            every: arguments.scrub_every.0,
            bytes_per_second: u64::from(arguments.scrub_rate) * 1024 * 1024,
        },
        scrub_file: Some(data_dir.join("scrub")),
    };
    // Heard from the moment on that somebody can know of this server.
    let stop = running::stop_signal()?;
    let listeners = bind(&arguments.listen, 9000)?;
    let admin_listeners = bind(&arguments.admin_listen, 9001)?;
    let server = Server::new(config, store, directory).watching(Arc::clone(&engine) as _);
    println!(
        "countersign {} serves {}",
        env!("CARGO_PKG_VERSION"),
        data_dir.display()
    );
    println!("  S3     {}  (region {})", urls(&listeners), arguments.region);
    println!("  admin  {}", urls(&admin_listeners));
    println!("{note}");
    let served = server.run(listeners, admin_listeners, stop).await;
    drop(engine);
    served.map_err(|error| Failure::new(Kind::Failed, format!("serving ended: {error}")))
}

/// Reads accounts, users and keys, with the master key that seals their secrets.
async fn open_directory(
    engine: Arc<dyn Engine>,
    root: AccessKey,
    arguments: &Arguments,
) -> Result<Directory, Failure> {
    let data_dir = arguments.data_dir.clone();
    let options = arguments.master_key.clone();
    // May have to ask somebody, and waits for that.
    let found = tokio::task::spawn_blocking(move || options.find(&data_dir)).await;
    let found = found.map_err(|error| Failure::new(Kind::Failed, error.to_string()))??;
    match &found.origin {
        master_key::Origin::Made(path) => {
            let path = path.display();
            tracing::info!(%path, "a master key was made now: without it no secret that is kept can be read again, so back it up");
        }
        origin => tracing::info!(?origin, keys = found.keys.len(), "the master key is there"),
    }
    let keys = MasterKeys::new(found.keys);
    let keys = keys.ok_or_else(|| Failure::new(Kind::Usage, "there is no master key"))?;
    let opened = Directory::open(engine, root, keys, Arc::new(SystemRandom)).await;
    opened.map_err(|error| {
        let kind = match &error {
            identity::Error::UnknownMasterKey { .. } => Kind::Usage,
            identity::Error::TooNew(_)
            | identity::Error::Damaged(_)
            | identity::Error::Contended
            | identity::Error::Engine(_) => Kind::Failed,
        };
        Failure::new(kind, format!("accounts and keys cannot be read: {error}"))
    })
}

/// Says what the last stop left behind, if it left anything.
fn report(recovery: &Recovery) {
    let Recovery {
        batches_replayed,
        torn_bytes,
        damaged_bodies,
        orphans_removed,
        direct_writes,
        index_rebuilt,
    } = recovery;
    let log_writes = if *direct_writes {
        "past the page cache"
    } else {
        "through the page cache"
    };
    tracing::info!(log_writes, "the data directory is open");
    if let Some(why) = index_rebuilt {
        tracing::warn!(why, "the index was made anew from the log");
    }
    if *damaged_bodies > 0 {
        tracing::error!(damaged_bodies, "stored bodies are damaged: reading them fails");
    }
    if batches_replayed + torn_bytes + orphans_removed > 0 {
        tracing::info!(
            batches_replayed,
            torn_bytes,
            orphans_removed,
            "recovered what the last stop left behind"
        );
    }
}

async fn make_buckets(store: &Store, directory: &Directory, arguments: &Arguments) -> Result<(), Failure> {
    let owner = directory.root_account().id;
    for bucket in &arguments.buckets {
        match store.create_bucket(bucket, &owner, &arguments.region).await {
            Ok(_) | Err(countersign_store::Error::BucketAlreadyOwnedByYou) => {}
            Err(error) => return Err(Failure::new(Kind::Failed, format!("bucket `{bucket}`: {error}"))),
        }
    }
    Ok(())
}

/// Binds what was asked for; if nothing was, both loopback addresses (a machine may lack IPv6).
fn bind(asked: &[SocketAddr], default_port: u16) -> Result<Vec<TcpListener>, Failure> {
    let listen = |address: SocketAddr| -> io::Result<TcpListener> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    let fail = |address: SocketAddr, error: io::Error| {
        let kind = if error.kind() == io::ErrorKind::AddrInUse {
            Kind::Conflict
        } else {
            Kind::Failed
        };
        Failure::new(kind, format!("cannot listen on {address}: {error}"))
    };
    if !asked.is_empty() {
        return asked
            .iter()
            .map(|address| listen(*address).map_err(|error| fail(*address, error)))
            .collect();
    }
    let v4 = SocketAddr::from(([127, 0, 0, 1], default_port));
    let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], default_port));
    let mut listeners = vec![listen(v4).map_err(|error| fail(v4, error))?];
    match listen(v6) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(fail(v6, error)),
        Err(error) => tracing::info!(%error, "not listening on {v6}"),
    }
    Ok(listeners)
}

fn urls(listeners: &[TcpListener]) -> String {
    let urls = listeners
        .iter()
        .filter_map(|l| l.local_addr().ok())
        .map(|address| format!("http://{address}"));
    urls.collect::<Vec<_>>().join("  ")
}

/// What is said about the root key. The secret is shown on a terminal only, and only when it was just made.
fn note(root: &Root) -> String {
    let id = &root.access_key.access_key_id;
    match &root.origin {
        Origin::Environment(id_name, _) => format!("  root   {id}  (from {id_name})"),
        Origin::File(path) => format!("  root   {id}  (secret in {})", path.display()),
        Origin::Made(path) if io::stdout().is_terminal() => made_note(id, root, path),
        Origin::Made(path) => format!("  root   {id}  (made now, secret in {})", path.display()),
    }
}

fn made_note(id: &str, root: &Root, path: &Path) -> String {
    let secret = String::from_utf8_lossy(root.access_key.secret.expose()).into_owned();
    format!(
        "  root   made now and kept in {}; to use it, paste:\n\n    export AWS_ACCESS_KEY_ID={id}\n    \
         export AWS_SECRET_ACCESS_KEY={secret}\n    export AWS_ENDPOINT_URL=http://127.0.0.1:9000\n    \
         export AWS_REGION=us-east-1\n    aws s3 mb s3://first-bucket\n",
        path.display()
    )
}

fn diagnosis_mode(text: &str) -> Result<DiagnosisMode, String> {
    DiagnosisMode::parse(text).ok_or_else(|| format!("`{text}` is not auto, full, basic or off"))
}

/// How often; never, if there is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ScrubEvery(Option<Duration>);

fn scrub_every(text: &str) -> Result<ScrubEvery, String> {
    if text == "off" {
        return Ok(ScrubEvery(None));
    }
    let every = duration::parse(text).map_err(|why| format!("{why}, nor is it off"))?;
    Ok(ScrubEvery(Some(every)))
}

fn bucket_name(text: &str) -> Result<BucketName, String> {
    BucketName::parse(text).map_err(|_| format!("`{text}` cannot be a bucket name"))
}
