//! What credentials of each kind may not call, whatever policies say.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>.
//!
//! Not here: what policies say.

use countersign_identity::{Principal, Resolved};
use countersign_protocol::query::{Call, QueryCode};
use countersign_types::sts;

use super::told::Told;

/// The kinds of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of the root of an account.
    Root,
    /// Of a user.
    User,
    /// That a user or a root asked `GetSessionToken` for.
    SessionToken,
    /// Of a role.
    Role,
    /// That somebody asked `GetFederationToken` for.
    Federation,
}

/// Whether a call may come without a signature: its token says who calls.
pub(super) fn may_be_unsigned(call: &Call) -> bool {
    matches!(call, Call::Sts(sts::Call::AssumeRoleWithWebIdentity { .. }))
}

/// Refuses what the kind of the credentials rules out.
pub(super) fn check(resolved: &Resolved, call: &Call) -> Result<(), Told> {
    let has_session = resolved.session.is_some();
    let kind = match &resolved.principal {
        Principal::Root(_) | Principal::User(_) if has_session => Kind::SessionToken,
        Principal::Root(_) => Kind::Root,
        Principal::User(_) => Kind::User,
        Principal::RoleSession(_) => Kind::Role,
        Principal::FederatedUser(_) => Kind::Federation,
        // Nobody has no credentials.
        Principal::Anonymous => return Ok(()),
    };
    refusal(kind, call).map_or(Ok(()), Err)
}

fn refusal(kind: Kind, call: &Call) -> Option<Told> {
    let denied = |message: String| Some(Told::new(QueryCode::AccessDenied, message));
    let cannot = || denied(format!("Cannot call {} with session credentials", call.action()));
    let call = match call {
        Call::Iam(_) => {
            return match kind {
                Kind::Root | Kind::User | Kind::Role => None,
                Kind::SessionToken | Kind::Federation => Some(Told::new(
                    QueryCode::InvalidClientTokenId,
                    "The security token included in the request is invalid",
                )),
            };
        }
        Call::Sts(call) => call,
    };
    match call {
        // Of whom one is, everybody may know. A token of somebody else speaks for itself.
        sts::Call::GetCallerIdentity | sts::Call::AssumeRoleWithWebIdentity { .. } => None,
        sts::Call::AssumeRole { .. } => match kind {
            Kind::User | Kind::SessionToken | Kind::Role => None,
            Kind::Root => denied("Roles may not be assumed by root accounts.".to_owned()),
            Kind::Federation => cannot(),
        },
        sts::Call::GetSessionToken { .. } | sts::Call::GetFederationToken { .. } => match kind {
            Kind::Root | Kind::User => None,
            Kind::SessionToken | Kind::Role | Kind::Federation => cannot(),
        },
        sts::Call::GetAccessKeyInfo { .. } | sts::Call::DecodeAuthorizationMessage { .. } => match kind {
            Kind::Root | Kind::User | Kind::Role => None,
            Kind::SessionToken | Kind::Federation => cannot(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::query::{self, Parameters, Service};

    fn call(service: Service, form: &str) -> Call {
        let whole = format!("Version={}&Action={form}", service.version());
        let parameters = Parameters::read(None, whole.as_bytes()).expect("parameters");
        query::parse(service, parameters).expect("a call")
    }

    #[test]
    fn kinds_of_credentials_have_their_calls() {
        const KINDS: [Kind; 5] = [
            Kind::Root,
            Kind::User,
            Kind::SessionToken,
            Kind::Role,
            Kind::Federation,
        ];
        let check = |call: Call, expected: [bool; 5]| {
            let may = KINDS.map(|kind| refusal(kind, &call).is_none());
            assert_eq!(may, expected, "{}", call.name());
        };
        let sts = |form: &str| call(Service::Sts, form);
        check(call(Service::Iam, "GetUser"), [true, true, false, true, false]);
        check(sts("GetCallerIdentity"), [true; 5]);
        check(
            sts("AssumeRole&RoleArn=r&RoleSessionName=s"),
            [false, true, true, true, false],
        );
        check(
            sts("AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t"),
            [true; 5],
        );
        check(sts("GetSessionToken"), [true, true, false, false, false]);
        check(
            sts("GetFederationToken&Name=n"),
            [true, true, false, false, false],
        );
        check(
            sts("GetAccessKeyInfo&AccessKeyId=a"),
            [true, true, false, true, false],
        );
        check(
            sts("DecodeAuthorizationMessage&EncodedMessage=m"),
            [true, true, false, true, false],
        );
    }

    #[test]
    fn only_a_token_of_a_provider_stands_for_a_signature() {
        let unsigned = "AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t";
        assert!(may_be_unsigned(&call(Service::Sts, unsigned)));
        for form in ["GetCallerIdentity", "AssumeRole&RoleArn=r&RoleSessionName=s"] {
            assert!(!may_be_unsigned(&call(Service::Sts, form)), "{form}");
        }
        assert!(!may_be_unsigned(&call(Service::Iam, "GetUser")));
    }
}
