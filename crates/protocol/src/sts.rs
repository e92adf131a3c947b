//! STS as bytes: parameters become a call, an answer becomes XML. Names of elements are those of AWS.
//!
//! SPEC: <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>.
//!
//! Not here: what a value may hold, and who may; the shape of parameters and of answers ([`crate::query`]).

use countersign_types::iam::{Fault, FaultCode};
use countersign_types::sts::{Answer, Call, Credentials, SessionLimits, SessionUser};

use crate::encode::xml::Xml;
use crate::query::{Reader, Service, unknown_action};

/// As policies name it.
pub(crate) fn name(call: &Call) -> &'static str {
    match call {
        Call::AssumeRole { .. } => "sts:AssumeRole",
        Call::AssumeRoleWithWebIdentity { .. } => "sts:AssumeRoleWithWebIdentity",
        Call::GetSessionToken { .. } => "sts:GetSessionToken",
        Call::GetFederationToken { .. } => "sts:GetFederationToken",
        Call::GetCallerIdentity => "sts:GetCallerIdentity",
        Call::GetAccessKeyInfo { .. } => "sts:GetAccessKeyInfo",
        Call::DecodeAuthorizationMessage { .. } => "sts:DecodeAuthorizationMessage",
    }
}

/// Reads a call; every parameter of it must be one that the call has.
pub(crate) fn parse(mut reader: Reader) -> Result<Call, Fault> {
    let action = reader.action.clone();
    let read = &mut reader;
    let call = match action.as_str() {
        "AssumeRole" => {
            refuse_second_factor(read)?;
            Call::AssumeRole {
                role_arn: read.required("RoleArn")?,
                role_session_name: read.required("RoleSessionName")?,
                limits: limits(read, DURATION_MAX_OF_ROLE)?,
                tags: read.tags(),
                transitive_tag_keys: read.list("TransitiveTagKeys"),
                external_id: read.optional("ExternalId"),
                source_identity: read.optional("SourceIdentity"),
            }
        }
        "AssumeRoleWithWebIdentity" => Call::AssumeRoleWithWebIdentity {
            role_arn: read.required("RoleArn")?,
            role_session_name: read.required("RoleSessionName")?,
            web_identity_token: read.required("WebIdentityToken")?,
            provider_id: read.optional("ProviderId"),
            limits: limits(read, DURATION_MAX_OF_ROLE)?,
        },
        "GetSessionToken" => {
            refuse_second_factor(read)?;
            Call::GetSessionToken {
                duration: read.number("DurationSeconds", DURATION_MIN..=DURATION_MAX_OF_USER)?,
            }
        }
        "GetFederationToken" => Call::GetFederationToken {
            name: read.required("Name")?,
            limits: limits(read, DURATION_MAX_OF_USER)?,
            tags: read.tags(),
        },
        "GetCallerIdentity" => Call::GetCallerIdentity,
        "GetAccessKeyInfo" => Call::GetAccessKeyInfo {
            access_key_id: read.required("AccessKeyId")?,
        },
        "DecodeAuthorizationMessage" => Call::DecodeAuthorizationMessage {
            encoded_message: read.required("EncodedMessage")?,
        },
        _ => return Err(unknown_action(&action, Service::Sts.version(), &NOT_HERE)),
    };
    reader.finish()?;
    Ok(call)
}

fn limits(read: &mut Reader, duration_max: u32) -> Result<SessionLimits, Fault> {
    Ok(SessionLimits {
        duration: read.number("DurationSeconds", DURATION_MIN..=duration_max)?,
        policy: read.optional("Policy"),
        policy_arns: read.members("PolicyArns", |read, member| {
            read.optional(&format!("{member}.arn"))
        }),
    })
}

/// Nobody has a second factor here, so none that is shown is right.
fn refuse_second_factor(read: &mut Reader) -> Result<(), Fault> {
    let shown = [read.optional("SerialNumber"), read.optional("TokenCode")];
    if shown.iter().all(Option::is_none) {
        return Ok(());
    }
    let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    Err(Fault::new(FaultCode::AccessDenied, message))
}

/// Writes what came of a call.
pub(crate) fn write(xml: &mut Xml, answer: &Answer) {
    match answer {
        Answer::AssumedRole {
            credentials,
            user,
            packed_policy_size,
            source_identity,
        } => {
            write_credentials(xml, credentials);
            write_user(xml, "AssumedRoleUser", "AssumedRoleId", user);
            write_packed_size(xml, *packed_policy_size);
            xml.optional("SourceIdentity", source_identity.as_deref());
        }
        Answer::AssumedRoleWithWebIdentity {
            credentials,
            user,
            packed_policy_size,
            provider,
            audience,
            subject,
        } => {
            write_credentials(xml, credentials);
            xml.element("SubjectFromWebIdentityToken", subject);
            write_user(xml, "AssumedRoleUser", "AssumedRoleId", user);
            write_packed_size(xml, *packed_policy_size);
            xml.element("Provider", provider);
            xml.element("Audience", audience);
        }
        Answer::SessionToken(credentials) => write_credentials(xml, credentials),
        Answer::FederationToken {
            credentials,
            user,
            packed_policy_size,
        } => {
            write_credentials(xml, credentials);
            write_user(xml, "FederatedUser", "FederatedUserId", user);
            write_packed_size(xml, *packed_policy_size);
        }
        Answer::CallerIdentity {
            account,
            arn,
            user_id,
        } => {
            xml.element("UserId", user_id);
            xml.element("Account", account);
            xml.element("Arn", arn);
        }
        Answer::AccessKeyInfo { account } => xml.element("Account", account),
        Answer::DecodedMessage(message) => xml.element("DecodedMessage", message),
    }
}

fn write_credentials(xml: &mut Xml, credentials: &Credentials) {
    xml.open("Credentials");
    xml.element("AccessKeyId", &credentials.access_key_id);
    xml.element("SecretAccessKey", &credentials.secret_access_key);
    xml.element("SessionToken", &credentials.session_token);
    xml.element("Expiration", &credentials.expiration.iso8601_seconds());
    xml.close("Credentials");
}

fn write_user(xml: &mut Xml, element: &str, id: &str, user: &SessionUser) {
    xml.open(element);
    xml.element(id, &user.id);
    xml.element("Arn", &user.arn);
    xml.close(element);
}

fn write_packed_size(xml: &mut Xml, percent: Option<u32>) {
    if let Some(percent) = percent {
        xml.number("PackedPolicySize", u64::from(percent));
    }
}

/// The shortest session, in seconds.
const DURATION_MIN: u32 = 900;
/// The longest session of a role; the role may allow less.
const DURATION_MAX_OF_ROLE: u32 = 43_200;
/// The longest session of a user or of whom a user vouches for.
const DURATION_MAX_OF_USER: u32 = 129_600;

/// The calls that are here.
pub(crate) const ACTIONS: [&str; 7] = [
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetFederationToken",
    "GetSessionToken",
];

/// The calls that STS has at AWS and not here.
pub(crate) const NOT_HERE: [&str; 4] = [
    "AssumeRoleWithSAML",
    "AssumeRoot",
    "GetDelegatedAccessToken",
    "GetWebIdentityToken",
];

#[cfg(test)]
mod tests;
