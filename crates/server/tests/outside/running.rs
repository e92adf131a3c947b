//! A whole server in this process, over the engine that keeps everything in memory.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_engine::Engine;
use countersign_engine::memory::Memory;
use countersign_engine::upkeep::Upkeep;
use countersign_identity::{AccessKey, Directory, MasterKeys};
use countersign_server::{Config, DiagnosisMode, Real, Server};
use countersign_sigv4::Secret;
use countersign_store::{Settings, Store, World};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::http::{ACCESS_KEY_ID, Answer, Ask, Connection, DEADLINE, Key, SECRET};
use crate::watched::{Counts, Watched};

/// A server; gone when dropped.
pub(crate) struct Running {
    pub(crate) s3: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) counts: Arc<Counts>,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<std::sync::mpsc::Receiver<std::io::Result<()>>>,
    runtime: Option<Runtime>,
}

impl Running {
    /// A server with the usual configuration.
    pub(crate) fn start() -> Running {
        Running::with(Config::in_region("us-east-1"))
    }

    pub(crate) fn diagnosing(diagnosis: DiagnosisMode) -> Running {
        Running::with(Config {
            diagnosis,
            ..Config::in_region("us-east-1")
        })
    }

    pub(crate) fn with(config: Config) -> Running {
        Running::over(Arc::new(Memory::new()), config)
    }

    pub(crate) fn over(engine: Arc<dyn Engine>, config: Config) -> Running {
        Running::watching(engine, config, None)
    }

    pub(crate) fn watching(
        engine: Arc<dyn Engine>,
        config: Config,
        upkeep: Option<Arc<dyn Upkeep>>,
    ) -> Running {
        Running::serving(engine, async |store| {
            let server = Server::new(config, store, Directory::of_root(root()));
            match upkeep {
                Some(upkeep) => server.watching(upkeep),
                None => server,
            }
        })
    }

    /// One of several servers on an engine: its accounts lie there, too.
    pub(crate) fn sharing(engine: Arc<dyn Engine>) -> Running {
        Running::serving(Arc::clone(&engine), async |store| {
            Server::new(Config::in_region("us-east-1"), store, directory(engine).await)
        })
    }

    /// A server that is put together from a store over this engine.
    pub(crate) fn serving(engine: Arc<dyn Engine>, make: impl AsyncFnOnce(Store) -> Server) -> Running {
        Running::serving_in(engine, Arc::new(Real), make)
    }

    /// The same with a store that lives in this world.
    pub(crate) fn serving_in(
        engine: Arc<dyn Engine>,
        world: Arc<dyn World>,
        make: impl AsyncFnOnce(Store) -> Server,
    ) -> Running {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let counts = Arc::new(Counts::default());
        let engine = Arc::new(Watched {
            inner: engine,
            counts: Arc::clone(&counts),
        });
        let settings = Settings {
            sweep_after: Duration::ZERO,
            ..Settings::default()
        };
        let store = runtime
            .block_on(Store::open_with(engine, world, settings))
            .expect("a store");
        let server = runtime.block_on(make(store));
        let (s3_listener, s3) = listener();
        let (admin_listener, admin) = listener();
        let (stop, stopped) = oneshot::channel::<()>();
        let (ended_sender, ended) = std::sync::mpsc::channel();
        let before = counts.so_far().0;
        runtime.spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            let _ = ended_sender.send(server.run(vec![s3_listener], vec![admin_listener], stopped).await);
        });
        // The first sweep reads once, because there are no buckets; after it, only requests read.
        until("the first sweep", || counts.so_far().0 > before);
        Running {
            s3,
            admin,
            counts,
            stop: Some(stop),
            ended: Some(ended),
            runtime: Some(runtime),
        }
    }

    pub(crate) fn host(&self) -> String {
        self.s3.to_string()
    }

    /// Asks S3 on a new connection, signed by the root.
    pub(crate) fn ask(&self, ask: Ask) -> Answer {
        self.send(&ask.to(&self.host()).sign(&Key::root()))
    }

    /// Asks S3 on a new connection, with what the request holds and nothing else.
    pub(crate) fn send(&self, ask: &Ask) -> Answer {
        Connection::open(self.s3).ask(&ask.clone().to(&self.host()))
    }

    /// Asks the admin API, signed by the root.
    pub(crate) fn ask_admin(&self, path: &str) -> Answer {
        self.ask_admin_to("GET", path)
    }

    pub(crate) fn ask_admin_to(&self, method: &str, path: &str) -> Answer {
        let ask = Ask::new(method, path)
            .to(&self.admin.to_string())
            .sign(&Key::admin());
        Connection::open(self.admin).ask(&ask)
    }

    /// Makes a bucket.
    pub(crate) fn bucket(self, name: &str) -> Running {
        let answer = self.ask(Ask::new("PUT", &format!("/{name}")));
        assert_eq!(answer.status, 200, "{}", answer.text());
        self
    }

    /// Puts a small object.
    pub(crate) fn put(&self, target: &str, body: &str) {
        let answer = self.ask(Ask::new("PUT", target).body(body));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The status that a signed GET of it has.
    pub(crate) fn status_of(&self, target: &str) -> u16 {
        self.ask(Ask::new("GET", target)).status
    }

    /// Tells the server to stop; requests in flight go on.
    pub(crate) fn stop(&mut self) {
        let stop = self.stop.take().expect("stopped once only");
        stop.send(()).expect("the server runs");
    }

    /// Waits until the server has ended.
    pub(crate) fn wait(&mut self) {
        let ended = self.ended.take().expect("waited for once only");
        ended
            .recv_timeout(DEADLINE)
            .expect("the server ends")
            .expect("and in good order");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The accounts on an engine, as one more server knows them.
pub(crate) async fn directory(engine: Arc<dyn Engine>) -> Directory {
    let master = MasterKeys::new(vec![Zeroizing::new([7; 32])]).expect("there is one");
    let opened = Directory::open(engine, root(), master, Arc::new(Real)).await;
    opened.expect("the accounts can be read")
}

fn root() -> AccessKey {
    AccessKey {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(SECRET),
    }
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}
