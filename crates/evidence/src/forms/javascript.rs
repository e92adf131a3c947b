//! What JavaScript prints of an error or a request of the AWS SDKs: `console.log(error)` in Node or a browser, `JSON.stringify`, a
//! middleware that prints `args.request`.
//!
//! Version 3 keeps the fields of the error document in the error, so what the server signed is there. Version 2 keeps code and
//! message only.

use crate::answer::{Answer, Told, ToldCause};
use crate::evidence::{Evidence, Sent};
use crate::forms::Form;
use crate::literal::Literal;

const NOTE_V2: &str = "The SDK for JavaScript version 2 drops what the server answered but for code and message; \
    print error.originalError or this.httpResponse.body.toString() in request.on('error') to see the rest.";
const NOTE_NO_REQUEST: &str = "The error does not show the request; in version 3 print it with \
    client.middlewareStack.add((next) => (args) => { console.log(args.request); return next(args); }, { step: 'finalizeRequest', priority: 'low' }), \
    or let the npm package countersign capture it.";

pub(crate) fn read(text: &str) -> Option<Evidence> {
    let values = values(text);
    let error = values.iter().rev().find_map(|value| value.find(&is_error));
    let request = values.iter().rev().find_map(|value| value.find(&is_request));
    let response = values.iter().rev().find_map(|value| value.find(&is_response));
    let sent = request.and_then(sent);
    let mut answer = match (error, response) {
        (Some(error), _) => Some(answer(error, text)),
        (None, Some(_)) => Some(Answer::default()),
        (None, None) => bare(text),
    };
    if let (Some(answer), Some(response)) = (&mut answer, response) {
        answer.headers = response.field("headers").map(Literal::texts).unwrap_or_default();
        let status = response.text("statusCode").and_then(|status| status.parse().ok());
        answer.status = answer.status.or(status);
    }
    // Somebody printed the body, too.
    let printed = Answer::in_text(text);
    let shows_all = printed.is_some();
    let answer = answer.map(|answer| answer.with_document(printed));
    let mut evidence = Evidence::new(Form::JavaScript);
    let is_v2 =
        error.is_some_and(|error| error.text("retryable").is_some() && error.field("$metadata").is_none());
    if is_v2 && !shows_all {
        evidence.notes.push(NOTE_V2);
    } else if sent.is_none() {
        evidence.notes.push(NOTE_NO_REQUEST);
    }
    evidence.sent = sent;
    let evidence = evidence.with_answer(answer);
    evidence.says_something().then_some(evidence)
}

/// The values in braces in a text, outermost ones.
fn values(text: &str) -> Vec<Literal> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let Some(from) = rest.get(at..) else { break };
        match Literal::read(from) {
            Some((value, after)) => {
                values.push(value);
                rest = after;
            }
            None => rest = from.get(1..).unwrap_or_default(),
        }
    }
    values
}

fn is_error(value: &Literal) -> bool {
    let is_v3 = value.field("$metadata").is_some() || value.field("$fault").is_some();
    let is_v2 = value.text("code").is_some() && value.text("statusCode").is_some();
    is_v3 || is_v2
}

fn is_request(value: &Literal) -> bool {
    let is_v3 = value.text("hostname").is_some() && value.field("headers").is_some();
    let is_v2 = value.field("endpoint").is_some() && value.field("headers").is_some();
    (is_v3 || is_v2) && value.text("method").is_some()
}

fn is_response(value: &Literal) -> bool {
    value.text("statusCode").is_some() && value.field("headers").is_some() && value.text("method").is_none()
}

/// What an error object keeps of the answer; `text` is what was printed with it.
pub(crate) fn answer(error: &Literal, text: &str) -> Answer {
    let metadata = error.field("$metadata");
    let status = metadata
        .and_then(|metadata| metadata.text("httpStatusCode"))
        .or_else(|| error.text("statusCode"));
    let mut answer = Answer {
        status: status.and_then(|status| status.parse().ok()),
        ..Answer::default()
    };
    for (name, value) in error.texts() {
        match name.as_str() {
            "Code" | "code" => answer.code = value,
            "message" | "Message" => answer.message = value,
            name if name.starts_with(char::is_uppercase) => answer.elements.push((name.to_owned(), value)),
            _ => {}
        }
    }
    // `Name: message` comes before the fields, and before the lines of the stack.
    let (name, message) = headline(text).unwrap_or_default();
    if answer.code.is_empty() {
        answer.code = error.text("name").map_or(name, str::to_owned);
    }
    if answer.message.is_empty() {
        answer.message = message;
    }
    answer.diagnosis = error.field("Diagnosis").map(told);
    answer.name_what_was_told();
    answer
}

/// What a server explained itself. One child is an object, several are a list.
fn told(diagnosis: &Literal) -> Told {
    let all = |name: &str| match diagnosis.field(name) {
        Some(Literal::List(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let cause = |cause: &Literal| ToldCause {
        title: cause.text("Title").unwrap_or_default().to_owned(),
        signed: cause.text("Signed").map(str::to_owned),
        received: cause.text("Received").map(str::to_owned),
        cure: cause.text("Cure").unwrap_or_default().to_owned(),
    };
    // Where a printer goes no deeper, `[Object]` stands in for a cause.
    let causes = all("Cause")
        .into_iter()
        .filter(|value| value.field("Title").is_some());
    Told {
        named: String::new(),
        causes: causes.map(cause).collect(),
        ruled_out: all("RuledOut")
            .into_iter()
            .filter_map(Literal::as_text)
            .map(str::to_owned)
            .collect(),
    }
}

/// An error without its fields.
fn bare(text: &str) -> Option<Answer> {
    let (code, message) = headline(text)?;
    Some(Answer {
        code,
        message,
        ..Answer::default()
    })
}

/// `SignatureDoesNotMatch: The request signature we calculated ...`, whatever comes before it.
fn headline(text: &str) -> Option<(String, String)> {
    text.lines().find_map(|line| {
        let (before, message) = line.split_once(": ")?;
        let code = before.rsplit([' ', '"', '\'', '\t']).next()?;
        let is_code = code.len() > 3
            && code.starts_with(char::is_uppercase)
            && code.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_known = CODES.contains(&code);
        (is_code && is_known).then(|| (code.to_owned(), message.trim().to_owned()))
    })
}

/// Errors that have to do with a signature.
const CODES: [&str; 24] = [
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed",
    "AuthorizationQueryParametersError",
    "AccessDenied",
    "ExpiredToken",
    "InvalidToken",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
    "XAmzContentSHA256Mismatch",
    "BadDigest",
    "InvalidDigest",
    "IncompleteBody",
    "InvalidRequest",
    "InvalidArgument",
    "NotImplemented",
    "MissingContentLength",
    "InvalidChunkSizeError",
    "MalformedTrailerError",
    "InvalidSignatureException",
    "TokenRefreshRequired",
    "RequestExpired",
];

/// `HttpRequest { method, hostname, port, query, headers, protocol, path }` of version 3, and version 2's with its endpoint.
fn sent(request: &Literal) -> Option<Sent> {
    let endpoint = request.field("endpoint");
    let text = |name: &str| {
        request
            .text(name)
            .or_else(|| endpoint.and_then(|endpoint| endpoint.text(name)))
    };
    let is_given = |text: &&str| !matches!(*text, "undefined" | "null" | "");
    let port = text("port")
        .filter(is_given)
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let scheme = text("protocol")
        .filter(is_given)
        .unwrap_or("https:")
        .trim_end_matches(':');
    let path = text("path").filter(is_given).unwrap_or("/");
    let url = format!("{scheme}://{}{port}{path}", text("hostname")?);
    let mut sent = Sent::to_url(text("method")?, &url)?;
    let query: Vec<String> = request
        .field("query")
        .map(Literal::texts)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
        .collect();
    if !query.is_empty() {
        sent.query = Some(query.join("&"));
    }
    sent.add_headers(request.field("headers").map(Literal::texts).unwrap_or_default());
    Some(sent)
}

/// Version 3 keeps the query decoded and encodes it when it sends.
fn encoded(text: &str) -> String {
    countersign_sigv4::encode_uri(text.as_bytes(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V3: &str = "SignatureDoesNotMatch: The request signature we calculated does not match.
    at ProtocolLib.getErrorSchemaOrThrowBaseException (/app/node_modules/@aws-sdk/core/index.js:1:1)
    at async main (/app/index.mjs:3:1) {
  '$fault': 'client',
  '$retryable': undefined,
  '$metadata': {
    httpStatusCode: 403,
    requestId: '0123456789ABCDEF',
    attempts: 1,
    totalRetryDelay: 0
  },
  Code: 'SignatureDoesNotMatch',
  AWSAccessKeyId: 'AKIDEXAMPLE',
  StringToSign: 'AWS4-HMAC-SHA256\\n' +
    '20250101T000000Z\\n' +
    'abc',
  SignatureProvided: '0123',
  CanonicalRequest: 'GET\\n' +
    '/b/k\\n',
  RequestId: '0123456789ABCDEF'
}";

    #[test]
    fn an_error_of_version_3_holds_what_the_server_signed() {
        let evidence = read(V3).expect("an error");
        let answer = evidence.answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.code.as_str()),
            (Some(403), "SignatureDoesNotMatch")
        );
        assert_eq!(
            answer.message,
            "The request signature we calculated does not match."
        );
        assert_eq!(
            evidence.server.string_to_sign.as_deref(),
            Some("AWS4-HMAC-SHA256\n20250101T000000Z\nabc")
        );
        assert_eq!(evidence.server.signature.as_deref(), Some("0123"));
        assert_eq!(evidence.notes, [NOTE_NO_REQUEST]);
    }

    #[test]
    fn an_error_of_version_2_holds_code_and_message() {
        let text = "SignatureDoesNotMatch: No.\n    at Request.extractError (s3.js:1:1) {\n  code: 'SignatureDoesNotMatch',\n  region: null,\n  \
            time: 2025-01-01T00:00:00.000Z,\n  requestId: 'r',\n  statusCode: 403,\n  retryable: false\n}";
        let evidence = read(text).expect("an error");
        assert_eq!(
            evidence.answer.as_ref().map(|answer| answer.code.as_str()),
            Some("SignatureDoesNotMatch")
        );
        assert_eq!(evidence.answer.and_then(|answer| answer.status), Some(403));
        assert_eq!(evidence.notes, [NOTE_V2]);
    }

    #[test]
    fn a_request_that_a_middleware_printed_is_read() {
        let text = "HttpRequest {\n  method: 'PUT',\n  hostname: 'localhost',\n  port: 9000,\n  query: { 'x-id': 'PutObject', a: 'b c' },\n  \
            headers: {\n    host: 'localhost:9000',\n    'x-amz-date': '20250101T000000Z',\n    authorization: 'AWS4-HMAC-SHA256 ...'\n  },\n  \
            body: <Buffer 61>,\n  protocol: 'http:',\n  path: '/b/k'\n}";
        let sent = read(&format!("{text}\n{V3}"))
            .and_then(|evidence| evidence.sent)
            .expect("a request");
        assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PUT", "/b/k"));
        assert_eq!(sent.query.as_deref(), Some("x-id=PutObject&a=b%20c"));
        assert_eq!(
            (sent.header("host"), sent.header("x-amz-date")),
            (Some("localhost:9000"), Some("20250101T000000Z"))
        );
    }

    #[test]
    fn json_and_a_bare_line_are_read_too() {
        let text = r#"{"name":"SignatureDoesNotMatch","$fault":"client","$metadata":{"httpStatusCode":403},"Code":"SignatureDoesNotMatch","SignatureProvided":"ab"}"#;
        assert_eq!(read(text).and_then(|e| e.server.signature).as_deref(), Some("ab"));
        let text = "Uncaught (in promise) SignatureDoesNotMatch: The request signature";
        assert_eq!(
            read(text).and_then(|e| e.answer).map(|a| a.code).as_deref(),
            Some("SignatureDoesNotMatch")
        );
        assert!(read("TypeError: x is not a function").is_none());
    }
}
