//! An `Authorization` header, alone, or among other header lines.

use crate::evidence::{Evidence, Sent};
use crate::forms::Form;
use crate::http;

/// How its value begins.
const SCHEMES: [&str; 3] = ["AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", "AWS "];

/// The text is one header, with its name or without it.
pub(crate) fn read(text: &str) -> Option<Evidence> {
    let value = match text.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("authorization") => value.trim(),
        _ => text,
    };
    let is_one = SCHEMES.iter().any(|scheme| value.starts_with(scheme)) && !value.contains('\n');
    is_one.then(|| of(vec![("Authorization".to_owned(), value.to_owned())]))
}

/// Header lines somewhere in the text, one of which is the wanted one.
pub(crate) fn read_within(text: &str) -> Option<Evidence> {
    let headers: Vec<_> = text
        .lines()
        .filter_map(|line| http::header(line.trim().trim_start_matches(['>', '<', '*', ' '])))
        .collect();
    let is_signed = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("authorization") && SCHEMES.iter().any(|scheme| value.starts_with(scheme))
    });
    is_signed.then(|| of(headers))
}

fn of(headers: Vec<(String, String)>) -> Evidence {
    let mut evidence = Evidence::new(Form::Authorization);
    evidence.sent = Some(Sent {
        headers,
        ..Sent::default()
    });
    evidence
        .notes
        .push("A header alone does not show method, path and the other headers; the output of curl -v or a debug log does.");
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_and_without_its_name() {
        let value = "AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=s";
        for text in [
            value.to_owned(),
            format!("Authorization: {value}"),
            format!("authorization:{value}"),
        ] {
            let sent = read(&text).and_then(|evidence| evidence.sent).expect("read");
            assert_eq!(sent.header("authorization"), Some(value), "{text}");
        }
        let sent =
            read_within(&format!("> Host: h\n> Authorization: {value}\n")).and_then(|evidence| evidence.sent);
        assert_eq!(sent.expect("read").header("host"), Some("h"));
        assert!(
            read("Authorization: Bearer x").is_none() && read_within("Authorization: Bearer x").is_none()
        );
    }
}
