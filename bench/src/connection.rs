//! One kept-alive HTTP/1.1 connection, as cheap as a client can be: a buffer, a socket, no task of its own.
//!
//! Keeps true: an answer is read to its end or the connection is given up, so an answer never belongs to an earlier request.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that opens itself when it is first used, and again after the peer closed it.
pub(crate) struct Connection {
    peer: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Bytes of the body as received.
    pub(crate) body_bytes: u64,
    /// What `Content-Length` says, which for HEAD is not what came.
    pub(crate) content_length: Option<u64>,
    pub(crate) etag: Option<String>,
    /// What a refusal says about its cause.
    pub(crate) diagnosis: Option<String>,
}

/// How the body of an answer is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Connection {
    pub(crate) fn new(peer: SocketAddr) -> Connection {
        Connection {
            peer,
            stream: None,
            buffer: vec![0; BUFFER_BYTES],
            begin: 0,
            end: 0,
        }
    }

    /// Sends the pieces of one request and reads its answer; `body` gets the pieces of the answer's body as they come.
    pub(crate) async fn exchange(
        &mut self,
        pieces: &[&[u8]],
        bodiless: bool,
        mut body: impl FnMut(&[u8]),
    ) -> io::Result<Answer> {
        let answer = self.try_exchange(pieces, bodiless, &mut body).await;
        if answer.is_err() {
            self.close();
        }
        answer
    }

    async fn try_exchange(
        &mut self,
        pieces: &[&[u8]],
        bodiless: bool,
        body: &mut impl FnMut(&[u8]),
    ) -> io::Result<Answer> {
        let stream = self.open().await?;
        let mut sent = Ok(());
        for piece in pieces {
            sent = stream.write_all(piece).await;
            if sent.is_err() {
                break;
            }
        }
        // Who refuses an upload may close before it was read; what was said is still worth reading.
        let (mut answer, framing, close) = match self.read_head(bodiless).await {
            Err(error) => return Err(sent.err().unwrap_or(error)),
            Ok(head) => head,
        };
        match framing {
            Framing::Length(len) => answer.body_bytes = self.read_length(len, body).await?,
            Framing::Chunked => answer.body_bytes = self.read_chunks(body).await?,
            Framing::UntilClose => answer.body_bytes = self.read_until_close(body).await?,
        }
        if close || sent.is_err() {
            self.close();
        }
        Ok(answer)
    }

    /// Opens the connection if it is not open.
    pub(crate) async fn connect(&mut self) -> io::Result<()> {
        self.open().await.map(|_| ())
    }

    fn close(&mut self) {
        self.stream = None;
        self.begin = 0;
        self.end = 0;
    }

    async fn open(&mut self) -> io::Result<&mut TcpStream> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.peer).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        Ok(self.stream.insert(stream))
    }

    /// Reads more behind what is in the buffer; `false` at the end of the stream.
    async fn fill(&mut self) -> io::Result<bool> {
        if self.begin == self.end {
            self.begin = 0;
            self.end = 0;
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        if room.is_empty() {
            return Err(invalid("the head of the answer is too long"));
        }
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let count = stream.read(room).await?;
        self.end += count;
        Ok(count > 0)
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.begin..self.end).unwrap_or_default()
    }

    async fn read_head(&mut self, bodiless: bool) -> io::Result<(Answer, Framing, bool)> {
        loop {
            if self.begin < self.end
                && let Some((head_bytes, answer, framing, close)) = parse_head(self.held(), bodiless)?
            {
                self.begin += head_bytes;
                if (100..200).contains(&answer.status) {
                    continue;
                }
                return Ok((answer, framing, close));
            }
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read_length(&mut self, len: u64, body: &mut impl FnMut(&[u8])) -> io::Result<u64> {
        let mut left = len;
        while left > 0 {
            if self.begin == self.end && !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let here = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.end - self.begin);
            body(self.held().get(..here).unwrap_or_default());
            self.begin += here;
            left -= here as u64;
        }
        Ok(len)
    }

    async fn read_chunks(&mut self, body: &mut impl FnMut(&[u8])) -> io::Result<u64> {
        let mut total = 0;
        loop {
            let (line_bytes, size) = loop {
                match httparse::parse_chunk_size(self.held()) {
                    Ok(httparse::Status::Complete(found)) => break found,
                    Ok(httparse::Status::Partial) if self.fill().await? => {}
                    Ok(httparse::Status::Partial) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Err(_) => return Err(invalid("the answer is not chunked as it says")),
                }
            };
            self.begin += line_bytes;
            total += self.read_length(size, body).await?;
            // The line end of the chunk; after the last one there may be trailers, which end with an empty line.
            while self.line().await? > 0 && size == 0 {}
            if size == 0 {
                return Ok(total);
            }
        }
    }

    /// Skips a line; its length without the line end.
    async fn line(&mut self) -> io::Result<usize> {
        loop {
            if let Some(at) = self.held().iter().position(|byte| *byte == b'\n') {
                self.begin += at + 1;
                return Ok(at.saturating_sub(1));
            }
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read_until_close(&mut self, body: &mut impl FnMut(&[u8])) -> io::Result<u64> {
        let mut total = 0;
        loop {
            body(self.held());
            total += (self.end - self.begin) as u64;
            self.begin = self.end;
            if !self.fill().await? {
                return Ok(total);
            }
        }
    }
}

/// The head at the beginning of `bytes`, if it is whole: its length, what it says, how the body comes, whether it closes.
fn parse_head(bytes: &[u8], bodiless: bool) -> io::Result<Option<(usize, Answer, Framing, bool)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let head_bytes = match head.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(invalid(&format!("the answer is not HTTP/1.1: {error}"))),
    };
    let mut answer = Answer {
        status: head.code.unwrap_or_default(),
        body_bytes: 0,
        content_length: None,
        etag: None,
        diagnosis: None,
    };
    let (mut chunked, mut close) = (false, head.version == Some(0));
    for header in head.headers.iter() {
        let value = || String::from_utf8_lossy(header.value);
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = value()
                .parse()
                .map_err(|_| invalid("a `Content-Length` that is no number"))?;
            answer.content_length = Some(length);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value().eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            close = value().eq_ignore_ascii_case("close");
        } else if header.name.eq_ignore_ascii_case("etag") {
            answer.etag = Some(value().into_owned());
        } else if header.name.eq_ignore_ascii_case("x-countersign-diagnosis") {
            answer.diagnosis = Some(value().into_owned());
        }
    }
    let framing = match answer.content_length {
        _ if bodiless || matches!(answer.status, 100..=199 | 204 | 304) => Framing::Length(0),
        _ if chunked => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    };
    close |= framing == Framing::UntilClose;
    Ok(Some((head_bytes, answer, framing, close)))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

/// Large enough that reading costs few system calls, small enough to stay in the cache.
const BUFFER_BYTES: usize = 256 * 1024;

/// More than any store sends.
const HEADERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, bodiless: bool) -> (Answer, Framing, bool) {
        let (head_bytes, answer, framing, close) = parse_head(text.as_bytes(), bodiless)
            .expect("HTTP")
            .expect("whole");
        assert_eq!(head_bytes, text.len());
        (answer, framing, close)
    }

    #[test]
    fn the_framing_of_a_body_is_told_by_its_head() {
        let check = |text: &str, bodiless: bool, expected: (Framing, bool)| {
            let (_, framing, close) = parsed(text, bodiless);
            assert_eq!((framing, close), expected, "{text}");
        };
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n",
            false,
            (Framing::Length(12), false),
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n",
            true,
            (Framing::Length(0), false),
        );
        check(
            "HTTP/1.1 204 No Content\r\n\r\n",
            false,
            (Framing::Length(0), false),
        );
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            false,
            (Framing::Chunked, false),
        );
        check(
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
            false,
            (Framing::UntilClose, true),
        );
        check(
            "HTTP/1.1 403 Forbidden\r\nConnection: close\r\ncontent-length: 1\r\n\r\n",
            false,
            (Framing::Length(1), true),
        );
    }

    #[test]
    fn half_a_head_is_waited_for_and_nonsense_is_refused() {
        assert_eq!(
            parse_head(b"HTTP/1.1 200 OK\r\nContent-Le", false).expect("HTTP"),
            None
        );
        assert!(parse_head(b"SSH-2.0-OpenSSH\r\n\r\n", false).is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false).is_err());
    }

    /// Serves each text on one connection, then closes it.
    fn serve(texts: &'static [&'static str]) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for text in texts {
                let (mut socket, _) = listener.accept().expect("a connection");
                let mut request = [0; 4];
                io::Read::read_exact(&mut socket, &mut request).expect("a request");
                io::Write::write_all(&mut socket, text.as_bytes()).expect("an answer");
            }
        });
        address
    }

    #[test]
    fn bodies_of_every_framing_are_read_to_their_end() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let peer = serve(&[
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\na: b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
            ]);
            let mut connection = Connection::new(peer);
            for _ in 0..3 {
                let mut body = Vec::new();
                let answer = connection.exchange(&[b"ab", b"cd"], false, |piece| body.extend_from_slice(piece)).await;
                assert_eq!(answer.expect("an answer").body_bytes, 5);
                assert_eq!(body, b"hello");
            }
            let cut = connection.exchange(&[b"abcd"], false, |_| {}).await;
            assert_eq!(cut.expect_err("it is cut").kind(), io::ErrorKind::UnexpectedEof);
        });
    }
}
