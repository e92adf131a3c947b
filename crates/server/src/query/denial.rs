//! What a denial tells to whom: AWS's sentence to everybody, the whole decision sealed beside it.
//!
//! The sealed part is for whoever may call `DecodeAuthorizationMessage` in the account that was asked, so that an administrator can
//! say why, and a caller who may not know it cannot.
//!
//! Not here: sealing, and deciding.

use countersign_policy::{Context, Denial, Found, PolicyType, Reason};
use serde_json::{Value, json};

use crate::explain::unmet_json;

/// The sentence. Of roles that somebody would assume nothing more is told: whether they are there, and what they trust, is not theirs to
/// know.
pub(super) fn sentence(denial: &Denial) -> String {
    let Denial {
        requester,
        action,
        resource,
        ..
    } = denial;
    match is_about_role(denial) {
        true => format!("User: {requester} is not authorized to perform: {action} on resource: {resource}"),
        false => denial.told(),
    }
}

/// Whether somebody wanted to be a role, or to say what a session of it is for.
pub(super) fn is_about_role(denial: &Denial) -> bool {
    denial.action.starts_with("sts:") && denial.resource.contains(":role/")
}

/// The decision, in the form that AWS decodes such messages to.
///
/// SPEC: <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>.
pub(super) fn document(context: &Context, denial: &Denial) -> String {
    // Whoever decodes it is of the account that was asked. What the caller's own account wrote is not theirs to read.
    let is_readable = |policy_type: PolicyType| match policy_type {
        PolicyType::Identity | PolicyType::Boundary | PolicyType::Session => context.is_own_account(),
        PolicyType::Resource | PolicyType::RoleTrust => true,
    };
    let (is_explicit, matched, lacking) = match &denial.reason {
        Reason::ExplicitDeny(found) if !is_readable(found.policy_type) => (true, Vec::new(), Vec::new()),
        Reason::ExplicitDeny(found) => (true, vec![statement(found)], Vec::new()),
        Reason::NoAllow(policy_type) => (false, Vec::new(), vec![lacking(*policy_type)]),
        Reason::NoGrant => (false, Vec::new(), Vec::new()),
        Reason::PublicAccessRestricted => (true, Vec::new(), Vec::new()),
    };
    let mut bytes = 0;
    let conditions: Vec<Value> = context
        .keys
        .iter()
        .take_while(|(name, values)| {
            bytes += name.len() + values.iter().map(String::len).sum::<usize>();
            bytes <= CONDITION_BYTES_MAX
        })
        .map(|(name, values)| {
            let values: Vec<Value> = values.iter().map(|value| json!({ "value": value })).collect();
            json!({ "key": name, "values": { "items": values } })
        })
        .collect();
    let unmet: Vec<Value> = denial
        .unmet
        .iter()
        .filter(|unmet| is_readable(unmet.statement.policy_type) && unmet.key.len() <= KEY_BYTES_MAX)
        .map(unmet_json)
        .collect();
    let document = json!({
        "allowed": false,
        "explicitDeny": is_explicit,
        "matchedStatements": { "items": matched },
        "failures": { "items": lacking },
        "unmetConditions": { "items": unmet },
        "context": {
            "principal": { "arn": denial.requester },
            "action": denial.action,
            "resource": denial.resource,
            "conditions": { "items": conditions },
        },
    });
    document.to_string()
}

fn statement(found: &Found) -> Value {
    json!({
        "statementId": found.sid.as_deref().unwrap_or_default(),
        "effect": "DENY",
        "policy": found.policy,
        "policyType": found.policy_type.to_string(),
        // People count from one.
        "statement": found.statement + 1,
    })
}

fn lacking(policy_type: PolicyType) -> Value {
    json!({ "policyType": policy_type.to_string(), "reason": "no statement of such a policy allows it" })
}

/// Most bytes of names and values of keys, so that the message can be sent back: a client may send long ones.
const CONDITION_BYTES_MAX: usize = 4096;
/// Longest name of a key in a condition that did not hold. The longest that AWS has, with the key of a tag, is half of it.
const KEY_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_policy::{Account, Attached, Decision, Document, Kind, Policies, Requester, evaluate};

    fn ada() -> Requester {
        Requester::User {
            account: Account {
                id: "111122223333".to_owned(),
                canonical_id: "c1".to_owned(),
            },
            arn: "arn:aws:iam::111122223333:user/ada".to_owned(),
            unique_id: "AIDA1".to_owned(),
        }
    }

    fn denied(context: &Context, policy: &str) -> Denial {
        let document = Document::parse(Kind::Inline, policy.as_bytes()).expect("a policy");
        let identity = [Attached {
            name: "user/ada/p",
            document: &document,
        }];
        let policies = Policies {
            identity: &identity,
            ..Policies::default()
        };
        match evaluate(context, &policies) {
            Decision::Denied(denial) => *denial,
            Decision::Allowed(grant) => unreachable!("{grant:?}"),
        }
    }

    const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"NoUsers","Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
    const OTHER: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

    #[test]
    fn a_decision_says_which_statement_it_was() {
        let resource = "arn:aws:iam::111122223333:user/bob";
        let mut context = Context::new(ada(), "iam:CreateUser", resource, "111122223333");
        context.keys.set("aws:SourceIp", ["192.0.2.1"]);
        let denial = denied(&context, DENIES);
        assert_eq!(
            sentence(&denial),
            "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: iam:CreateUser on resource: \
             arn:aws:iam::111122223333:user/bob with an explicit deny in an identity-based policy"
        );
        let told: Value = serde_json::from_str(&document(&context, &denial)).expect("JSON");
        let at = |pointer: &str| told.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/allowed"), false);
        assert_eq!(at("/explicitDeny"), true);
        assert_eq!(at("/matchedStatements/items/0/statementId"), "NoUsers");
        assert_eq!(at("/matchedStatements/items/0/policy"), "user/ada/p");
        assert_eq!(at("/matchedStatements/items/0/statement"), 2);
        assert_eq!(at("/context/action"), "iam:CreateUser");
        assert_eq!(at("/context/resource"), resource);
        let conditions = at("/context/conditions/items").to_string();
        assert!(conditions.contains(r#"{"key":"aws:sourceip","values":{"items":[{"value":"192.0.2.1"}]}}"#));

        let denial = denied(&context, OTHER);
        let told: Value = serde_json::from_str(&document(&context, &denial)).expect("JSON");
        let at = |pointer: &str| told.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/explicitDeny"), false);
        assert_eq!(at("/failures/items/0/policyType"), "identity-based policy");
    }

    #[test]
    fn a_condition_that_did_not_hold_is_named_to_those_whose_policy_it_is() {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*",
            "Condition":{"StringEquals":{"aws:RequestTag/team":"blue"},"Bool":{"aws:SecureTransport":"true"}}}}"#;
        for (account, is_told) in [("111122223333", true), ("999988887777", false)] {
            let resource = format!("arn:aws:iam::{account}:user/bob");
            let mut context = Context::new(ada(), "iam:CreateUser", &resource, account);
            context.keys.set("aws:SecureTransport", ["false"]);
            let denial = denied(&context, policy);
            assert_eq!(denial.unmet.len(), 2);
            let told: Value = serde_json::from_str(&document(&context, &denial)).expect("JSON");
            let expected = json!([
                {"policyType": "identity-based policy", "policy": "user/ada/p", "statement": 1, "sid": null,
                 "operator": "Bool", "key": "aws:securetransport", "hasKey": true},
                {"policyType": "identity-based policy", "policy": "user/ada/p", "statement": 1, "sid": null,
                 "operator": "StringEquals", "key": "aws:requesttag/team", "hasKey": false},
            ]);
            let expected = if is_told { expected } else { json!([]) };
            assert_eq!(
                told.pointer("/unmetConditions/items"),
                Some(&expected),
                "{account}"
            );
        }
    }

    #[test]
    fn what_another_account_wrote_is_not_told() {
        let mut context = Context::new(ada(), "iam:CreateUser", "*", "999988887777");
        context.keys.set("aws:SourceIp", ["192.0.2.1"]);
        let told = document(&context, &denied(&context, DENIES));
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(told.pointer("/explicitDeny"), Some(&json!(true)));
        assert_eq!(told.pointer("/matchedStatements/items"), Some(&json!([])));
    }

    #[test]
    fn the_name_of_a_key_does_not_make_the_message_long() {
        let policy = |key: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:*","Resource":"*",
                "Condition":{{"StringEquals":{{"aws:RequestTag/{key}":"blue"}}}}}}}}"#
            )
        };
        let context = Context::new(ada(), "iam:CreateUser", "*", "111122223333");
        let begins = "aws:requesttag/".len();
        for (length, is_told) in [
            (KEY_BYTES_MAX - begins, true),
            (KEY_BYTES_MAX - begins + 1, false),
        ] {
            let told = document(&context, &denied(&context, &policy(&"k".repeat(length))));
            assert_eq!(told.contains("aws:requesttag/k"), is_told, "{length}");
        }
    }

    #[test]
    fn of_a_role_that_is_not_given_nothing_is_told() {
        let role = "arn:aws:iam::111122223333:role/r";
        for account in ["111122223333", "999988887777"] {
            let context = Context::new(ada(), "sts:AssumeRole", role, account);
            assert_eq!(
                sentence(&denied(&context, OTHER)),
                "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: sts:AssumeRole on resource: \
                 arn:aws:iam::111122223333:role/r"
            );
        }
    }

    #[test]
    fn long_keys_do_not_make_the_message_long() {
        let mut context = Context::new(ada(), "iam:CreateUser", "*", "111122223333");
        context
            .keys
            .set("aws:UserAgent", ["x".repeat(CONDITION_BYTES_MAX)]);
        let denial = denied(&context, OTHER);
        assert!(document(&context, &denial).len() < 2 * CONDITION_BYTES_MAX);
    }
}
