//! A session: temporary credentials, and the token that carries all that is known of them.
//!
//! Sessions are kept nowhere. A token is sealed by a key that every server on the engine has, and bound to the access key id that it was
//! given out with. What it says is believed; whether its role, user and maker are still there is asked with each request
//! ([`crate::Directory::resolve`]).
//!
//! Not here: who may begin a session, and for how long ([`crate::sts`]).

use crate::limits::{SEAL_KEY_KEPT_SECONDS, SEAL_KEY_SETTLES_SECONDS};
use crate::principal::{AccessKey, attached};
use crate::random::Random;
use crate::records::{Other, TagRecord, millis};
use crate::seal::{self, SealingKey};
use crate::state::AccountState;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use countersign_policy::{Attached, Document, Kind};
use countersign_sigv4::Secret;
use countersign_types::Moment;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Temporary credentials, and what they stand for.
pub struct Session {
    /// When it began.
    pub issued: Moment,
    /// When it ends.
    pub expires: Moment,
    access_key: Arc<AccessKey>,
    /// As it was sent, so that it need not be opened with each request.
    token: Secret,
    claims: Claims,
    arn: String,
    unique_id: String,
    /// Passed when it began; those in the claims, read.
    documents: Vec<Document>,
}

/// What a token says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) secret: String,
    pub(crate) account: String,
    pub(crate) kind: SessionKind,
    /// How the session is called; empty for one of a user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(with = "millis")]
    pub(crate) issued: Moment,
    #[serde(with = "millis")]
    pub(crate) expires: Moment,
    /// The id of the long-term key at the beginning of it; sessions from web identities have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maker: Option<String>,
    /// Whether policies were passed: no policies then allow nothing.
    #[serde(default)]
    pub(crate) limited: bool,
    /// Documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<String>,
    /// ARNs of managed policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// Keys of tags that sessions begun from this one have as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transitive: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
    /// The identity provider that vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// The credential token at the beginning of it, `ACCOUNT-ID/ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential_token: Option<String>,
}

/// What a session stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SessionKind {
    /// Somebody who assumed this role.
    #[serde(rename = "role")]
    Role {
        /// `AROA...`; a role of the same name that was made later is another one.
        id: String,
        name: String,
    },
    /// Somebody for whom this user asked, or the root.
    #[serde(rename = "federated")]
    Federated { user: Option<String> },
    /// This user, or the root.
    #[serde(rename = "user")]
    User { user: Option<String> },
}

impl Session {
    /// `None`: what it says cannot be understood.
    pub(crate) fn new(access_key_id: &str, token: &str, mut claims: Claims) -> Option<Session> {
        let documents = claims.policies.iter();
        let documents = documents.map(|text| Document::parse(Kind::Session, text.as_bytes()).ok());
        let documents = documents.collect::<Option<Vec<Document>>>()?;
        let Claims { account, name, .. } = &claims;
        let (arn, unique_id) = match &claims.kind {
            SessionKind::Role { id, name: role } => (
                format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
                format!("{id}:{name}"),
            ),
            SessionKind::Federated { .. } => (
                format!("arn:aws:sts::{account}:federated-user/{name}"),
                format!("{account}:{name}"),
            ),
            SessionKind::User { .. } => (String::new(), String::new()),
        };
        let secret = Secret::new(std::mem::take(&mut claims.secret));
        Some(Session {
            issued: claims.issued,
            expires: claims.expires,
            access_key: Arc::new(AccessKey {
                access_key_id: access_key_id.to_owned(),
                secret,
            }),
            token: Secret::new(token),
            claims,
            arn,
            unique_id,
            documents,
        })
    }

    /// Whether policies were passed when it began.
    pub fn is_limited(&self) -> bool {
        self.claims.limited
    }

    /// What whoever began it says who they are, for the record.
    pub fn source_identity(&self) -> Option<&str> {
        self.claims.source_identity.as_deref()
    }

    /// The identity provider that vouched for it, as a trust policy names it.
    pub fn federated_provider(&self) -> Option<&str> {
        self.claims.provider.as_deref()
    }

    /// How it was called by whoever began it; empty for one of a user.
    pub fn name(&self) -> &str {
        &self.claims.name
    }

    /// The id of the long-term access key at the beginning of it.
    pub fn maker(&self) -> Option<&str> {
        self.claims.maker.as_deref()
    }

    /// The credential token at the beginning of it, `ACCOUNT-ID/ID`: it ends with that.
    pub(crate) fn begun_with(&self) -> Option<&str> {
        self.claims.credential_token.as_deref()
    }

    pub(crate) fn access_key(&self) -> &Arc<AccessKey> {
        &self.access_key
    }

    pub(crate) fn has_token(&self, token: &str) -> bool {
        // In constant time: what is kept is as good as a secret.
        bool::from(self.token.expose().ct_eq(token.as_bytes()))
    }

    pub(crate) fn account(&self) -> &str {
        &self.claims.account
    }

    pub(crate) fn kind(&self) -> &SessionKind {
        &self.claims.kind
    }

    pub(crate) fn tags(&self) -> &[TagRecord] {
        &self.claims.tags
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(crate) fn unique_id(&self) -> &str {
        &self.unique_id
    }

    /// The tags that go on into sessions begun from this one.
    pub(crate) fn transitive_tags(&self) -> impl Iterator<Item = &TagRecord> {
        let is_transitive = |key: &str| {
            let mut keys = self.claims.transitive.iter();
            keys.any(|transitive| transitive.eq_ignore_ascii_case(key))
        };
        self.claims.tags.iter().filter(move |tag| is_transitive(&tag.key))
    }

    /// The policies that limit it; `None`: nothing does.
    pub(crate) fn policies<'a>(&'a self, state: &'a AccountState) -> Option<SmallVec<[Attached<'a>; 2]>> {
        if !self.claims.limited {
            return None;
        }
        let passed = self.documents.iter().map(|document| Attached {
            name: "session policy",
            document,
        });
        let managed = self.claims.policy_arns.iter().map(|arn| attached(state, arn));
        Some(passed.chain(managed).collect())
    }
}

/// Neither secret nor token is shown.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("access_key", &self.access_key)
            .field("kind", &self.claims.kind)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// The keys that seal tokens, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealKeys {
    keys: Vec<SealKey>,
}

/// A key that seals tokens.
#[derive(Clone, Debug)]
pub(crate) struct SealKey {
    pub(crate) key: SealingKey,
    pub(crate) created: Moment,
    /// The row as it lies on the engine, by which a change is noticed.
    pub(crate) row: Bytes,
    pub(crate) other: Other,
}

impl SealKeys {
    pub(crate) fn new(mut keys: Vec<SealKey>) -> SealKeys {
        keys.sort_by(|a, b| (a.created, a.key.id()).cmp(&(b.created, b.key.id())));
        SealKeys { keys }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SealKey> {
        self.keys.iter()
    }

    /// The key that seals now: the newest that every server has heard of, or the newest if there is none.
    pub(crate) fn current(&self, now: Moment) -> Option<&SealKey> {
        let is_settled = |key: &&SealKey| now.seconds() - key.created.seconds() >= SEAL_KEY_SETTLES_SECONDS;
        self.keys.iter().rev().find(is_settled).or(self.keys.last())
    }

    /// Those whose last token has ended.
    pub(crate) fn spent(&self, now: Moment) -> impl Iterator<Item = &SealKey> {
        let pairs = self.keys.iter().zip(self.keys.iter().skip(1));
        let is_spent = move |next: &SealKey| {
            now.seconds() - next.created.seconds() > SEAL_KEY_SETTLES_SECONDS + SEAL_KEY_KEPT_SECONDS
        };
        pairs.filter(move |(_, next)| is_spent(next)).map(|(key, _)| key)
    }

    fn find(&self, id: &str) -> Option<&SealKey> {
        self.keys.iter().find(|key| key.key.id() == id)
    }

    /// What is said in a token.
    pub(crate) fn open(&self, token: &str, access_key_id: &str) -> Option<Claims> {
        let opened = self.unwrap(token, &token_place(access_key_id))?;
        serde_json::from_slice(&opened).ok()
    }

    /// What was sealed by [`wrap`].
    pub(crate) fn unwrap(&self, text: &str, bound_to: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&[VERSION], rest) = bytes.split_first_chunk::<1>()? else {
            return None;
        };
        let (id, sealed) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
        self.find(&hex::encode(id))?.key.open(sealed, bound_to)
    }
}

/// A token: base64 of a version, the id of the key that sealed it, and what is sealed.
pub(crate) fn make_token(
    key: &SealingKey,
    claims: &Claims,
    access_key_id: &str,
    random: &dyn Random,
) -> String {
    // Room for all of it, since what a growing buffer leaves behind is not wiped.
    let mut json = Zeroizing::new(Vec::with_capacity(CLAIMS_BYTES));
    serde_json::to_writer(&mut *json, claims).expect("texts, numbers and lists can be written as JSON");
    wrap(key, &json, &token_place(access_key_id), random)
}

/// Seals a text that others carry.
pub(crate) fn wrap(key: &SealingKey, text: &[u8], bound_to: &[u8], random: &dyn Random) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(hex::decode(key.id()).expect("an id of a sealing key is in hex"));
    bytes.extend(key.seal(text, bound_to, random));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a seal key is sealed to.
pub(crate) fn seal_key_place(id: &str) -> Vec<u8> {
    seal::bound_to(&["session seal key", id])
}

fn token_place(access_key_id: &str) -> Vec<u8> {
    seal::bound_to(&["session token", access_key_id])
}

/// A policy without the white space between its words, so that it takes less room in a token.
pub(crate) fn packed(document: &str) -> String {
    let mut packed = String::with_capacity(document.len());
    let (mut is_in_text, mut is_escaped) = (false, false);
    for character in document.chars() {
        if !is_in_text && character.is_ascii_whitespace() {
            continue;
        }
        match character {
            '"' if !is_escaped => is_in_text = !is_in_text,
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
        packed.push(character);
    }
    packed
}

/// The tags by key; of two that differ in case only, which cannot be, one.
pub(crate) fn tags_by_key(tags: impl IntoIterator<Item = TagRecord>) -> Vec<TagRecord> {
    let by_key: BTreeMap<String, TagRecord> = tags
        .into_iter()
        .map(|tag| (tag.key.to_ascii_lowercase(), tag))
        .collect();
    by_key.into_values().collect()
}

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
/// More than claims ever take: what is packed into a session is bounded.
const CLAIMS_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn claims() -> Claims {
        Claims {
            secret: "hush".to_owned(),
            account: "111122223333".to_owned(),
            kind: SessionKind::Role {
                id: "AROA1".to_owned(),
                name: "reader".to_owned(),
            },
            name: "s".to_owned(),
            issued: Moment::from_seconds(1),
            expires: Moment::from_seconds(901),
            maker: Some("AKIA1".to_owned()),
            limited: false,
            policies: Vec::new(),
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
            provider: None,
            credential_token: None,
        }
    }

    fn key(seconds: i64) -> SealKey {
        SealKey {
            key: SealingKey::random(&SystemRandom),
            created: Moment::from_seconds(seconds),
            row: Bytes::new(),
            other: Other::new(),
        }
    }

    #[test]
    fn a_token_opens_for_its_access_key_id_only() {
        let keys = SealKeys::new(vec![key(0)]);
        let current = &keys.current(Moment::from_seconds(0)).expect("one").key;
        let token = make_token(current, &claims(), "ASIA1", &SystemRandom);
        assert!(
            keys.open(&token, "ASIA1")
                .is_some_and(|opened| opened == claims())
        );
        assert!(keys.open(&token, "ASIA2").is_none());
        assert!(SealKeys::new(vec![key(0)]).open(&token, "ASIA1").is_none());
        let mut changed = token.clone().into_bytes();
        for at in 0..changed.len() {
            let before = changed[at];
            changed[at] = if before == b'A' { b'B' } else { b'A' };
            let text = std::str::from_utf8(&changed).expect("ASCII");
            // The last character has bits that say nothing, and strict decoding refuses others there.
            assert!(keys.open(text, "ASIA1").is_none(), "character {at}");
            changed[at] = before;
        }
        for wrong in ["", "A", "AQ", "not a token"] {
            assert!(keys.open(wrong, "ASIA1").is_none(), "{wrong}");
        }
    }

    #[test]
    fn neither_secret_nor_token_is_in_debug_or_in_the_token() {
        let keys = SealKeys::new(vec![key(0)]);
        let current = &keys.current(Moment::from_seconds(0)).expect("one").key;
        let token = make_token(current, &claims(), "ASIA1", &SystemRandom);
        let session = Session::new("ASIA1", &token, claims()).expect("it can be understood");
        let shown = format!("{session:?} {keys:?}");
        assert!(!shown.contains("hush") && !shown.contains(&token), "{shown}");
        let raw = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        assert!(!raw.windows(4).any(|window| window == b"hush"));
    }

    #[test]
    fn a_new_key_waits_until_it_is_known_and_an_old_one_stays_until_its_sessions_ended() {
        let keys = SealKeys::new(vec![key(1_000), key(100)]);
        let at = |seconds| Moment::from_seconds(seconds);
        let current = |seconds| keys.current(at(seconds)).map(|key| key.created.seconds());
        assert_eq!(current(1_000), Some(100));
        assert_eq!(current(1_000 + SEAL_KEY_SETTLES_SECONDS), Some(1_000));
        assert_eq!(
            SealKeys::new(vec![key(5)]).current(at(5)).map(|key| key.created),
            Some(at(5))
        );
        let spent = |seconds| {
            keys.spent(at(seconds))
                .map(|key| key.created.seconds())
                .collect::<Vec<_>>()
        };
        let end = 1_000 + SEAL_KEY_SETTLES_SECONDS + SEAL_KEY_KEPT_SECONDS;
        assert_eq!(spent(end), Vec::<i64>::new());
        assert_eq!(spent(end + 1), [100]);
    }

    #[test]
    fn packing_leaves_texts_alone() {
        for (document, expected) in [
            ("{ \"a\" :\n\t\"b c\" }", "{\"a\":\"b c\"}"),
            (r#"{"a": "q\" x", "b\\": " "}"#, r#"{"a":"q\" x","b\\":" "}"#),
            ("", ""),
        ] {
            assert_eq!(packed(document), expected);
        }
    }
}
