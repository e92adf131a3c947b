//! Asks a running server's admin API, signed with SigV4 for the service `countersign`.
//!
//! Not here: what to ask. Plain HTTP/1.1 only: the admin API is served on loopback.

use std::time::Duration;

use bytes::Bytes;
use countersign_server::{PublicUrl, Real};
use countersign_sigv4::{PathRule, Payload, Request, Secret, Signer};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::exit::{Failure, Kind};

/// Where the admin API is by default.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:9001";

/// Who asks.
pub(crate) struct Caller {
    /// The access key id.
    pub(crate) access_key_id: String,
    /// Its secret.
    pub(crate) secret: Secret,
    /// The region of the server.
    pub(crate) region: String,
}

/// What the server said.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Bytes,
}

/// Sends one request without a body to `url` + `target`, which is a path with a query or without; signed if there is a caller.
pub(crate) fn fetch(
    url: &str,
    method: &str,
    target: &str,
    caller: Option<&Caller>,
) -> Result<Answer, Failure> {
    let url = PublicUrl::parse(url).map_err(|why| Failure::new(Kind::Usage, why))?;
    if url.is_https {
        return Err(Failure::new(Kind::Usage, "the admin API is plain http"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    let asked = runtime.block_on(async {
        tokio::time::timeout(TIME_MAX, send(&url.authority, method, target, caller))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} seconds", TIME_MAX.as_secs())))
    });
    asked.map_err(|why| Failure::new(Kind::Failed, format!("http://{}: {why}", url.authority)))
}

async fn send(
    authority: &str,
    method: &str,
    target: &str,
    caller: Option<&Caller>,
) -> Result<Answer, String> {
    let address = if authority
        .rsplit(':')
        .next()
        .is_some_and(|port| port.parse::<u16>().is_ok())
    {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let stream = TcpStream::connect(&address)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let mut request = http::Request::builder()
        .method(method)
        .uri(target)
        .header("host", authority);
    if let Some(caller) = caller {
        for (name, value) in signed_headers(authority, method, target, caller) {
            request = request.header(name, value);
        }
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|e| e.to_string())?;
    connection.abort();
    Ok(Answer {
        status,
        body: body.to_bytes(),
    })
}

/// The headers that sign a request without a body.
fn signed_headers(authority: &str, method: &str, target: &str, caller: &Caller) -> Vec<(String, String)> {
    let signer = Signer {
        access_key_id: &caller.access_key_id,
        secret: &caller.secret,
        session_token: None,
        region: &caller.region,
        service: "countersign",
        time: Real::now().seconds(),
        rule: PathRule::Generic,
    };
    let host = [("host", authority.as_bytes())];
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.as_bytes())),
        None => (target, None),
    };
    let request = Request {
        method,
        path: path.as_bytes(),
        query,
        headers: &host,
    };
    signer.sign_headers(&request, &Payload::of_body(b""))
}

/// How long an answer may take.
const TIME_MAX: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
