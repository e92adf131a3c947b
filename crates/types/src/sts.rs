//! The words of STS: temporary credentials, asked for and answered.
//!
//! SPEC: <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>. Faults are [`crate::iam::Fault`].
//!
//! Not here: bytes on the wire, how a token is sealed, who may.

use crate::Moment;
use crate::iam::Tag;
use std::fmt;

/// One call.
#[derive(Clone, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the parameters are those of the call of the same name, in STS's API reference"
)]
pub enum Call {
    AssumeRole {
        role_arn: String,
        role_session_name: String,
        limits: SessionLimits,
        tags: Vec<Tag>,
        transitive_tag_keys: Vec<String>,
        external_id: Option<String>,
        source_identity: Option<String>,
    },
    AssumeRoleWithWebIdentity {
        role_arn: String,
        role_session_name: String,
        web_identity_token: String,
        /// For providers that do not speak OpenID Connect.
        provider_id: Option<String>,
        limits: SessionLimits,
    },
    GetSessionToken {
        /// Seconds.
        duration: Option<u32>,
    },
    GetFederationToken {
        name: String,
        limits: SessionLimits,
        tags: Vec<Tag>,
    },
    GetCallerIdentity,
    GetAccessKeyInfo {
        access_key_id: String,
    },
    DecodeAuthorizationMessage {
        encoded_message: String,
    },
}

/// The parameters are not shown: one of them is a token that speaks for somebody.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::AssumeRole { .. } => "AssumeRole",
            Call::AssumeRoleWithWebIdentity { .. } => "AssumeRoleWithWebIdentity",
            Call::GetSessionToken { .. } => "GetSessionToken",
            Call::GetFederationToken { .. } => "GetFederationToken",
            Call::GetCallerIdentity => "GetCallerIdentity",
            Call::GetAccessKeyInfo { .. } => "GetAccessKeyInfo",
            Call::DecodeAuthorizationMessage { .. } => "DecodeAuthorizationMessage",
        })
    }
}

/// How long a session is, and what it may at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// Seconds.
    pub duration: Option<u32>,
    /// A session policy.
    pub policy: Option<String>,
    /// The ARNs of managed policies that are session policies too; 10 at most.
    pub policy_arns: Vec<String>,
}

/// Temporary credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// The private half.
    pub secret_access_key: String,
    /// What is sent with each request.
    pub session_token: String,
    /// The end.
    pub expiration: Moment,
}

/// Neither secret nor token is shown.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// Somebody with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    /// `AROA...:session` or `111122223333:name`.
    pub id: String,
    /// `arn:aws:sts::111122223333:assumed-role/name/session` or `...:federated-user/name`.
    pub arn: String,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of the call's answer, in STS's API reference"
)]
pub enum Answer {
    AssumedRole {
        credentials: Credentials,
        user: SessionUser,
        packed_policy_size: Option<u32>,
        source_identity: Option<String>,
    },
    AssumedRoleWithWebIdentity {
        credentials: Credentials,
        user: SessionUser,
        packed_policy_size: Option<u32>,
        /// The token's `iss`.
        provider: String,
        /// The token's `aud`.
        audience: String,
        /// The token's `sub`.
        subject: String,
    },
    SessionToken(Credentials),
    FederationToken {
        credentials: Credentials,
        user: SessionUser,
        packed_policy_size: Option<u32>,
    },
    CallerIdentity {
        account: String,
        arn: String,
        user_id: String,
    },
    AccessKeyInfo {
        account: String,
    },
    /// The decision, as JSON.
    DecodedMessage(String),
}
