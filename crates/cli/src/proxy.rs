//! `countersign proxy`: from flags and environment to a running proxy, and back down on a signal.
//!
//! Not here: what a proxy does (`countersign_proxy`).

use std::net::{IpAddr, SocketAddr, TcpListener};

use countersign_proxy::{Key, Proxy, Upstream};
use countersign_server::PublicUrl;

use crate::credentials;
use crate::endpoint;
use crate::exit::{Failure, Kind};
use crate::running;

/// Where it listens, and where it goes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The S3 server that requests go to once they are verified, as in `https://s3.eu-central-1.amazonaws.com`.
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    upstream: PublicUrl,
    /// Where clients reach the proxy; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9010")]
    listen: SocketAddr,
    /// Listen on an address that other machines reach. They send in the clear, and whoever holds the secret works with this machine's
    /// access to the upstream.
    #[arg(long)]
    allow_remote: bool,
    /// The region that clients sign for; else the one in the upstream's name, AWS_REGION, what the profile says, or us-east-1.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The region that the upstream is signed for, if it is another.
    #[arg(long, value_name = "REGION")]
    upstream_region: Option<String>,
    /// A profile of AWS's credentials and config files to take the key from; else AWS's variables, or the default profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A name whose first label is a bucket (virtual-host style), as clients call the proxy; repeatable, `localhost` always is one.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    domain: Vec<String>,
}

/// Passes requests on until a signal says stop.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.listen.ip().to_canonical().is_loopback() && !arguments.allow_remote {
        return Err(Failure::new(
            Kind::Usage,
            format!(
                "{} can be reached from other machines: they would send in the clear, and use this machine's access to the upstream. \
                 Listen on 127.0.0.1, or say --allow-remote",
                named(arguments.listen.ip())
            ),
        ));
    }
    let environment = |name: &str| std::env::var(name).ok();
    let found = credentials::find(arguments.profile.as_deref(), None, &environment)?;
    let flag = arguments.region.as_deref();
    let region = endpoint::region_at(&arguments.upstream, flag, &environment, &found.profile);
    let upstream_region = arguments.upstream_region.as_ref().unwrap_or(&region);
    let upstream = Upstream::new(arguments.upstream.clone(), upstream_region);
    let key = Key::new(found.access_key_id, found.secret, found.session_token);
    let id = key.id().to_owned();
    let proxy = Proxy::new(upstream, key, &region).below(arguments.domain.clone());
    running::log_to_standard_error();
    let runtime = running::runtime()?;
    runtime.block_on(async {
        let stop = running::stop_signal()?;
        let failed = |error| Failure::new(Kind::Failed, format!("cannot listen on {}: {error}", arguments.listen));
        let listener = TcpListener::bind(arguments.listen).map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                Failure::new(Kind::Conflict, format!("cannot listen on {}: {error}", arguments.listen))
            }
            _ => failed(error),
        })?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        println!("countersign {} passes on to {}", env!("CARGO_PKG_VERSION"), endpoint::text(&arguments.upstream));
        println!("  S3     http://{address}  (region {region})");
        println!("  key    {id}  (sign with it as for the upstream: set the client's endpoint to the address above)");
        let served = proxy.run(vec![listener], stop).await;
        served.map_err(|error| Failure::new(Kind::Failed, format!("serving ended: {error}")))
    })
}

fn named(address: IpAddr) -> String {
    match address.is_unspecified() {
        true => format!("{address} (every address of this machine)"),
        false => address.to_string(),
    }
}
