//! Conditions: `If-Match` and its relatives, on reads, on writes and on the source of a copy.
//!
//! Not here: whether they hold (`store` decides that against the object it has pinned).

use countersign_types::{Etag, EtagMatch, Moment, ReadCondition, WriteCondition};

use crate::head::View;
use crate::parse_error::ParseError;

/// `If-Range`: whether a range may be answered, or the object has changed and must be answered whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeCondition {
    /// Only out of the object with this tag.
    Etag(Etag),
    /// Only out of the object that was written at this second.
    Modified(Moment),
    /// Out of no object that we know of.
    Never,
}

impl RangeCondition {
    /// Reads the value of `If-Range`.
    pub fn parse(text: &str) -> RangeCondition {
        // A weak tag must not select bytes (RFC 9110 section 13.1.5), and `Etag::parse` does not read one.
        match (Etag::parse(text), Moment::parse_http_date(text)) {
            (Some(etag), _) => RangeCondition::Etag(etag),
            (None, Some(moment)) => RangeCondition::Modified(moment),
            (None, None) => RangeCondition::Never,
        }
    }

    /// Whether the range counts for this object.
    pub fn holds(self, etag: &Etag, last_modified: Moment) -> bool {
        match self {
            RangeCondition::Etag(expected) => expected == *etag,
            RangeCondition::Modified(moment) => moment.seconds() == last_modified.seconds(),
            RangeCondition::Never => false,
        }
    }
}

pub(super) fn parse_read(view: &View<'_>) -> ReadCondition {
    parse_read_as(
        view,
        [
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
        ],
    )
}

/// Reads `x-amz-copy-source-if-*`.
pub(super) fn parse_source(view: &View<'_>) -> ReadCondition {
    parse_read_as(
        view,
        [
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-modified-since",
            "x-amz-copy-source-if-unmodified-since",
        ],
    )
}

/// The four headers are named in the order of the fields.
fn parse_read_as(view: &View<'_>, headers: [&str; 4]) -> ReadCondition {
    let [if_match, if_none_match, if_modified_since, if_unmodified_since] = headers;
    let tags = |name| view.header(name).map(|text| EtagMatch::parse(&text));
    let moment = |name| view.header(name).and_then(|text| Moment::parse_http_date(&text));
    ReadCondition {
        if_match: tags(if_match),
        if_none_match: tags(if_none_match),
        if_modified_since: moment(if_modified_since),
        if_unmodified_since: moment(if_unmodified_since),
    }
}

/// Reads the condition of a write. S3 has two: `If-None-Match: *` creates, `If-Match` with a tag replaces. Whatever else
/// HTTP would allow is refused as S3 refuses it, so that nobody relies here on what fails there.
pub(super) fn parse_write(view: &View<'_>) -> Result<WriteCondition, ParseError> {
    let condition = parse_any(view)?;
    let refused = |header: &str, why: String| {
        Err(ParseError::header_not_implemented(header).element("additionalMessage", why))
    };
    let unaccepted =
        |header: &str| format!("We don't accept the provided value of {header} header for this API");
    match (&condition.if_match, &condition.if_none_match) {
        (Some(_), Some(_)) => {
            let why = "Multiple conditional request headers present in the request";
            refused("If-Match,If-None-Match", why.to_owned())
        }
        (Some(EtagMatch::Any), None) => refused("If-Match", unaccepted("If-Match")),
        (None, Some(EtagMatch::OneOf(_))) => refused("If-None-Match", unaccepted("If-None-Match")),
        _ => Ok(condition),
    }
}

/// Reads the condition of a delete: `If-Match`, where `*` means any object that exists.
pub(super) fn parse_delete(view: &View<'_>) -> Result<WriteCondition, ParseError> {
    let condition = parse_any(view)?;
    if condition.if_none_match.is_some() {
        return Err(ParseError::header_not_implemented("If-None-Match"));
    }
    Ok(condition)
}

fn parse_any(view: &View<'_>) -> Result<WriteCondition, ParseError> {
    for header in ["If-Modified-Since", "If-Unmodified-Since"] {
        if view.header(header).is_some() {
            return Err(ParseError::header_not_implemented(header));
        }
    }
    Ok(WriteCondition {
        if_match: view.header("if-match").map(|text| EtagMatch::parse(&text)),
        if_none_match: view.header("if-none-match").map(|text| EtagMatch::parse(&text)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    const TAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

    #[test]
    fn a_range_counts_only_for_the_object_it_was_asked_of() {
        let etag = Etag::parse(TAG).expect("a tag");
        let moment = Moment::from_millis(784_111_777_500);
        let check = |text: &str, expected: bool| {
            assert_eq!(
                RangeCondition::parse(text).holds(&etag, moment),
                expected,
                "{text}"
            );
        };
        check(&format!("\"{TAG}\""), true);
        check(&format!("W/\"{TAG}\""), false);
        check("\"d41d8cd98f00b204e9800998ecf8427f\"", false);
        check("Sun, 06 Nov 1994 08:49:37 GMT", true);
        check("Sun, 06 Nov 1994 08:49:38 GMT", false);
        check("", false);
    }

    #[test]
    fn a_write_has_the_conditions_that_s3_has() {
        let tag = format!("\"{TAG}\"");
        for condition in [("if-match", tag.as_str()), ("if-none-match", "*")] {
            assert_eq!(operation("PUT /abc/k", &[condition]).name(), "PutObject");
        }
        let refused = |headers: &[(&str, &str)], expected: &str| {
            let message =
                "NotImplemented: A header you provided implies functionality that is not implemented";
            for line in [
                "PUT /abc/k",
                "POST /abc/k?uploadId=01234567890123456789012345678901",
            ] {
                assert_eq!(refusal(line, headers), format!("{message} [{expected}]"));
            }
        };
        refused(
            &[("if-none-match", tag.as_str())],
            "Header=If-None-Match, additionalMessage=We don't accept the provided value of If-None-Match header for this API",
        );
        refused(
            &[("if-match", "*")],
            "Header=If-Match, additionalMessage=We don't accept the provided value of If-Match header for this API",
        );
        refused(
            &[("if-match", tag.as_str()), ("if-none-match", "*")],
            "Header=If-Match,If-None-Match, additionalMessage=Multiple conditional request headers present in the request",
        );
        let Operation::DeleteObject(delete) = operation("DELETE /abc/k", &[("if-match", "*")]) else {
            unreachable!("a delete");
        };
        assert_eq!(delete.condition.if_match, Some(EtagMatch::Any));
    }
}
