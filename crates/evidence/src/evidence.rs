//! One refused request, as far as a text shows it.
//!
//! Not here: reading the texts (`forms`), and what follows from them (`explain`).

use crate::answer::Answer;
use crate::canonical::CanonicalText;
use crate::forms::Form;
use crate::odd_id::odd_ids;
use crate::rebuilt::{Rebuilt, access_key_id};

/// Lines of headers, and parameters, of a request that is looked at. No server reads more, and what is made of them is held against each
/// other.
const LINES_MAX: usize = 1024;
const NOTE_TOO_LONG: &str =
    "A request with more than 1,024 headers or parameters is not looked at: no server reads such a one.";
const NOTE_ANOTHER: &str = "The server was sent another signature than the one that the text shows: either it is the log of several requests at once, \
    or something on the way signs anew. What the client signed is left out; log one request alone to compare the two.";

/// One refused request, as far as a text shows it. Everything is as it stood in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What kind of text it was.
    pub form: Form,
    /// The request that was sent.
    pub sent: Option<Sent>,
    /// What the client says that it signed.
    pub client: Texts,
    /// What the server says that it computed from what it received.
    pub server: Texts,
    /// What the server answered.
    pub answer: Option<Answer>,
    /// Answers that came before this one and led to another request: redirects, preflights.
    pub earlier: Vec<(Sent, Answer)>,
    /// What could not be read or is missing from the text, and how to get it, each a sentence.
    pub notes: Vec<&'static str>,
}

/// A request as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The method; empty if the text does not say it.
    pub method: String,
    /// `http` or `https`, where it shows.
    pub scheme: Option<String>,
    /// The path, nothing decoded.
    pub path: String,
    /// What follows the question mark, nothing decoded.
    pub query: Option<String>,
    /// The headers in their order, `Host` among them.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body, where they show.
    pub body_bytes: Option<u64>,
}

/// The texts of a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The canonical request.
    pub canonical_request: Option<String>,
    /// The string to sign.
    pub string_to_sign: Option<String>,
    /// The signature.
    pub signature: Option<String>,
}

impl Evidence {
    pub(crate) fn new(form: Form) -> Evidence {
        Evidence {
            form,
            sent: None,
            client: Texts::default(),
            server: Texts::default(),
            answer: None,
            earlier: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// An exchange that somebody has whole: what was sent, what was signed, what came back.
    pub fn of_exchange(sent: Sent, client: Texts, answer: Answer) -> Evidence {
        Evidence {
            sent: Some(sent),
            client,
            ..Evidence::new(Form::Exchange).with_answer(Some(answer))
        }
        .within_limits()
    }

    /// Without requests and texts that are longer than anybody looks at.
    pub(crate) fn within_limits(mut self) -> Evidence {
        let is_long = |text: &mut String| has_too_many(text, '\n') || has_too_many(text, '&');
        let texts =
            [&mut self.client, &mut self.server].map(|texts| texts.canonical_request.take_if(is_long));
        let sent = self.sent.take_if(|sent| sent.is_too_long());
        self.earlier.retain(|(sent, _)| !sent.is_too_long());
        if sent.is_some() || texts.iter().any(Option::is_some) {
            self.notes.push(NOTE_TOO_LONG);
        }
        self
    }

    /// Without what the client signed and sent, if the answer is to another signature: threads write into one log, and comparing one
    /// request with the answer to another shows differences that nobody made.
    pub(crate) fn of_one_request(mut self) -> Evidence {
        let Some(provided) = self.server.signature.clone() else {
            return self;
        };
        let is_another = |signature: Option<&str>| {
            signature.is_some_and(|signature| !signature.eq_ignore_ascii_case(provided.trim()))
        };
        let of_sent = self.sent.as_ref().and_then(Sent::signature);
        let of_client = self.client.signature.as_deref().or(of_sent.as_deref());
        if is_another(of_client) {
            self.client = Texts::default();
            self.notes.push(NOTE_ANOTHER);
        }
        self.sent = self.sent.filter(|_| !is_another(of_sent.as_deref()));
        self
    }

    /// Takes the texts out of an answer that holds them, as AWS's and ours do.
    pub(crate) fn with_answer(mut self, answer: Option<Answer>) -> Evidence {
        if let Some(answer) = &answer {
            let element = |name: &str| answer.element(name).map(str::to_owned);
            self.server = Texts {
                canonical_request: element("CanonicalRequest")
                    .or_else(|| answer.in_message("The Canonical String for this request should have been")),
                string_to_sign: element("StringToSign")
                    .or_else(|| answer.in_message("The String-to-Sign should have been")),
                signature: element("SignatureProvided"),
            };
        }
        self.answer = answer;
        self
    }

    /// The access key that the request names.
    pub fn access_key_id(&self) -> Option<String> {
        let element = self
            .answer
            .as_ref()
            .and_then(|answer| answer.element("AWSAccessKeyId"));
        access_key_id(self.sent.as_ref(), element)
    }

    /// What is to be said if the request names another access key than this one, whose secret then proves nothing.
    pub fn other_key(&self, access_key_id: &str) -> Option<String> {
        let named = self.access_key_id().filter(|named| named != access_key_id)?;
        if !odd_ids(self).is_empty() {
            return Some(format!(
                "What stands in the place of the access key id is none, and may be a secret; the one found here is {access_key_id}, so its \
                 secret was not used."
            ));
        }
        Some(format!(
            "The request was signed with the access key {named}; the one found here is {access_key_id}, so its secret was not used."
        ))
    }

    /// The canonical request that the client signed: what it says itself, else what follows from the request that it sent.
    pub fn signed(&self) -> Option<CanonicalText> {
        let told = self
            .client
            .canonical_request
            .as_deref()
            .and_then(CanonicalText::parse);
        told.or_else(|| Rebuilt::of_sent(self.sent.as_ref()?).canonical())
    }

    /// Whether it says anything at all.
    pub(crate) fn says_something(&self) -> bool {
        self.sent.is_some() || self.answer.is_some() || self.client != Texts::default()
    }
}

impl Sent {
    /// A request for a URL, without its headers but for `Host`.
    pub(crate) fn to_url(method: &str, url: &str) -> Option<Sent> {
        let (scheme, rest) = url.split_once("://")?;
        if !matches!(scheme, "http" | "https") {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = authority.rsplit('@').next().unwrap_or_default();
        if authority.is_empty() {
            return None;
        }
        let mut sent = Sent::to_target(method, target);
        sent.scheme = Some(scheme.to_owned());
        sent.headers.push(("Host".to_owned(), host_of(scheme, authority)));
        Some(sent)
    }

    /// A request for a target, as it stands in a request line.
    pub(crate) fn to_target(method: &str, target: &str) -> Sent {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        Sent {
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            ..Sent::default()
        }
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Whether it has more headers or parameters than anybody looks at.
    pub(crate) fn is_too_long(&self) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        self.headers.len() > LINES_MAX || has_too_many(query, '&')
    }

    /// The signature that it carries, in its header or in its query.
    pub(crate) fn signature(&self) -> Option<String> {
        let in_header = self
            .header("authorization")
            .and_then(|value| value.split_once("Signature="));
        let in_query = self
            .query
            .as_deref()
            .and_then(|query| query.split_once("X-Amz-Signature="));
        let (_, rest) = in_header.or(in_query)?;
        let hex = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
        (!hex.is_empty()).then(|| hex.to_owned())
    }

    /// Sets a header unless there is one of this name.
    pub(crate) fn default_header(&mut self, name: &str, value: &str) {
        if self.header(name).is_none() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Adds headers; one that is there already, such as the `Host` of the URL, is replaced.
    pub(crate) fn add_headers(&mut self, headers: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("host") {
                self.headers
                    .retain(|(other, _)| !other.eq_ignore_ascii_case("host"));
            }
            self.headers.push((name, value));
        }
    }

    /// Path and query as they stand in a request line.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

fn has_too_many(text: &str, between: char) -> bool {
    text.matches(between).nth(LINES_MAX).is_some()
}

/// `Host` as clients send it: without the port that the scheme implies.
fn host_of(scheme: &str, authority: &str) -> String {
    let usual = match scheme {
        "http" => ":80",
        _ => ":443",
    };
    authority.strip_suffix(usual).unwrap_or(authority).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_without_decoding_anything() {
        for (url, scheme, host, path, query) in [
            ("https://h/a%2Fb?x=%20&y", "https", "h", "/a%2Fb", Some("x=%20&y")),
            ("http://h:9000", "http", "h:9000", "/", None),
            ("http://h:80/a#part", "http", "h", "/a", None),
            (
                "https://h:443?list-type=2",
                "https",
                "h",
                "/",
                Some("list-type=2"),
            ),
            ("https://user:word@h/a", "https", "h", "/a", None),
        ] {
            let sent = Sent::to_url("GET", url).expect("a URL");
            assert_eq!(sent.scheme.as_deref(), Some(scheme), "{url}");
            assert_eq!(sent.header("host"), Some(host), "{url}");
            assert_eq!(
                (sent.path.as_str(), sent.query.as_deref()),
                (path, query),
                "{url}"
            );
        }
        for not in ["s3://bucket/key", "https://", "/a/b", ""] {
            assert_eq!(Sent::to_url("GET", not), None, "{not}");
        }
    }
}
