//! Tokens of identity providers: whose a token is, once its signature is verified with the keys that its provider publishes.
//!
//! SPEC: OpenID Connect Core 1.0 sections 2 and 3.1.3.7, OpenID Connect Discovery 1.0, RFC 7517, RFC 7519, and what STS adds for
//! `AssumeRoleWithWebIdentity`. Signatures are verified by a library.
//!
//! Not here: which providers an account has, and what a token may do (a role's trust policy says that).
//!
//! It keeps true: the token says which provider it is from, and only one that the account registered is asked, at the place that
//! it was registered with. What a token claims is read before its signature is verified to refuse it sooner, never to accept it.

mod claims;
mod keys;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode, OidcProvider};
use serde_json::Value;

use crate::outbound::{Limits, Outbound, Reach};
use claims::Claims;
use keys::Issuer;

/// Somebody whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The token's `iss`.
    pub issuer: String,
    /// The ARN of the provider.
    pub provider_arn: String,
    /// Its URL without `https://`, as in condition keys.
    pub provider_url: String,
    /// Which of the provider's client ids the token is for.
    pub audience: String,
    /// Who it is, in the provider's words.
    pub subject: String,
    /// What else the token says in texts and lists of texts; `aud` is [`WebIdentity::audience`], and `oaud` what stood there if it
    /// was another.
    pub claims: Vec<(String, Vec<String>)>,
}

/// Verifies tokens, and remembers the keys of providers for a while.
pub struct WebIdentityVerifier {
    outbound: Outbound,
    reach: Reach,
    /// By URL and thumbprints: what one account trusts says nothing to another that trusts less.
    issuers: Mutex<HashMap<Trusted, Arc<Issuer>>>,
}

/// The URL of a provider, and the thumbprints that may vouch for it.
type Trusted = (String, Vec<String>);

impl WebIdentityVerifier {
    /// Asks providers on the public network over TLS; where the operator allows private ones, private addresses too, in the clear
    /// as well.
    pub fn new(is_private_allowed: bool) -> WebIdentityVerifier {
        let reach = if is_private_allowed {
            Reach::PrivateToo
        } else {
            Reach::Public
        };
        WebIdentityVerifier::asking(Outbound::new(limits(reach)), reach)
    }

    fn asking(outbound: Outbound, reach: Reach) -> WebIdentityVerifier {
        WebIdentityVerifier {
            outbound,
            reach,
            issuers: Mutex::default(),
        }
    }

    /// Who the token speaks for, if one of these providers made it, for one of its client ids, and it is in its time.
    pub async fn verify(
        &self,
        token: &str,
        providers: &[OidcProvider],
        now: Moment,
    ) -> Result<WebIdentity, Fault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid(format!(
                "The web identity token is longer than {TOKEN_BYTES_MAX} bytes"
            )));
        }
        let (header, claims) = read(token)?;
        let issuer = claims.issuer()?;
        let provider = self.provider(issuer, providers)?;
        let audience = claims.audience(&provider.client_ids)?.to_owned();
        let subject = claims.subject()?.to_owned();
        claims.check_time(now)?;
        let keys = self.issuer(issuer, &provider.thumbprints);
        let verified: Value = keys.verify(token, &header, &self.outbound, now).await?;
        // What was read ahead is what was signed.
        if verified != *claims.document() {
            return Err(invalid("The web identity token could not be validated"));
        }
        Ok(WebIdentity {
            issuer: issuer.to_owned(),
            provider_arn: provider.arn.clone(),
            provider_url: provider.url.clone(),
            claims: claims.told(&audience),
            audience,
            subject,
        })
    }

    /// The provider with the URL that the token names.
    fn provider<'a>(&self, issuer: &str, providers: &'a [OidcProvider]) -> Result<&'a OidcProvider, Fault> {
        let place = match issuer.split_once("://") {
            Some(("https", place)) => Some(place),
            Some(("http", place)) if self.reach == Reach::PrivateToo => Some(place),
            _ => None,
        };
        let registered = |provider: &&OidcProvider| Some(provider.url.as_str()) == place;
        providers.iter().find(registered).ok_or_else(|| {
            invalid(format!(
                "No OpenIDConnect provider found in your account for {issuer}"
            ))
        })
    }

    /// What is known of the keys of a registered provider. The oldest knowledge of some provider goes when there are too many.
    fn issuer(&self, issuer: &str, thumbprints: &[String]) -> Arc<Issuer> {
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (issuer.to_owned(), thumbprints.to_vec());
        if let Some(known) = issuers.get(&place) {
            return Arc::clone(known);
        }
        if issuers.len() >= ISSUERS_MAX {
            issuers.clear();
        }
        let new = Arc::new(Issuer::new(issuer, thumbprints));
        issuers.insert(place, Arc::clone(&new));
        new
    }
}

/// Header and claims as they stand in a token; nothing is verified.
fn read(token: &str) -> Result<(jsonwebtoken::Header, Claims), Fault> {
    let malformed = || invalid("The web identity token is not a signed JSON web token");
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let header: Value = decode(header).ok_or_else(malformed)?;
    // RFC 7515 section 4.1.11: what is marked so must be understood, and nothing beyond the usual is.
    if header.get("crit").is_some() {
        return Err(invalid("The web identity token has a critical extension"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| malformed())?;
    let claims = decode(payload).and_then(Claims::new).ok_or_else(malformed)?;
    Ok((header, claims))
}

fn decode(part: &str) -> Option<Value> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::InvalidIdentityToken, message)
}

fn limits(reach: Reach) -> Limits {
    Limits {
        time: PROVIDER_TIME_MAX,
        body_bytes: PROVIDER_BYTES_MAX,
        reach,
    }
}

/// Longest token. SPEC: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.
const TOKEN_BYTES_MAX: usize = 20_000;
/// How long a provider may take for one answer; two are needed.
const PROVIDER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest answer of a provider that is taken: a hundred keys with their certificates.
const PROVIDER_BYTES_MAX: usize = 256 * 1024;
/// Most providers whose keys are remembered: ten accounts with as many as they may have.
const ISSUERS_MAX: usize = 1000;

#[cfg(test)]
mod tests;
