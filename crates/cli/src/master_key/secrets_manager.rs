//! Reads one secret from AWS Secrets Manager, signed with the key that AWS's variables or a profile hold.
//!
//! SPEC: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>, JSON 1.1. Not here: what is in it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::{PublicUrl, Real};
use countersign_sigv4::PathRule;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::client::{self, Asked};
use crate::credentials;
use crate::exit::{Failure, Kind};

/// The value of a secret as it is now.
pub(super) fn value(
    secret_id: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Zeroizing<String>, Failure> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    // The root key of the server's own data directory opens nothing at AWS.
    let credentials = credentials::find(None, None, environment)?;
    let region = region_of(secret_id)
        .map(str::to_owned)
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .or_else(|| credentials.profile.setting("region").map(str::to_owned))
        .ok_or_else(|| Failure::new(Kind::Usage, "AWS_REGION does not say where the secret is"))?;
    let url = variable("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        .unwrap_or_else(|| format!("https://secretsmanager.{region}.amazonaws.com"));
    let url = PublicUrl::parse(&url).map_err(|why| Failure::new(Kind::Usage, why))?;
    let body = json!({ "SecretId": secret_id }).to_string();
    let asked = Asked {
        method: "POST",
        target: "/",
        headers: &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "secretsmanager.GetSecretValue"),
        ],
        body: body.as_bytes(),
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let now = Real::now().seconds();
        let signer = credentials.signer(&region, "secretsmanager", PathRule::Generic, now);
        let outcome = client::send(&url, &asked, Some(&signer));
        let read = outcome.and_then(|reply| read(secret_id, reply.status.as_u16(), &reply.body));
        match read {
            Err(failure) if failure.kind == Kind::Failed && tries < TRIES_MAX => {
                tracing::warn!(%failure, "the master key cannot be read yet");
                std::thread::sleep(PAUSE * tries);
            }
            read => return read,
        }
    }
}

/// An ARN says where the secret is.
fn region_of(secret_id: &str) -> Option<&str> {
    let mut parts = secret_id.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(2).filter(|region| is_arn && !region.is_empty())
}

fn read(secret_id: &str, status: u16, body: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if status == 200 {
        let text = match (text("SecretString"), text("SecretBinary")) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(binary)) => STANDARD
                .decode(binary)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok()),
            (None, None) => None,
        };
        let why = || Failure::new(Kind::Failed, format!("the secret `{secret_id}` holds no text"));
        return text.map(Zeroizing::new).ok_or_else(why);
    }
    // `com.amazonaws.secretsmanager#ResourceNotFoundException`.
    let code = text("__type").unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    let kind = match (code, status) {
        ("ResourceNotFoundException", _) => Kind::NotFound,
        ("ThrottlingException", _) | (_, 500..) => Kind::Failed,
        (_, 400..) => Kind::Refused,
        _ => Kind::Failed,
    };
    let why = format!("the secret `{secret_id}` cannot be read: {status} {code} {message}");
    Err(Failure::new(kind, why.trim_end().to_owned()))
}

/// A service that starts together with the network may be too early.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_text_or_text_in_base64() {
        for (status, body, expected) in [
            (200, r#"{"SecretString":"s"}"#, Ok("s")),
            (200, r#"{"SecretBinary":"cw=="}"#, Ok("s")),
            (200, r#"{"SecretBinary":"_"}"#, Err(Kind::Failed)),
            (200, "{}", Err(Kind::Failed)),
            (200, "gateway", Err(Kind::Failed)),
            (
                400,
                r#"{"__type":"ResourceNotFoundException"}"#,
                Err(Kind::NotFound),
            ),
            (
                400,
                r#"{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException","Message":"m"}"#,
                Err(Kind::NotFound),
            ),
            (400, r#"{"__type":"AccessDeniedException"}"#, Err(Kind::Refused)),
            (400, r#"{"__type":"ThrottlingException"}"#, Err(Kind::Failed)),
            (403, "", Err(Kind::Refused)),
            (503, "", Err(Kind::Failed)),
        ] {
            let got = read("id", status, body.as_bytes());
            let got = got.map(|text| text.to_string()).map_err(|failure| failure.kind);
            assert_eq!(got, expected.map(str::to_owned), "{status} {body}");
        }
    }

    #[test]
    fn an_arn_says_its_region() {
        for (secret_id, expected) in [
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-b",
                Some("eu-west-1"),
            ),
            ("arn:aws:secretsmanager", None),
            ("prod/countersign", None),
            ("a:b:c:d", None),
        ] {
            assert_eq!(region_of(secret_id), expected, "{secret_id}");
        }
    }
}
