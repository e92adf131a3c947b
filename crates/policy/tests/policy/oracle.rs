//! Another implementation of the language decides random requests by random documents, and agrees.
//!
//! Where it does not, the difference is one of [`KNOWN`], each with what AWS's documentation says about it. Not here: what only one of
//! the two has (sets of values, policies of resources, boundaries); the tables of the other tests hold that.

use countersign_policy::{
    Account, Attached, Context, Decision, Document, Kind, Policies, Reason, Requester, evaluate,
};
use iam_rs::{Arn, ContextValue, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId};
use proptest::prelude::*;

const ACCOUNT: &str = "111122223333";
const ADA: &str = "arn:aws:iam::111122223333:user/ada";

/// A condition as JSON: an operator, a key, and values.
#[derive(Clone, Debug)]
struct Condition {
    operator: String,
    key: &'static str,
    values: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Statement {
    effect: &'static str,
    actions: (&'static str, Vec<&'static str>),
    resources: (&'static str, Vec<&'static str>),
    condition: Option<Condition>,
}

/// A request: an action, a resource, and keys that are there.
#[derive(Clone, Debug)]
struct Asked {
    action: &'static str,
    resource: &'static str,
    keys: Vec<(&'static str, &'static str)>,
}

const ACTIONS: [&str; 8] = [
    "s3:GetObject",
    "s3:Get*",
    "s3:*",
    "*",
    "s3:PutObject",
    "s3:?utObject",
    "iam:*",
    "s3:*Object",
];
const RESOURCES: [&str; 8] = [
    "*",
    "arn:aws:s3:::photos/*",
    "arn:aws:s3:::photos/a.jpg",
    "arn:aws:s3:::photos",
    "arn:aws:s3:::*",
    "arn:aws:s3:::ph?tos/a*",
    "arn:aws:s3:::photos/${aws:username}/*",
    "arn:aws:s3:::videos/*",
];

/// Keys, the operators that fit them, and values of requests and of policies.
type Family = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);
const FAMILIES: [Family; 6] = [
    (
        "s3:prefix",
        &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        &["home/", "home/ada/1", "Home/", ""],
        &["home/", "home/*", "home/${aws:username}/*", "h?me/", ""],
    ),
    (
        "s3:max-keys",
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        &["10", "9.5", "-1"],
        &["10", "9", "100"],
    ),
    (
        "aws:CurrentTime",
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        &["2026-11-25T00:00:00Z", "2020-01-01T00:00:00Z"],
        &["2026-11-25T00:00:00Z", "2025-01-01T12:00:00Z"],
    ),
    (
        "aws:SecureTransport",
        &["Bool"],
        &["true", "false"],
        &["true", "false"],
    ),
    (
        "aws:SourceIp",
        &["IpAddress", "NotIpAddress"],
        &["192.0.2.7", "203.0.113.9", "2001:db8::1"],
        &["192.0.2.0/24", "203.0.113.9", "2001:db8::/32"],
    ),
    (
        "aws:SourceArn",
        &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        &["arn:aws:sns:us-east-1:111122223333:topic", "arn:aws:s3:::photos"],
        &[
            "arn:aws:sns:us-east-1:111122223333:topic",
            "arn:aws:sns:*:111122223333:*",
            "arn:aws:s3:::photos",
        ],
    ),
];

fn one_or_two(from: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(from, 1..=2)
}

fn condition() -> impl Strategy<Value = Condition> {
    let family = prop::sample::select(&FAMILIES[..]);
    let family = family.prop_flat_map(|(key, operators, _, values)| {
        (
            Just(key),
            prop::sample::select(operators),
            prop::sample::subsequence(values, 1..=2.min(values.len())),
            0..8u8,
        )
    });
    family.prop_map(|(key, operator, values, kind)| match kind {
        0 | 1 => Condition {
            operator: format!("{operator}IfExists"),
            key,
            values,
        },
        2 => Condition {
            operator: "Null".to_owned(),
            key,
            values: vec!["true"],
        },
        3 => Condition {
            operator: "Null".to_owned(),
            key,
            values: vec!["false"],
        },
        _ => Condition {
            operator: operator.to_owned(),
            key,
            values,
        },
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let listed = |name, not, from: &'static [&'static str]| {
        (
            prop::sample::select(vec![name, name, name, not]),
            one_or_two(from),
        )
    };
    (
        prop::sample::select(vec!["Allow", "Allow", "Deny"]),
        listed("Action", "NotAction", &ACTIONS),
        listed("Resource", "NotResource", &RESOURCES),
        prop::option::of(condition()),
    )
        .prop_map(|(effect, actions, resources, condition)| Statement {
            effect,
            actions,
            resources,
            condition,
        })
}

fn asked() -> impl Strategy<Value = Asked> {
    let keys: Vec<_> = FAMILIES
        .iter()
        .map(|(key, _, values, _)| {
            prop::option::weighted(0.7, prop::sample::select(*values))
                .prop_map(move |value| value.map(|value| (*key, value)))
        })
        .collect();
    (
        prop::sample::select(vec![
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListBucket",
            "iam:GetUser",
        ]),
        prop::sample::select(vec![
            "arn:aws:s3:::photos/a.jpg",
            "arn:aws:s3:::photos/ada/1.jpg",
            "arn:aws:s3:::photos",
            "arn:aws:s3:::videos/a/b",
        ]),
        keys,
    )
        .prop_map(|(action, resource, keys)| Asked {
            action,
            resource,
            keys: keys.into_iter().flatten().collect(),
        })
}

fn texts(values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("[{}]", values.join(", "))
}

fn document(statements: &[Statement]) -> String {
    let statements: Vec<String> = statements
        .iter()
        .map(
            |Statement {
                 effect,
                 actions,
                 resources,
                 condition,
             }| {
                let condition = condition.as_ref().map(
                    |Condition {
                         operator,
                         key,
                         values,
                     }| {
                        format!(
                            r#", "Condition": {{"{operator}": {{"{key}": {}}}}}"#,
                            texts(values)
                        )
                    },
                );
                format!(
                    r#"{{"Effect": "{effect}", "{}": {}, "{}": {}{}}}"#,
                    actions.0,
                    texts(&actions.1),
                    resources.0,
                    texts(&resources.1),
                    condition.unwrap_or_default()
                )
            },
        )
        .collect();
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
        statements.join(", ")
    )
}

fn ours(text: &str, asked: &Asked) -> iam_rs::Decision {
    let document = Document::parse(Kind::Inline, text.as_bytes()).expect(text);
    let ada = Requester::User {
        account: Account {
            id: ACCOUNT.to_owned(),
            canonical_id: "c".repeat(64),
        },
        arn: ADA.to_owned(),
        unique_id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
    };
    let mut context = Context::new(ada, asked.action, asked.resource, ACCOUNT);
    for (key, value) in &asked.keys {
        context.keys.set(key, [*value]);
    }
    let identity = [Attached {
        name: "p",
        document: &document,
    }];
    let policies = Policies {
        identity: &identity,
        ..Policies::default()
    };
    match evaluate(&context, &policies) {
        Decision::Allowed(_) => iam_rs::Decision::Allow,
        Decision::Denied(denial) => match denial.reason {
            Reason::ExplicitDeny(_) => iam_rs::Decision::Deny,
            Reason::NoAllow(_) | Reason::NoGrant | Reason::PublicAccessRestricted => {
                iam_rs::Decision::NotApplicable
            }
        },
    }
}

fn theirs(text: &str, asked: &Asked) -> iam_rs::Decision {
    let policy = IAMPolicy::from_json(text).expect(text);
    let principal = Principal::Aws(PrincipalId::String(ADA.to_owned()));
    let mut request = IAMRequest::new(
        principal,
        asked.action,
        Arn::parse(asked.resource).expect("an ARN"),
    );
    request
        .context
        .insert("aws:username".to_owned(), ContextValue::String("ada".to_owned()));
    for (key, value) in &asked.keys {
        let value = match *key {
            "s3:max-keys" => ContextValue::Number(value.parse().expect("a number")),
            "aws:SecureTransport" => ContextValue::Boolean(*value == "true"),
            "aws:CurrentTime" => ContextValue::DateTime(value.parse().expect("a date")),
            _ => ContextValue::String((*value).to_owned()),
        };
        request.context.insert((*key).to_owned(), value);
    }
    PolicyEvaluator::with_policies(vec![policy])
        .evaluate(&request)
        .expect(text)
        .decision
}

/// A difference that is known, and what AWS's documentation says about it.
struct Known {
    says: &'static str,
    is_it: fn(&Condition, Option<&str>) -> bool,
    /// A condition that holds here and not there for a value of its key, so that the list holds nothing that is over.
    operator: &'static str,
    key: &'static str,
    value: &'static str,
    of_request: &'static str,
}

const KNOWN: [Known; 3] = [
    Known {
        says: "a key whose value resolves to a null data set, such as an empty string, is null",
        is_it: |condition, value| condition.operator == "Null" && value == Some(""),
        operator: "Null",
        key: "s3:prefix",
        value: "true",
        of_request: "",
    },
    Known {
        says: "the ArnEquals and ArnLike condition operators behave identically",
        is_it: |condition, _| {
            let is_equals =
                condition.operator.starts_with("ArnEquals") || condition.operator.starts_with("ArnNotEquals");
            is_equals && condition.values.iter().any(|value| value.contains('*'))
        },
        operator: "ArnEquals",
        key: "aws:SourceArn",
        value: "arn:aws:sns:*:111122223333:*",
        of_request: "arn:aws:sns:us-east-1:111122223333:topic",
    },
    Known {
        says: "a variable may stand in a value beside wildcards, as in home/${aws:username}/*",
        is_it: |condition, _| {
            let is_like = condition.operator.starts_with("StringLike")
                || condition.operator.starts_with("StringNotLike");
            is_like && condition.values.iter().any(|value| value.contains("${"))
        },
        operator: "StringLike",
        key: "s3:prefix",
        value: "home/${aws:username}/*",
        of_request: "home/ada/1",
    },
];

fn is_known(statement: &Statement, asked: &Asked) -> bool {
    statement.condition.as_ref().is_some_and(|condition| {
        let mut keys = asked.keys.iter();
        let value = keys
            .find(|(key, _)| *key == condition.key)
            .map(|(_, value)| *value);
        KNOWN.iter().any(|known| (known.is_it)(condition, value))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn another_implementation_decides_alike(statements in prop::collection::vec(statement(), 1..4), asked in asked()) {
        prop_assume!(!statements.iter().any(|statement| is_known(statement, &asked)));
        let text = document(&statements);
        prop_assert_eq!(ours(&text, &asked), theirs(&text, &asked), "{} {:?}", text, asked);
    }
}

#[test]
fn every_known_difference_is_still_one() {
    for known in &KNOWN {
        let statement = Statement {
            effect: "Allow",
            actions: ("Action", vec!["s3:*"]),
            resources: ("Resource", vec!["*"]),
            condition: Some(Condition {
                operator: known.operator.to_owned(),
                key: known.key,
                values: vec![known.value],
            }),
        };
        let asked = Asked {
            action: "s3:ListBucket",
            resource: "arn:aws:s3:::photos",
            keys: vec![(known.key, known.of_request)],
        };
        assert!(is_known(&statement, &asked), "{}", known.says);
        let text = document(&[statement]);
        let found = [ours(&text, &asked), theirs(&text, &asked)];
        let allows = found.map(|decision| decision == iam_rs::Decision::Allow);
        assert_eq!(allows, [true, false], "{}", known.says);
    }
}
