//! What holds for all policies: a denial wins, an allow never takes away, and every evaluation comes to an end.

use countersign_policy::{
    AccessLists, Attached, Context, Document, Grantee, Kind, ListEntry, Owner, Permission, Policies,
    Requester, ResourcePolicy, evaluate,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{
    BUCKET, OWNER, STRANGER, account, bucket, decide, federated_of, identity, root_of, service, session_of,
    user_of,
};

/// The statements of each policy that applies, as JSON. A policy without statements is not there.
#[derive(Clone, Debug, Default)]
struct Statements {
    identity: Vec<String>,
    boundary: Vec<String>,
    session: Vec<String>,
    bucket: Vec<String>,
}

impl Statements {
    fn is_allowed(&self, context: &Context) -> bool {
        self.is_allowed_with(context, AccessLists::default())
    }

    fn is_allowed_with(&self, context: &Context, lists: AccessLists<'_>) -> bool {
        let document =
            |statements: &[String]| (!statements.is_empty()).then(|| identity(&statements.join(", ")));
        let (own, boundary, session) = (
            document(&self.identity),
            document(&self.boundary),
            document(&self.session),
        );
        let of_bucket = (!self.bucket.is_empty()).then(|| bucket(&self.bucket.join(", ")));
        fn attached(document: &Document) -> Attached<'_> {
            Attached { name: "x", document }
        }
        let own: Vec<Attached<'_>> = own.iter().map(attached).collect();
        let session: Option<Vec<Attached<'_>>> = session.as_ref().map(|document| vec![attached(document)]);
        let policies = Policies {
            identity: &own,
            boundary: boundary.as_ref().map(attached),
            session: session.as_deref(),
            resource: match &of_bucket {
                None => ResourcePolicy::None,
                Some(document) => ResourcePolicy::Bucket(attached(document)),
            },
            lists,
            ..Policies::default()
        };
        let decision = evaluate(context, &policies);
        assert_eq!(decision, evaluate(context, &policies), "the same question twice");
        decision.is_allowed()
    }

    /// The policy at this place, if there is one: a new policy is another matter than a new statement.
    fn at(&mut self, place: usize) -> Option<(&mut Vec<String>, bool)> {
        let (statements, is_bucket) = match place {
            0 => (&mut self.identity, false),
            1 => (&mut self.boundary, false),
            2 => (&mut self.session, false),
            _ => (&mut self.bucket, true),
        };
        (!statements.is_empty()).then_some((statements, is_bucket))
    }
}

fn statement(effect: &'static str, is_bucket: bool) -> impl Strategy<Value = String> {
    let condition = option::weighted(
        0.4,
        select(vec![
            r#""StringEquals": {"aws:username": "ada"}"#,
            r#""StringNotEquals": {"aws:username": "${aws:TokenIssueTime}"}"#,
            r#""ForAllValues:StringNotLike": {"aws:TagKeys": "a*"}"#,
            r#""ForAnyValue:StringLike": {"aws:TagKeys": "a*"}"#,
            r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
            r#""NotIpAddress": {"aws:SourceIp": "203.0.113.7"}"#,
            r#""Null": {"aws:TagKeys": "true"}"#,
            r#""NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "10"}"#,
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}"#,
        ]),
    );
    let principal = select(vec![
        r#""Principal": "*""#,
        r#""Principal": {"AWS": "111122223333"}"#,
        r#""Principal": {"AWS": "arn:aws:iam::111122223333:user/ada"}"#,
        r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}"#,
        r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/reader/s1"}"#,
        r#""Principal": {"AWS": "999988887777"}"#,
        r#""Principal": {"Service": "logs.example.com"}"#,
    ]);
    let action = select(vec![
        r#""Action": "s3:*""#,
        r#""Action": "s3:GetObject""#,
        r#""Action": "s3:?etObject""#,
        r#""NotAction": "s3:PutObject""#,
    ]);
    let resource = select(vec![
        r#""Resource": "arn:aws:s3:::photos/*""#,
        r#""Resource": ["arn:aws:s3:::photos/a*", "arn:aws:s3:::photos/${aws:username}/*"]"#,
        r#""NotResource": "arn:aws:s3:::photos/b*""#,
        r#""NotResource": "arn:aws:s3:::photos/${aws:TokenIssueTime}/*""#,
    ]);
    (condition, principal, action, resource).prop_map(move |(condition, principal, action, resource)| {
        let principal = if is_bucket {
            format!("{principal}, ")
        } else {
            String::new()
        };
        let condition = condition.unwrap_or_default();
        format!(r#"{{"Effect": "{effect}", {principal}{action}, {resource}, "Condition": {{{condition}}}}}"#)
    })
}

fn policy(is_bucket: bool) -> impl Strategy<Value = Vec<String>> {
    let either = prop_oneof![
        3 => statement("Allow", is_bucket),
        1 => statement("Deny", is_bucket),
    ];
    vec(either, 0..4)
}

fn policies() -> impl Strategy<Value = Statements> {
    (policy(false), policy(false), policy(false), policy(true)).prop_map(
        |(identity, boundary, session, bucket)| Statements {
            identity,
            boundary,
            session,
            bucket,
        },
    )
}

fn contexts() -> impl Strategy<Value = Context> {
    let requester = select(vec![
        Requester::Anonymous,
        user_of(OWNER),
        user_of(STRANGER),
        session_of(OWNER),
        federated_of(OWNER),
        root_of(OWNER),
        root_of(STRANGER),
        service(),
    ]);
    let action = select(vec!["s3:GetObject", "s3:PutObject"]);
    let object = select(vec!["a", "ada/1", "b", "c"]);
    let tags = vec(select(vec!["a", "ab", "b"]), 0..3);
    let address = option::of(select(vec![
        "203.0.113.7",
        "203.0.113.8",
        "198.51.100.1",
        "2001:db8::1",
    ]));
    (requester, action, object, tags, address).prop_map(|(requester, action, object, tags, address)| {
        let resource = format!("arn:aws:s3:::{BUCKET}/{object}");
        let mut context = Context::new(requester, action, &resource, OWNER);
        context.keys.set("aws:TagKeys", tags);
        context.keys.set("aws:SourceIp", address);
        context
    })
}

proptest! {
    #[test]
    fn one_more_denial_never_allows(
        before in policies(),
        context in contexts(),
        place in 0_usize..4,
        own in statement("Deny", false),
        of_bucket in statement("Deny", true),
    ) {
        let mut after = before.clone();
        if let Some((statements, is_bucket)) = after.at(place) {
            statements.push(if is_bucket { of_bucket } else { own });
        }
        prop_assert!(before.is_allowed(&context) || !after.is_allowed(&context));
    }

    #[test]
    fn one_more_allow_never_denies(
        before in policies(),
        context in contexts(),
        place in 0_usize..4,
        own in statement("Allow", false),
        of_bucket in statement("Allow", true),
    ) {
        let mut after = before.clone();
        if let Some((statements, is_bucket)) = after.at(place) {
            statements.push(if is_bucket { of_bucket } else { own });
        }
        prop_assert!(!before.is_allowed(&context) || after.is_allowed(&context));
    }

    #[test]
    fn a_denial_of_everything_is_one(before in policies(), context in contexts(), place in 0_usize..4) {
        let mut after = before.clone();
        if let Some((statements, is_bucket)) = after.at(place) {
            statements.push(if is_bucket {
                r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/*"}"#.to_owned()
            } else {
                r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#.to_owned()
            });
            prop_assert!(!after.is_allowed(&context));
        }
    }

    #[test]
    fn a_list_takes_nothing_away_and_wins_over_no_denial(
        policies in policies(),
        context in contexts(),
        entries in vec((0_usize..4, 0_usize..5), 0..4),
        is_foreign: bool,
    ) {
        let stranger = account(STRANGER).canonical_id;
        let grantees = [
            Grantee::AllUsers,
            Grantee::AuthenticatedUsers,
            Grantee::Account(&stranger),
            Grantee::OtherGroup,
        ];
        let permissions = [
            Permission::FullControl,
            Permission::Read,
            Permission::ReadAcp,
            Permission::Write,
            Permission::WriteAcp,
        ];
        let entries: Vec<ListEntry<'_>> = entries
            .into_iter()
            .map(|(grantee, permission)| ListEntry {
                grantee: grantees[grantee],
                permission: permissions[permission],
            })
            .collect();
        let owner = if is_foreign { Owner::Account(STRANGER) } else { Owner::Bucket };
        let without = AccessLists { owner, ..AccessLists::default() };
        let with = AccessLists { bucket: &entries, object: &entries, owner };
        let before = policies.is_allowed_with(&context, without);
        let after = policies.is_allowed_with(&context, with);
        prop_assert!(!before || after, "a list took something away");
        let mut denying = policies;
        denying.bucket.push(
            r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/*"}"#.to_owned(),
        );
        prop_assert!(!denying.is_allowed_with(&context, with), "a list won over a denial");
    }

    #[test]
    fn a_limit_only_limits(before in policies(), context in contexts()) {
        let mut after = before.clone();
        after.boundary.clear();
        prop_assert!(!before.is_allowed(&context) || after.is_allowed(&context));
    }

    #[test]
    fn any_text_is_a_document_or_is_none(text in ".{0,200}") {
        for kind in [Kind::Managed, Kind::Inline, Kind::Session, Kind::Trust, Kind::Bucket(BUCKET)] {
            if let Err(fault) = Document::parse(kind, text.as_bytes()) {
                prop_assert!(!fault.message.is_empty());
            }
        }
    }

    #[test]
    fn any_patterns_and_values_come_to_a_decision(
        resource in "[a*?${}:,' ]{0,60}",
        pattern in "[a*?${}:,' ]{0,60}",
        key in "[a*?${}:]{0,60}",
    ) {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*",
                "Resource": "arn:aws:s3:::{resource}", "Condition": {{"StringLike": {{"x:key": "{pattern}"}}}}}}}}"#
        );
        let document = Document::parse(Kind::Inline, text.as_bytes());
        prop_assert!(document.is_ok(), "{text}");
        let mut context = Context::new(user_of(OWNER), "s3:GetObject", &format!("arn:aws:s3:::{key}"), OWNER);
        context.keys.set("x:key", [key.as_str()]);
        let _decided = decide(&context, document.as_ref().ok(), None);
    }
}

/// A search that tried every way to place the stars would not come back from these.
#[test]
fn the_worst_patterns_come_to_an_end() {
    let object = "a".repeat(1024);
    for piece in ["*a", "a*", "*a?", "?*", "*aa*", "*?*?"] {
        let pattern = piece.repeat(1_000);
        let document = identity(&format!(
            r#"{{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::photos/{pattern}b"}}"#
        ));
        let resource = format!("arn:aws:s3:::photos/{object}");
        let context = Context::new(user_of(OWNER), "s3:GetObject", &resource, OWNER);
        assert!(!decide(&context, Some(&document), None).is_allowed(), "{piece}");
    }
}
