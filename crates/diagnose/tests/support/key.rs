//! What a fixture says of the claimed access key: other keys of its principal, what became of it, how it fared lately.

use countersign_diagnose::{DateKey, KeyFacts, KnownKey, Lately, Outcomes, Retired};
use countersign_sigv4::{Secret, SigningKey, parse_timestamp};
use serde_json::Value;

/// `others` is a list of keys, `retired` what the claimed one was, `lately` what is remembered: moments in it are seconds ago.
pub fn facts(context: &Value, now: i64) -> KeyFacts {
    let others = context.get("others").and_then(Value::as_array).cloned();
    KeyFacts {
        others: others.unwrap_or_default().iter().map(known).collect(),
        retired: context.get("retired").map(known),
        lately: context
            .get("lately")
            .map_or_else(Lately::default, |lately| remembered(lately, now)),
    }
}

fn known(key: &Value) -> KnownKey {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let time = |name: &str| text(name).map(|time| parse_timestamp(time).expect("a time"));
    let retired = match (time("removed"), time("expired"), text("status")) {
        (Some(at), ..) => Some(Retired::Removed { at }),
        (_, Some(at), _) => Some(Retired::Expired { at }),
        (.., Some("inactive")) => Some(Retired::Inactive),
        _ => None,
    };
    let secret = text("secret").map(Secret::new);
    KnownKey {
        access_key_id: text("id").expect("an id").to_owned(),
        retired,
        date_key: secret.map(|secret| DateKey::new(SigningKey::date_key(&secret, DAY))),
    }
}

fn remembered(lately: &Value, now: i64) -> Lately {
    let ago = |name: &str| lately.get(name).and_then(Value::as_i64).map(|ago| now - ago);
    let flag = |name: &str| lately.get(name).and_then(Value::as_bool).unwrap_or(false);
    let outcomes = |verified: &str, refused: &str| Outcomes {
        has_verified: flag(verified),
        refused: lately
            .get(refused)
            .and_then(Value::as_u64)
            .map_or(0, |refused| u32::try_from(refused).expect("a count")),
    };
    Lately {
        is_unused: flag("unused"),
        is_rotated: flag("rotated"),
        verified_elsewhere: ago("verified_elsewhere"),
        verified_here: ago("verified_here"),
        clock_here: lately.get("clock_here").and_then(Value::as_i64),
        reads: outcomes("reads_verified", "reads_refused"),
        writes: outcomes("writes_verified", "writes_refused"),
    }
}

/// The day of the credentials in the fixtures.
const DAY: &str = "20261122";
