//! What unit tests ask over a socket: a server that answers every request by a function, in the clear or over TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The certificate authority of these tests.
pub(crate) fn tls_root() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("../fixtures/tls/root.pem")).expect("a certificate")
}

/// Answers with what the function makes of each request's head; the port.
pub(crate) fn serve(answer: impl Fn(&str) -> String + Send + 'static) -> u16 {
    listen(move |stream| exchange(stream, &answer))
}

/// The same over TLS, as `localhost`, with the authority's certificate in the chain.
pub(crate) fn serve_tls(answer: impl Fn(&str) -> String + Send + 'static) -> u16 {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../fixtures/tls/localhost.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../fixtures/tls/localhost-key.pem"));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(
        vec![certificate.expect("a certificate"), tls_root()],
        key.expect("a key"),
    );
    let config = Arc::new(config.expect("they belong together"));
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        exchange(StreamOwned::new(connection, stream), &answer);
    })
}

/// A document as an answer.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn listen(work: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    // Ends with the process.
    std::thread::spawn(move || listener.incoming().flatten().for_each(work));
    port
}

/// One request and its answer. A client that goes away, or trusts nobody here, is none of our business.
fn exchange(mut stream: impl Read + Write, answer: &impl Fn(&str) -> String) {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let _ = stream.write_all(answer(&String::from_utf8_lossy(&head)).as_bytes());
    let _ = stream.flush();
}
