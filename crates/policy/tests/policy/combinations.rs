//! All policies together: within an account, between two, and what limits without allowing.

use countersign_policy::{
    Attached, Context, Decision, Document, Grant, Kind, ListOf, Permission, Policies, PolicyType,
    PublicAccessBlock, Reason, Requester, ResourcePolicy, UNMET_MAX, evaluate,
};

use crate::support::{
    OWNER, STRANGER, allow_all, allow_nothing, attached_bucket, bucket, decide, deny_all, federated_of,
    identity, read_by, reading, root_of, service, session_of, trust, user_of,
};

/// What a decision comes down to.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    ByRoot,
    ByStatement(PolicyType),
    Denied(PolicyType),
    Lacking(PolicyType),
    Restricted,
    ByList(ListOf, Permission),
    ByWriting,
    NotGranted,
}

fn came(decision: &Decision) -> Came {
    match decision {
        Decision::Allowed(Grant::Root) => Came::ByRoot,
        Decision::Allowed(Grant::Statement(found)) => Came::ByStatement(found.policy_type),
        Decision::Allowed(Grant::List(listed)) => Came::ByList(listed.list, listed.permission),
        Decision::Allowed(Grant::Writer) => Came::ByWriting,
        Decision::Denied(denial) => match &denial.reason {
            Reason::NoGrant => Came::NotGranted,
            Reason::ExplicitDeny(found) => Came::Denied(found.policy_type),
            Reason::NoAllow(policy_type) => Came::Lacking(*policy_type),
            Reason::PublicAccessRestricted => Came::Restricted,
        },
    }
}

/// One row of a table: the policies by type.
struct Row<'a> {
    identity: Option<&'a Document>,
    boundary: Option<&'a Document>,
    session: Option<&'a Document>,
    bucket: Option<&'a Document>,
}

#[track_caller]
fn check(requester: &Requester, row: &Row<'_>, expected: Came) {
    let attached = |name: &'static str, document| Attached { name, document };
    let identity: Vec<Attached<'_>> = row
        .identity
        .map(|d| attached("identity", d))
        .into_iter()
        .collect();
    let session: Option<Vec<Attached<'_>>> = row.session.map(|d| vec![attached("session", d)]);
    let policies = Policies {
        identity: &identity,
        boundary: row.boundary.map(|d| attached("boundary", d)),
        session: session.as_deref(),
        resource: attached_bucket(row.bucket),
        ..Policies::default()
    };
    let decision = evaluate(&read_by(requester.clone()), &policies);
    assert_eq!(came(&decision), expected, "{requester:?}: {decision:?}");
}

const NO_POLICIES: Row<'static> = Row {
    identity: None,
    boundary: None,
    session: None,
    bucket: None,
};

#[test]
fn within_an_account_one_allow_is_enough() {
    let (all, nothing) = (allow_all(), allow_nothing());
    let everyone = reading("Allow", r#""*""#);
    let user = user_of(OWNER);
    check(&user, &NO_POLICIES, Came::Lacking(PolicyType::Identity));
    let with = |identity, bucket| Row {
        identity,
        bucket,
        ..NO_POLICIES
    };
    check(
        &user,
        &with(Some(&all), None),
        Came::ByStatement(PolicyType::Identity),
    );
    check(
        &user,
        &with(Some(&nothing), None),
        Came::Lacking(PolicyType::Identity),
    );
    check(
        &user,
        &with(None, Some(&everyone)),
        Came::ByStatement(PolicyType::Resource),
    );
    check(
        &user,
        &with(Some(&nothing), Some(&everyone)),
        Came::ByStatement(PolicyType::Resource),
    );
    // A policy of the bucket that names the account leaves it to the account's own policies.
    let account = reading("Allow", r#"{"AWS": "111122223333"}"#);
    check(
        &user,
        &with(None, Some(&account)),
        Came::Lacking(PolicyType::Identity),
    );
    check(
        &user,
        &with(Some(&all), Some(&account)),
        Came::ByStatement(PolicyType::Identity),
    );
}

#[test]
fn a_statement_that_denies_wins_wherever_it_stands() {
    let (all, none) = (allow_all(), deny_all());
    let everyone = reading("Allow", r#""*""#);
    let nobody = reading("Deny", r#""*""#);
    let allowed = Row {
        identity: Some(&all),
        boundary: Some(&all),
        session: Some(&all),
        bucket: Some(&everyone),
    };
    for requester in [user_of(OWNER), session_of(OWNER), federated_of(OWNER)] {
        check(&requester, &allowed, Came::ByStatement(PolicyType::Resource));
        let identity = Row {
            identity: Some(&none),
            ..allowed
        };
        check(&requester, &identity, Came::Denied(PolicyType::Identity));
        let boundary = Row {
            boundary: Some(&none),
            ..allowed
        };
        check(&requester, &boundary, Came::Denied(PolicyType::Boundary));
        let session = Row {
            session: Some(&none),
            ..allowed
        };
        check(&requester, &session, Came::Denied(PolicyType::Session));
        let bucket = Row {
            bucket: Some(&nobody),
            ..allowed
        };
        check(&requester, &bucket, Came::Denied(PolicyType::Resource));
    }
}

/// The table of the documentation: policies of resources, and implicit denials in the other types, within an account.
#[test]
fn how_directly_the_bucket_names_a_requester_decides_what_else_has_to_allow() {
    let (all, nothing) = (allow_all(), allow_nothing());
    let by_user = reading("Allow", r#"{"AWS": "arn:aws:iam::111122223333:user/ada"}"#);
    let by_role = reading("Allow", r#"{"AWS": "arn:aws:iam::111122223333:role/reader"}"#);
    let by_session = reading(
        "Allow",
        r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/reader/s1"}"#,
    );
    let by_federated = reading(
        "Allow",
        r#"{"AWS": "arn:aws:sts::111122223333:federated-user/eve"}"#,
    );
    let resource = || Came::ByStatement(PolicyType::Resource);
    let row = |boundary, session, bucket| Row {
        identity: Some(&nothing),
        boundary: Some(boundary),
        session: Some(session),
        bucket: Some(bucket),
    };
    let limited = |bucket| row(&nothing, &nothing, bucket);
    check(
        &user_of(OWNER),
        &Row {
            session: None,
            ..limited(&by_user)
        },
        resource(),
    );
    check(&session_of(OWNER), &limited(&by_session), resource());
    check(&federated_of(OWNER), &limited(&by_federated), resource());
    // Through the role or the user behind it, limits hold, but the identity's own policies need not allow.
    check(
        &session_of(OWNER),
        &limited(&by_role),
        Came::Lacking(PolicyType::Boundary),
    );
    check(
        &session_of(OWNER),
        &row(&all, &nothing, &by_role),
        Came::Lacking(PolicyType::Session),
    );
    check(&session_of(OWNER), &row(&all, &all, &by_role), resource());
    check(
        &federated_of(OWNER),
        &row(&all, &nothing, &by_user),
        Came::Lacking(PolicyType::Session),
    );
    check(&federated_of(OWNER), &row(&all, &all, &by_user), resource());
}

#[test]
fn boundary_and_session_policy_limit_what_the_identity_may() {
    let (all, nothing) = (allow_all(), allow_nothing());
    let row = |boundary, session| Row {
        identity: Some(&all),
        boundary,
        session,
        bucket: None,
    };
    let identity = || Came::ByStatement(PolicyType::Identity);
    let user = user_of(OWNER);
    check(&user, &row(Some(&all), None), identity());
    check(
        &user,
        &row(Some(&nothing), None),
        Came::Lacking(PolicyType::Boundary),
    );
    let session = session_of(OWNER);
    check(&session, &row(None, None), identity());
    check(&session, &row(None, Some(&all)), identity());
    check(
        &session,
        &row(None, Some(&nothing)),
        Came::Lacking(PolicyType::Session),
    );
    // A boundary or a session policy alone allows nothing.
    let without = Row {
        identity: None,
        ..row(Some(&all), Some(&all))
    };
    check(&session, &without, Came::Lacking(PolicyType::Identity));
    // A federated user may do what was passed for it, and nothing without.
    let federated = federated_of(OWNER);
    check(&federated, &row(None, None), Came::Lacking(PolicyType::Session));
    check(&federated, &row(None, Some(&all)), identity());
}

#[test]
fn between_two_accounts_both_have_to_allow() {
    let (all, nothing) = (allow_all(), allow_nothing());
    for principal in [
        r#""*""#,
        r#"{"AWS": "999988887777"}"#,
        r#"{"AWS": "arn:aws:iam::999988887777:root"}"#,
        r#"{"AWS": "arn:aws:iam::999988887777:user/ada"}"#,
        r#"{"CanonicalUser": "0000000000000000000000000000000000000000000000000000999988887777"}"#,
    ] {
        let shared = reading("Allow", principal);
        let row = |identity, bucket| Row {
            identity,
            bucket,
            ..NO_POLICIES
        };
        let user = user_of(STRANGER);
        check(
            &user,
            &row(None, Some(&shared)),
            Came::Lacking(PolicyType::Identity),
        );
        check(
            &user,
            &row(Some(&nothing), Some(&shared)),
            Came::Lacking(PolicyType::Identity),
        );
        check(&user, &row(Some(&all), None), Came::Lacking(PolicyType::Resource));
        check(
            &user,
            &row(Some(&all), Some(&shared)),
            Came::ByStatement(PolicyType::Resource),
        );
        let limited = Row {
            boundary: Some(&nothing),
            ..row(Some(&all), Some(&shared))
        };
        check(&user, &limited, Came::Lacking(PolicyType::Boundary));
    }
}

#[test]
fn nobody_and_services_need_the_bucket_to_name_them() {
    let everyone = reading("Allow", r#""*""#);
    let named = reading("Allow", r#"{"Service": "logs.example.com"}"#);
    let account = reading("Allow", r#"{"AWS": "111122223333"}"#);
    let row = |bucket| Row {
        bucket: Some(bucket),
        ..NO_POLICIES
    };
    let lacking = || Came::Lacking(PolicyType::Resource);
    check(&Requester::Anonymous, &NO_POLICIES, lacking());
    check(&Requester::Anonymous, &row(&account), lacking());
    check(&Requester::Anonymous, &row(&named), lacking());
    check(
        &Requester::Anonymous,
        &row(&everyone),
        Came::ByStatement(PolicyType::Resource),
    );
    check(&service(), &row(&named), Came::ByStatement(PolicyType::Resource));
    check(&service(), &row(&account), lacking());
}

#[test]
fn the_root_may_everything_in_its_account_that_no_statement_denies() {
    check(&root_of(OWNER), &NO_POLICIES, Came::ByRoot);
    let nobody = reading("Deny", r#""*""#);
    let row = Row {
        bucket: Some(&nobody),
        ..NO_POLICIES
    };
    check(&root_of(OWNER), &row, Came::Denied(PolicyType::Resource));
    // Of another account it needs the bucket, but no policies of its own.
    check(
        &root_of(STRANGER),
        &NO_POLICIES,
        Came::Lacking(PolicyType::Resource),
    );
    let shared = reading("Allow", r#"{"AWS": "999988887777"}"#);
    let row = Row {
        bucket: Some(&shared),
        ..NO_POLICIES
    };
    check(&root_of(STRANGER), &row, Came::ByStatement(PolicyType::Resource));
}

#[test]
fn the_root_is_never_locked_out_of_its_own_bucket_policy() {
    let nobody = bucket(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"]}"#,
    );
    let ask = |requester, action: &str| {
        let context = Context::new(requester, action, "arn:aws:s3:::photos", OWNER);
        decide(&context, None, Some(&nobody)).is_allowed()
    };
    for action in [
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
    ] {
        assert!(ask(root_of(OWNER), action), "{action}");
        assert!(!ask(root_of(STRANGER), action), "{action}");
        assert!(!ask(user_of(OWNER), action), "{action}");
    }
    assert!(!ask(root_of(OWNER), "s3:ListBucket"));
}

/// The example of the documentation: a service, another account and everybody are named, and public buckets restricted.
#[test]
fn a_restricted_public_bucket_is_for_its_account_and_for_services() {
    let statement = |sid: &str, principal: &str| {
        format!(
            r#"{{"Sid": "{sid}", "Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::photos/*"}}"#
        )
    };
    let named = format!(
        "{}, {}",
        statement("1", r#"{"Service": "logs.example.com"}"#),
        statement("2", r#"{"AWS": "999988887777"}"#)
    );
    let private = bucket(&named);
    let public = bucket(&format!("{named}, {}", statement("3", r#""*""#)));
    let all = allow_all();
    let identity = [Attached {
        name: "identity",
        document: &all,
    }];
    let ask = |requester: Requester, document: &Document, restrict_public_buckets: bool| {
        let policies = Policies {
            identity: &identity,
            resource: attached_bucket(Some(document)),
            access_block: PublicAccessBlock {
                restrict_public_buckets,
                ..PublicAccessBlock::default()
            },
            ..Policies::default()
        };
        came(&evaluate(&read_by(requester), &policies))
    };
    let resource = || Came::ByStatement(PolicyType::Resource);
    for is_restricted in [false, true] {
        assert_eq!(ask(service(), &public, is_restricted), resource());
        assert_eq!(ask(user_of(OWNER), &public, is_restricted), resource());
        assert_eq!(ask(root_of(OWNER), &public, is_restricted), Came::ByRoot);
        assert_eq!(ask(user_of(STRANGER), &private, is_restricted), resource());
    }
    assert_eq!(ask(user_of(STRANGER), &public, false), resource());
    assert_eq!(ask(user_of(STRANGER), &public, true), Came::Restricted);
    assert_eq!(ask(root_of(STRANGER), &public, true), Came::Restricted);
    assert_eq!(ask(Requester::Anonymous, &public, false), resource());
    assert_eq!(ask(Requester::Anonymous, &public, true), Came::Restricted);
}

#[test]
fn a_role_is_assumed_if_its_trust_policy_allows() {
    let assume = |requester: Requester, identity: Option<&Document>, trust: &Document| {
        let context = Context::new(
            requester,
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/reader",
            OWNER,
        );
        let identity: Vec<Attached<'_>> = identity
            .map(|document| Attached {
                name: "identity",
                document,
            })
            .into_iter()
            .collect();
        let policies = Policies {
            identity: &identity,
            resource: ResourcePolicy::Trust(Attached {
                name: "trust",
                document: trust,
            }),
            ..Policies::default()
        };
        came(&evaluate(&context, &policies))
    };
    let trusting = |effect: &str, principal: &str| {
        trust(&format!(
            r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "sts:AssumeRole*"}}"#
        ))
    };
    let all = allow_all();
    let trusted = || Came::ByStatement(PolicyType::RoleTrust);
    let untrusted = || Came::Lacking(PolicyType::RoleTrust);
    let by_account = trusting("Allow", r#"{"AWS": "111122223333"}"#);
    let by_user = trusting("Allow", r#"{"AWS": "arn:aws:iam::111122223333:user/ada"}"#);
    let by_provider = trusting("Allow", r#"{"Federated": "idp.example"}"#);
    let of_stranger = trusting("Allow", r#"{"AWS": "999988887777"}"#);
    let user = || user_of(OWNER);
    // Unlike a bucket, a role has to trust, within the account too.
    assert_eq!(assume(user(), Some(&all), &by_provider), untrusted());
    assert_eq!(assume(root_of(OWNER), None, &by_provider), untrusted());
    assert_eq!(assume(user(), None, &by_user), trusted());
    assert_eq!(
        assume(user(), None, &by_account),
        Came::Lacking(PolicyType::Identity)
    );
    assert_eq!(
        assume(user(), Some(&all), &by_account),
        Came::ByStatement(PolicyType::Identity)
    );
    let stranger = || user_of(STRANGER);
    assert_eq!(
        assume(stranger(), None, &of_stranger),
        Came::Lacking(PolicyType::Identity)
    );
    assert_eq!(assume(stranger(), Some(&all), &of_stranger), trusted());
    assert_eq!(assume(stranger(), Some(&all), &by_account), untrusted());
    let web = |provider: &str| Requester::WebIdentity {
        provider: provider.to_owned(),
    };
    assert_eq!(assume(web("idp.example"), None, &by_provider), trusted());
    assert_eq!(assume(web("other.example"), None, &by_provider), untrusted());
    let denying = trust(
        r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
           {"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#,
    );
    assert_eq!(
        assume(user(), Some(&all), &denying),
        Came::Denied(PolicyType::RoleTrust)
    );
}

#[test]
fn a_decision_says_which_statement_of_which_policy() {
    let document = identity(
        r#"{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*"},
           {"Sid": "Reads", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}"#,
    );
    let Decision::Allowed(Grant::Statement(found)) = decide(&read_by(user_of(OWNER)), Some(&document), None)
    else {
        panic!("it is allowed by a statement");
    };
    assert_eq!((found.policy.as_str(), found.statement), ("identity", 1));
    assert_eq!(found.sid.as_deref(), Some("Reads"));
    let denying = reading("Deny", r#"{"AWS": "111122223333"}"#);
    let decision = decide(&read_by(user_of(OWNER)), Some(&document), Some(&denying));
    let Some(Reason::ExplicitDeny(found)) = decision.denial().map(|denial| &denial.reason) else {
        panic!("it is denied by a statement");
    };
    assert_eq!((found.policy.as_str(), found.statement), ("bucket", 0));
    assert_eq!(found.sid.as_deref(), Some("Reading"));
}

#[test]
fn the_statement_that_names_the_requester_most_directly_counts_and_of_those_the_first() {
    let check = |requester: Requester, principals: &[&str], expected: usize| {
        let statements: Vec<String> = principals
            .iter()
            .map(|principal| {
                format!(
                    r#"{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::photos/*"}}"#
                )
            })
            .collect();
        let decision = decide(&read_by(requester), None, Some(&bucket(&statements.join(", "))));
        let Decision::Allowed(Grant::Statement(found)) = &decision else {
            panic!("{principals:?}: {decision:?}");
        };
        assert_eq!(found.statement, expected, "{principals:?}");
    };
    let (account, user) = (OWNER, "arn:aws:iam::111122223333:user/ada");
    let (role, session) = (
        "arn:aws:iam::111122223333:role/reader",
        "arn:aws:sts::111122223333:assumed-role/reader/s1",
    );
    check(user_of(OWNER), &[account, user, "*"], 1);
    check(session_of(OWNER), &[account, role, session], 2);
    check(session_of(OWNER), &[account, role, role, account], 1);
}

#[test]
fn negated_elements_are_about_everything_else() {
    let check = |statement: &str, action: &str, resource: &str, expected: bool| {
        let document = identity(statement);
        let context = Context::new(user_of(OWNER), action, resource, OWNER);
        let found = decide(&context, Some(&document), None).is_allowed();
        assert_eq!(found, expected, "{statement} {action} {resource}");
    };
    let but_delete = r#"{"Effect": "Allow", "NotAction": ["s3:Delete*", "iam:*"], "Resource": "*"}"#;
    check(but_delete, "s3:GetObject", "arn:aws:s3:::photos/a", true);
    check(but_delete, "s3:DeleteObject", "arn:aws:s3:::photos/a", false);
    check(but_delete, "iam:GetUser", "arn:aws:iam::1:user/a", false);
    let but_secret =
        r#"{"Effect": "Allow", "Action": "S3:GETOBJECT", "NotResource": "arn:aws:s3:::photos/secret/*"}"#;
    check(but_secret, "s3:GetObject", "arn:aws:s3:::photos/a", true);
    check(but_secret, "s3:GetObject", "arn:aws:s3:::photos/secret/a", false);
    let but_own =
        r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::photos/${aws:TokenIssueTime}/*"}"#;
    check(but_own, "s3:GetObject", "arn:aws:s3:::photos/a", false);
    let deny_but_own = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::photos/${aws:TokenIssueTime}/*"}"#;
    check(deny_but_own, "s3:GetObject", "arn:aws:s3:::photos/a", false);
}

#[test]
fn variables_are_of_the_newer_version_only() {
    let text = |version: &str| {
        format!(
            r#"{{"Version": "{version}", "Statement": {{"Effect": "Allow", "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::photos/${{aws:username}}/*"}}}}"#
        )
    };
    let own = Context::new(user_of(OWNER), "s3:GetObject", "arn:aws:s3:::photos/ada/a", OWNER);
    let literal = Context::new(
        user_of(OWNER),
        "s3:GetObject",
        "arn:aws:s3:::photos/${aws:username}/a",
        OWNER,
    );
    for (version, is_own) in [("2012-10-17", true), ("2008-10-17", false)] {
        let document = Document::parse(Kind::Session, text(version).as_bytes()).unwrap();
        assert_eq!(
            decide(&own, Some(&document), None).is_allowed(),
            is_own,
            "{version}"
        );
        assert_eq!(
            decide(&literal, Some(&document), None).is_allowed(),
            !is_own,
            "{version}"
        );
    }
}

/// The conditions that a denial names: policy, statement, operator, key, and whether the request has the key.
#[track_caller]
fn check_unmet(decision: &Decision, expected: &[(&str, usize, &str, &str, bool)]) {
    let denial = decision.denial().expect("a denial");
    let found: Vec<_> = denial
        .unmet
        .iter()
        .map(|unmet| {
            let at = &unmet.statement;
            let (operator, key) = (unmet.operator.as_str(), unmet.key.as_str());
            (at.policy.as_str(), at.statement, operator, key, unmet.has_key)
        })
        .collect();
    assert_eq!(found, expected, "{decision:?}");
}

#[test]
fn a_denial_names_the_conditions_that_kept_statements_from_allowing() {
    let mut context = read_by(user_of(OWNER));
    context.keys.set("aws:SourceIp", ["192.0.2.1"]);
    let allowing = |condition: &str| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*",
                "Condition": {{{condition}}}}}"#
        )
    };
    let elsewhere = r#"{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:UserAgent": "a"}}}"#;
    let denying = r#"{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:UserAgent": "a"}}}"#;
    let address = r#""IpAddress": {"aws:SourceIp": "198.51.100.0/24"}"#;
    let holds = r#""StringLike": {"aws:SourceIp": "192.*"}"#;
    let both = format!(r#"{address}, {holds}, "StringEquals": {{"s3:prefix": "a"}}"#);
    let own = identity(&format!("{elsewhere}, {denying}, {}", allowing(&both)));
    // A statement about something else and one that would deny are not among them, nor is a condition that holds.
    let of_own = [
        ("identity", 2, "IpAddress", "aws:sourceip", true),
        ("identity", 2, "StringEquals", "s3:prefix", false),
    ];
    check_unmet(&decide(&context, Some(&own), None), &of_own);

    // The bucket's policy might have allowed, too; a statement for somebody else could not.
    let of_bucket = |principal: &str| {
        bucket(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*",
                "Condition": {{"Null": {{"aws:SourceIp": "true"}}}}}}"#
        ))
    };
    let everyone = of_bucket(r#""*""#);
    let with_bucket = [of_own[0], of_own[1], ("bucket", 0, "Null", "aws:sourceip", true)];
    check_unmet(&decide(&context, Some(&own), Some(&everyone)), &with_bucket);
    let another = of_bucket(r#"{"AWS": "arn:aws:iam::111122223333:user/bob"}"#);
    check_unmet(&decide(&context, Some(&own), Some(&another)), &of_own);

    // Where a statement denies, no condition would have helped.
    let decision = decide(&context, Some(&deny_all()), Some(&everyone));
    check_unmet(&decision, &[]);
    check_unmet(&decide(&context, Some(&allow_nothing()), None), &[]);
}

#[test]
fn a_limit_names_its_own_conditions() {
    let context = read_by(session_of(OWNER));
    let conditional = identity(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#,
    );
    let all = allow_all();
    let identity = [Attached {
        name: "identity",
        document: &all,
    }];
    let limit = |name| Attached {
        name,
        document: &conditional,
    };
    let session = [limit("session")];
    let bounded = Policies {
        identity: &identity,
        boundary: Some(limit("boundary")),
        ..Policies::default()
    };
    let expected = |name| [(name, 0, "Bool", "aws:securetransport", false)];
    check_unmet(&evaluate(&context, &bounded), &expected("boundary"));
    let passed = Policies {
        identity: &identity,
        session: Some(&session),
        ..Policies::default()
    };
    check_unmet(&evaluate(&context, &passed), &expected("session"));
    let trusted = trust(
        r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "e"}}}"#,
    );
    let assume = Context::new(
        user_of(OWNER),
        "sts:AssumeRole",
        "arn:aws:iam::111122223333:role/r",
        OWNER,
    );
    let policies = Policies {
        resource: ResourcePolicy::Trust(Attached {
            name: "trust",
            document: &trusted,
        }),
        ..Policies::default()
    };
    let unmet = [("trust", 0, "StringEquals", "sts:externalid", false)];
    check_unmet(&evaluate(&assume, &policies), &unmet);
}

#[test]
fn a_denial_names_no_more_conditions_than_it_may() {
    let one = r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#;
    let many = identity(&[one; UNMET_MAX + 1].join(","));
    let decision = decide(&read_by(user_of(OWNER)), Some(&many), None);
    let denial = decision.denial().expect("a denial");
    assert_eq!(denial.unmet.len(), UNMET_MAX);
}
