//! The rows as they lie on the engine: JSON with a version `v`.
//!
//! Not here: what rows mean together ([`crate::state`]) and where they lie ([`crate::layout`]).
//!
//! Keeps true: what a later version wrote is refused if it says so (`v`), and kept as it is otherwise: fields that are not known
//! are written back with the row.

use crate::error::{Error, Result};
use bytes::Bytes;
use countersign_types::Moment;
use countersign_types::iam::Tag;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fields of later versions.
pub(crate) type Other = BTreeMap<String, serde_json::Value>;

/// What is a row.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The bytes of the row.
    fn encode(&self) -> Bytes {
        let versioned = Versioned {
            v: VERSION,
            record: self,
        };
        let json = serde_json::to_vec(&versioned).expect("texts, numbers and lists can be written as JSON");
        json.into()
    }

    /// Reads a row; `what` names it, for the error.
    fn decode(value: &[u8], what: &str) -> Result<Self> {
        let damaged = |_| Error::Damaged(what.to_owned());
        // The version decides who may read the rest.
        let Version { v } = serde_json::from_slice(value).map_err(damaged)?;
        if v > VERSION {
            return Err(Error::TooNew(what.to_owned()));
        }
        let versioned: Owned<Self> = serde_json::from_slice(value).map_err(damaged)?;
        Ok(versioned.record)
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(flatten)]
    record: &'a T,
}

#[derive(Deserialize)]
struct Owned<T> {
    #[serde(rename = "v")]
    _v: u32,
    #[serde(flatten)]
    record: T,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

const VERSION: u32 = 1;

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) id: String,
    pub(crate) canonical_id: String,
    pub(crate) display_name: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    /// Grows with each change.
    pub(crate) revision: u64,
    /// Random, so that no two changes leave the same bytes.
    pub(crate) change: String,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UserRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// The ARN of a managed policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<String>,
    /// ARNs of managed policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attached: Vec<String>,
    /// Ids of groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A group. Who is in it stands with the users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attached: Vec<String>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoleRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    /// The document that says who may assume it.
    pub(crate) trust: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Seconds.
    pub(crate) session_max: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attached: Vec<String>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A managed policy, without its documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    #[serde(with = "millis")]
    pub(crate) updated: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// The version in use.
    pub(crate) default_version: u32,
    /// The last version that was made; numbers are not used twice.
    pub(crate) last_version: u32,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct VersionRecord {
    pub(crate) number: u32,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    /// As it was sent.
    pub(crate) document: String,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A policy inside a user, group or role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InlineRecord {
    /// The unique id of whom it is in.
    pub(crate) holder: String,
    pub(crate) name: String,
    /// As it was sent.
    pub(crate) document: String,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// An access key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) id: String,
    /// The unique id of the user; the root of the account has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    pub(crate) active: bool,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis_if_any")]
    pub(crate) expires: Option<Moment>,
    /// The secret, sealed by a master key and bound to account and key id.
    pub(crate) sealed: String,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// What is left of a removed access key: what tells a signature made with it from one made with any other secret, and cannot be
/// turned back into the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TombRecord {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(with = "millis")]
    pub(crate) removed: Moment,
    /// For each day (`YYYYMMDD`) its derived key, sealed.
    pub(crate) days: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProviderRecord {
    /// Without `https://`.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) client_ids: Vec<String>,
    #[serde(default)]
    pub(crate) thumbprints: Vec<String>,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// The last use of an access key or a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UseRecord {
    #[serde(with = "millis")]
    pub(crate) at: Moment,
    pub(crate) region: String,
    pub(crate) service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A key that seals session tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SealKeyRecord {
    pub(crate) id: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    /// Sealed by a master key.
    pub(crate) sealed: String,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A token that stands for a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CredentialTokenRecord {
    pub(crate) id: String,
    /// SHA-256 of the token, in hex.
    pub(crate) hash: String,
    pub(crate) role_arn: String,
    pub(crate) role_id: String,
    #[serde(with = "millis")]
    pub(crate) created: Moment,
    /// An ARN.
    pub(crate) created_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis_if_any")]
    pub(crate) expires: Option<Moment>,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A credential token that was revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RevokedRecord {
    pub(crate) id: String,
    #[serde(with = "millis")]
    pub(crate) at: Moment,
    #[serde(flatten)]
    pub(crate) other: Other,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TagRecord {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl From<&TagRecord> for Tag {
    fn from(tag: &TagRecord) -> Tag {
        Tag {
            key: tag.key.clone(),
            value: tag.value.clone(),
        }
    }
}

impl From<&Tag> for TagRecord {
    fn from(tag: &Tag) -> TagRecord {
        TagRecord {
            key: tag.key.clone(),
            value: tag.value.clone(),
        }
    }
}

impl Record for AccountRecord {}
impl Record for UserRecord {}
impl Record for GroupRecord {}
impl Record for RoleRecord {}
impl Record for PolicyRecord {}
impl Record for VersionRecord {}
impl Record for InlineRecord {}
impl Record for KeyRecord {}
impl Record for TombRecord {}
impl Record for ProviderRecord {}
impl Record for UseRecord {}
impl Record for SealKeyRecord {}
impl Record for CredentialTokenRecord {}
impl Record for RevokedRecord {}

/// A moment as milliseconds since 1970.
pub(crate) mod millis {
    use countersign_types::Moment;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(moment: &Moment, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(moment.millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        i64::deserialize(from).map(Moment::from_millis)
    }
}

/// The same, where there may be none.
pub(crate) mod millis_if_any {
    use countersign_types::Moment;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(moment: &Option<Moment>, to: S) -> Result<S::Ok, S::Error> {
        moment.map(Moment::millis).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Moment>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(Moment::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_later_versions_are_written_back() {
        let row = br#"{"v":1,"id":"AGPA1","name":"devs","path":"/","created":5,"quota":{"of":[1,2]}}"#;
        let group = GroupRecord::decode(row, "a group").expect("it is one");
        assert_eq!(
            group.other.get("quota").map(ToString::to_string).as_deref(),
            Some(r#"{"of":[1,2]}"#)
        );
        let again = GroupRecord::decode(&group.encode(), "a group").expect("it is one");
        assert_eq!(again, group);
        assert!(!group.other.contains_key("v"));
    }

    #[test]
    fn what_a_later_version_wrote_is_refused_and_so_is_what_is_no_row() {
        let later = br#"{"v":2,"anything":true}"#;
        assert!(matches!(
            UserRecord::decode(later, "a user"),
            Err(Error::TooNew(_))
        ));
        for wrong in [&b""[..], b"{}", b"[]", br#"{"v":1}"#, br#"{"v":1,"id":7}"#] {
            assert!(matches!(
                UserRecord::decode(wrong, "a user"),
                Err(Error::Damaged(_))
            ));
        }
    }
}
