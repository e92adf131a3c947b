//! A request before it is signed, and the ways in which what is signed may differ from what is sent.
//!
//! Not here: the signature (`scribe`), and which requests are made (`probes`).

use bytes::Bytes;
use countersign_evidence::CanonicalText;
use countersign_sigv4::canonical_query;

/// A request before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The method.
    pub(crate) method: &'static str,
    /// The name to connect to.
    pub(crate) name: String,
    /// `Host`.
    pub(crate) host: String,
    /// The path, as it is sent.
    pub(crate) path: String,
    /// The query, as it is sent.
    pub(crate) query: Option<String>,
    /// Headers beside `Host` and those of the signature; all are signed but those in `unsigned`.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Names of headers that are sent and not signed.
    pub(crate) unsigned: Vec<&'static str>,
    /// The body, and how it is sent.
    pub(crate) body: Body,
    /// How it is signed.
    pub(crate) auth: Auth,
}

/// A body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// As it is, its hash signed.
    Hashed(Bytes),
    /// As it is, not signed.
    Unsigned(Bytes),
    /// In chunks, each signed.
    Chunks(Bytes),
    /// In chunks, each signed, with a signed checksum behind them.
    ChunksAndTrailer(Bytes),
    /// In chunks that are not signed, with a checksum behind them.
    UnsignedTrailer(Bytes),
}

impl Body {
    /// What is sent, without any framing.
    pub(crate) fn data(&self) -> &Bytes {
        match self {
            Body::Hashed(bytes)
            | Body::Unsigned(bytes)
            | Body::Chunks(bytes)
            | Body::ChunksAndTrailer(bytes)
            | Body::UnsignedTrailer(bytes) => bytes,
        }
    }
}

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// In the `Authorization` header.
    Header,
    /// In the query, as a link made `age` seconds ago that lives for `expires`.
    Link { age: i64, expires: u64 },
    /// Not at all.
    Nobody,
}

impl Draft {
    #[must_use]
    pub(crate) fn query(mut self, query: impl Into<String>) -> Draft {
        self.query = Some(query.into());
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Draft {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A header that is sent and not signed.
    #[must_use]
    pub(crate) fn beside(mut self, name: &'static str, value: &str) -> Draft {
        self.unsigned.push(name);
        self.header(name, value)
    }

    #[must_use]
    pub(crate) fn body(mut self, body: Body) -> Draft {
        self.body = body;
        self
    }

    #[must_use]
    pub(crate) fn auth(mut self, auth: Auth) -> Draft {
        self.auth = auth;
        self
    }
}

/// What is signed otherwise than it is sent: as something on the way would have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another method.
    Method(String),
    /// Another path, already canonical.
    Uri(String),
    /// Another query, already canonical.
    Query(String),
    /// Another value of a header.
    Header(String, String),
    /// The path without this at its beginning.
    CutPath(String),
    /// The path with this before it.
    PutPath(String),
    /// The path without the slash at its end.
    CutSlash,
    /// The query with these parameters beside.
    AddQuery(String),
    /// All as the other side has it, but for the moment.
    All(Box<CanonicalText>),
}

impl Change {
    /// Makes the change.
    pub(crate) fn apply(&self, text: &mut CanonicalText) {
        match self {
            Change::Method(method) => method.clone_into(&mut text.method),
            Change::Uri(uri) => uri.clone_into(&mut text.uri),
            Change::Query(query) => query.clone_into(&mut text.query),
            Change::Header(name, value) => set_header(text, name, value),
            Change::CutPath(prefix) => {
                let rest = text.uri.strip_prefix(prefix.as_str()).unwrap_or(&text.uri);
                text.uri = if rest.starts_with('/') {
                    rest.to_owned()
                } else {
                    format!("/{rest}")
                };
            }
            Change::PutPath(prefix) => text.uri = format!("{prefix}{}", text.uri),
            Change::CutSlash => {
                let cut = text.uri.strip_suffix('/').filter(|cut| !cut.is_empty());
                text.uri = cut.unwrap_or(&text.uri).to_owned();
            }
            Change::AddQuery(more) => {
                let joint = if text.query.is_empty() { "" } else { "&" };
                let all = format!("{}{joint}{more}", text.query);
                text.query = canonical_query(all.as_bytes(), None);
            }
            Change::All(other) => {
                let date = text.header("x-amz-date").map(str::to_owned);
                text.clone_from(other);
                if let Some(date) = date {
                    set_header(text, "x-amz-date", &date);
                }
            }
        }
    }
}

fn set_header(text: &mut CanonicalText, name: &str, value: &str) {
    let line = text.headers.iter_mut().find(|(other, _)| other == name);
    if let Some((_, line)) = line {
        value.clone_into(line);
    }
}

/// The changes that make plain requests of one text those of the other, if there are such: host, what stands before the path,
/// what was added to the query. With them the rest can be examined although everything is changed.
pub(crate) fn between(ours: &CanonicalText, theirs: &CanonicalText) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    if let (Some(host), true) = (
        theirs.header("host"),
        ours.header("host") != theirs.header("host"),
    ) {
        changes.push(Change::Header("host".to_owned(), host.to_owned()));
    }
    if ours.uri != theirs.uri {
        let ends = |long: &str, short: &str| {
            Some(long.strip_suffix(short)?.to_owned()).filter(|cut| !cut.is_empty())
        };
        let is_cut = ours.uri.strip_suffix('/') == Some(theirs.uri.as_str());
        let change = match (ends(&ours.uri, &theirs.uri), ends(&theirs.uri, &ours.uri)) {
            _ if is_cut => Change::CutSlash,
            (Some(cut), _) => Change::CutPath(cut),
            (None, Some(put)) => Change::PutPath(put),
            (None, None) => return None,
        };
        changes.push(change);
    }
    if ours.query != theirs.query {
        let has = |query: &str, pair: &str| query.split('&').any(|other| other == pair);
        let more: Vec<&str> = theirs
            .query
            .split('&')
            .filter(|pair| !has(&ours.query, pair))
            .collect();
        changes.push(Change::AddQuery(more.join("&")));
    }
    let mut changed = ours.clone();
    changes.iter().for_each(|change| change.apply(&mut changed));
    (!changes.is_empty() && changed == *theirs).then_some(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(host: &str, uri: &str, query: &str) -> CanonicalText {
        let text =
            format!("GET\n{uri}\n{query}\nhost:{host}\nx-amz-date:d\n\nhost;x-amz-date\nUNSIGNED-PAYLOAD");
        CanonicalText::parse(&text).expect("a canonical request")
    }

    #[test]
    fn what_lies_between_two_texts_makes_one_of_the_other() {
        let ours = text("h", "/s3/b/", "a=1");
        for (theirs, expected) in [
            (text("x:9", "/s3/b/", "a=1"), Some(1)),
            (text("x", "/b/", "a=1"), Some(2)),
            (text("h", "/v1/s3/b/", "a=1"), Some(1)),
            (text("h", "/s3/b/", "a=1&edge=f"), Some(1)),
            (text("h", "/s3/b", "a=1"), Some(1)),
            (text("h", "/s3/c/", "a=1"), None),
            (text("h", "/s3/b/", ""), None),
        ] {
            let changes = between(&ours, &theirs);
            assert_eq!(changes.as_ref().map(Vec::len), expected, "{theirs:?}");
        }
        assert_eq!(between(&ours, &ours), None);
    }

    #[test]
    fn everything_but_the_moment_is_taken_over() {
        let mut ours = text("h", "/a", "");
        let mut theirs = text("x", "/b", "q=");
        set_header(&mut theirs, "x-amz-date", "earlier");
        Change::All(Box::new(theirs)).apply(&mut ours);
        assert_eq!(ours, text("x", "/b", "q="));
    }
}
