//! What an error code says by itself, with the elements that come with it.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. Other servers word some of these otherwise; where a
//! message is all that tells, it is looked for. Not here: `SignatureDoesNotMatch`, which says nothing by itself (`explain`).

use countersign_diagnose::{PAGES_URL, ReportCause, title};
use countersign_sigv4::EMPTY_SHA256;

use crate::answer::Answer;
use crate::evidence::Sent;

/// A cause that an answer names.
pub(crate) fn by_code(answer: &Answer, sent: Option<&Sent>) -> Option<ReportCause> {
    let says = |text: &str| answer.message.contains(text);
    let id_shows_a_session = |id: &str| id.starts_with("ASIA");
    let cause = match answer.code.as_str() {
        "RequestTimeTooSkewed" | "RequestExpired" => skewed(answer),
        "InvalidRequest" if says("Date is too old") => skewed(answer),
        // Of links, rclone says this for expiry, which they show by themselves.
        "AccessDenied" if says("difference between the request time") && !is_link(sent) => skewed(answer),
        "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError" if says("region") => {
            region(answer)
        }
        "AuthorizationHeaderMalformed" if says("unexpected scope") => region(answer),
        "IllegalLocationConstraintException" => region(answer),
        "AccessDenied" if answer.element("HeadersNotSigned").is_some() => {
            let names = answer.element("HeadersNotSigned").unwrap_or_default();
            exact(
                "HDR-UNSIGNED",
                "header",
                format!("These headers were sent and not signed: {names}"),
                "Sign them too, or do not send them. A presigned URL must be made with every x-amz- header that is sent with it.",
            )
        }
        "AccessDenied" if says("expired") && !says("Policy") => {
            let ended = answer.element("Expires").unwrap_or("earlier");
            let now = answer
                .element("ServerTime")
                .map(|now| format!("; for the server it was {now}"))
                .unwrap_or_default();
            exact(
                "PRE-EXPIRED",
                "time",
                format!("The link ended {ended}{now}"),
                "Make a new link, or one that lives longer (seven days at most). Links of temporary credentials end with them.",
            )
        }
        "AccessDenied" if says("Invalid according to Policy") => exact(
            "POL-COND",
            "policy",
            format!("The form does not fulfil its policy: {}", answer.message),
            "Make the policy with a condition for each field that the form sends, with the value it sends.",
        ),
        "InvalidAccessKeyId"
            if answer.element("AWSAccessKeyId").is_some_and(id_shows_a_session)
                && !has_session_token(sent) =>
        {
            exact(
                "TOK-MISSING",
                "session-token",
                "A key that begins with ASIA is temporary, and its session token was not sent".to_owned(),
                "Hand the session token to the client together with the key (sessionToken, aws_session_token, AWS_SESSION_TOKEN).",
            )
        }
        "ExpiredToken" | "TokenRefreshRequired" => exact(
            "TOK-EXPIRED",
            "session-token",
            "The temporary credentials have ended".to_owned(),
            "Get new ones (aws sso login, assume the role again), or let the SDK's provider refresh them by itself.",
        ),
        "InvalidToken" => exact(
            "TOK-INVALID",
            "session-token",
            "The session token does not belong to this access key, or not to this server".to_owned(),
            "Take access key id, secret and session token from one and the same answer; unset AWS_SESSION_TOKEN when using a permanent key.",
        ),
        "PermanentRedirect" => redirected("RED-301", answer),
        "TemporaryRedirect" => redirected("RED-307", answer),
        "XAmzContentSHA256Mismatch" => payload(answer),
        "BadDigest" if says("Content-MD5") => exact(
            "HDR-MD5",
            "header:content-md5",
            "Content-MD5 is not that of the body that arrived".to_owned(),
            "Compute it over the bytes that are sent, or leave the header out.",
        ),
        "InvalidRequest" if says("authorization mechanism") => exact(
            "ALG-V2",
            "mechanism",
            "The request is signed with signature version 2, which this endpoint does not take".to_owned(),
            "Switch the client to signature version 4 (JavaScript v2: signatureVersion: 'v4'; boto3: signature_version='s3v4').",
        ),
        "InvalidRequest" if says("x-amz-content-sha256") => exact(
            "HDR-SHA-MISSING",
            "payload",
            "x-amz-content-sha256 was not sent".to_owned(),
            "Send the header with the SHA-256 of the body, or UNSIGNED-PAYLOAD, and sign it.",
        ),
        "InvalidArgument" if says("Only one auth mechanism") => exact(
            "AUTH-TWO",
            "mechanism",
            "The request authenticates in two ways at once".to_owned(),
            "Use a presigned URL without an Authorization header: turn off the interceptor or default that adds it.",
        ),
        _ => return None,
    };
    Some(cause)
}

fn is_link(sent: Option<&Sent>) -> bool {
    sent.and_then(|sent| sent.query.as_deref())
        .is_some_and(|query| query.contains("X-Amz-Expires="))
}

fn exact(id: &'static str, slot: &str, what: String, cure: &str) -> ReportCause {
    ReportCause {
        id,
        proof: "exact",
        slot: slot.to_owned(),
        title: title(id).unwrap_or_else(|| client_title(id)),
        what,
        signed: None,
        received: None,
        cure: cure.to_owned(),
        also: Vec::new(),
        ambiguity: None,
        url: format!("{PAGES_URL}{id}.md"),
    }
}

/// Titles of causes that only a client can see.
fn client_title(id: &str) -> &'static str {
    match id {
        "RED-301" => "The bucket is at another endpoint",
        "RED-307" => "The endpoint of a new bucket redirects to its region",
        "TOK-EXPIRED" => "The session has ended",
        _ => "",
    }
}

fn skewed(answer: &Answer) -> ReportCause {
    let times = answer.moment("RequestTime").zip(answer.moment("ServerTime"));
    let what = match times {
        Some((sent, server)) => {
            let (far, way) = (
                sent.abs_diff(server),
                if sent < server { "behind" } else { "ahead of" },
            );
            let (hours, minutes) = (far / 3600, far % 3600 / 60);
            format!("The client's clock is {hours} h {minutes} min {way} the server's")
        }
        None => "The client's clock and the server's are more than 15 minutes apart".to_owned(),
    };
    exact(
        "CLK-SKEW",
        "time",
        what,
        "Set the clock of the client (timedatectl, w32tm /resync, wsl --shutdown). Offsets of whole hours mean local time was written as UTC.",
    )
}

fn region(answer: &Answer) -> ReportCause {
    let quoted = |after: &str| {
        let (_, rest) = answer.message.split_once(after)?;
        let rest = rest.trim_start_matches([' ', '\'', '"']);
        rest.split(['\'', '"', ' ']).next().map(str::to_owned)
    };
    let expected = answer
        .element("Region")
        .map(str::to_owned)
        .or_else(|| quoted("expecting"));
    let what = match (quoted("the region"), &expected) {
        (Some(got), Some(expected)) if got != "is" => {
            format!("The request is signed for region {got}, the server is in {expected}")
        }
        (_, Some(expected)) => {
            format!("The request is signed for another region than the server's, which is {expected}")
        }
        _ => "The request is signed for another region than the server's".to_owned(),
    };
    let cure = match expected {
        Some(expected) => format!("Set the client's region to {expected}."),
        None => "Set the client's region to the one of the bucket.".to_owned(),
    };
    exact("SCP-REGION", "scope", what, &cure)
}

fn redirected(id: &'static str, answer: &Answer) -> ReportCause {
    let endpoint = answer.element("Endpoint").or_else(|| answer.header("location"));
    let region = answer.header("x-amz-bucket-region");
    let place = match (endpoint, region) {
        (Some(endpoint), Some(region)) => format!("{endpoint} (region {region})"),
        (Some(endpoint), None) => endpoint.to_owned(),
        (None, Some(region)) => format!("region {region}"),
        (None, None) => "another endpoint".to_owned(),
    };
    let what = format!("The bucket is not at the endpoint that was asked, but at {place}");
    let cure = match region {
        Some(region) => format!("Set the client's region to {region} and its endpoint to the one of that region; do not follow the redirect with the old signature."),
        None => "Set the client's endpoint and region to that place; do not follow the redirect with the old signature.".to_owned(),
    };
    exact(id, "host", what, &cure)
}

fn payload(answer: &Answer) -> ReportCause {
    let signed = answer.element("ClientComputedContentSHA256");
    let received = answer.element("S3ComputedContentSHA256");
    let (id, what) = if signed == Some(EMPTY_SHA256) {
        (
            "PAY-EMPTYHASH",
            "The hash of an empty body was signed, and a body was sent",
        )
    } else if received == Some(EMPTY_SHA256) {
        ("PAY-MISMATCH", "A body was signed, and an empty one arrived")
    } else {
        (
            "PAY-MISMATCH",
            "The body that arrived is not the one that was signed",
        )
    };
    let mut cause = exact(
        id,
        "body",
        what.to_owned(),
        "Send exactly the bytes that were hashed: as a buffer, not as a stream that was read before; no transformation on the way.",
    );
    cause.signed = signed.map(str::to_owned);
    cause.received = received.map(str::to_owned);
    cause
}

fn has_session_token(sent: Option<&Sent>) -> bool {
    sent.is_some_and(|sent| {
        let in_query = sent
            .query
            .as_deref()
            .is_some_and(|query| query.contains("X-Amz-Security-Token="));
        in_query || sent.header("x-amz-security-token").is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_causes_with_what_comes_with_them() {
        for (code, message, elements, id, says) in [
            (
                "RequestTimeTooSkewed",
                "The difference ..",
                &[
                    ("RequestTime", "20250101T000000Z"),
                    ("ServerTime", "2025-01-01T05:30:00Z"),
                ][..],
                "CLK-SKEW",
                "5 h 30 min behind",
            ),
            (
                "AccessDenied",
                "The difference between the request time and the server's time exceeds the maximum allowed.",
                &[],
                "CLK-SKEW",
                "15 minutes",
            ),
            (
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
                &[("Region", "eu-central-1")],
                "SCP-REGION",
                "us-east-1",
            ),
            (
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region is wrong; expecting 'garage'.",
                &[],
                "SCP-REGION",
                "garage",
            ),
            (
                "AccessDenied",
                "There were headers present in the request which were not signed",
                &[("HeadersNotSigned", "x-amz-acl")],
                "HDR-UNSIGNED",
                "x-amz-acl",
            ),
            (
                "AccessDenied",
                "Request has expired",
                &[("Expires", "2025-01-01T00:00:00Z")],
                "PRE-EXPIRED",
                "2025-01-01T00:00:00Z",
            ),
            (
                "InvalidAccessKeyId",
                "The AWS Access Key Id ..",
                &[("AWSAccessKeyId", "ASIAEXAMPLE")],
                "TOK-MISSING",
                "session token",
            ),
            (
                "PermanentRedirect",
                "..",
                &[("Endpoint", "b.s3.eu-west-1.amazonaws.com")],
                "RED-301",
                "eu-west-1",
            ),
            (
                "XAmzContentSHA256Mismatch",
                "..",
                &[("ClientComputedContentSHA256", EMPTY_SHA256)],
                "PAY-EMPTYHASH",
                "empty",
            ),
            (
                "InvalidRequest",
                "Bad request: Date is too old",
                &[],
                "CLK-SKEW",
                "15 minutes",
            ),
        ] {
            let answer = Answer {
                code: code.to_owned(),
                message: message.to_owned(),
                elements: elements
                    .iter()
                    .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                    .collect(),
                ..Answer::default()
            };
            let cause = by_code(&answer, None).unwrap_or_else(|| unreachable!("{code} says something"));
            assert_eq!(cause.id, id, "{code}: {message}");
            assert!(cause.what.contains(says), "{}", cause.what);
            assert!(!cause.title.is_empty() && !cause.cure.is_empty());
        }
    }

    #[test]
    fn codes_that_say_nothing_by_themselves_are_none() {
        for code in [
            "SignatureDoesNotMatch",
            "AccessDenied",
            "InvalidAccessKeyId",
            "NoSuchKey",
        ] {
            let answer = Answer {
                code: code.to_owned(),
                ..Answer::default()
            };
            assert!(by_code(&answer, None).is_none(), "{code}");
        }
    }
}
