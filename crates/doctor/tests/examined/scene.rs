//! A server over the engine in memory, a front that changes requests and answers as a test wants, and an examination through it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bytes::Bytes;
use countersign_doctor::{Asked, Held, Key, Place, Report, Source, Watch, examine};
use countersign_engine::memory::Memory;
use countersign_identity::{AccessKey, Directory};
use countersign_server::{Clock, Config, DiagnosisMode, Real, Server};
use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer};
use countersign_store::Store;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

pub(crate) const ID: &str = "AKIDOFTESTS000000001";
pub(crate) const SECRET: &str = "a/secret+of/the/tests/that/is/40/long..";
pub(crate) const BUCKET: &str = "photos";
/// Longer than what it is changed into on the way, and with what is encoded in a link.
pub(crate) const TOKEN: &str = "a/session+token/of==the+tests/that/nobody/may/be/told";

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Passing {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
    /// Where it goes.
    pub(crate) upstream: String,
}

impl Passing {
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        let is_there = self.headers.iter().any(|(other, _)| other == name);
        self.headers.retain(|(other, _)| other != name);
        if let (Some(value), true) = (value, is_there || name == "host") {
            self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other == name)
    }
}

/// An answer on its way back.
#[derive(Clone, Debug)]
pub(crate) struct Returning {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Returning {
    pub(crate) fn refusal(status: u16, code: &str) -> Returning {
        let document = format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
        Returning {
            status,
            headers: Vec::new(),
            body: document.into(),
        }
    }
}

/// What stands in between.
#[derive(Clone)]
pub(crate) struct Front {
    /// Changes a request, or answers it itself.
    pub(crate) request: fn(&mut Passing) -> Option<Returning>,
    pub(crate) answer: fn(&mut Returning),
    /// Whether it keeps what the server compared with to itself, as most servers do.
    pub(crate) is_silent: bool,
}

impl Front {
    /// Passes everything on.
    pub(crate) fn clear() -> Front {
        Front {
            request: |_| None,
            answer: |_| {},
            is_silent: false,
        }
    }

    pub(crate) fn changing(request: fn(&mut Passing) -> Option<Returning>, is_silent: bool) -> Front {
        Front {
            request,
            is_silent,
            ..Front::clear()
        }
    }
}

/// What is examined, and how.
pub(crate) struct Scene {
    pub(crate) front: Front,
    /// Seconds by which the server's clock is ahead.
    pub(crate) ahead: i64,
    pub(crate) change: fn(&mut Asked, inner: &str),
}

impl Scene {
    pub(crate) fn of(front: Front) -> Scene {
        Scene {
            front,
            ahead: 0,
            change: |_, _| {},
        }
    }

    pub(crate) async fn examined(self) -> Report {
        let never = std::future::pending();
        self.watched(&Silent, never).await.0
    }

    /// The report, and the keys that are left in the bucket.
    pub(crate) async fn watched(
        self,
        watch: &dyn Watch,
        stop: impl Future<Output = ()>,
    ) -> (Report, Vec<String>) {
        let inner = server(self.ahead).await;
        ask(&inner, "PUT", &format!("/{BUCKET}"), self.ahead).await;
        let front = front(self.front, inner.clone());
        let mut asked = Asked {
            place: Place::parse(&format!("http://{front}")).expect("an endpoint"),
            region: "us-east-1".to_owned(),
            bucket: Some(BUCKET.to_owned()),
            sources: vec![source(SECRET)],
            ntp_server: None,
            ca_bundle: None,
            upstream_hosts: Vec::new(),
        };
        (self.change)(&mut asked, &inner);
        let report = examine(&asked, watch, stop).await;
        let list = ask(&inner, "GET", &format!("/{BUCKET}"), self.ahead).await;
        let list = String::from_utf8_lossy(&list).into_owned();
        let keys = list.split("<Key>").skip(1);
        let keys = keys.map(|rest| rest.split('<').next().unwrap_or_default().to_owned());
        // Whatever happens: nothing of the secret in what is told.
        let told = report.document().to_string();
        assert!(!told.contains(SECRET) && !told.contains(TOKEN), "{told}");
        (report, keys.collect())
    }
}

/// Nobody waits.
pub(crate) struct Silent;

impl Watch for Silent {
    fn step(&self, _: &str) {}
}

pub(crate) fn source(secret: &str) -> Source {
    temporary(secret, None)
}

pub(crate) fn temporary(secret: &str, session_token: Option<&str>) -> Source {
    Source {
        name: "the test".to_owned(),
        held: Held::Key {
            key: Key {
                access_key_id: ID.to_owned(),
                secret: Secret::new(secret),
                session_token: session_token.map(str::to_owned),
            },
            ends: None,
        },
    }
}

/// A clock that is ahead.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> countersign_types::Moment {
        countersign_types::Moment::from_seconds(Real::now().seconds().saturating_add(self.0))
    }

    fn busy(&self) -> std::time::Duration {
        Real.busy()
    }
}

async fn server(ahead: i64) -> String {
    let store = Store::open(Arc::new(Memory::new()), Arc::new(Real))
        .await
        .expect("a store");
    let root = AccessKey {
        access_key_id: ID.to_owned(),
        secret: Secret::new(SECRET),
    };
    let config = Config {
        diagnosis: DiagnosisMode::Off,
        ..Config::in_region("us-east-1")
    };
    let server = Server::new(config, store, Directory::of_root(root)).by_clock(Arc::new(Ahead(ahead)));
    let (s3, address) = listener();
    let (admin, _) = listener();
    tokio::spawn(server.run(vec![s3], vec![admin], std::future::pending()));
    address.to_string()
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

fn front(front: Front, inner: String) -> SocketAddr {
    let (listener, address) = listener();
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (front, inner) = (front.clone(), inner.clone());
            let service = service_fn(move |request| pass(front.clone(), inner.clone(), request));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

async fn pass(
    front: Front,
    inner: String,
    request: http::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let mut passing = Passing {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body: body.collect().await?.to_bytes(),
        upstream: inner,
    };
    let mut returning = match (front.request)(&mut passing) {
        Some(returning) => returning,
        None => forward(&passing).await?,
    };
    if front.is_silent {
        let text = String::from_utf8_lossy(&returning.body).into_owned();
        if text.contains("<CanonicalRequest>") {
            returning.body = "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match.</Message></Error>".into();
        }
    }
    (front.answer)(&mut returning);
    if head.method == "HEAD" {
        returning.body = Bytes::new();
    }
    let mut answer = Response::builder().status(returning.status);
    for (name, value) in &returning.headers {
        // A body that is another one now has another length; one of HEAD has none here.
        if !matches!(name.as_str(), "transfer-encoding" | "connection")
            && (name != "content-length" || head.method == "HEAD")
        {
            answer = answer.header(name, value);
        }
    }
    Ok(answer.body(Full::new(returning.body)).expect("an answer"))
}

async fn forward(passing: &Passing) -> Result<Returning, hyper::Error> {
    let stream = tokio::net::TcpStream::connect(&passing.upstream)
        .await
        .expect("the server");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let target = match &passing.query {
        Some(query) => format!("{}?{query}", passing.path),
        None => passing.path.clone(),
    };
    let mut request = http::Request::builder()
        .method(passing.method.as_str())
        .uri(target);
    for (name, value) in &passing.headers {
        if !matches!(
            name.as_str(),
            "content-length" | "transfer-encoding" | "connection"
        ) {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request = request.header(name, HeaderValue::from_bytes(value).expect("a value"));
        }
    }
    let request = request.body(Full::new(passing.body.clone())).expect("a request");
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Returning {
        status: head.status.as_u16(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: body.collect().await?.to_bytes(),
    })
}

/// What a server says that received `value` for the session token, and shows what it compared with.
pub(crate) fn refusal_with_token(passing: &Passing, value: &str) -> Returning {
    let text = |name: &str| {
        let line = passing.headers.iter().find(|(other, _)| other == name);
        line.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let part = |name: &str| {
        let all = text("authorization")?;
        let (_, rest) = all.split_once(name)?;
        rest.split(',').next().map(str::to_owned)
    };
    let (Some(credential), Some(names), Some(signature)) =
        (part("Credential="), part("SignedHeaders="), part("Signature="))
    else {
        return Returning::refusal(403, "AccessDenied");
    };
    let lines: String = names
        .split(';')
        .map(|name| match name {
            "x-amz-security-token" => format!("{name}:{value}\n"),
            name => format!("{name}:{}\n", text(name).unwrap_or_default()),
        })
        .collect();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        passing.method,
        passing.path,
        passing.query.as_deref().unwrap_or_default(),
        text("x-amz-content-sha256").unwrap_or_default()
    );
    let scope = credential.split_once('/').map_or("", |(_, scope)| scope);
    let hash = Payload::of_body(canonical.as_bytes());
    let string = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        text("x-amz-date").unwrap_or_default(),
        hash.text()
    );
    let document = format!(
        "<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message><StringToSign>{string}</StringToSign>\
         <SignatureProvided>{signature}</SignatureProvided><CanonicalRequest>{}</CanonicalRequest></Error>",
        canonical.replace('&', "&amp;")
    );
    Returning {
        body: document.into(),
        ..Returning::refusal(403, "")
    }
}

/// Signs a request anew, as a gateway with a key of its own does.
pub(crate) fn sign_again(passing: &mut Passing, ahead: i64) {
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256"] {
        passing.set(name, None);
    }
    passing.headers.retain(|(name, _)| name != "host");
    passing
        .headers
        .push(("host".to_owned(), passing.upstream.as_bytes().to_vec()));
    let secret = Secret::new(SECRET);
    let signer = Signer {
        access_key_id: ID,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: Real::now().seconds().saturating_add(ahead),
        rule: PathRule::S3,
    };
    let headers: Vec<(&str, &[u8])> = passing
        .headers
        .iter()
        .filter(|(name, _)| name == "host" || name.starts_with("x-amz-"))
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let request = Request {
        method: &passing.method,
        path: passing.path.as_bytes(),
        query: passing.query.as_deref().map(str::as_bytes),
        headers: &headers,
    };
    let added = signer.sign_headers(&request, &Payload::of_body(&passing.body));
    let added = added.into_iter().map(|(name, value)| (name, value.into_bytes()));
    passing.headers.extend(added);
}

/// A plain request to the server itself; the body of its answer.
async fn ask(inner: &str, method: &str, path: &str, ahead: i64) -> Bytes {
    let mut passing = Passing {
        method: method.to_owned(),
        path: path.to_owned(),
        query: None,
        headers: Vec::new(),
        body: Bytes::new(),
        upstream: inner.to_owned(),
    };
    sign_again(&mut passing, ahead);
    let answer = forward(&passing).await.expect("an answer");
    assert_eq!(
        answer.status,
        200,
        "{method} {path}: {}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.body
}
