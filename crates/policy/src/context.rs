//! What is known of a request when it is decided: who, what, on what, and the keys that conditions ask about.
//!
//! Not here: where the values come from. Whoever builds a context has verified the signature and looked at the bucket.
//!
//! Keeps true: who the requester is stands in the keys because [`Context::new`] put it there, and what a client says of itself
//! ([`Keys::claim`]) reaches no key whose value is the server's to know.

use std::collections::BTreeMap;

use crate::requester::Requester;

/// One question: may this requester do this?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub(crate) requester: Requester,
    pub(crate) action: String,
    /// The same in lower case, which every statement asks for.
    pub(crate) action_in_lower_case: String,
    pub(crate) resource: String,
    pub(crate) resource_account: String,
    /// What conditions and variables ask about.
    pub keys: Keys,
}

impl Context {
    /// A question, with the keys that say who asks.
    ///
    /// `action` is like `s3:GetObject`, `resource` an ARN, and `resource_account` the account that owns it, twelve digits.
    pub fn new(requester: Requester, action: &str, resource: &str, resource_account: &str) -> Context {
        let mut keys = Keys::default();
        requester.tell(&mut keys);
        Context {
            requester,
            action: action.to_owned(),
            action_in_lower_case: action.to_ascii_lowercase(),
            resource: resource.to_owned(),
            resource_account: resource_account.to_owned(),
            keys,
        }
    }

    /// Makes it the question about another action or resource, with the same keys.
    pub fn ask(&mut self, action: &str, resource: &str, resource_account: &str) {
        self.action = action.to_owned();
        self.action_in_lower_case = action.to_ascii_lowercase();
        self.resource = resource.to_owned();
        self.resource_account = resource_account.to_owned();
    }

    /// Who asks.
    pub fn requester(&self) -> &Requester {
        &self.requester
    }

    /// What is asked for, like `s3:GetObject`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The ARN of what it is asked for.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The account that owns what it is asked for.
    pub fn resource_account(&self) -> &str {
        &self.resource_account
    }

    /// Whether requester and resource belong to one account. Nobody and services belong to none.
    pub fn is_own_account(&self) -> bool {
        self.requester
            .account()
            .is_some_and(|account| account.id == self.resource_account)
    }
}

/// Condition keys and their values. Names are compared without regard to case; a key may have several values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    values: BTreeMap<String, Vec<String>>,
}

impl Keys {
    /// Sets a key to what the server knows, in place of what it was.
    pub fn set<I>(&mut self, key: &str, values: I)
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let values = values.into_iter().map(Into::into).collect();
        self.values.insert(key.to_ascii_lowercase(), values);
    }

    /// Sets a key to what the client says, in a header or a parameter, if it is one of those that are the client's to say.
    ///
    /// Answers whether it was. A header that is called like a key of the server's would otherwise decide who somebody is.
    pub fn claim<I>(&mut self, key: &str, values: I) -> bool
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let may = is_claimable(&key.to_ascii_lowercase());
        if may {
            self.set(key, values);
        }
        may
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        self.values.remove(&key.to_ascii_lowercase());
    }

    /// The values of a key; none if the request has no such key.
    pub fn values(&self, key: &str) -> &[String] {
        // Keys of a parsed policy are in lower case already.
        let found = match self.values.get(key) {
            None => self.values.get(&key.to_ascii_lowercase()),
            found => found,
        };
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// All keys, in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// The value of a key that has exactly one: only such a key can stand in a variable.
    pub(crate) fn single(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// SPEC: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>, those keys whose values are
/// request headers or parameters, and the two global ones that are.
fn is_claimable(key: &str) -> bool {
    const CLAIMED: &[&str] = &[
        "aws:referer",
        "aws:tagkeys",
        "aws:useragent",
        "s3:delimiter",
        "s3:if-match",
        "s3:if-none-match",
        "s3:locationconstraint",
        "s3:max-keys",
        "s3:object-lock-legal-hold",
        "s3:object-lock-mode",
        "s3:object-lock-remaining-retention-days",
        "s3:object-lock-retain-until-date",
        "s3:prefix",
        "s3:requestobjecttagkeys",
        "s3:versionid",
    ];
    const CLAIMED_PREFIXES: &[&str] = &["aws:requesttag/", "s3:requestobjecttag/", "s3:x-amz-"];
    CLAIMED.contains(&key) || CLAIMED_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{Context, Keys};
    use crate::requester::{Account, Requester};

    #[test]
    fn names_of_keys_have_no_case() {
        let mut keys = Keys::default();
        keys.set("AWS:SourceIp", ["192.0.2.1"]);
        for name in ["aws:sourceip", "aws:SourceIp", "AWS:SOURCEIP"] {
            assert_eq!(keys.values(name), ["192.0.2.1"], "{name}");
        }
        assert!(keys.values("aws:SourceVpc").is_empty());
        let all: Vec<_> = keys.iter().collect();
        assert_eq!(all, [("aws:sourceip", &["192.0.2.1".to_owned()][..])]);
    }

    #[test]
    fn a_client_cannot_say_what_the_server_knows() {
        let account = Account {
            id: "111122223333".to_owned(),
            canonical_id: "c1".to_owned(),
        };
        let user = Requester::User {
            account,
            arn: "arn:aws:iam::111122223333:user/ada".to_owned(),
            unique_id: "AIDA1".to_owned(),
        };
        let mut context = Context::new(user, "s3:GetObject", "arn:aws:s3:::b/k", "111122223333");
        let before = context.keys.clone();
        for key in [
            "aws:username",
            "AWS:UserId",
            "aws:SourceIp",
            "aws:PrincipalArn",
            "aws:PrincipalTag/team",
            "aws:CurrentTime",
            "aws:SecureTransport",
            "aws:MultiFactorAuthPresent",
            "s3:ExistingObjectTag/a",
            "s3:signatureversion",
            "s3:authType",
            "s3:ResourceAccount",
        ] {
            assert!(!context.keys.claim(key, ["root"]), "{key}");
        }
        assert_eq!(context.keys, before);
        for key in [
            "s3:prefix",
            "s3:x-amz-acl",
            "aws:UserAgent",
            "aws:RequestTag/a",
            "s3:VersionId",
        ] {
            assert!(context.keys.claim(key, ["x"]), "{key}");
            assert_eq!(context.keys.values(key), ["x"]);
        }
    }

    #[test]
    fn another_question_is_asked_with_the_same_keys() {
        let mut context = Context::new(
            Requester::Anonymous,
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            "111122223333",
        );
        context.keys.set("s3:versionid", ["null"]);
        let before = context.keys.clone();
        context.ask("S3:PutObject", "arn:aws:s3:::c/l", "999988887777");
        let expected = Context::new(
            Requester::Anonymous,
            "S3:PutObject",
            "arn:aws:s3:::c/l",
            "999988887777",
        );
        assert_eq!(
            (context.action(), context.resource()),
            (expected.action(), expected.resource())
        );
        assert_eq!(context.action_in_lower_case, expected.action_in_lower_case);
        assert_eq!(context.resource_account, "999988887777");
        assert_eq!(context.keys, before);
        context.keys.remove("S3:VersionId");
        assert!(context.keys.values("s3:versionid").is_empty());
    }

    #[test]
    fn only_one_value_can_stand_in_a_variable() {
        let mut keys = Keys::default();
        keys.set("a:one", ["x"]);
        keys.set("a:two", ["x", "y"]);
        keys.set("a:none", [""; 0]);
        assert_eq!(keys.single("a:one"), Some("x"));
        assert_eq!(keys.single("a:two"), None);
        assert_eq!(keys.single("a:none"), None);
    }
}
