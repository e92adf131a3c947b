//! What a program is about to send, as far as it says so.
//!
//! Everything may be missing; what is missing is not checked. Not here: a default.

use std::collections::BTreeMap;

use countersign_sigv4::Secret;
use serde::Deserialize;

/// What a program is about to send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Params {
    /// The bucket.
    pub bucket: Option<String>,
    /// The key of the object.
    pub key: Option<String>,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The headers that are sent, with a link or without.
    pub headers: BTreeMap<String, String>,
    /// The method that a link is used with.
    pub method: Option<String>,
    /// A link that was made already.
    pub url: Option<String>,
    /// How many seconds a link that is to be made shall live.
    pub expires_in: Option<f64>,
    /// When the client computes checksums by itself: `WHEN_SUPPORTED` or `WHEN_REQUIRED`.
    pub request_checksum_calculation: Option<String>,
    /// The region that the client is told.
    pub region: Option<String>,
    /// The endpoint that the client is told; without one it is AWS's.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path.
    pub force_path_style: bool,
    /// With what is signed.
    pub credentials: Option<Credentials>,
    /// The client's time, seconds since 1970.
    pub now: Option<i64>,
    /// The server's time, for example of a `Date` header.
    pub server_time: Option<i64>,
}

/// With what is signed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: Option<String>,
    /// The secret, which no document holds.
    #[serde(skip)]
    pub secret: Option<Secret>,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
    /// When they end, seconds since 1970.
    pub expiration: Option<i64>,
}

impl Params {
    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}
