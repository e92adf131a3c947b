//! Denials in AWS's words, and who reads them.

use countersign_policy::{
    Attached, Context, Decision, Document, Policies, Requester, ResourcePolicy, evaluate,
};

use crate::support::{
    OWNER, STRANGER, allow_all, allow_nothing, decide, deny_all, read_by, reading, session_of, trust, user_of,
};

#[track_caller]
fn says(decision: &Decision, ending: &str) {
    let denial = decision.denial().expect("it is denied");
    let beginning = "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: s3:GetObject on resource: \
                     \"arn:aws:s3:::photos/a.jpg\"";
    assert_eq!(denial.message(), format!("{beginning} {ending}"));
    assert_eq!(denial.told(), denial.message());
}

fn attached(document: &Document) -> Attached<'_> {
    Attached {
        name: "policy",
        document,
    }
}

#[test]
fn each_type_of_policy_has_its_words() {
    let context = read_by(user_of(OWNER));
    let (all, none, nothing) = (allow_all(), deny_all(), allow_nothing());
    let identity = [attached(&all)];
    says(
        &decide(&context, None, None),
        "because no identity-based policy allows the s3:GetObject action",
    );
    says(
        &decide(&context, Some(&none), None),
        "with an explicit deny in an identity-based policy",
    );
    says(
        &decide(&context, Some(&all), Some(&reading("Deny", r#""*""#))),
        "with an explicit deny in a resource-based policy",
    );
    let limited = |boundary: Option<&Document>, session: Option<&[Attached<'_>]>| {
        let policies = Policies {
            identity: &identity,
            boundary: boundary.map(attached),
            session,
            ..Policies::default()
        };
        evaluate(&context, &policies)
    };
    says(
        &limited(Some(&nothing), None),
        "because no permissions boundary allows the s3:GetObject action",
    );
    says(
        &limited(Some(&none), None),
        "with an explicit deny in a permissions boundary",
    );
    says(
        &limited(None, Some(&[attached(&nothing)])),
        "because no session policy allows the s3:GetObject action",
    );
    says(
        &limited(None, Some(&[attached(&none)])),
        "with an explicit deny in a session policy",
    );
}

#[test]
fn a_session_is_named_by_its_session() {
    let decision = decide(&read_by(session_of(OWNER)), None, None);
    assert_eq!(
        decision.denial().map(ToString::to_string).as_deref(),
        Some(
            "User: arn:aws:sts::111122223333:assumed-role/reader/s1 is not authorized to perform: s3:GetObject on \
             resource: \"arn:aws:s3:::photos/a.jpg\" because no identity-based policy allows the s3:GetObject action"
        )
    );
}

#[test]
fn outside_the_account_the_reason_is_known_but_not_told() {
    let all = allow_all();
    for requester in [user_of(STRANGER), Requester::Anonymous] {
        let decision = decide(&read_by(requester), Some(&all), None);
        let denial = decision.denial().expect("it is denied");
        assert_eq!(denial.told(), "Access Denied");
        let ending = "because no resource-based policy allows the s3:GetObject action";
        assert!(denial.message().ends_with(ending), "{denial}");
    }
}

#[test]
fn iam_and_sts_put_no_quotes_around_the_resource() {
    let role = "arn:aws:iam::111122223333:role/reader";
    let context = Context::new(user_of(OWNER), "sts:AssumeRole", role, OWNER);
    let assume = |statement: &str| {
        let document = trust(statement);
        let policies = Policies {
            resource: ResourcePolicy::Trust(Attached {
                name: "trust",
                document: &document,
            }),
            ..Policies::default()
        };
        evaluate(&context, &policies)
            .denial()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let beginning = format!(
        "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: sts:AssumeRole on resource: {role}"
    );
    assert_eq!(
        assume(r#"{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}"#),
        format!("{beginning} because no role trust policy allows the sts:AssumeRole action")
    );
    assert_eq!(
        assume(r#"{"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#),
        format!("{beginning} with an explicit deny in the role trust policy")
    );
}

#[test]
fn a_list_of_buckets_is_about_none_of_them() {
    let context = Context::new(user_of(OWNER), "s3:ListAllMyBuckets", "arn:aws:s3:::*", OWNER);
    let decision = decide(&context, None, None);
    assert_eq!(
        decision.denial().map(ToString::to_string).as_deref(),
        Some(
            "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: s3:ListAllMyBuckets because no \
             identity-based policy allows the s3:ListAllMyBuckets action"
        )
    );
}
