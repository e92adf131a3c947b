//! Who makes a request, as policies name them.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> for the kinds, and the table of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html> for the keys that each fills.
//!
//! Not here: looking anybody up. Temporary credentials of a user (`GetSessionToken`) are that user.

use crate::context::Keys;

/// The account of a requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// 64 hex digits; how ACLs and `CanonicalUser` name it.
    pub canonical_id: String,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requester {
    /// A request without a signature.
    Anonymous,
    /// The root of an account.
    Root(Account),
    /// A user of an account.
    User {
        /// The account.
        account: Account,
        /// `arn:aws:iam::111122223333:user/path/name`.
        arn: String,
        /// `AIDA...`.
        unique_id: String,
    },
    /// Somebody who assumed a role.
    RoleSession {
        /// The account of the role.
        account: Account,
        /// `arn:aws:iam::111122223333:role/path/name`.
        role_arn: String,
        /// `arn:aws:sts::111122223333:assumed-role/name/session`.
        session_arn: String,
        /// `AROA...:session`.
        unique_id: String,
    },
    /// Somebody for whom a user asked `GetFederationToken`.
    FederatedUser {
        /// The account of the user.
        account: Account,
        /// The user who asked.
        user_arn: String,
        /// `arn:aws:sts::111122223333:federated-user/name`.
        session_arn: String,
        /// `111122223333:name`.
        unique_id: String,
    },
    /// Somebody whom an identity provider vouches for, before a role is assumed.
    WebIdentity {
        /// How a trust policy names the provider under `Federated`.
        provider: String,
    },
    /// A service, like `cloudtrail.amazonaws.com`.
    Service {
        /// How a policy names it under `Service`.
        name: String,
    },
}

impl Requester {
    /// The account it belongs to, if to any.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Requester::Root(account)
            | Requester::User { account, .. }
            | Requester::RoleSession { account, .. }
            | Requester::FederatedUser { account, .. } => Some(account),
            Requester::Anonymous | Requester::WebIdentity { .. } | Requester::Service { .. } => None,
        }
    }

    /// How a denial calls it: an ARN, where there is one.
    pub fn name(&self) -> String {
        match self {
            Requester::Anonymous => "anonymous".to_owned(),
            Requester::Root(account) => root_arn(account),
            Requester::User { arn, .. } => arn.clone(),
            Requester::RoleSession { session_arn, .. } | Requester::FederatedUser { session_arn, .. } => {
                session_arn.clone()
            }
            Requester::WebIdentity { provider } => provider.clone(),
            Requester::Service { name } => name.clone(),
        }
    }

    /// Sets the keys that say who it is.
    pub(crate) fn tell(&self, keys: &mut Keys) {
        if let Some(account) = self.account() {
            keys.set("aws:PrincipalAccount", [account.id.as_str()]);
        }
        keys.set(
            "aws:PrincipalIsAWSService",
            [matches!(self, Requester::Service { .. }).to_string()],
        );
        match self {
            Requester::Anonymous => keys.set("aws:PrincipalType", ["Anonymous"]),
            Requester::Root(account) => {
                keys.set("aws:PrincipalType", ["Account"]);
                keys.set("aws:PrincipalArn", [root_arn(account)]);
                keys.set("aws:userid", [account.id.as_str()]);
            }
            Requester::User { arn, unique_id, .. } => {
                keys.set("aws:PrincipalType", ["User"]);
                keys.set("aws:PrincipalArn", [arn.as_str()]);
                keys.set("aws:userid", [unique_id.as_str()]);
                // The friendly name: the path is no part of it.
                keys.set("aws:username", arn.rsplit('/').next());
            }
            Requester::RoleSession {
                role_arn, unique_id, ..
            } => {
                keys.set("aws:PrincipalType", ["AssumedRole"]);
                // Of a session, this is the role.
                keys.set("aws:PrincipalArn", [role_arn.as_str()]);
                keys.set("aws:userid", [unique_id.as_str()]);
            }
            Requester::FederatedUser {
                session_arn,
                unique_id,
                ..
            } => {
                keys.set("aws:PrincipalType", ["FederatedUser"]);
                keys.set("aws:PrincipalArn", [session_arn.as_str()]);
                keys.set("aws:userid", [unique_id.as_str()]);
            }
            Requester::WebIdentity { provider } => keys.set("aws:FederatedProvider", [provider.as_str()]),
            Requester::Service { name } => keys.set("aws:PrincipalServiceName", [name.as_str()]),
        }
    }
}

/// `arn:aws:iam::111122223333:root`.
pub(crate) fn root_arn(account: &Account) -> String {
    format!("arn:aws:iam::{}:root", account.id)
}

#[cfg(test)]
mod tests {
    use super::{Account, Requester};
    use crate::context::Keys;

    #[test]
    fn each_kind_of_requester_fills_its_keys() {
        let account = || Account {
            id: "111122223333".to_owned(),
            canonical_id: "c".to_owned(),
        };
        #[track_caller]
        fn check(requester: &Requester, expected: [&str; 4]) {
            let mut keys = Keys::default();
            requester.tell(&mut keys);
            let names = [
                "aws:PrincipalType",
                "aws:PrincipalArn",
                "aws:userid",
                "aws:username",
            ];
            let found = names.map(|name| keys.single(name).unwrap_or("-"));
            assert_eq!(found, expected, "{requester:?}");
        }
        check(&Requester::Anonymous, ["Anonymous", "-", "-", "-"]);
        let root = "arn:aws:iam::111122223333:root";
        check(
            &Requester::Root(account()),
            ["Account", root, "111122223333", "-"],
        );
        let user = "arn:aws:iam::111122223333:user/division/ada";
        check(
            &Requester::User {
                account: account(),
                arn: user.to_owned(),
                unique_id: "AIDA1".to_owned(),
            },
            ["User", user, "AIDA1", "ada"],
        );
        let role = "arn:aws:iam::111122223333:role/reader";
        check(
            &Requester::RoleSession {
                account: account(),
                role_arn: role.to_owned(),
                session_arn: "arn:aws:sts::111122223333:assumed-role/reader/s".to_owned(),
                unique_id: "AROA1:s".to_owned(),
            },
            ["AssumedRole", role, "AROA1:s", "-"],
        );
        let session = "arn:aws:sts::111122223333:federated-user/eve";
        check(
            &Requester::FederatedUser {
                account: account(),
                user_arn: user.to_owned(),
                session_arn: session.to_owned(),
                unique_id: "111122223333:eve".to_owned(),
            },
            ["FederatedUser", session, "111122223333:eve", "-"],
        );
    }
}
