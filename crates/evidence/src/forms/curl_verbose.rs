//! What `curl -v` prints: `> ` before what was sent, `< ` before what came, `* ` before what curl says.

use crate::answer::Answer;
use crate::evidence::{Evidence, Sent};
use crate::forms::Form;
use crate::http;

pub(crate) fn read(text: &str) -> Option<Evidence> {
    let exchanges = exchanges(text);
    let (refused, earlier) = exchanges.split_last()?;
    let mut evidence = Evidence::new(Form::CurlVerbose);
    evidence.sent = Some(refused.0.clone());
    let document = Answer::in_text(text);
    let answer = match &refused.1 {
        Some(answer) => Some(answer.clone().with_document(document)),
        None => document,
    };
    evidence = evidence.with_answer(answer);
    evidence.earlier = earlier
        .iter()
        .filter_map(|(sent, answer)| Some((sent.clone(), answer.clone()?)))
        .collect();
    Some(evidence)
}

/// What was sent and what came for it, in their order.
fn exchanges(text: &str) -> Vec<(Sent, Option<Answer>)> {
    let mut exchanges: Vec<(Sent, Option<Answer>)> = Vec::new();
    let is_tls = text
        .lines()
        .any(|line| line.starts_with("* ") && line.contains("SSL connection using"));
    let mut head = String::new();
    let mut side = None;
    for line in text.lines().chain([""]) {
        let marked = ['>', '<']
            .into_iter()
            .find(|mark| line.starts_with(*mark) && is_marked(line));
        if marked != side {
            match side {
                Some('>') => {
                    if let Some((mut sent, _)) = http::request(&head) {
                        sent.scheme = Some(if is_tls { "https" } else { "http" }.to_owned());
                        exchanges.push((sent, None));
                    }
                }
                Some(_) => {
                    let mut rest = head.as_str();
                    while let (Some((_, answer)), Some((came, after))) =
                        (exchanges.last_mut(), http::answer(rest))
                    {
                        // `100 Continue` is no answer yet.
                        if came.status.is_some_and(|status| status >= 200) {
                            *answer = Some(came);
                        }
                        rest = after;
                    }
                }
                None => {}
            }
            head.clear();
            side = marked;
        }
        if marked.is_some() {
            head.push_str(line.get(1..).unwrap_or_default().trim_start());
            head.push('\n');
        }
    }
    exchanges
}

/// `> name: value`, `< HTTP/1.1 403`, or the mark alone: not markup that begins with it.
fn is_marked(line: &str) -> bool {
    let rest = line.get(1..).unwrap_or_default();
    rest.is_empty() || rest.starts_with([' ', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "*   Trying 127.0.0.1:9000...
* Connected to localhost (127.0.0.1) port 9000
> PUT /b/k HTTP/1.1
> Host: localhost:9000
> Authorization: AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=s
> Expect: 100-continue
> 
< HTTP/1.1 100 Continue
< 
} [5 bytes data]
< HTTP/1.1 403 Forbidden
< Date: Wed, 01 Jan 2025 00:00:00 GMT
< Content-Length: 9
< 
<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>
* Connection #0 to host localhost left intact";

    #[test]
    fn an_exchange_is_put_together_from_its_lines() {
        let evidence = read(TEXT).expect("an exchange");
        let sent = evidence.sent.expect("a request");
        assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PUT", "/b/k"));
        assert_eq!(sent.header("host"), Some("localhost:9000"));
        let answer = evidence.answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.code.as_str()),
            (Some(403), "SignatureDoesNotMatch")
        );
        assert_eq!(answer.header("date"), Some("Wed, 01 Jan 2025 00:00:00 GMT"));
    }

    #[test]
    fn a_redirect_that_was_followed_comes_before_the_answer() {
        let text = "> GET /k HTTP/1.1\n> Host: b.s3.amazonaws.com\n>\n< HTTP/1.1 307 Temporary Redirect\n< Location: https://b.s3.eu-west-1.amazonaws.com/k\n<\n\
            * Issue another request\n> GET /k HTTP/1.1\n> Host: b.s3.eu-west-1.amazonaws.com\n>\n< HTTP/1.1 403 Forbidden\n<\n";
        let evidence = read(text).expect("exchanges");
        assert_eq!(evidence.earlier.len(), 1);
        assert_eq!(evidence.earlier[0].1.status, Some(307));
        assert_eq!(
            evidence.sent.expect("sent").header("host"),
            Some("b.s3.eu-west-1.amazonaws.com")
        );
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "> quoted text\n> of a mail", "<Error><Code>x</Code></Error>"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
