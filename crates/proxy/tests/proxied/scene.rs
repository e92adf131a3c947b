//! A proxy in this process, an upstream that notes what it gets and answers as told, and a client that sends bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_proxy::{Key, Proxy, Upstream};
use countersign_server::PublicUrl;
use countersign_sigv4::{
    PathRule, Payload, Request, Secret, Signed, Signer, SigningKey, Trace, claim, verify,
};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub(crate) const ACCESS_KEY_ID: &str = "AKIDOFTESTS000000001";
const SECRET: &str = "a secret of the tests / with + signs";
const PATIENCE: Duration = Duration::from_secs(60);

/// What an upstream got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body came to the end that the head announced.
    pub(crate) is_whole: bool,
}

/// How an upstream answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// With these bytes, once it has the request.
    Answer(String),
    /// With these bytes, once it has the head.
    AtOnce(String),
    /// With these bytes, once it has the head, and a body that is so long.
    AtOnceLong(String, usize),
    /// Not at all: it closes.
    Close,
    /// As AWS refuses a request whose `Host` was changed to this on the way.
    Mismatch(&'static str),
}

/// A proxy in front of an upstream.
pub(crate) struct Scene {
    pub(crate) proxy: SocketAddr,
    pub(crate) upstream: String,
    asked: mpsc::Receiver<()>,
    got: mpsc::Receiver<Got>,
    stop: Option<oneshot::Sender<()>>,
    _runtime: Runtime,
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

pub(crate) const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-amz-request-id: R\r\nkeep-alive: 5\r\n\r\nok";

impl Scene {
    /// An upstream that answers in this manner, each time.
    pub(crate) fn with(manner: Manner) -> Scene {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let upstream = listener.local_addr().expect("an address").to_string();
        let (note, got) = mpsc::channel();
        let (note_head, asked) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (manner, note, note_head) = (manner.clone(), note.clone(), note_head.clone());
                let stream = stream.expect("a connection");
                std::thread::spawn(move || serve(stream, &manner, &note_head, &note));
            }
        });
        Scene::before(upstream, asked, got)
    }

    /// An upstream that is not there.
    pub(crate) fn before_nobody() -> Scene {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let upstream = listener.local_addr().expect("an address").to_string();
        drop(listener);
        Scene::before(upstream, mpsc::channel().1, mpsc::channel().1)
    }

    fn before(upstream: String, asked: mpsc::Receiver<()>, got: mpsc::Receiver<Got>) -> Scene {
        let runtime = Runtime::new().expect("a runtime");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let proxy_address = listener.local_addr().expect("an address");
        let url = PublicUrl::parse(&format!("http://{upstream}")).expect("a URL");
        let key = Key::new(ACCESS_KEY_ID.to_owned(), Secret::new(SECRET), None);
        let proxy = Proxy::new(Upstream::new(url, "us-east-1"), key, "us-east-1");
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(proxy.run(vec![listener], async {
            let _ = stopped.await;
        }));
        Scene {
            proxy: proxy_address,
            upstream,
            asked,
            got,
            stop: Some(stop),
            _runtime: runtime,
        }
    }

    /// A request for the proxy.
    pub(crate) fn ask(&self, method: &'static str, target: &str) -> Ask {
        Ask {
            method,
            target: target.to_owned(),
            headers: vec![("host".to_owned(), self.proxy.to_string())],
            unsigned: Vec::new(),
            payload: Payload::of_body(b""),
            body: Vec::new(),
        }
    }

    /// Sends these bytes; what was answered.
    pub(crate) fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).expect("sent");
        answer(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }

    /// Waits until the upstream has the head of a request.
    pub(crate) fn is_asked(&self) {
        self.asked.recv_timeout(PATIENCE).expect("the upstream was asked");
    }

    /// What the upstream got next.
    pub(crate) fn got(&self) -> Got {
        self.got.recv_timeout(PATIENCE).expect("the upstream was asked")
    }

    /// Whether nothing came to the upstream. To be asked only once there is an answer.
    pub(crate) fn got_nothing(&self) -> bool {
        self.got.try_recv().is_err()
    }
}

/// A request before it is sent.
pub(crate) struct Ask {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    unsigned: Vec<(String, String)>,
    payload: Payload,
    body: Vec<u8>,
}

impl Ask {
    /// With a header that is signed.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a header that is not.
    pub(crate) fn unsigned(mut self, name: &str, value: &str) -> Ask {
        self.unsigned.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another name for the proxy.
    pub(crate) fn call_it(&mut self, host: &str) {
        self.headers.retain(|(name, _)| name != "host");
        self.headers.push(("host".to_owned(), host.to_owned()));
    }

    /// With a body, its length and its hash.
    pub(crate) fn body(mut self, body: &[u8]) -> Ask {
        self.payload = Payload::of_body(body);
        self.carrying(body)
    }

    /// With a body that its payload line says nothing of.
    pub(crate) fn carrying(mut self, body: &[u8]) -> Ask {
        self.body = body.to_vec();
        self.unsigned("content-length", &body.len().to_string())
    }

    pub(crate) fn payload(mut self, payload: Payload) -> Ask {
        self.payload = payload;
        self
    }

    pub(crate) fn signed(&self) -> Signed {
        self.as_signed(|signer, request| signer.sign(request, &self.payload))
    }

    fn as_signed(&self, sign: impl Fn(&Signer<'_>, &Request<'_>) -> Signed) -> Signed {
        let secret = Secret::new(SECRET);
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.target.as_str(), None),
        };
        let request = Request {
            method: self.method,
            path: path.as_bytes(),
            query: query.map(str::as_bytes),
            headers: &headers,
        };
        sign(&signer(&secret), &request)
    }

    /// The bytes of the request, signed in its header.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.written(&self.target, &self.signed().headers)
    }

    /// The bytes of the request as a link.
    pub(crate) fn link(&self, expires: u64) -> Vec<u8> {
        let signed = self.as_signed(|signer, request| signer.presigned(request, &Payload::Unsigned, expires));
        let path = self.target.split('?').next().unwrap_or_default();
        let query = signed.query.expect("a link has a query");
        self.written(&format!("{path}?{query}"), &[])
    }

    /// The bytes of the request, not signed.
    pub(crate) fn plain(&self) -> Vec<u8> {
        self.written(&self.target, &[])
    }

    fn written(&self, target: &str, added: &[(String, String)]) -> Vec<u8> {
        let mut text = format!("{} {target} HTTP/1.1\r\n", self.method);
        for (name, value) in self.headers.iter().chain(added).chain(&self.unsigned) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.body].concat()
    }
}

pub(crate) fn signer(secret: &Secret) -> Signer<'_> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    Signer {
        access_key_id: ACCESS_KEY_ID,
        secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: i64::try_from(since.as_secs()).expect("a time"),
        rule: PathRule::S3,
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET)
}

impl Got {
    /// Whether the head is signed rightly with the key of the tests.
    pub(crate) fn verifies(&self) -> bool {
        with_request(&self.head, None, |request| {
            let Ok(Some(claimed)) = claim(request) else {
                return false;
            };
            let key = SigningKey::derive(&secret(), &claimed.scope);
            verify(request, &claimed, PathRule::S3, &key).matched
        })
    }

    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        header(&self.head, name)
    }
}

/// What the proxy answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name).first().copied()
    }

    /// Refused with this status and code.
    pub(crate) fn is(&self, status: u16, code: &str) -> &Answer {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body.contains(&format!("<Code>{code}</Code>")), "{self:?}");
        self
    }
}

fn header<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

/// Runs `with` on the request with this head, `Host` replaced where there is another.
fn with_request<T>(head: &str, host: Option<&str>, with: impl FnOnce(&Request<'_>) -> T) -> T {
    let mut lines = head.lines();
    let mut words = lines.next().expect("a request line").split(' ');
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| match host.filter(|_| name == "host") {
            Some(host) => (name, host.as_bytes()),
            None => (name, value.as_bytes()),
        })
        .collect();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.as_bytes())),
        None => (target, None),
    };
    with(&Request {
        method,
        path: path.as_bytes(),
        query,
        headers: &headers,
    })
}

/// What AWS answers to a request whose host was changed.
fn mismatch(head: &str, host: &str) -> String {
    let (texts, signature) = with_request(head, Some(host), |request| {
        let claimed = claim(request).expect("well-formed").expect("signed");
        (Trace::of(request, &claimed, PathRule::S3), claimed.signature)
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message>\
         <StringToSign>{}</StringToSign><SignatureProvided>{signature}</SignatureProvided>\
         <CanonicalRequest>{}</CanonicalRequest><RequestId>R</RequestId></Error>",
        text(texts.string_to_sign),
        text(texts.canonical_request),
    );
    format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\r\n{document}",
        document.len()
    )
}

/// Reads an answer; what informs only is passed over.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    loop {
        let head = read_head(stream).expect("an answer");
        let status: u16 = head
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("a status");
        if status == 100 {
            continue;
        }
        let (body, _) = read_body(stream, &head);
        return Answer {
            status,
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
    }
}

fn serve(mut stream: TcpStream, manner: &Manner, note_head: &mpsc::Sender<()>, note: &mpsc::Sender<Got>) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let Some(head) = read_head(&mut stream) else {
        return;
    };
    let _ = note_head.send(());
    if let Manner::AtOnce(answer) | Manner::AtOnceLong(answer, _) = manner {
        stream.write_all(answer.as_bytes()).expect("taken");
    }
    if let Manner::AtOnceLong(_, length) = manner {
        // More than sockets hold. Whoever lets go of it is seen by the client.
        let _ = stream.write_all(&vec![b'x'; *length]);
    }
    let (body, is_whole) = read_body(&mut stream, &head);
    let answer = match manner {
        Manner::Answer(answer) => answer.clone(),
        Manner::Mismatch(host) => mismatch(&head, host),
        Manner::AtOnce(_) | Manner::AtOnceLong(..) | Manner::Close => String::new(),
    };
    // Whoever cut the request short does not wait for it.
    let _ = stream.write_all(answer.as_bytes());
    let _ = note.send(Got { head, body, is_whole });
}

/// Head of a message without the blank line; `None` if the peer closed.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    head.truncate(head.len() - 4);
    Some(String::from_utf8(head).expect("text"))
}

/// The body that a head announces, and whether all of it came.
fn read_body(stream: &mut TcpStream, head: &str) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    if header(head, "transfer-encoding") == ["chunked"] {
        while !body.ends_with(b"0\r\n\r\n") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => body.push(byte[0]),
                _ => return (body, false),
            }
        }
        return (body, true);
    }
    let length: u64 = header(head, "content-length")
        .first()
        .map_or(0, |text| text.parse().expect("a length"));
    let read = Read::take(stream, length).read_to_end(&mut body);
    let is_whole = read.is_ok() && body.len() as u64 == length;
    (body, is_whole)
}
