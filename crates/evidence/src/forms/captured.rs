//! What the npm package captured of a refused request, as JSON: the request as the signer left it, as it was handed to the network, and
//! the answer.
//!
//! Not here: capturing (`npm/lib`). The canonical request that the signer made is no part of a capture, but follows from the request as the
//! signer left it. Where it is the very text that the server signed it is left out: that a signer signs what its request says is likely, and
//! no proof that it does.

use serde_json::Value;

use crate::answer::Answer;
use crate::evidence::{Evidence, Sent, Texts};
use crate::forms::{Form, javascript};
use crate::literal::Literal;
use crate::rebuilt::Rebuilt;

/// The version of the shape.
const VERSION: u64 = 1;

pub(crate) fn read(text: &str) -> Option<Evidence> {
    if !text.starts_with('{') {
        return None;
    }
    let capture: Value = serde_json::from_str(text).ok()?;
    if capture.get("countersign").and_then(Value::as_u64) != Some(VERSION) {
        return None;
    }
    let request = |name: &str| capture.get(name).and_then(request);
    let (signed, sent) = (request("signed"), request("sent"));
    let mut evidence = Evidence::new(Form::Captured);
    let is_looked_at = |signed: &&Sent| !signed.is_too_long();
    evidence.client = signed
        .as_ref()
        .filter(is_looked_at)
        .map(signed_texts)
        .unwrap_or_default();
    evidence.sent = sent.or(signed);
    let mut evidence = evidence.with_answer(capture.get("answer").map(answer));
    let same = |a: &Option<String>, b: &Option<String>| {
        a.as_deref().map(str::trim_end) == b.as_deref().map(str::trim_end)
    };
    if same(&evidence.client.string_to_sign, &evidence.server.string_to_sign) {
        evidence.client = Texts::default();
    }
    evidence.says_something().then_some(evidence)
}

/// What a signer signs that leaves a request like this.
fn signed_texts(signed: &Sent) -> Texts {
    Rebuilt::of_sent(signed).texts().unwrap_or_default()
}

fn request(value: &Value) -> Option<Sent> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let mut sent = Sent::to_url(text("method").unwrap_or_default(), text("url")?)?;
    sent.add_headers(headers(value.get("headers")));
    sent.body_bytes = value.get("bodyBytes").and_then(Value::as_u64);
    Some(sent)
}

fn answer(value: &Value) -> Answer {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let status = value.get("status").and_then(Value::as_u64);
    let error = value.get("error").map(Value::to_string);
    let of_error = error.as_deref().and_then(Literal::read);
    let of_error = of_error.map(|(error, _)| javascript::answer(&error, ""));
    let document = Answer::in_text(text("body")).or(of_error);
    let answer = Answer {
        status: status.and_then(|status| u16::try_from(status).ok()),
        headers: headers(value.get("headers")),
        ..Answer::default()
    };
    answer.with_document(document)
}

/// Headers as pairs, or as an object whose values are texts or lists of texts.
fn headers(value: Option<&Value>) -> Vec<(String, String)> {
    let texts = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(text_of).collect(),
        other => text_of(other).into_iter().collect::<Vec<_>>(),
    };
    match value {
        Some(Value::Array(pairs)) => pairs
            .iter()
            .filter_map(|pair| Some((pair.get(0)?.as_str()?.to_owned(), text_of(pair.get(1)?)?)))
            .collect(),
        Some(Value::Object(fields)) => fields
            .iter()
            .flat_map(|(name, value)| texts(value).into_iter().map(|text| (name.clone(), text)))
            .collect(),
        Some(_) | None => Vec::new(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, \
        Signature=0000000000000000000000000000000000000000000000000000000000000000";

    fn request(host: &str) -> Value {
        json!({"method": "PUT", "url": "http://h:9000/b/a%20b?x-id=PutObject", "headers": [
            ["host", host], ["x-amz-date", "20250101T000000Z"], ["x-amz-content-sha256", "UNSIGNED-PAYLOAD"], ["authorization", AUTHORIZATION]]})
    }

    fn refusal(string_to_sign: &str) -> String {
        format!(
            "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>{string_to_sign}</StringToSign></Error>"
        )
    }

    #[test]
    fn what_the_signer_left_is_made_canonical() {
        let capture = json!({"countersign": 1, "signed": request("h:9000"), "sent": request("h"),
            "answer": {"status": 403, "headers": {"date": "d", "via": ["a", "b"], "age": 3}, "body": refusal("other")}});
        let evidence = read(&capture.to_string()).expect("a capture");
        assert_eq!(evidence.form, Form::Captured);
        let canonical = evidence.client.canonical_request.expect("made");
        assert!(
            canonical.contains("/b/a%20b\nx-id=PutObject\nhost:h:9000\n"),
            "{canonical}"
        );
        assert_eq!(
            evidence.sent.as_ref().and_then(|sent| sent.header("host")),
            Some("h")
        );
        let answer = evidence.answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.code.as_str()),
            (Some(403), "SignatureDoesNotMatch")
        );
        let headers: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        assert_eq!(headers, ["age: 3", "date: d", "via: a", "via: b"]);
    }

    #[test]
    fn a_text_that_the_server_signed_too_is_not_said_to_be_the_signers() {
        let capture = |body: &str| {
            json!({"countersign": 1, "signed": request("h"), "answer": {"status": 403, "body": body}})
                .to_string()
        };
        let alone = read(&capture("")).expect("a capture").client;
        let string_to_sign = alone.string_to_sign.expect("made");
        let both = read(&capture(&refusal(&string_to_sign))).expect("a capture");
        assert_eq!(both.client, Texts::default());
        assert_eq!(both.server.string_to_sign, Some(string_to_sign));
    }

    #[test]
    fn the_fields_of_an_error_stand_in_for_its_document() {
        let error = json!({"name": "SignatureDoesNotMatch", "Code": "SignatureDoesNotMatch", "message": "No. Why. (SEC-NEWLINE, proven)",
            "SignatureProvided": "ab", "$metadata": {"httpStatusCode": 403},
            "Diagnosis": {"Cause": {"Title": "T", "Cure": "C", "id": "SEC-NEWLINE"}, "RuledOut": "R."}});
        let capture = json!({"countersign": 1, "answer": {"status": 403, "error": error}});
        let evidence = read(&capture.to_string()).expect("a capture");
        assert_eq!(evidence.server.signature.as_deref(), Some("ab"));
        let told = evidence.answer.and_then(|answer| answer.diagnosis).expect("told");
        assert_eq!(
            (told.named.as_str(), told.ruled_out.as_slice()),
            ("SEC-NEWLINE, proven", &["R.".to_owned()][..])
        );
        assert_eq!(told.causes.first().map(|cause| cause.cure.as_str()), Some("C"));
    }

    #[test]
    fn other_json_is_none() {
        for text in [
            "{}",
            "[]",
            "{",
            r#"{"countersign":2,"sent":{"method":"GET","url":"http://h/"}}"#,
            r#"{"countersign":1}"#,
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
