//! Requests as bytes on a connection, and what every step of getting there shows: addresses, certificates, answers with all their
//! headers.
//!
//! Follows nothing and repairs nothing: a redirect is an answer, a header is sent as it is given. Not here: signatures, and what an
//! answer means.
//!
//! Keeps true: a server whose certificate is not trusted is sent nothing.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Version};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::place::Place;
use crate::tls::{Shown, Trust};

/// A request with everything that is sent but the framing of its body.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// The method.
    pub(crate) method: &'static str,
    /// Path and query, as they stand in the request line.
    pub(crate) target: String,
    /// All headers but `Content-Length`, `Host` among them.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// Whether it came in HTTP/1.0.
    pub(crate) is_http_1_0: bool,
    /// The headers in their order; what is not UTF-8 is replaced.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The name has no address.
    Name(String),
    /// Nobody takes the connection.
    Connect(String),
    /// The two sides do not agree on TLS, or the certificate is not trusted.
    Tls(String),
    /// The connection ended, or what came is no HTTP.
    Http(String),
    /// It took too long.
    Time(Duration),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Name(why) => write!(f, "the name has no address: {why}"),
            Fault::Connect(why) => write!(f, "no connection: {why}"),
            Fault::Tls(why) => write!(f, "no trust over TLS: {why}"),
            Fault::Http(why) => write!(f, "no answer that can be read: {why}"),
            Fault::Time(time) => write!(f, "nothing within {} seconds", time.as_secs()),
        }
    }
}

type Sender = SendRequest<Full<Bytes>>;

/// Connections to one endpoint, under whatever name of it.
pub(crate) struct Wire {
    place: Place,
    trust: Option<Trust>,
    /// A connection of each name that waits for another request.
    idle: Mutex<HashMap<String, Sender>>,
}

impl Wire {
    /// To this place; `trust` is needed for TLS only.
    pub(crate) fn new(place: Place, trust: Option<Trust>) -> Wire {
        Wire {
            place,
            trust,
            idle: Mutex::new(HashMap::new()),
        }
    }

    /// What a server showed of itself over TLS, the last time.
    pub(crate) fn shown(&self) -> Option<Shown> {
        self.trust.as_ref().and_then(Trust::shown)
    }

    /// The addresses of a name.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, Fault> {
        let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        let found =
            tokio::time::timeout(CONNECT_TIME, tokio::net::lookup_host((bare, self.place.port))).await;
        let found = found.map_err(|_| Fault::Time(CONNECT_TIME))?;
        let found: Vec<SocketAddr> = found.map_err(|error| Fault::Name(error.to_string()))?.collect();
        if found.is_empty() {
            return Err(Fault::Name("there is none".to_owned()));
        }
        Ok(found)
    }

    /// Connects to one address, and says how it went.
    pub(crate) async fn reach(&self, address: SocketAddr) -> Result<TcpStream, Fault> {
        let stream = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| Fault::Time(CONNECT_TIME))?;
        let stream = stream.map_err(|error| Fault::Connect(error.to_string()))?;
        // A small request must not wait for the answer to the one before.
        let _is_unimportant = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Opens a connection under a name and leaves it for the next request.
    pub(crate) async fn open(&self, name: &str) -> Result<(), Fault> {
        let sender = self.connect(name).await?;
        self.keep(name, sender);
        Ok(())
    }

    /// Sends a request to the endpoint under `name`, and waits for the whole answer.
    pub(crate) async fn send(&self, name: &str, request: &Outgoing) -> Result<Reply, Fault> {
        let exchange = self.exchange(name, request);
        tokio::time::timeout(ANSWER_TIME, exchange)
            .await
            .unwrap_or(Err(Fault::Time(ANSWER_TIME)))
    }

    async fn exchange(&self, name: &str, request: &Outgoing) -> Result<Reply, Fault> {
        let waiting = self.idle().remove(name);
        if let Some(mut sender) = waiting
            && sender.ready().await.is_ok()
        {
            // The other side may have closed it just now; then the request is made on one of its own.
            if let Ok(reply) = self.ask(name, sender, request).await {
                return Ok(reply);
            }
        }
        let sender = self.connect(name).await?;
        self.ask(name, sender, request).await
    }

    async fn ask(&self, name: &str, mut sender: Sender, request: &Outgoing) -> Result<Reply, Fault> {
        let broken = |error: hyper::Error| Fault::Http(told(&error));
        let answer = sender
            .send_request(http_request(request)?)
            .await
            .map_err(broken)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| Fault::Http(error.to_string()))?.to_bytes();
        self.keep(name, sender);
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter();
        Ok(Reply {
            status: head.status.as_u16(),
            is_http_1_0: head.version == Version::HTTP_10,
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body,
        })
    }

    async fn connect(&self, name: &str) -> Result<Sender, Fault> {
        let mut fault = Fault::Name("there is none".to_owned());
        for address in self.addresses(name).await? {
            match self.reach(address).await {
                Ok(stream) => return self.secured(name, stream).await,
                Err(refused) => fault = refused,
            }
        }
        Err(fault)
    }

    async fn secured(&self, name: &str, stream: TcpStream) -> Result<Sender, Fault> {
        if !self.place.is_https {
            return handshake(stream).await;
        }
        let trust = self.trust.as_ref();
        let trust =
            trust.ok_or_else(|| Fault::Tls("this machine trusts no certificate authority".to_owned()))?;
        let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        let server = ServerName::try_from(bare).map_err(|error| Fault::Tls(error.to_string()))?;
        let connector = TlsConnector::from(trust.config());
        let stream = tokio::time::timeout(CONNECT_TIME, connector.connect(server, stream)).await;
        let stream = stream.map_err(|_| Fault::Time(CONNECT_TIME))?;
        handshake(stream.map_err(|error| Fault::Tls(error.to_string()))?).await
    }

    fn keep(&self, name: &str, sender: Sender) {
        self.idle().insert(name.to_owned(), sender);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, HashMap<String, Sender>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handshake<S>(stream: S) -> Result<Sender, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let made = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|error| Fault::Http(told(&error)))?;
    // It ends when the sender is dropped; how is told to whoever waits for an answer.
    tokio::spawn(connection);
    Ok(sender)
}

fn http_request(request: &Outgoing) -> Result<Request<Full<Bytes>>, Fault> {
    let cannot = |why: String| Fault::Http(format!("it cannot be asked: {why}"));
    let mut made = Request::builder().method(request.method).uri(&request.target);
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| cannot(error.to_string()))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| cannot(error.to_string()))?;
        made = made.header(name, value);
    }
    made.body(Full::new(request.body.clone()))
        .map_err(|error| cannot(error.to_string()))
}

/// An error with what is behind it.
fn told(error: &hyper::Error) -> String {
    let behind = std::error::Error::source(error);
    behind.map_or_else(|| error.to_string(), |behind| format!("{error}: {behind}"))
}

/// How long a name, a connection or a handshake may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a request and its whole answer may take: the large body over a slow line.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The longest answer that is read: the large object and a bit.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers each connection with these bytes once a head has come.
    async fn answering(answer: &'static [u8]) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
            }
        });
        let place = Place::parse(&format!("http://127.0.0.1:{port}")).expect("an endpoint");
        Wire::new(place, None)
    }

    fn get() -> Outgoing {
        Outgoing {
            method: "GET",
            target: "//a?b".to_owned(),
            headers: vec![("host".to_owned(), b"h".to_vec())],
            body: Bytes::new(),
        }
    }

    #[tokio::test]
    async fn an_answer_comes_with_all_its_headers_and_redirects_are_answers() {
        let wire = answering(b"HTTP/1.1 307 X\r\nLocation: http://other/\r\nVia: 1.1 p\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").await;
        for _ in 0..2 {
            let reply = wire.send("127.0.0.1", &get()).await.expect("an answer");
            assert_eq!((reply.status, &reply.body[..]), (307, &b"ok"[..]));
            assert_eq!(
                (reply.header("location"), reply.header("VIA")),
                (Some("http://other/"), Some("1.1 p"))
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_http_is_a_fault() {
        let wire = answering(b"SSH-2.0-OpenSSH\r\n").await;
        let fault = wire.send("127.0.0.1", &get()).await.expect_err("no HTTP");
        assert!(matches!(fault, Fault::Http(_)), "{fault}");
        let nobody = Wire::new(Place::parse("http://127.0.0.1:1").expect("an endpoint"), None);
        let fault = nobody
            .send("127.0.0.1", &get())
            .await
            .expect_err("nobody listens");
        assert!(matches!(fault, Fault::Connect(_)), "{fault}");
    }

    #[tokio::test]
    async fn an_answer_has_a_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    .await;
                let block = vec![b'x'; 1024 * 1024];
                while stream.write_all(&block).await.is_ok() {}
            }
        });
        let wire = Wire::new(
            Place::parse(&format!("http://127.0.0.1:{port}")).expect("an endpoint"),
            None,
        );
        let fault = wire.send("127.0.0.1", &get()).await.expect_err("endless");
        assert!(matches!(fault, Fault::Http(_)), "{fault}");
    }
}
