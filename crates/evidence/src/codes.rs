//! What an error code says by itself, with the elements that come with it.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. Other servers word some of these otherwise; where a
//! message is all that tells, it is looked for. Not here: `SignatureDoesNotMatch`, which says nothing by itself (`explain`).

use countersign_diagnose::{PAGES_URL, ReportCause, title};
use countersign_sigv4::EMPTY_SHA256;

use crate::answer::Answer;
use crate::evidence::Sent;

/// What an answer says by itself.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// The cause.
    Cause(Box<ReportCause>),
    /// Why it has none that has to do with the signature, in a sentence.
    NoCause(String),
}

/// What an answer says by itself; `None` if that is nothing.
pub(crate) fn by_code(answer: &Answer, sent: Option<&Sent>) -> Option<Word> {
    let cause = cause(answer, sent).map(|cause| Word::Cause(Box::new(cause)));
    cause.or_else(|| without_cause(answer).map(Word::NoCause))
}

/// Refusals that come after a signature was found right, or before it was looked at.
fn without_cause(answer: &Answer) -> Option<String> {
    let says = |text: &str| answer.message.contains(text);
    match answer.code.as_str() {
        "AccessDenied" if says("is not authorized to perform") || matches!(answer.message.as_str(), "Access Denied" | "Access Denied.") => Some(
            "The signature was accepted: the server knows who asked, and an access policy, or the lack of one, does not allow it. \
             Look at the policies of the user or role, of the bucket, and at its block of public access."
                .to_owned(),
        ),
        "InvalidAccessKeyId" => Some(format!(
            "The server does not know the access key {}: it was deleted, belongs to another server or partition, or is not what was meant \
             (check which credentials the client takes: environment, profile, role).",
            answer.element("AWSAccessKeyId").unwrap_or("that signed")
        )),
        _ => None,
    }
}

/// A cause that an answer names.
fn cause(answer: &Answer, sent: Option<&Sent>) -> Option<ReportCause> {
    let says = |text: &str| answer.message.contains(text);
    let id_shows_a_session = |id: &str| id.starts_with("ASIA");
    let cause = match answer.code.as_str() {
        "RequestTimeTooSkewed" | "RequestExpired" => skewed(answer),
        "InvalidRequest" if says("Date is too old") => skewed(answer),
        // Of links, rclone says this for expiry, which they show by themselves.
        "AccessDenied" if says("difference between the request time") && !is_link(sent) => skewed(answer),
        "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError" if says("non-empty region") => {
            exact(
                "SCP-REGION-EMPTY",
                "scope",
                "The region in the credential is empty".to_owned(),
                "Set the client's region: AWS_REGION, or region in its settings.",
            )
        }
        "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError" | "InvalidArgument"
            if says("region") && says("wrong") =>
        {
            region(answer)
        }
        "AuthorizationHeaderMalformed"
        | "AuthorizationQueryParametersError"
        | "AuthorizationParametersError"
            if says("incorrect service") =>
        {
            exact(
                "SCP-SERVICE",
                "scope",
                "The request is signed for another service than s3".to_owned(),
                "Sign for the service s3 (curl: --aws-sigv4 aws:amz:REGION:s3; generic signers: service name s3).",
            )
        }
        "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError"
            if says("incorrect terminal") =>
        {
            exact(
                "SCP-TERMINAL",
                "scope",
                "The scope of the credential does not end with aws4_request".to_owned(),
                "End the scope, and the derivation of the key, with aws4_request.",
            )
        }
        "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError"
            if says("Invalid credential date") || says("incorrect date format") =>
        {
            exact(
                "CLK-SCOPEDATE",
                "scope",
                "The date in the credential is not that of x-amz-date".to_owned(),
                "Take both from one moment in UTC.",
            )
        }
        "AuthorizationQueryParametersError" if says("mal-formed") && sent.is_some_and(is_encoded_twice) => {
            exact(
                "QRY-CRED-DOUBLE",
                "query",
                "The link was encoded a second time: its %2F arrived as %252F".to_owned(),
                "Hand the link to the HTTP client as it is, as a URL that is encoded already (RestTemplate: a URI object; axios: not through params).",
            )
        }
        "AuthorizationQueryParametersError"
            if says("must be less than a week")
                || says("must be non-negative")
                || says("should be a number") =>
        {
            exact(
                "PRE-TOOLONG",
                "time",
                "X-Amz-Expires is not a number of seconds up to a week".to_owned(),
                "Give at most 604800 seconds (seven days), counted from the signing, not as a moment.",
            )
        }
        "AuthorizationQueryParametersError" if says("Query-string authentication version 4 requires") => {
            exact(
                "QRY-TRUNCATED",
                "query",
                "Not all parameters of the link arrived".to_owned(),
                "Quote the link in the shell, and copy it whole: it has six parameters that begin with X-Amz-.",
            )
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
        "AccessDenied" if says("valid Date or x-amz-date") => exact(
            "CLK-FORMAT",
            "time",
            "The request has no date that the server can read".to_owned(),
            "Send x-amz-date as YYYYMMDDTHHMMSSZ, in UTC.",
        ),
        "AccessDenied" | "MissingSecurityHeader" if sent.is_some_and(is_unsigned) => exact(
            "AUTH-NONE",
            "mechanism",
            "The request carries no signature".to_owned(),
            "Give the client credentials, or see where its Authorization header or the link's parameters are lost.",
        ),
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
        "" if answer.status == Some(301) && is_of_s3(answer) => redirected("RED-301", answer),
        "" if answer.status == Some(307) && is_of_s3(answer) => redirected("RED-307", answer),
        "PermanentRedirect" => redirected("RED-301", answer),
        "TemporaryRedirect" => redirected("RED-307", answer),
        "XAmzContentSHA256Mismatch" => payload(answer),
        "BadDigest" if says("Content-MD5") => exact(
            "HDR-MD5",
            "header:content-md5",
            "Content-MD5 is not that of the body that arrived".to_owned(),
            "Compute it over the bytes that are sent, or leave the header out.",
        ),
        "InvalidDigest" => exact(
            "HDR-MD5",
            "header:content-md5",
            "Content-MD5 is no MD5 in base64".to_owned(),
            "Send the 16 bytes of the MD5 in base64, not in hex, or leave the header out.",
        ),
        "BadDigest" | "InvalidRequest"
            if (says("you specified did not match") || says("checksum"))
                && sent.is_some_and(is_checksum_of_nothing) =>
        {
            checksum_of_nothing()
        }
        "BadDigest" => exact(
            "PAY-MISMATCH",
            "body",
            "The checksum that was sent is not that of the body that arrived".to_owned(),
            "Send exactly the bytes that the checksum was computed over; no transformation on the way.",
        ),
        "IncompleteBody" | "RequestTimeout"
            if answer.code == "IncompleteBody" || says("socket connection") =>
        {
            exact(
                "STR-LENGTH",
                "body",
                "Fewer bytes arrived than were announced".to_owned(),
                "Announce the length of what is sent (Content-Length, x-amz-decoded-content-length), and do not end the connection before.",
            )
        }
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

/// A cause that is certain.
pub(crate) fn exact(id: &'static str, slot: &str, what: String, cure: &str) -> ReportCause {
    ReportCause {
        id,
        proof: "exact",
        slot: slot.to_owned(),
        title: title(id).unwrap_or_default(),
        what,
        signed: None,
        received: None,
        cure: cure.to_owned(),
        also: Vec::new(),
        ambiguity: None,
        url: format!("{PAGES_URL}{id}.md"),
    }
}

/// Seconds by which a zone may be missed.
const ZONE_WITHIN: u64 = 60;
/// The farthest zone from UTC.
const ZONE_MAX: u64 = 14 * 3600;

/// Hours and minutes.
fn told(seconds: u64) -> String {
    format!("{} h {} min", seconds / 3600, seconds % 3600 / 60)
}

fn skewed(answer: &Answer) -> ReportCause {
    let times = answer.moment("RequestTime").zip(answer.moment("ServerTime"));
    let what = match times {
        Some((sent, server)) => {
            let (far, way) = (
                sent.abs_diff(server),
                if sent < server { "behind" } else { "ahead of" },
            );
            // Within a minute of whole quarters of an hour: no clock is wrong by that much, but a zone is.
            let is_zone = far % 900 <= ZONE_WITHIN || far % 900 >= 900 - ZONE_WITHIN;
            if is_zone && far <= ZONE_MAX {
                return exact(
                    "CLK-TZ",
                    "time",
                    format!(
                        "The time that was sent is {} {way} the server's: local time, written as if it were UTC",
                        told((far + 450) / 900 * 900)
                    ),
                    "Format the date in UTC: a Z at its end does not make it so.",
                );
            }
            format!("The client's clock is {} {way} the server's", told(far))
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
    // Of a link the whole query comes back, token and signature among it.
    let endpoint = endpoint.and_then(|endpoint| endpoint.split(['?', '#']).next());
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

/// Whether an answer without a document, to a `HEAD` for example, is one of S3.
fn is_of_s3(answer: &Answer) -> bool {
    answer.header("x-amz-bucket-region").is_some() || answer.header("x-amz-request-id").is_some()
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

fn is_unsigned(sent: &Sent) -> bool {
    let is_signed = |query: &str| query.contains("X-Amz-") || query.contains("AWSAccessKeyId=");
    !sent.method.is_empty()
        && sent.header("authorization").is_none()
        && !sent.query.as_deref().is_some_and(is_signed)
}

fn is_encoded_twice(sent: &Sent) -> bool {
    sent.query
        .as_deref()
        .is_some_and(|query| query.contains("%252F") || query.contains("%253B"))
}

/// What a link shows that many servers refuse, though AWS does not.
pub(crate) fn of_link(sent: Option<&Sent>) -> Option<ReportCause> {
    let is_one = sent.is_some_and(|sent| {
        is_checksum_of_nothing(sent)
            && matches!(sent.method.as_str(), "" | "PUT")
            && sent.body_bytes != Some(0)
    });
    is_one.then(|| ReportCause {
        proof: "infer",
        ..checksum_of_nothing()
    })
}

fn checksum_of_nothing() -> ReportCause {
    exact(
        "PAY-CRC-EMPTY",
        "query",
        "The checksum of an empty body was signed (x-amz-checksum-crc32: AAAAAA==), and a body is sent with it".to_owned(),
        "Make the link with new S3Client({requestChecksumCalculation: \"WHEN_REQUIRED\"}), or with the real checksum.",
    )
}

fn is_checksum_of_nothing(sent: &Sent) -> bool {
    let query = sent.query.as_deref().unwrap_or_default().to_ascii_lowercase();
    let in_header = sent.header("x-amz-checksum-crc32") == Some("AAAAAA==");
    in_header
        || [
            "x-amz-checksum-crc32=aaaaaa%3d%3d",
            "x-amz-checksum-crc32=aaaaaa==",
        ]
        .iter()
        .any(|mark| query.contains(mark))
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
    fn the_checksum_of_nothing_is_known_in_a_link_and_in_a_header() {
        let answer = Answer {
            code: "BadDigest".to_owned(),
            message: "The CRC32 you specified did not match the calculated checksum.".to_owned(),
            ..Answer::default()
        };
        let named = |url: &str, headers: &[(&str, &str)]| {
            let mut sent = Sent::to_url("PUT", url)?;
            sent.add_headers(
                headers
                    .iter()
                    .map(|(name, value)| ((*name).into(), (*value).into())),
            );
            match by_code(&answer, Some(&sent))? {
                Word::Cause(cause) => Some(cause.id),
                Word::NoCause(_) => None,
            }
        };
        let header = |value| [("X-Amz-Checksum-Crc32", value)];
        assert_eq!(
            named("https://h/k?x-amz-checksum-crc32=AAAAAA%3D%3D", &[]),
            Some("PAY-CRC-EMPTY")
        );
        assert_eq!(named("https://h/k", &header("AAAAAA==")), Some("PAY-CRC-EMPTY"));
        assert_eq!(named("https://h/k", &header("ihBq/g==")), Some("PAY-MISMATCH"));
    }

    #[test]
    fn codes_name_causes_with_what_comes_with_them() {
        for (code, message, elements, id, says) in [
            (
                "RequestTimeTooSkewed",
                "The difference ..",
                &[
                    ("RequestTime", "20250101T000000Z"),
                    ("ServerTime", "2025-01-01T05:37:00Z"),
                ][..],
                "CLK-SKEW",
                "5 h 37 min behind",
            ),
            (
                "RequestTimeTooSkewed",
                "The difference ..",
                &[
                    ("RequestTime", "20250101T053020Z"),
                    ("ServerTime", "2025-01-01T00:00:00Z"),
                ],
                "CLK-TZ",
                "5 h 30 min ahead",
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
            let cause = cause(&answer, None).unwrap_or_else(|| unreachable!("{code} says something"));
            assert_eq!(cause.id, id, "{code}: {message}");
            assert!(cause.what.contains(says), "{}", cause.what);
            assert!(!cause.title.is_empty() && !cause.cure.is_empty());
        }
    }

    #[test]
    fn what_has_nothing_to_do_with_the_signature_is_said_without_a_cause() {
        for (code, message) in [
            ("AccessDenied", "Access Denied"),
            (
                "AccessDenied",
                "User: a is not authorized to perform: s3:GetObject",
            ),
            ("InvalidAccessKeyId", "m"),
        ] {
            let answer = Answer {
                code: code.to_owned(),
                message: message.to_owned(),
                ..Answer::default()
            };
            assert!(
                matches!(by_code(&answer, None), Some(Word::NoCause(_))),
                "{code}: {message}"
            );
        }
    }

    #[test]
    fn codes_that_say_nothing_by_themselves_are_none() {
        for code in ["SignatureDoesNotMatch", "AccessDenied", "NoSuchKey"] {
            let answer = Answer {
                code: code.to_owned(),
                ..Answer::default()
            };
            assert!(by_code(&answer, None).is_none(), "{code}");
        }
    }
}
