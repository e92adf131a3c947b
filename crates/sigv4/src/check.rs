//! Whether a claim fits this place and this moment, and whether it covers what it must.
//!
//! Needs no secret and proves nothing. The order is AWS's: region, service, date, expiry, unsigned headers.

use std::borrow::Cow;

use crate::claim::{Claim, Form};
use crate::refusal::Refusal;
use crate::request::{Request, is_same_name, text};
use crate::uri::{decode_query, query_name_is_in_any_case, query_pairs};

/// Where and when a request arrives.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The region of this place.
    pub region: &'a str,
    /// The service of this place: `s3`, `iam`, `sts`.
    pub service: &'a str,
    /// Unix seconds now.
    pub now: i64,
}

impl Claim {
    /// Refuses a claim for another region, service or day, one that is too old, too new or expired, and one that
    /// leaves `host` or an `x-amz-*` header unsigned. A form's end is in its policy, not here.
    pub fn check(&self, request: &Request<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
        let form = self.form;
        if self.scope.region != expected.region {
            let (got, expected) = (self.scope.region.to_string(), expected.region.to_owned());
            return Err(Refusal::RegionWrong { form, got, expected });
        }
        if self.scope.service != expected.service {
            let (got, expected) = (self.scope.service.to_string(), expected.service.to_owned());
            return Err(Refusal::ServiceWrong { form, got, expected });
        }
        if self.timestamp.get(..8) != Some(self.scope.date.as_str()) {
            let (scope_date, timestamp) = (self.scope.date.to_string(), self.timestamp.to_string());
            return Err(Refusal::ScopeDateDiffers {
                form,
                scope_date,
                timestamp,
            });
        }
        self.check_time(request, expected.now)?;
        let unsigned = headers_not_signed(request, self);
        if !unsigned.is_empty() {
            return Err(Refusal::HeadersNotSigned(unsigned));
        }
        Ok(())
    }

    fn check_time(&self, request: &Request<'_>, now: i64) -> Result<(), Refusal> {
        match self.form {
            Form::Header if self.time.abs_diff(now) > SKEW_SECONDS_MAX => {
                // What the client sent, even where an HTTP date was brought into the other form.
                let sent = request
                    .header_text("x-amz-date")
                    .or_else(|| request.header_text("date"));
                let sent = sent.map_or_else(|| self.timestamp.to_string(), Cow::into_owned);
                Err(Refusal::Skewed {
                    sent,
                    max_seconds: SKEW_SECONDS_MAX,
                })
            }
            Form::Query => {
                let seconds = self.expires.unwrap_or_default();
                let at = self.time.saturating_add_unsigned(seconds);
                if self.time > now.saturating_add_unsigned(SKEW_SECONDS_MAX) {
                    return Err(Refusal::NotYetValid {
                        time: self.time,
                        expires_at: at,
                    });
                }
                if at < now {
                    return Err(Refusal::Expired {
                        expires_text: expires_text(request, seconds),
                        at,
                    });
                }
                Ok(())
            }
            Form::Header | Form::Policy => Ok(()),
        }
    }
}

/// The headers that must be signed and are not, lower case, in order of arrival: `host` (or `:authority`), and every
/// `x-amz-*` that is present. `x-amz-content-sha256` is covered by the last line anyway. A presigned link may carry
/// the same header as a parameter instead; then it is signed there.
pub fn headers_not_signed(request: &Request<'_>, claim: &Claim) -> Vec<String> {
    if claim.form == Form::Policy {
        return Vec::new();
    }
    let is_signed = |name: &str| {
        claim
            .signed_headers
            .iter()
            .any(|signed| is_same_name(signed, name))
    };
    let mut unsigned: Vec<String> = Vec::new();
    if !is_signed("host") && !is_signed(":authority") {
        unsigned.push("host".to_owned());
    }
    for (name, _) in request.headers {
        if !starts_with_x_amz(name.as_bytes())
            || is_same_name(name, "x-amz-content-sha256")
            || is_signed(name)
            || (claim.form == Form::Query && query_parameter(request, name).is_some())
        {
            continue;
        }
        let name = name.to_ascii_lowercase();
        if !unsigned.contains(&name) {
            unsigned.push(name);
        }
    }
    unsigned
}

/// The first `x-amz-*` header of a presigned request that also stands in its query with another value, lower case.
/// Such a request does not match, whatever its signature: one of the two was not meant.
pub fn hoisted_contradiction(request: &Request<'_>, claim: &Claim) -> Option<String> {
    if claim.form != Form::Query {
        return None;
    }
    let contradicts = |name: &str, sent: &[u8]| {
        starts_with_x_amz(name.as_bytes())
            && query_parameter(request, name).is_some_and(|value| {
                // A second line changes what the header says, whatever stands in it.
                value != sent.trim_ascii() || request.header_values(name).nth(1).is_some()
            })
    };
    let (name, _) = request
        .headers
        .iter()
        .find(|(name, sent)| contradicts(name, sent))?;
    Some(name.to_ascii_lowercase())
}

/// The decoded value of a parameter, its name in any case, as headers have it.
fn query_parameter(request: &Request<'_>, name: &str) -> Option<Vec<u8>> {
    let is_named = |raw: &[u8]| starts_with_x_amz(raw) && query_name_is_in_any_case(raw, name);
    let (_, value) = query_pairs(request.query?).find(|(raw, _)| is_named(raw))?;
    Some(decode_query(value.unwrap_or_default()))
}

fn starts_with_x_amz(name: &[u8]) -> bool {
    name.get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"))
}

fn expires_text(request: &Request<'_>, seconds: u64) -> String {
    match crate::uri::query_value(request.query, "X-Amz-Expires") {
        Some(value) => text(&value).into_owned(),
        None => seconds.to_string(),
    }
}

/// How far the date of a header-signed request may be from now, in seconds, in both directions.
pub const SKEW_SECONDS_MAX: u64 = 900;

/// The longest lifetime of a presigned link, in seconds: seven days.
pub const QUERY_EXPIRES_SECONDS_MAX: u64 = 604_800;

#[cfg(test)]
mod tests;
