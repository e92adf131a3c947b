//! Requests and answers as they stand on the wire, with whatever a tool puts before each line.
//!
//! Not here: reading with the strictness of a server. A text that went through a terminal has lost line breaks and blanks.

use crate::answer::Answer;
use crate::evidence::Sent;

/// Reads a head: a request line, then headers up to an empty line. Gives what follows the head, too.
pub(crate) fn request(text: &str) -> Option<(Sent, &str)> {
    let (line, rest) = first_line(text);
    let mut words = line.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if !is_method || !version.starts_with("HTTP/") || words.next().is_some() {
        return None;
    }
    let mut sent = match target.contains("://") {
        // As towards a proxy: the whole URL.
        true => Sent::to_url(method, target)?,
        false => Sent::to_target(method, target),
    };
    let (headers, rest) = headers(rest);
    sent.add_headers(headers);
    Some((sent, rest))
}

/// Reads a head: a status line, then headers up to an empty line. Gives what follows the head, too.
pub(crate) fn answer(text: &str) -> Option<(Answer, &str)> {
    let (line, rest) = first_line(text);
    let mut words = line.split_whitespace();
    if !words.next()?.starts_with("HTTP/") {
        return None;
    }
    let status = words.next()?.parse().ok()?;
    let (headers, rest) = headers(rest);
    let answer = Answer {
        status: Some(status),
        headers,
        ..Answer::default()
    };
    Some((answer, rest))
}

/// Header lines up to an empty one, or up to a line that is none.
pub(crate) fn headers(mut text: &str) -> (Vec<(String, String)>, &str) {
    let mut headers = Vec::new();
    while !text.is_empty() {
        let (line, rest) = first_line(text);
        if line.is_empty() {
            return (headers, rest);
        }
        let Some(header) = header(line) else { break };
        headers.push(header);
        text = rest;
    }
    (headers, text)
}

/// `Name: value`.
pub(crate) fn header(line: &str) -> Option<(String, String)> {
    // The pseudo-headers of HTTP/2 begin with a colon.
    let from = usize::from(line.starts_with(':'));
    let at = line.get(from..)?.find(':')? + from;
    let (name, value) = (line.get(..at)?, line.get(at + 1..)?);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&b);
    let fits = !name.is_empty() && name.bytes().all(is_name);
    fits.then(|| (name.to_owned(), value.trim().to_owned()))
}

fn first_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.trim_end_matches('\r'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_stands() {
        let text = "PUT /a%20b?x-id=PutObject HTTP/1.1\r\nHost: h:9000\r\nX-Amz-Meta-A:  b  c \r\n\r\nbody";
        let (sent, rest) = request(text).expect("a request");
        assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PUT", "/a%20b"));
        assert_eq!(sent.query.as_deref(), Some("x-id=PutObject"));
        assert_eq!(sent.header("x-amz-meta-a"), Some("b  c"));
        assert_eq!(rest, "body");
    }

    #[test]
    fn an_answer_has_a_status_and_headers() {
        let (answer, rest) = answer("HTTP/2 403 \nDate: d\nserver: s\n\n<Error>").expect("an answer");
        assert_eq!((answer.status, answer.header("date")), (Some(403), Some("d")));
        assert_eq!(rest, "<Error>");
    }

    #[test]
    fn other_texts_are_neither() {
        for text in [
            "",
            "PUT /",
            "put / HTTP/1.1",
            "PUT / x HTTP/1.1",
            "HTTP/1.1",
            "HTTP/1.1 abc",
        ] {
            assert!(request(text).is_none() && answer(text).is_none(), "{text}");
        }
    }
}
