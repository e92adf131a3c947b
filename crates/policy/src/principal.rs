//! Whom a statement is about: `Principal` and `NotPrincipal`.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
//!
//! Keeps true: `*` is everybody or nothing; it never stands for a part of a name.

use crate::document::Listed;
use crate::fault::Defect;
use crate::requester::{Account, Requester};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// `*`: everybody, also without a signature.
    Everyone,
    /// An account, by its twelve digits.
    Account(String),
    /// An account, by its canonical id.
    CanonicalUser(String),
    /// A user, a role or a session.
    Arn(String),
    /// What is left in a document when a user or role was removed: its unique id. Nobody is that any more.
    Removed(String),
    /// An identity provider.
    Federated(String),
    /// A service.
    Service(String),
}

/// How directly a statement names a requester: what else has to allow depends on it.
///
/// SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>, the table about
/// policies of resources and implicit denials in other types of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// By the account: that is up to the account's own policies.
    Account,
    /// By the role of a session, or the user behind a federated one: what limits the session still limits it.
    BehindSession,
    /// By itself, or as one of everybody: nothing else has to allow.
    Direct,
}

impl Principal {
    /// Reads an entry below `AWS`.
    pub(crate) fn parse_aws(text: &str) -> Result<Principal, Defect> {
        if text == "*" {
            return Ok(Principal::Everyone);
        }
        if is_account_id(text) {
            return Ok(Principal::Account(text.to_owned()));
        }
        if is_unique_id(text) {
            return Ok(Principal::Removed(text.to_owned()));
        }
        parse_arn(text).ok_or_else(|| invalid("AWS", text))
    }

    /// Reads an entry below one of the names of a principal.
    pub(crate) fn parse(kind: &str, text: &str) -> Result<Principal, Defect> {
        let is_plain = !text.is_empty() && !text.contains(['*', '?', ' ']);
        match kind {
            "AWS" => Principal::parse_aws(text),
            "CanonicalUser" if is_canonical_id(text) => Ok(Principal::CanonicalUser(text.to_owned())),
            "Federated" if is_plain => Ok(Principal::Federated(text.to_owned())),
            "Service" if is_plain && text.contains('.') => Ok(Principal::Service(text.to_owned())),
            _ => Err(invalid(kind, text)),
        }
    }

    /// How this entry reaches a requester, if it does.
    fn reach(&self, requester: &Requester) -> Option<Reach> {
        match self {
            Principal::Everyone => Some(Reach::Direct),
            Principal::Removed(_) => None,
            Principal::Account(id) => account_reach(requester, |account| account.id == *id),
            Principal::CanonicalUser(id) => account_reach(requester, |account| account.canonical_id == *id),
            Principal::Arn(named) => match requester {
                Requester::User { arn, .. } if arn == named => Some(Reach::Direct),
                Requester::RoleSession { session_arn, .. } | Requester::FederatedUser { session_arn, .. }
                    if session_arn == named =>
                {
                    Some(Reach::Direct)
                }
                Requester::RoleSession { role_arn: behind, .. }
                | Requester::FederatedUser { user_arn: behind, .. }
                    if behind == named =>
                {
                    Some(Reach::BehindSession)
                }
                _ => None,
            },
            Principal::Federated(named) => match requester {
                Requester::WebIdentity { provider } if provider == named => Some(Reach::Direct),
                _ => None,
            },
            Principal::Service(named) => match requester {
                Requester::Service { name } if name == named => Some(Reach::Direct),
                _ => None,
            },
        }
    }
}

impl Listed<Principal> {
    /// How the statement reaches a requester, if it does; the most direct way counts.
    pub(crate) fn reach(&self, requester: &Requester) -> Option<Reach> {
        if self.is_negated {
            return (!self.spares(requester)).then_some(Reach::Direct);
        }
        self.entries
            .iter()
            .filter_map(|entry| entry.reach(requester))
            .max()
    }

    /// Whether `NotPrincipal` leaves a requester out.
    ///
    /// SPEC: the account is validated first, then the role, then the session, so each of them has to be listed; a list with
    /// the user alone denies the user's account, and with it the user.
    fn spares(&self, requester: &Requester) -> bool {
        let lists = |is_it: &dyn Fn(&Principal) -> bool| self.entries.iter().any(is_it);
        if lists(&|entry| *entry == Principal::Everyone) {
            return true;
        }
        let Some(account) = requester.account() else {
            return lists(&|entry| entry.reach(requester) == Some(Reach::Direct));
        };
        let has_account = lists(&|entry| match entry {
            Principal::Account(id) => account.id == *id,
            Principal::CanonicalUser(id) => account.canonical_id == *id,
            _ => false,
        });
        let has_itself = lists(&|entry| entry.reach(requester) == Some(Reach::Direct));
        let has_behind = match requester {
            Requester::RoleSession { .. } | Requester::FederatedUser { .. } => {
                lists(&|entry| entry.reach(requester) == Some(Reach::BehindSession))
            }
            _ => true,
        };
        has_account && has_itself && has_behind
    }
}

fn account_reach(requester: &Requester, is_it: impl Fn(&Account) -> bool) -> Option<Reach> {
    let account = requester.account()?;
    is_it(account).then_some(match requester {
        // The root is the account.
        Requester::Root(_) => Reach::Direct,
        _ => Reach::Account,
    })
}

/// `arn:aws:iam::111122223333:root`, a user, a role, or a session; nothing of it may be left open.
fn parse_arn(text: &str) -> Option<Principal> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, resource] = parts.as_slice() else {
        return None;
    };
    if !PARTITIONS.contains(partition) || text.contains(['*', '?', ' ']) {
        return None;
    }
    let is_named = |kinds: &[&str]| {
        let split = resource.split_once('/');
        split.is_some_and(|(kind, name)| kinds.contains(&kind) && !name.is_empty() && !name.ends_with('/'))
    };
    match *service {
        "iam" if is_account_id(account) && *resource == "root" => {
            Some(Principal::Account((*account).to_owned()))
        }
        "iam" if is_account_id(account) && is_named(&["user", "role"]) => {
            Some(Principal::Arn(text.to_owned()))
        }
        "sts" if is_account_id(account) && is_named(&["assumed-role", "federated-user"]) => {
            Some(Principal::Arn(text.to_owned()))
        }
        _ => None,
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_canonical_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `AIDA` and `AROA` begin the unique ids of users and roles.
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn invalid(kind: &str, text: &str) -> Defect {
    Defect::InvalidPrincipal(format!("\"{kind}\":\"{text}\""))
}

/// The partitions of AWS; ours is the first.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

#[cfg(test)]
mod tests {
    use super::{Principal, Reach};
    use crate::document::Listed;
    use crate::requester::{Account, Requester};

    const ROOT: &str = "arn:aws:iam::111122223333:root";
    const USER: &str = "arn:aws:iam::111122223333:user/ada";
    const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/s";

    fn account() -> Account {
        Account {
            id: "111122223333".to_owned(),
            canonical_id: "c".repeat(64),
        }
    }

    fn user() -> Requester {
        Requester::User {
            account: account(),
            arn: USER.to_owned(),
            unique_id: "AIDA1".to_owned(),
        }
    }

    fn session() -> Requester {
        Requester::RoleSession {
            account: account(),
            role_arn: ROLE.to_owned(),
            session_arn: SESSION.to_owned(),
            unique_id: "AROA1:s".to_owned(),
        }
    }

    fn listed(is_negated: bool, entries: &[(&str, &str)]) -> Listed<Principal> {
        let entries = entries
            .iter()
            .map(|(kind, text)| Principal::parse(kind, text).unwrap())
            .collect();
        Listed { is_negated, entries }
    }

    #[test]
    fn only_what_can_be_a_principal_is_one() {
        let canonical = "a".repeat(64);
        for (kind, text) in [
            ("AWS", "*"),
            ("AWS", "111122223333"),
            ("AWS", ROOT),
            ("AWS", USER),
            ("AWS", "arn:aws:iam::111122223333:user/division/ada"),
            ("AWS", ROLE),
            ("AWS", SESSION),
            ("AWS", "arn:aws:sts::111122223333:federated-user/eve"),
            ("AWS", "AIDACKCEVSQ6C2EXAMPLE"),
            ("CanonicalUser", canonical.as_str()),
            ("Federated", "accounts.google.com"),
            (
                "Federated",
                "arn:aws:iam::111122223333:oidc-provider/issuer.example",
            ),
            ("Service", "cloudtrail.amazonaws.com"),
        ] {
            assert!(Principal::parse(kind, text).is_ok(), "{kind} {text}");
        }
        for (kind, text) in [
            ("AWS", ""),
            ("AWS", "ada"),
            ("AWS", "11112222333"),
            ("AWS", "arn:aws:iam::111122223333:user/*"),
            ("AWS", "arn:aws:iam::*:root"),
            ("AWS", "arn:aws:iam::111122223333:group/all"),
            ("AWS", "arn:aws:iam:us-east-1:111122223333:user/ada"),
            ("AWS", "arn:aws:iam::111122223333:user/"),
            ("AWS", "arn:aws:s3:::bucket"),
            ("CanonicalUser", "ada"),
            ("Federated", "*"),
            ("Service", "*"),
            ("Service", "ada"),
            ("aws", USER),
            ("User", USER),
        ] {
            assert!(Principal::parse(kind, text).is_err(), "{kind} {text}");
        }
    }

    #[test]
    fn the_most_direct_way_counts() {
        let check = |entries: &[(&str, &str)], requester: &Requester, expected: Option<Reach>| {
            let reach = listed(false, entries).reach(requester);
            assert_eq!(reach, expected, "{entries:?} {requester:?}");
        };
        let root = Requester::Root(account());
        let canonical = account().canonical_id;
        for everyone in [user(), session(), root.clone(), Requester::Anonymous] {
            check(&[("AWS", "*")], &everyone, Some(Reach::Direct));
        }
        check(&[("AWS", ROOT)], &user(), Some(Reach::Account));
        check(&[("AWS", "111122223333")], &session(), Some(Reach::Account));
        check(&[("CanonicalUser", &canonical)], &user(), Some(Reach::Account));
        check(&[("AWS", ROOT)], &root, Some(Reach::Direct));
        check(&[("AWS", ROOT)], &Requester::Anonymous, None);
        check(&[("AWS", "999999999999")], &user(), None);
        check(&[("AWS", USER)], &user(), Some(Reach::Direct));
        check(&[("AWS", ROOT), ("AWS", USER)], &user(), Some(Reach::Direct));
        check(&[("AWS", ROLE)], &session(), Some(Reach::BehindSession));
        check(&[("AWS", SESSION)], &session(), Some(Reach::Direct));
        check(&[("AWS", USER)], &session(), None);
        check(&[("AWS", USER)], &root, None);
        let service = Requester::Service {
            name: "logs.example.com".to_owned(),
        };
        check(&[("Service", "logs.example.com")], &service, Some(Reach::Direct));
        check(&[("Service", "logs.example.com")], &user(), None);
        let provider = Requester::WebIdentity {
            provider: "idp.example".to_owned(),
        };
        check(&[("Federated", "idp.example")], &provider, Some(Reach::Direct));
    }

    #[test]
    fn not_principal_spares_whom_it_lists_with_everything_behind_them() {
        let check = |entries: &[(&str, &str)], requester: &Requester, is_spared: bool| {
            let reach = listed(true, entries).reach(requester);
            assert_eq!(reach.is_none(), is_spared, "{entries:?} {requester:?}");
        };
        check(&[("AWS", USER)], &user(), false);
        check(&[("AWS", ROOT)], &user(), false);
        check(&[("AWS", USER), ("AWS", ROOT)], &user(), true);
        check(&[("AWS", SESSION), ("AWS", ROLE)], &session(), false);
        check(&[("AWS", ROLE), ("AWS", ROOT)], &session(), false);
        check(
            &[("AWS", SESSION), ("AWS", ROLE), ("AWS", ROOT)],
            &session(),
            true,
        );
        check(&[("AWS", ROOT)], &Requester::Root(account()), true);
        check(&[("AWS", ROOT)], &Requester::Anonymous, false);
        check(&[("AWS", "*")], &Requester::Anonymous, true);
    }
}
