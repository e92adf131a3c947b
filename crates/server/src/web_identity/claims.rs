//! What a token says: who made it, for whom, about whom, and when it is good.
//!
//! Not here: whether it is true.

use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode};
use serde_json::Value;

use super::invalid;

/// The claims of a token: a JSON object.
pub(super) struct Claims(Value);

impl Claims {
    /// `None` if it is no object.
    pub(super) fn new(document: Value) -> Option<Claims> {
        document.is_object().then_some(Claims(document))
    }

    /// All of it.
    pub(super) fn document(&self) -> &Value {
        &self.0
    }

    /// Who made it.
    pub(super) fn issuer(&self) -> Result<&str, Fault> {
        self.required("iss")
    }

    /// Whom it is about.
    pub(super) fn subject(&self) -> Result<&str, Fault> {
        self.required("sub")
    }

    /// Which of the provider's client ids it is for: the party it was given to if it names one, else one of its audience.
    pub(super) fn audience(&self, client_ids: &[String]) -> Result<&str, Fault> {
        let party = self.texts("azp");
        let audience = self.texts("aud");
        if audience.is_empty() {
            return Err(missing("aud"));
        }
        let is_registered = |named: &&str| client_ids.iter().any(|id| id == named);
        let found = party.into_iter().chain(audience).find(is_registered);
        found.ok_or_else(|| invalid("Incorrect token audience"))
    }

    /// Holds the times against the clock.
    pub(super) fn check_time(&self, now: Moment) -> Result<(), Fault> {
        let now = now.seconds();
        let (issued, expires) = (self.seconds("iat")?, self.seconds("exp")?);
        let issued = issued.ok_or_else(|| missing("iat"))?;
        let expires = expires.ok_or_else(|| missing("exp"))?;
        if now.saturating_sub(LEEWAY_SECONDS) >= expires {
            let message = format!(
                "Token expired: current date/time {now} must be before the expiration date/time {expires}"
            );
            return Err(Fault::new(FaultCode::ExpiredTokenException, message));
        }
        let begins = self.seconds("nbf")?.unwrap_or(issued).max(issued);
        if begins > now.saturating_add(LEEWAY_SECONDS) {
            let message = format!("Token not yet valid: current date/time {now} must not be before {begins}");
            return Err(invalid(message));
        }
        Ok(())
    }

    /// Texts and lists of texts, for the conditions of a trust policy.
    pub(super) fn told(&self, audience: &str) -> Vec<(String, Vec<String>)> {
        let mut told = vec![("aud".to_owned(), vec![audience.to_owned()])];
        for (name, value) in self.0.as_object().into_iter().flatten() {
            let values: Vec<String> = match value {
                Value::String(text) => vec![text.clone()],
                Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
                Value::Array(items) => items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
                Value::Null | Value::Object(_) => continue,
            };
            match name.as_str() {
                "aud" if values == [audience] => {}
                "aud" => told.push(("oaud".to_owned(), values)),
                // Ours to say, not the token's.
                "oaud" => {}
                _ => told.push((name.clone(), values)),
            }
        }
        told
    }

    fn required(&self, name: &'static str) -> Result<&str, Fault> {
        let text = self.0.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// RFC 7519 section 2: a number of seconds, with a fraction perhaps. One that is none is no time, and no missing one either.
    fn seconds(&self, name: &'static str) -> Result<Option<i64>, Fault> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let whole = value.as_i64().or_else(|| {
            let seconds = value.as_f64().filter(|seconds| seconds.abs() < SECONDS_MAX)?;
            format!("{:.0}", seconds.trunc()).parse().ok()
        });
        whole
            .map(Some)
            .ok_or_else(|| invalid(format!("The claim {name} is no time")))
    }
}

fn missing(name: &str) -> Fault {
    invalid(format!("Missing a required claim: {name}"))
}

/// How far the clocks of a provider and of this machine may differ.
const LEEWAY_SECONDS: i64 = 60;
/// Beyond what any calendar needs.
const SECONDS_MAX: f64 = 1e15;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told<T: ToString>(outcome: Result<T, Fault>) -> String {
        match outcome {
            Ok(value) => value.to_string(),
            Err(fault) => format!("{:?}", fault.code),
        }
    }

    #[test]
    fn a_token_is_for_the_party_it_was_given_to_or_for_its_audience() {
        let ids = ["a".to_owned(), "b".to_owned()];
        for (claims, expected) in [
            (json!({ "aud": "a" }), "a"),
            (json!({ "aud": ["x", "b"] }), "b"),
            (json!({ "aud": "account", "azp": "a" }), "a"),
            (json!({ "aud": "b", "azp": "a" }), "a"),
            (json!({ "aud": "b", "azp": "x" }), "b"),
            (json!({ "aud": "A" }), "InvalidIdentityToken"),
            (json!({ "aud": [] }), "InvalidIdentityToken"),
            (json!({ "azp": "a" }), "InvalidIdentityToken"),
            (json!({ "aud": 1 }), "InvalidIdentityToken"),
        ] {
            let read = Claims::new(claims.clone()).expect("an object");
            assert_eq!(told(read.audience(&ids).map(str::to_owned)), expected, "{claims}");
        }
    }

    #[test]
    fn a_token_is_good_in_its_time_give_or_take_the_clocks() {
        let now = 1_000_000;
        for (claims, expected) in [
            (json!({ "iat": now, "exp": now + 1 }), "ok"),
            (json!({ "iat": now + LEEWAY_SECONDS, "exp": now + 600 }), "ok"),
            (json!({ "iat": 1, "exp": now - LEEWAY_SECONDS + 1 }), "ok"),
            (json!({ "iat": 1.5, "exp": 2e6 }), "ok"),
            (
                json!({ "iat": 1, "exp": now - LEEWAY_SECONDS }),
                "ExpiredTokenException",
            ),
            (json!({ "iat": 1, "exp": -1 }), "ExpiredTokenException"),
            (
                json!({ "iat": now + LEEWAY_SECONDS + 1, "exp": now + 600 }),
                "InvalidIdentityToken",
            ),
            (
                json!({ "iat": 1, "nbf": now + LEEWAY_SECONDS + 1, "exp": now + 600 }),
                "InvalidIdentityToken",
            ),
            (json!({ "exp": now + 600 }), "InvalidIdentityToken"),
            (json!({ "iat": 1 }), "InvalidIdentityToken"),
            (json!({ "iat": 1, "exp": "tomorrow" }), "InvalidIdentityToken"),
            (json!({ "iat": 1, "exp": 1e300 }), "InvalidIdentityToken"),
        ] {
            let read = Claims::new(claims.clone()).expect("an object");
            let outcome = read.check_time(Moment::from_seconds(now)).map(|()| "ok");
            assert_eq!(told(outcome), expected, "{claims}");
        }
    }

    #[test]
    fn texts_are_told_and_the_audience_is_ours_to_say() {
        let claims = json!({
            "aud": ["x", "a"], "sub": "s", "amr": ["pwd", "otp"], "email_verified": true, "level": 3,
            "nested": { "a": 1 }, "nothing": null, "oaud": "forged",
        });
        let told = Claims::new(claims).expect("an object").told("a");
        let found = |name: &str| {
            let values: Vec<_> = told.iter().filter(|(n, _)| n == name).collect();
            assert!(values.len() < 2, "{name}");
            values.first().map(|(_, values)| values.join(","))
        };
        for (name, expected) in [
            ("aud", Some("a")),
            ("oaud", Some("x,a")),
            ("sub", Some("s")),
            ("amr", Some("pwd,otp")),
            ("email_verified", Some("true")),
            ("level", Some("3")),
            ("nested", None),
            ("nothing", None),
        ] {
            assert_eq!(found(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn claims_are_an_object() {
        for document in [json!([]), json!("x"), json!(1), json!(null)] {
            assert!(Claims::new(document).is_none());
        }
        for claims in [json!({}), json!({ "iss": "" }), json!({ "iss": ["x"] })] {
            assert!(Claims::new(claims).expect("an object").issuer().is_err());
        }
    }
}
