//! A client that sends exactly the bytes it is told to: HTTP/1.1 on a socket, signed where a test wants it.
//!
//! Not here: anything a real client does for its user (retries, redirects, pooling). Every wait has a deadline that
//! only a hang reaches.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::form::Form;
use countersign_sigv4::{PathRule, Payload, Request, Secret, Signed, Signer};

/// Only a hang takes that long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
pub(crate) const ACCESS_KEY_ID: &str = "CSAKOUTSIDE000000001";
pub(crate) const SECRET: &str = "a+secret/that-never-leaves-the-server-01";

/// Who signs, for where, and when.
pub(crate) struct Key {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    /// Of temporary keys.
    pub(crate) session_token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) time: i64,
    pub(crate) rule: PathRule,
}

impl Key {
    /// The root of the server under test, signing now.
    pub(crate) fn root() -> Key {
        Key {
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret: Secret::new(SECRET),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
            time: now(),
            rule: PathRule::S3,
        }
    }

    /// The same key with another secret.
    pub(crate) fn with_secret(self, secret: &str) -> Key {
        Key {
            secret: Secret::new(secret),
            ..self
        }
    }

    /// The root, signing for the admin API.
    pub(crate) fn admin() -> Key {
        Key {
            service: "countersign".to_owned(),
            rule: PathRule::Generic,
            ..Key::root()
        }
    }

    /// The same key, signing for IAM or STS.
    pub(crate) fn for_calls(self, service: &str) -> Key {
        Key {
            service: service.to_owned(),
            rule: PathRule::Generic,
            ..self
        }
    }

    pub(crate) fn signer(&self) -> Signer<'_> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.session_token.as_deref(),
            region: &self.region,
            service: &self.service,
            time: self.time,
            rule: self.rule,
        }
    }
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock of this age")
}

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) payload: Option<Payload>,
    /// The form that is the body, which is signed in its own way.
    pub(crate) form: Option<Form>,
}

impl Ask {
    pub(crate) fn new(method: &str, target: &str) -> Ask {
        Ask {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            payload: None,
            form: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Ask {
        self.body = body.into();
        self
    }

    /// What to sign as the payload; else the hash of the body.
    pub(crate) fn payload(mut self, payload: Payload) -> Ask {
        self.payload = Some(payload);
        self
    }

    /// Names the host, unless the test did.
    pub(crate) fn to(mut self, host: &str) -> Ask {
        if !self.headers.iter().any(|(name, _)| name == "host") {
            self.headers.insert(0, ("host".to_owned(), host.to_owned()));
        }
        self
    }

    /// Signs what there is so far; headers that come later are not signed.
    pub(crate) fn sign(self, key: &Key) -> Ask {
        match self.form.clone() {
            Some(form) => self.with_form(form.sign(key)),
            None => self.signed(key).0,
        }
    }

    /// As [`Ask::sign`], with the texts that were signed.
    pub(crate) fn signed(mut self, key: &Key) -> (Ask, Signed) {
        assert!(self.form.is_none(), "a form is signed in its fields");
        let payload = self
            .payload
            .clone()
            .unwrap_or_else(|| Payload::of_body(&self.body));
        let signed = self.with_request(|request| key.signer().sign(request, &payload));
        self.headers.extend(signed.headers.iter().cloned());
        (self, signed)
    }

    /// Makes it a link that lives so many seconds; headers so far are signed.
    pub(crate) fn presign(mut self, key: &Key, expires: u64) -> Ask {
        if self.form.is_some() {
            return self.sign(key);
        }
        let payload = self.payload.clone().unwrap_or(Payload::Unsigned);
        let query = self.with_request(|request| key.signer().presign(request, &payload, expires));
        let path = self.target.split('?').next().unwrap_or_default().to_owned();
        self.target = format!("{path}?{query}");
        self
    }

    /// Makes this form the body.
    pub(crate) fn with_form(self, form: Form) -> Ask {
        let ask = self
            .replace("content-type", &form.content_type())
            .body(form.bytes());
        Ask {
            form: Some(form),
            ..ask
        }
    }

    fn with_request<T>(&self, work: impl FnOnce(&Request<'_>) -> T) -> T {
        let lines: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()))
            .collect();
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query.as_bytes())),
            None => (self.target.as_str(), None),
        };
        work(&Request {
            method: &self.method,
            path: path.as_bytes(),
            query,
            headers: &lines,
        })
    }

    /// The first header of this name.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    /// Replaces a header, as a proxy would after signing.
    pub(crate) fn replace(mut self, name: &str, value: &str) -> Ask {
        self.headers.retain(|(n, _)| n != name);
        self.header(name, value)
    }

    /// Everything up to the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let says_length = self
            .headers
            .iter()
            .any(|(n, _)| n == "content-length" || n == "transfer-encoding");
        if !says_length && (!self.body.is_empty() || matches!(self.method.as_str(), "PUT" | "POST")) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Statuses of the 1xx answers before it.
    pub(crate) interim: Vec<u16>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the first element of this name, still escaped.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>"))
            .map(|(value, _)| value.to_owned())
    }

    pub(crate) fn code(&self) -> String {
        self.element("Code").unwrap_or_default()
    }

    pub(crate) fn request_id(&self) -> String {
        self.header("x-amz-request-id").unwrap_or_default().to_owned()
    }

    /// The answer as a person would note it down.
    pub(crate) fn is(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "{}",
            self.text()
        );
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Read, and not yet taken.
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        stream.set_write_timeout(Some(DEADLINE)).expect("a deadline");
        Connection {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes bytes");
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("a half-close");
    }

    /// Sends a request and reads its answer.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Answer {
        self.send(&ask.head());
        self.send(&ask.body);
        self.answer(ask.method == "HEAD")
    }

    /// Reads the status and headers of one answer, 1xx or final.
    pub(crate) fn answer_head(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            assert!(
                self.fill(),
                "the connection ended before an answer: {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
        };
        let rest = self.buffer.split_off(end + 4);
        let head = String::from_utf8(std::mem::replace(&mut self.buffer, rest)).expect("a head in ASCII");
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|s| s.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Answer {
            status: status.expect("a status"),
            headers: headers
                .map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()))
                .collect(),
            body: Vec::new(),
            interim: Vec::new(),
        }
    }

    /// Reads one answer.
    pub(crate) fn answer(&mut self, to_head: bool) -> Answer {
        let mut interim = Vec::new();
        let mut answer = loop {
            let answer = self.answer_head();
            if answer.status >= 200 {
                break answer;
            }
            interim.push(answer.status);
        };
        answer.interim = interim;
        let length = answer
            .header("content-length")
            .map_or(0, |text| text.parse().expect("a length"));
        if !to_head && !matches!(answer.status, 204 | 304) {
            while self.buffer.len() < length {
                assert!(self.fill(), "the connection ended inside a body");
            }
            let rest = self.buffer.split_off(length);
            answer.body = std::mem::replace(&mut self.buffer, rest);
        }
        answer
    }

    /// True if the server closes in good order and has nothing more to say.
    pub(crate) fn ends(mut self) -> bool {
        !self.fill() && self.buffer.is_empty()
    }

    /// What still comes until the connection ends, in good order or by a reset.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        // What came before a reset is kept.
        let _ = self.stream.read_to_end(&mut self.buffer);
        self.buffer
    }

    fn fill(&mut self) -> bool {
        let mut bytes = vec![0; 64 * 1024];
        let n = self
            .stream
            .read(&mut bytes)
            .expect("bytes or an end before the deadline");
        self.buffer
            .extend_from_slice(bytes.get(..n).expect("a read fits its buffer"));
        n > 0
    }
}
