//! The calls that work with a link: of curl, fetch and axios, with all that must be sent and nothing that a client adds by itself.
//!
//! Not here: signing. Keeps true: what is printed runs as it stands, once FILE or `body` is there; where a client cannot send a link
//! as it is, that is said instead.

use serde_json::{Value, json};

use super::Link;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Curl,
    Fetch,
    Axios,
}

pub(super) const CLIENTS: [Client; 3] = [Client::Curl, Client::Fetch, Client::Axios];

impl Client {
    pub(super) fn name(self) -> &'static str {
        match self {
            Client::Curl => "curl",
            Client::Fetch => "fetch",
            Client::Axios => "axios",
        }
    }

    /// The call for a link.
    pub(super) fn call(self, link: &Link) -> String {
        match self {
            Client::Curl => curl(link),
            Client::Fetch | Client::Axios if has_dot_segments(&link.url) => format!(
                "// {} cannot: it takes the segments . and .. out of a path before it sends it",
                self.name()
            ),
            Client::Fetch => fetch(link),
            Client::Axios => axios(link),
        }
    }
}

/// All of them, by their names.
pub(super) fn document(link: &Link) -> Value {
    let calls = CLIENTS.map(|client| (client.name().to_owned(), json!(client.call(link))));
    Value::Object(calls.into_iter().collect())
}

/// Brackets in a URL are taken as they are, and so are dots in its path.
fn curl(link: &Link) -> String {
    let mut line = "curl --fail-with-body --globoff --path-as-is".to_owned();
    for (name, value) in &link.headers {
        // A header without a value is one that curl leaves out, unless it ends so.
        let header = match value.is_empty() {
            true => format!("{name};"),
            false => format!("{name}: {value}"),
        };
        line.push_str(&format!(" -H {}", quoted(&header)));
    }
    let has_type = has_content_type(link);
    line.push_str(match link.method {
        "GET" => " -o FILE",
        // To a path that ends in a slash, -T would add the name of the file.
        _ if path(&link.url).ends_with('/') && has_type => " -X PUT --data-binary @FILE",
        _ if path(&link.url).ends_with('/') => " -X PUT -H 'content-type:' --data-binary @FILE",
        _ => " -T FILE",
    });
    format!("{line} {}", quoted(&link.url))
}

fn fetch(link: &Link) -> String {
    let url = json!(link.url);
    match link.method {
        "GET" => format!("await fetch({url}{})", options(&headers(link), &[])),
        method => {
            // A string or a typed Blob would bring a content type of its own; the bytes alone bring none.
            let body = match has_content_type(link) {
                true => "body",
                false => "body: new Blob([body])",
            };
            let method = format!("method: {}", json!(method));
            format!("await fetch({url}{})", options(&headers(link), &[&method, body]))
        }
    }
}

fn axios(link: &Link) -> String {
    let url = json!(link.url);
    if link.method == "GET" {
        let options = options(&headers(link), &["responseType: \"arraybuffer\""]);
        return format!("await axios.get({url}{options})");
    }
    let mut headers = headers(link);
    if !has_content_type(link) {
        // It would say application/x-www-form-urlencoded.
        headers.push("\"content-type\": false".to_owned());
    }
    // It would take a text of type application/json apart, and put it together otherwise.
    let options = options(&headers, &["transformRequest: [(data) => data]"]);
    format!("await axios.put({url}, body{options})")
}

/// The last argument of a call; nothing if there is nothing in it.
fn options(headers: &[String], more: &[&str]) -> String {
    let headers = (!headers.is_empty()).then(|| format!("headers: {{ {} }}", headers.join(", ")));
    let parts: Vec<&str> = more
        .iter()
        .copied()
        .filter(|part| !part.starts_with("body"))
        .chain(headers.as_deref())
        .chain(more.iter().copied().filter(|part| part.starts_with("body")))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(", {{ {} }}", parts.join(", ")),
    }
}

fn headers(link: &Link) -> Vec<String> {
    let headers = link.headers.iter();
    headers
        .map(|(name, value)| format!("{}: {}", json!(name), json!(value)))
        .collect()
}

fn has_content_type(link: &Link) -> bool {
    link.headers.iter().any(|(name, _)| name == "content-type")
}

fn path(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Whether somebody who tidies paths would change this one.
fn has_dot_segments(url: &str) -> bool {
    path(url)
        .split('/')
        .skip(3)
        .any(|segment| matches!(segment, "." | ".."))
}

/// For a POSIX shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::Moment;

    fn link(method: &'static str, url: &str, headers: &[(&str, &str)]) -> Link {
        Link {
            method,
            url: url.to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            expires: Moment::from_seconds(0),
        }
    }

    #[test]
    fn a_call_sends_what_must_be_sent_and_nothing_else() {
        let check = |method, url: &str, headers: &[(&str, &str)], expected: [&str; 3]| {
            let link = link(method, url, headers);
            let calls = CLIENTS.map(|client| client.call(&link));
            assert_eq!(calls, expected, "{method} {url}");
        };
        check(
            "GET",
            "http://h/b/k?a=b",
            &[],
            [
                "curl --fail-with-body --globoff --path-as-is -o FILE 'http://h/b/k?a=b'",
                "await fetch(\"http://h/b/k?a=b\")",
                "await axios.get(\"http://h/b/k?a=b\", { responseType: \"arraybuffer\" })",
            ],
        );
        check(
            "PUT",
            "http://h/b/k?a=b",
            &[],
            [
                "curl --fail-with-body --globoff --path-as-is -T FILE 'http://h/b/k?a=b'",
                "await fetch(\"http://h/b/k?a=b\", { method: \"PUT\", body: new Blob([body]) })",
                "await axios.put(\"http://h/b/k?a=b\", body, { transformRequest: [(data) => data], headers: { \"content-type\": false } })",
            ],
        );
        check(
            "PUT",
            "http://h/b/k/?a=b",
            &[
                ("content-type", "text/plain"),
                ("x-amz-meta-a", "it's \"x\""),
                ("x-amz-meta-b", ""),
            ],
            [
                "curl --fail-with-body --globoff --path-as-is -H 'content-type: text/plain' -H 'x-amz-meta-a: it'\\''s \"x\"' \
                 -H 'x-amz-meta-b;' -X PUT --data-binary @FILE 'http://h/b/k/?a=b'",
                "await fetch(\"http://h/b/k/?a=b\", { method: \"PUT\", headers: { \"content-type\": \"text/plain\", \
                 \"x-amz-meta-a\": \"it's \\\"x\\\"\", \"x-amz-meta-b\": \"\" }, body })",
                "await axios.put(\"http://h/b/k/?a=b\", body, { transformRequest: [(data) => data], headers: { \
                 \"content-type\": \"text/plain\", \"x-amz-meta-a\": \"it's \\\"x\\\"\", \"x-amz-meta-b\": \"\" } })",
            ],
        );
    }

    #[test]
    fn who_tidies_paths_is_said_to() {
        for (url, expected) in [
            ("http://h/b/a/../c?x", true),
            ("http://h/b/./c", true),
            ("http://h/b/..", true),
            ("http://h/b/..c//.d?..", false),
        ] {
            let link = link("GET", url, &[]);
            assert_eq!(
                Client::Fetch.call(&link).starts_with("// fetch cannot"),
                expected,
                "{url}"
            );
            assert_eq!(
                Client::Axios.call(&link).starts_with("// axios cannot"),
                expected,
                "{url}"
            );
            assert!(Client::Curl.call(&link).starts_with("curl "), "{url}");
        }
    }
}
