//! What the SDKs for Java write beside the texts that they signed: the request as an object, exceptions, and the wire as Apache's client
//! logs it.
//!
//! Not here: putting a request together from them (`signing_log`).

use crate::answer::Answer;
use crate::evidence::Sent;
use crate::log::Entry;

/// How a byte that is not printable stands in the wire log.
const LINE_ENDS: [(&str, &str); 3] = [("[\\r]", "\r"), ("[\\n]", "\n"), ("[\\t]", "\t")];

/// `DefaultSdkHttpFullRequest(httpMethod=PUT, protocol=https, host=h, encodedPath=/k, headers=[Host, ..], queryParameters=[..])`
pub(super) fn request(text: &str) -> Option<Sent> {
    let (_, rest) = text.split_once("SdkHttpFullRequest(")?;
    let field = |name: &str| {
        let (_, value) = rest.split_once(&format!("{name}="))?;
        value.split([',', ')']).next().map(str::trim)
    };
    let port = field("port").map(|port| format!(":{port}")).unwrap_or_default();
    let url = format!(
        "{}://{}{port}{}",
        field("protocol")?,
        field("host")?,
        field("encodedPath")?
    );
    Sent::to_url(field("httpMethod")?, &url)
}

/// `AmazonS3Exception: MESSAGE (Service: Amazon S3; Status Code: 403; Error Code: CODE; ..)`, and version 2's without a code.
pub(super) fn exception(text: &str) -> Option<Answer> {
    let (before, details) = text.split_once(" (Service: ")?;
    let details = details.split(')').next()?;
    let detail = |name: &str| {
        let (_, value) = details.split_once(&format!("{name}: "))?;
        value.split([';', ',']).next().map(str::trim)
    };
    let message = before
        .rsplit_once("Exception: ")
        .map_or(before, |(_, message)| message);
    let status = detail("Status Code").and_then(|status| status.parse().ok());
    Some(Answer::of_message(message, detail("Error Code"), status))
}

/// One line of the wire, and whether it came (else it was sent): `http-outgoing-0 << "HTTP/1.1 403 Forbidden[\r][\n]"`.
pub(super) fn wire(entry: Entry<'_>) -> Option<(bool, String)> {
    let (_, rest) = entry.text.split_once("http-outgoing-")?;
    let (mark, came) = match (rest.find(" << \""), rest.find(" >> \"")) {
        (Some(at), None) => (at, true),
        (None, Some(at)) => (at, false),
        (Some(came), Some(sent)) => (came.min(sent), came < sent),
        (None, None) => return None,
    };
    let line = rest.get(mark + 5..)?.trim_end();
    let line = line.strip_suffix('"').unwrap_or(line);
    let line = LINE_ENDS.iter().fold(line.to_owned(), |line, (escaped, plain)| {
        line.replace(escaped, plain)
    });
    Some((came, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_of_both_versions_hold_what_was_answered() {
        for (text, code, message) in [
            (
                "com.amazonaws.services.s3.model.AmazonS3Exception: The difference is too large. (Service: Amazon S3; Status Code: 403; Error Code: RequestTimeTooSkewed; Request ID: R; Proxy: null), S3 Extended Request ID: E",
                "RequestTimeTooSkewed",
                "The difference is too large.",
            ),
            (
                "software.amazon.awssdk.services.s3.model.S3Exception: The request signature we calculated does not match the signature you provided. (Service: S3, Status Code: 403, Request ID: R)",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
        ] {
            let answer = exception(text).expect("an exception");
            assert_eq!(
                (answer.status, answer.code.as_str(), answer.message.as_str()),
                (Some(403), code, message)
            );
        }
        assert!(exception("java.lang.IllegalStateException: x").is_none());
    }

    #[test]
    fn a_line_of_the_wire_is_what_went_over_it() {
        for (text, expected) in [
            (
                "d http-outgoing-0 >> \"PUT /k HTTP/1.1[\\r][\\n]\"\n",
                Some((false, "PUT /k HTTP/1.1\r\n".to_owned())),
            ),
            (
                "d http-outgoing-12 << \"<a b=\"c\">[\\n]\"",
                Some((true, "<a b=\"c\">\n".to_owned())),
            ),
            ("d http-outgoing-0 << end of stream", None),
            ("d something", None),
        ] {
            assert_eq!(wire(Entry { text }), expected, "{text}");
        }
    }
}
