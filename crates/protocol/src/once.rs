//! `x-countersign-once=1`: the parameter that makes a presigned link good for one use.
//!
//! An extension of ours. A query that is signed is signed whole, so nobody can add it or take it away. Wherever it cannot
//! be obeyed it is refused: whoever asks for a link that works once must not get one that works many times.
//!
//! Not here: whether the request is a presigned link, which is the server's to know, and whether it was used.

use crate::head::View;
use crate::operation::Operation;
use crate::parse_error::ParseError;

/// The parameter's name. Capitals make no difference.
pub const ONCE: &str = "x-countersign-once";

/// Whether the request is good for one use.
pub(crate) fn asked(view: &View<'_>, operation: &Operation) -> Result<bool, ParseError> {
    let mut given = view
        .parameters()
        .filter(|(name, _)| name.eq_ignore_ascii_case(ONCE))
        .map(|(_, value)| value);
    let Some(value) = given.next() else {
        return match view.header(ONCE) {
            Some(value) => Err(misplaced(&value)),
            None => Ok(false),
        };
    };
    let refuse = |message: &'static str| Err(ParseError::argument(message, ONCE, value));
    if given.next().is_some() {
        return refuse("x-countersign-once must be given exactly once");
    }
    if value != "1" {
        return refuse("x-countersign-once must be 1");
    }
    match operation {
        Operation::GetObject(_) | Operation::HeadObject(_) | Operation::PutObject(_) => Ok(true),
        _ => refuse("x-countersign-once is for GetObject, HeadObject and PutObject"),
    }
}

/// The refusal of one that stands in something else than a presigned link.
pub fn misplaced(value: &str) -> ParseError {
    let message = "x-countersign-once must be a query parameter of a presigned link";
    ParseError::argument(message, ONCE, value)
}

#[cfg(test)]
mod tests {
    use crate::testing::{refusal, request};

    #[test]
    fn a_link_for_one_use_is_told_from_others() {
        for (line, expected) in [
            ("GET /abc/k", false),
            ("GET /abc/k?x-countersign-once=1", true),
            ("GET /abc/k?partNumber=1&x-countersign-once=1", true),
            ("GET /abc/k?X-Countersign-Once=1", true),
            ("GET /abc/k?x-countersign-onc%65=%31", true),
            ("HEAD /abc/k?x-countersign-once=1", true),
            ("PUT /abc/k?x-countersign-once=1", true),
            ("PUT /abc/k?x-countersign-twice=1", false),
        ] {
            let named = request(line, &[]).expect("an operation");
            assert_eq!(named.is_once, expected, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused() {
        let check = |line: &str, headers: &[(&str, &str)], message: &str, value: &str| {
            let expected = format!(
                "InvalidArgument: {message} [ArgumentName=x-countersign-once, ArgumentValue={value}]"
            );
            assert_eq!(refusal(line, headers), expected, "{line}");
        };
        let must_be_1 = "x-countersign-once must be 1";
        for value in ["", "0", "2", "01", "true", "1 "] {
            let line = format!("GET /abc/k?x-countersign-once={}", value.replace(' ', "%20"));
            check(&line, &[], must_be_1, value);
        }
        check(
            "GET /abc/k?x-countersign-once=1&X-countersign-once=1",
            &[],
            "x-countersign-once must be given exactly once",
            "1",
        );
        let header = ("X-Countersign-Once", "1");
        let misplaced = "x-countersign-once must be a query parameter of a presigned link";
        check("GET /abc/k", &[header], misplaced, "1");
        let only_three = "x-countersign-once is for GetObject, HeadObject and PutObject";
        for line in [
            "GET /abc?x-countersign-once=1",
            "DELETE /abc/k?x-countersign-once=1",
            "POST /abc/k?uploads&x-countersign-once=1",
            "PUT /abc/k?partNumber=1&uploadId=00112233445566778899aabbccddeeff&x-countersign-once=1",
        ] {
            check(line, &[], only_three, "1");
        }
        let copy = ("x-amz-copy-source", "abc/l");
        check("PUT /abc/k?x-countersign-once=1", &[copy], only_three, "1");
    }

    #[test]
    fn a_preflight_asks_about_a_link_and_uses_nothing() {
        let headers = [
            ("Origin", "https://a.example"),
            ("Access-Control-Request-Method", "PUT"),
        ];
        let named = request("OPTIONS /abc/k?x-countersign-once=1", &headers).expect("a preflight");
        assert!(!named.is_once);
    }
}
