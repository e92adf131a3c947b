//! Two canonical requests against each other, line by line.
//!
//! Not here: colour and layout (the command line has those), and why they differ (`explain`).

use countersign_diagnose::{is_secret_header, is_secret_parameter};

use crate::canonical::CanonicalText;

/// What stands in the place of a credential.
const HIDDEN: &str = "***";

/// The lines of two canonical requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// In the order of the canonical request; of headers, all names of both in alphabetical order.
    pub lines: Vec<Line>,
}

/// A line of two canonical requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What stands there: `method`, `path`, `query`, `header host`, `signed headers`, `payload`.
    pub what: String,
    /// On the left side; `None` if there is no such line.
    pub left: Option<String>,
    /// On the right side.
    pub right: Option<String>,
}

impl Line {
    /// Whether both sides have the same.
    pub fn is_same(&self) -> bool {
        self.left == self.right
    }

    /// One of its sides, without the credentials in it: whoever tells of a line tells this.
    pub fn shown(&self, side: &Option<String>) -> Option<String> {
        let text = side.as_deref()?;
        let is_secret = self.what.strip_prefix("header ").is_some_and(is_secret_header);
        if is_secret {
            return Some(HIDDEN.to_owned());
        }
        if self.what != "query" {
            return Some(text.to_owned());
        }
        let hide = |parameter: &str| match parameter.split_once('=') {
            Some((name, _)) if is_secret_parameter(name) => format!("{name}={HIDDEN}"),
            Some(_) | None => parameter.to_owned(),
        };
        Some(text.split('&').map(hide).collect::<Vec<_>>().join("&"))
    }
}

impl Comparison {
    /// The first line that differs.
    pub fn first_difference(&self) -> Option<&Line> {
        self.lines.iter().find(|line| !line.is_same())
    }
}

/// Puts two canonical requests side by side.
pub fn compare(left: &CanonicalText, right: &CanonicalText) -> Comparison {
    let line = |what: &str, left: Option<&str>, right: Option<&str>| Line {
        what: what.to_owned(),
        left: left.map(str::to_owned),
        right: right.map(str::to_owned),
    };
    let always = |what: &str, left: &str, right: &str| line(what, Some(left), Some(right));
    let mut lines = vec![
        always("method", &left.method, &right.method),
        always("path", &left.uri, &right.uri),
        always("query", &left.query, &right.query),
    ];
    let mut names: Vec<&str> = [left, right]
        .iter()
        .flat_map(|side| side.headers.iter().map(|(name, _)| name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    lines.extend(
        names
            .iter()
            .map(|name| line(&format!("header {name}"), left.header(name), right.header(name))),
    );
    lines.push(always(
        "signed headers",
        &left.signed_headers,
        &right.signed_headers,
    ));
    lines.push(always("payload", &left.payload, &right.payload));
    Comparison { lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(uri: &str, headers: &str, names: &str) -> CanonicalText {
        CanonicalText::parse(&format!("GET\n{uri}\n\n{headers}\n\n{names}\nUNSIGNED-PAYLOAD"))
            .expect("a canonical request")
    }

    #[test]
    fn the_first_difference_is_the_first_line_in_order() {
        let left = text("/a", "host:one\nx-amz-date:d", "host;x-amz-date");
        let right = text("/a", "accept-encoding:gzip\nhost:two", "accept-encoding;host");
        let comparison = compare(&left, &right);
        let first = comparison.first_difference().expect("they differ");
        assert_eq!(
            (first.what.as_str(), first.left.as_deref()),
            ("header accept-encoding", None)
        );
        let different: Vec<&str> = comparison
            .lines
            .iter()
            .filter(|line| !line.is_same())
            .map(|line| line.what.as_str())
            .collect();
        assert_eq!(
            different,
            [
                "header accept-encoding",
                "header host",
                "header x-amz-date",
                "signed headers"
            ]
        );
        assert_eq!(compare(&left, &left).first_difference(), None);
    }
}
