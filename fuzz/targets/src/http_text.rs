//! Reads any bytes as the text of an HTTP request, as people write it down: request line, headers, blank line, body.
//!
//! Not a parser of HTTP. It refuses nothing, so that what comes out is as odd as what went in.

use countersign_sigv4::Request;

/// A request in owned parts.
#[derive(Debug)]
pub struct HttpText {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl HttpText {
    /// Splits the text; what is missing is empty.
    pub fn read(text: &[u8]) -> HttpText {
        let mut rest = text;
        let first = take_line(&mut rest);
        let mut words = first.splitn(3, |&byte| byte == b' ');
        let method = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
        let mut target = words.next().unwrap_or_default().splitn(2, |&byte| byte == b'?');
        let path = target.next().unwrap_or_default().to_vec();
        let query = target.next().map(<[u8]>::to_vec);
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let line = take_line(&mut rest);
            if line.is_empty() {
                break;
            }
            let mut halves = line.splitn(2, |&byte| byte == b':');
            let name = String::from_utf8_lossy(halves.next().unwrap_or_default()).into_owned();
            headers.push((name, halves.next().unwrap_or_default().trim_ascii().to_vec()));
        }
        HttpText {
            method,
            path,
            query,
            headers,
            body: rest.to_vec(),
        }
    }

    /// What follows the blank line.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The headers, borrowed as [`Request`] wants them.
    pub fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
    }

    /// The request with these headers.
    pub fn request<'a>(&'a self, headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
        Request {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers,
        }
    }
}

/// Takes the text up to a line break, which may be one byte or two.
fn take_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::HttpText;

    #[test]
    fn text_falls_into_its_parts() {
        let text = HttpText::read(b"PUT /a%2Fb?x=1?2 HTTP/1.1\r\nHost: h:9000\r\nX:  y \n\r\nbody\n\n");
        let headers = text.headers();
        let request = text.request(&headers);
        assert_eq!(
            (request.method, request.path, request.query),
            ("PUT", &b"/a%2Fb"[..], Some(&b"x=1?2"[..]))
        );
        assert_eq!(headers, [("Host", &b"h:9000"[..]), ("X", b"y")]);
        assert_eq!(text.body(), b"body\n\n");
    }

    #[test]
    fn anything_is_a_request() {
        for text in [&b""[..], b"\n", b"\xff", b"GET", b"GET /?", b"a b c\n:\n:::"] {
            let text = HttpText::read(text);
            assert!(text.headers().len() <= 2);
        }
    }
}
