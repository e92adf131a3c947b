//! Any text is an access policy or is refused, any request is decided, and one more denial never allows.
//!
//! The input is the document, a blank line, and one `key=value` a line for what is known of the request; `action` and `resource`
//! are two of them.

use countersign_policy::{
    AccessLists, Account, Attached, Context, Document, Kind, Policies, PublicAccessBlock, Requester,
    ResourcePolicy, evaluate,
};

use crate::split_at_blank_line;

const ACCOUNT: &str = "111122223333";
const BUCKET: &str = "photos";

pub(crate) fn run(input: &[u8]) {
    let (document, rest) = split_at_blank_line(input);
    let facts = String::from_utf8_lossy(rest);
    let facts: Vec<(&str, &str)> = facts.lines().filter_map(|line| line.split_once('=')).collect();
    for kind in [
        Kind::Managed,
        Kind::Inline,
        Kind::Session,
        Kind::Trust,
        Kind::Bucket(BUCKET),
    ] {
        match Document::parse(kind, document) {
            Ok(document) => {
                for requester in requesters() {
                    decide(kind, &document, requester, &facts);
                }
            }
            Err(fault) => assert!(!fault.message.is_empty(), "a refusal without words"),
        }
    }
}

fn decide(kind: Kind<'_>, document: &Document, requester: Requester, facts: &[(&str, &str)]) {
    let fact = |wanted: &str| {
        facts
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
    };
    let action = fact("action").unwrap_or("s3:GetObject");
    let resource = fact("resource").unwrap_or("arn:aws:s3:::photos/a");
    let mut context = Context::new(requester, action, resource, ACCOUNT);
    for (name, value) in facts {
        context.keys.set(name, [*value]);
    }
    let attached = [Attached {
        name: "fuzz",
        document,
    }];
    let policies = policies_of(kind, &attached);
    let decision = evaluate(&context, &policies);
    assert_eq!(decision, evaluate(&context, &policies), "the same question twice");
    if let Some(denial) = decision.denial() {
        assert!(
            denial.message().contains(context.action()),
            "a denial that names no action"
        );
        assert!(
            denial.is_own_account || denial.told() == "Access Denied",
            "a stranger was told why"
        );
    }
    let nothing =
        br#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    let nothing = Document::parse(Kind::Boundary, nothing).expect("our own document is one");
    let denied = Policies {
        boundary: Some(Attached {
            name: "nothing",
            document: &nothing,
        }),
        ..policies
    };
    assert!(!evaluate(&context, &denied).is_allowed(), "a denial did not win");
}

/// The policies with this one where its kind belongs.
fn policies_of<'a>(kind: Kind<'_>, attached: &'a [Attached<'a>; 1]) -> Policies<'a> {
    let [only] = *attached;
    let (identity, resource) = match kind {
        Kind::Trust => (&[][..], ResourcePolicy::Trust(only)),
        Kind::Bucket(_) => (&[][..], ResourcePolicy::Bucket(only)),
        Kind::Managed | Kind::Boundary | Kind::Inline | Kind::Session => {
            (attached.as_slice(), ResourcePolicy::None)
        }
    };
    Policies {
        identity,
        session: matches!(kind, Kind::Session).then_some(attached.as_slice()),
        resource,
        access_block: PublicAccessBlock {
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        },
        boundary: None,
        lists: AccessLists::default(),
    }
}

fn requesters() -> [Requester; 4] {
    let account = || Account {
        id: ACCOUNT.to_owned(),
        canonical_id: "c".repeat(64),
    };
    [
        Requester::Anonymous,
        Requester::Root(account()),
        Requester::User {
            account: account(),
            arn: format!("arn:aws:iam::{ACCOUNT}:user/ada"),
            unique_id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
        },
        Requester::RoleSession {
            account: Account {
                id: "999988887777".to_owned(),
                canonical_id: "d".repeat(64),
            },
            role_arn: "arn:aws:iam::999988887777:role/reader".to_owned(),
            session_arn: "arn:aws:sts::999988887777:assumed-role/reader/s1".to_owned(),
            unique_id: "AROACKCEVSQ6C2EXAMPLE:s1".to_owned(),
        },
    ]
}
