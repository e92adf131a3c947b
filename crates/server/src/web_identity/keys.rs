//! The keys that a provider publishes, and verifying a token with the one that it names.
//!
//! Discovery first, then the keys, both from the provider's own host. Not here: what the token claims.
//!
//! It keeps true: one request at a time asks a provider; a key that is not known is asked for again after a pause only, and a
//! provider that does not answer is left alone for a while, so that bad tokens make no load elsewhere. A key that the provider took
//! back is forgotten with the next answer, an hour later at most.

use std::sync::Arc;

use bytes::Bytes;
use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode};
use http::{Request, Uri};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::Value;
use tokio::sync::Mutex;

use super::invalid;
use crate::config::PublicUrl;
use crate::outbound::Outbound;

/// A provider, and what is known of its keys.
pub(super) struct Issuer {
    /// As tokens name it.
    url: String,
    /// Of certificates that may vouch for it where no authority does.
    thumbprints: Vec<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    /// When they were published so.
    at: Option<Moment>,
    /// When the provider was asked last in vain, and what came of it.
    failed: Option<(Moment, Fault)>,
}

struct Key {
    id: Option<String>,
    /// The only algorithm it is for, if it says so.
    algorithm: Option<String>,
    decoding: DecodingKey,
}

impl Issuer {
    pub(super) fn new(url: &str, thumbprints: &[String]) -> Issuer {
        Issuer {
            url: url.to_owned(),
            thumbprints: thumbprints.to_vec(),
            known: Mutex::default(),
        }
    }

    /// The claims of the token, if one of the provider's keys signed it.
    pub(super) async fn verify(
        &self,
        token: &str,
        header: &Header,
        outbound: &Outbound,
        now: Moment,
    ) -> Result<Value, Fault> {
        if !ALGORITHMS.contains(&header.alg) {
            return Err(invalid(format!(
                "The web identity token is signed with {:?}, which is not accepted",
                header.alg
            )));
        }
        let keys = self.keys(header, outbound, now).await?;
        let mut validation = Validation::new(header.alg);
        // Who, for whom and when was held against the provider and the clock that was passed in.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let verified = keys
            .iter()
            .filter(|key| key.may_verify(header))
            .find_map(|key| jsonwebtoken::decode(token, &key.decoding, &validation).ok());
        let verified = verified.map(|token: jsonwebtoken::TokenData<Value>| token.claims);
        verified
            .ok_or_else(|| invalid("The signature of the web identity token is not by a key of its provider"))
    }

    /// The keys as they were published within the hour, and if the one that is wanted is not among them, once more.
    async fn keys(&self, header: &Header, outbound: &Outbound, now: Moment) -> Result<Arc<Vec<Key>>, Fault> {
        let mut known = self.known.lock().await;
        let is_there = known.keys.iter().any(|key| key.may_verify(header));
        let seconds_max = if is_there {
            KEPT_SECONDS_MAX
        } else {
            UNKNOWN_KEY_PAUSE_SECONDS
        };
        if known.at.is_some_and(|at| is_within(at, now, seconds_max)) {
            return Ok(Arc::clone(&known.keys));
        }
        if let Some((at, fault)) = &known.failed
            && is_within(*at, now, FAILURE_PAUSE_SECONDS)
        {
            return Err(fault.clone());
        }
        match self.published(outbound).await {
            Ok(keys) => {
                *known = Known {
                    keys: Arc::new(keys),
                    at: Some(now),
                    failed: None,
                };
                Ok(Arc::clone(&known.keys))
            }
            Err(fault) => {
                tracing::warn!(issuer = self.url, %fault, "an identity provider's keys cannot be had");
                known.failed = Some((now, fault.clone()));
                Err(fault)
            }
        }
    }

    /// Asks for what the provider says about itself, and then for its keys.
    async fn published(&self, outbound: &Outbound) -> Result<Vec<Key>, Fault> {
        let issuer = self.url.as_str();
        let unusable = |why: &str| {
            invalid(format!(
                "Couldn't retrieve verification key from your identity provider: {why}"
            ))
        };
        let (place, path) = place(issuer).ok_or_else(|| unusable("its URL cannot be asked"))?;
        let target = format!("{}/.well-known/openid-configuration", path.trim_end_matches('/'));
        let about = self.document(outbound, &place, &target).await?;
        let text = |name: &str| about.get(name).and_then(Value::as_str);
        if text("issuer") != Some(issuer) {
            return Err(unusable("it says that it is another one"));
        }
        let (keys_place, target) = text("jwks_uri")
            .and_then(self::place)
            .ok_or_else(|| unusable("it does not say where its keys are"))?;
        let is_its_own = keys_place == place
            || KEYS_ELSEWHERE
                .iter()
                .any(|(of, at)| place == on_tls(of) && keys_place == on_tls(at));
        if !is_its_own {
            return Err(unusable("its keys are on another host"));
        }
        let document = self.document(outbound, &keys_place, &target).await?;
        let listed = document.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| unusable("its keys are not a set of keys"))?;
        if listed.len() > KEYS_MAX {
            return Err(unusable("it has too many keys"));
        }
        Ok(listed.iter().filter_map(Key::read).collect())
    }

    async fn document(&self, outbound: &Outbound, place: &PublicUrl, target: &str) -> Result<Value, Fault> {
        let unreachable = |why: String| {
            let message = format!("The identity provider (IdP) was not reachable: {why}");
            Fault::new(FaultCode::IdpCommunicationError, message)
        };
        let request = Request::get(target)
            .header("accept", "application/json")
            .body(Bytes::new())
            .map_err(|error| unreachable(error.to_string()))?;
        let reply = outbound.send_to_pinned(place, request, &self.thumbprints).await;
        let reply = reply.map_err(|fault| unreachable(fault.to_string()))?;
        if reply.status != 200 {
            return Err(unreachable(format!("it answered {}", reply.status.as_u16())));
        }
        serde_json::from_slice(&reply.body).map_err(|_| unreachable("its answer is no JSON".to_owned()))
    }
}

impl Key {
    /// `None` if it is of a kind that signs no token, or that is not known.
    fn read(document: &Value) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(document.clone()).ok()?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        Some(Key {
            id: text("kid"),
            algorithm: text("alg"),
            decoding: DecodingKey::from_jwk(&jwk).ok()?,
        })
    }

    fn may_verify(&self, header: &Header) -> bool {
        let is_named = header.kid.is_none() || header.kid == self.id;
        let algorithm = format!("{:?}", header.alg);
        is_named && self.algorithm.as_ref().is_none_or(|only| *only == algorithm)
    }
}

/// A URL in two: where to ask, and for what.
fn place(url: &str) -> Option<(PublicUrl, String)> {
    let uri: Uri = url.parse().ok()?;
    let origin = format!("{}://{}", uri.scheme_str()?, uri.authority()?);
    // What a fragment or a query of an issuer would mean nobody says.
    if uri.query().is_some() || url.contains('#') {
        return None;
    }
    Some((PublicUrl::parse(&origin).ok()?, uri.path().to_owned()))
}

fn on_tls(host: &str) -> PublicUrl {
    PublicUrl {
        is_https: true,
        authority: host.to_owned(),
    }
}

fn is_within(at: Moment, now: Moment, seconds: i64) -> bool {
    let age = now.seconds().saturating_sub(at.seconds());
    // A clock that was put back makes nothing good for longer.
    (0..seconds).contains(&age)
}

/// Signatures by a key that its owner alone has; those by a shared secret would let everybody who verifies sign as well.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];
/// Providers that are known to publish their keys on another host of theirs.
const KEYS_ELSEWHERE: [(&str, &str); 1] = [("accounts.google.com", "www.googleapis.com")];
/// Most keys of a provider. Those that rotate daily and keep a month of them stay below.
const KEYS_MAX: usize = 100;
/// How long published keys are good without asking again.
const KEPT_SECONDS_MAX: i64 = 60 * 60;
/// How long nothing is asked because of a key that is not among those published.
const UNKNOWN_KEY_PAUSE_SECONDS: i64 = 30;
/// How long a provider that did not answer rightly is left alone.
const FAILURE_PAUSE_SECONDS: i64 = 10;
