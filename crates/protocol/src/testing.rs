//! Short ways to write requests in the tests of this crate.

use crate::{Head, Named, Operation, ParseError, parse};

/// Parses `METHOD /path?query` with these headers.
pub(crate) fn request(line: &str, headers: &[(&str, &str)]) -> Result<Named, ParseError> {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.as_bytes())),
        None => (target, None),
    };
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    parse(&Head {
        method,
        path: path.as_bytes(),
        query,
        headers: &headers,
        host_bucket: None,
    })
}

/// As [`request`], for one that is an operation.
pub(crate) fn operation(line: &str, headers: &[(&str, &str)]) -> Operation {
    match request(line, headers) {
        Ok(named) => named.operation,
        Err(error) => unreachable!("{line} was refused: {error}"),
    }
}

/// A form with these fields.
pub(crate) fn form(fields: &[(&str, &str)]) -> crate::Form {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    crate::Form {
        fields: fields.collect(),
        ..crate::Form::default()
    }
}

/// As [`request`], for one that is refused: code, message and elements in one text.
pub(crate) fn refusal(line: &str, headers: &[(&str, &str)]) -> String {
    match request(line, headers) {
        Ok(named) => unreachable!("{line} became {}", named.operation.name()),
        Err(error) => told(&error),
    }
}

/// `Code: message [Name=value, ...]`
pub(crate) fn told(error: &ParseError) -> String {
    let elements: Vec<String> = error
        .elements
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{error} [{}]", elements.join(", "))
}

/// Holds a result document against `<Root>...</Root>`, written without the declaration and the namespace.
pub(crate) fn check_result(found: &[u8], expected: &str) {
    let (root, body) = expected.split_once('>').expect("a root element");
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{body}"
    );
    assert_eq!(String::from_utf8_lossy(found), expected);
}
