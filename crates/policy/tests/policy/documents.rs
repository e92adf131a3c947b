//! What is a document of which kind, and what AWS says of what is none.

use countersign_policy::{
    BUCKET_BYTES_MAX, DOCUMENT_BYTES_MAX, Document, FaultCode, INLINE_GROUP_SIZE_MAX, INLINE_ROLE_SIZE_MAX,
    INLINE_USER_SIZE_MAX, Kind, MANAGED_SIZE_MAX, SESSION_SIZE_MAX, TRUST_SIZE_MAX, Version,
};

use crate::support::{allow_all, bucket, identity};

const BUCKET: Kind<'static> = Kind::Bucket("photos");

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::photos/*"}}"#;
const BUCKET_ALLOW: &str = r#"{"Version": "2012-10-17", "Id": "reading", "Statement": [{"Sid": "Read all of it",
                               "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
                               "Resource": ["arn:aws:s3:::photos/*"]}]}"#;
const TRUST: &str = r#"{"Version": "2008-10-17", "Statement": [{"Effect": "Allow",
                        "Principal": {"AWS": "111122223333", "Service": ["logs.example.com"], "Federated": "idp.example"},
                        "Action": ["sts:AssumeRole", "sts:TagSession"]}]}"#;

#[track_caller]
fn refused(kind: Kind<'_>, text: &str, message: &str) {
    let fault = Document::parse(kind, text.as_bytes()).expect_err(text);
    assert_eq!(fault.message, message, "{text}");
}

/// Replaces one piece of a document that would be right.
#[track_caller]
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1)
}

#[test]
fn each_kind_takes_its_documents() {
    for kind in [Kind::Managed, Kind::Boundary, Kind::Inline, Kind::Session] {
        let document = Document::parse(kind, ALLOW.as_bytes()).unwrap();
        assert_eq!(document.version(), Version::V2012);
        assert_eq!(document.statements().len(), 1);
        assert_eq!(document.principal_arns().count(), 0);
    }
    let document = Document::parse(BUCKET, BUCKET_ALLOW.as_bytes()).unwrap();
    assert_eq!(document.id(), Some("reading"));
    assert_eq!(document.statements()[0].sid(), Some("Read all of it"));
    assert_eq!(
        Document::parse(Kind::Trust, TRUST.as_bytes()).unwrap().version(),
        Version::V2008
    );
}

#[test]
fn every_element_has_its_negation() {
    let text = changed(ALLOW, r#""Action""#, r#""NotAction""#);
    let text = changed(&text, r#""Resource""#, r#""NotResource""#);
    assert!(Document::parse(Kind::Inline, text.as_bytes()).is_ok());
    let text = changed(BUCKET_ALLOW, "Allow", "Deny");
    let text = changed(
        &text,
        r#""Principal": "*""#,
        r#""NotPrincipal": {"AWS": "111122223333"}"#,
    );
    assert!(Document::parse(BUCKET, text.as_bytes()).is_ok());
    // Everything but a list applies to something, whatever is in the list.
    let text = changed(
        BUCKET_ALLOW,
        r#""Action": ["s3:GetObject"]"#,
        r#""NotAction": "s3:ListBucket""#,
    );
    assert!(Document::parse(BUCKET, text.as_bytes()).is_ok());
    let text = changed(
        BUCKET_ALLOW,
        r#""Resource": ["arn:aws:s3:::photos/*"]"#,
        r#""NotResource": "arn:aws:s3:::photos""#,
    );
    assert!(Document::parse(BUCKET, text.as_bytes()).is_ok());
}

#[test]
fn s3_says_what_is_wrong() {
    let check = |from: &str, to: &str, message: &str| {
        refused(BUCKET, &changed(BUCKET_ALLOW, from, to), message);
    };
    refused(
        BUCKET,
        "",
        "Policies must be valid JSON and the first byte must be '{'",
    );
    refused(
        BUCKET,
        " {}",
        "Policies must be valid JSON and the first byte must be '{'",
    );
    refused(
        BUCKET,
        "[]",
        "Policies must be valid JSON and the first byte must be '{'",
    );
    refused(BUCKET, "{", "This policy contains invalid Json");
    refused(BUCKET, "{}", "Missing required field Statement");
    refused(
        BUCKET,
        r#"{"Statement": []}"#,
        "Could not parse the policy: Statement is empty!",
    );
    check(
        "2012-10-17",
        "2012-10-18",
        "The policy must contain a valid version string",
    );
    check(r#""Id""#, r#""Name""#, "Unknown field Name");
    check(r#""Sid""#, r#""sid""#, "Unknown field sid");
    check(r#""Sid""#, r#""Effect""#, "This policy contains invalid Json");
    check(r#""Effect": "Allow","#, "", "Missing required field Effect");
    check("Allow", "allow", "Invalid effect: allow");
    check(r#""Principal": "*","#, "", "Missing required field Principal");
    check(
        r#""Principal": "*""#,
        r#""Principal": {}"#,
        "Missing required field Principal cannot be empty!",
    );
    check(
        r#""Principal": "*""#,
        r#""Principal": "ada""#,
        "Invalid principal in policy",
    );
    check(
        r#""Principal": "*""#,
        r#""Principal": {"AWS": "ada"}"#,
        "Invalid principal in policy",
    );
    check(
        r#""Principal": "*""#,
        r#""Principal": {"Everyone": "*"}"#,
        "Invalid principal in policy",
    );
    check(
        r#""Principal": "*""#,
        r#""NotPrincipal": {"AWS": "111122223333"}"#,
        "Allow with NotPrincipal is not allowed.",
    );
    check(
        r#""Action": ["s3:GetObject"],"#,
        "",
        "Missing required field Action",
    );
    check("s3:GetObject", "s3:GetObjekt", "Policy has invalid action");
    check("s3:GetObject", "iam:GetUser", "Policy has invalid action");
    check("s3:GetObject", "GetObject", "Policy has invalid action");
    check(
        "s3:GetObject",
        "s3:ListBucket",
        "Action does not apply to any resource(s) in statement",
    );
    check(
        r#"["s3:GetObject"]"#,
        r#"["s3:GetObject", "s3:ListBucket"]"#,
        "Action does not apply to any resource(s) in statement",
    );
    check(
        "arn:aws:s3:::photos/*",
        "arn:aws:s3:::videos/*",
        "Policy has invalid resource",
    );
    check("arn:aws:s3:::photos/*", "*", "Policy has invalid resource");
    check(
        r#"["arn:aws:s3:::photos/*"]"#,
        "[]",
        "Missing required field Resource",
    );
    check(r#"["arn:aws:s3:::photos/*"]"#, "1", "Invalid policy syntax.");
    let condition = |condition: &str, message: &str| {
        check(
            r#""Action""#,
            &format!(r#""Condition": {condition}, "Action""#),
            message,
        );
    };
    condition(
        r#"{"StringIs": {"aws:SourceVpc": "a"}}"#,
        "Invalid Condition type : StringIs",
    );
    condition(
        r#"{"StringEquals": {"s3:colour": "a"}}"#,
        "Policy has an invalid condition key",
    );
    condition(
        r#"{"StringEquals": {"colour": "a"}}"#,
        "Policy has an invalid condition key",
    );
    condition(
        r#"{"StringLike": {"s3:prefix": "home/*"}}"#,
        "Conditions do not apply to combination of actions and resources in statement",
    );
    condition(
        r#"{"IpAddress": {"aws:SourceIp": "123"}}"#,
        "Invalid IP address in Conditions",
    );
    condition(
        r#"{"StringEquals": {"aws:SourceVpc": []}}"#,
        "Invalid policy syntax.",
    );
    condition(
        r#"{"StringEquals": {"aws:SourceVpc": null}}"#,
        "Invalid policy syntax.",
    );
    condition(r#"{"StringEquals": "a"}"#, "Invalid policy syntax.");
    condition("[]", "Invalid policy syntax.");
}

#[test]
fn iam_says_what_is_wrong_with_a_policy_of_an_identity() {
    let check = |from: &str, to: &str, message: &str| {
        refused(Kind::Inline, &changed(ALLOW, from, to), message);
    };
    let syntax = "Syntax errors in policy.";
    for text in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"Version": "2012-10-17", "Statement": []}"#,
    ] {
        let message = match text {
            "{}" => "Policy document must be version 2012-10-17 or greater.",
            _ => syntax,
        };
        refused(Kind::Inline, text, message);
    }
    check(
        "2012-10-17",
        "2008-10-17",
        "Policy document must be version 2012-10-17 or greater.",
    );
    check("2012-10-17", "2010-10-17", syntax);
    check(r#""Statement""#, r#""Statements""#, syntax);
    check(r#""Effect""#, r#""effect""#, syntax);
    check("Allow", "Permit", syntax);
    check("Allow", "allow", "The policy failed legacy parsing");
    check(
        r#""Effect""#,
        r#""Principal": "*", "Effect""#,
        "Policy document should not specify a principal.",
    );
    check(
        r#""Effect""#,
        r#""NotPrincipal": "*", "Effect""#,
        "Policy document should not specify a principal.",
    );
    check(
        r#""Action": "s3:GetObject","#,
        "",
        "Policy statement must contain actions.",
    );
    check(
        r#""s3:GetObject""#,
        "[]",
        "Policy statement must contain actions.",
    );
    check(
        r#""arn:aws:s3:::photos/*""#,
        "[]",
        "Policy statement must contain resources.",
    );
    check(
        r#""Action": "s3:GetObject""#,
        r#""Action": "s3:GetObject", "NotAction": "s3:PutObject""#,
        syntax,
    );
    check(
        "s3:GetObject",
        "GetObject",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    );
    check(
        "s3:GetObject",
        "s3:Get:Object",
        "Actions/Condition can contain only one colon.",
    );
    check("s3:GetObject", "s3_x:GetObject", "Vendor s3_x is not valid");
    check(
        "arn:aws:s3:::photos/*",
        "photos",
        "Resource photos must be in ARN format or \"*\".",
    );
    check(
        r#""Effect""#,
        r#""Sid": "a b", "Effect""#,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
    check(
        r#""Effect""#,
        r#""Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}, "Effect""#,
        "The policy failed legacy parsing",
    );
    let twice = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    refused(
        Kind::Inline,
        twice,
        "Statement IDs (SID) in a single policy must be unique.",
    );
}

#[test]
fn iam_says_what_is_wrong_with_a_trust_policy() {
    let check = |from: &str, to: &str, message: &str| {
        refused(Kind::Trust, &changed(TRUST, from, to), message);
    };
    refused(Kind::Trust, "{", "This policy contains invalid Json");
    check(
        "sts:TagSession",
        "s3:GetObject",
        "AssumeRole policy may only specify STS AssumeRole actions.",
    );
    check(
        r#""Effect""#,
        r#""Resource": "*", "Effect""#,
        "Has prohibited field Resource",
    );
    check(
        r#""Effect""#,
        r#""NotResource": "*", "Effect""#,
        "Has prohibited field NotResource",
    );
    check(
        r#""Principal""#,
        r#""NotPrincipal""#,
        "Allow with NotPrincipal is not allowed.",
    );
    check(
        r#""111122223333""#,
        r#""ada""#,
        "Invalid principal in policy: \"AWS\":\"ada\"",
    );
    check(
        r#""Federated""#,
        r#""CanonicalUser""#,
        "Invalid principal in policy: \"CanonicalUser\"",
    );
    let denied = changed(TRUST, "Allow", "Deny");
    refused(
        Kind::Trust,
        &changed(&denied, r#""Principal""#, r#""NotPrincipal""#),
        "AssumeRole policy must not contain NotPrincipal field.",
    );
}

#[test]
fn a_fault_has_the_code_of_its_service() {
    let code = |kind: Kind<'_>, text: &str| Document::parse(kind, text.as_bytes()).unwrap_err().code;
    assert_eq!(code(BUCKET, "{}"), FaultCode::MalformedPolicy);
    assert_eq!(code(Kind::Inline, "{}"), FaultCode::MalformedPolicyDocument);
    assert_eq!(code(Kind::Trust, "{}").name(), "MalformedPolicyDocument");
    assert_eq!(
        code(Kind::Managed, &"x".repeat(MANAGED_SIZE_MAX + 1)),
        FaultCode::LimitExceeded
    );
}

#[test]
fn a_document_is_as_large_as_its_kind_may_be_and_no_larger() {
    let check = |kind: Kind<'_>, text: &str, size_max: usize, message: &str| {
        assert_eq!(kind.size_max(), size_max);
        let filled = |size: usize| {
            let filling = "x".repeat(size - kind.counted(text));
            changed(
                text,
                r#""Statement""#,
                &format!(r#""Id": "{filling}", "Statement""#),
            )
        };
        // What stands around the text of the `Id` is counted as well.
        let around = kind.counted(&filled(kind.counted(text))) - kind.counted(text);
        let largest = filled(size_max - around);
        assert_eq!(kind.counted(&largest), size_max);
        assert!(Document::parse(kind, largest.as_bytes()).is_ok(), "{kind:?}");
        refused(kind, &filled(size_max - around + 1), message);
    };
    let policy_size = |max: usize| format!("Cannot exceed quota for PolicySize: {max}");
    check(Kind::Managed, ALLOW, MANAGED_SIZE_MAX, &policy_size(6144));
    check(Kind::Boundary, ALLOW, MANAGED_SIZE_MAX, &policy_size(6144));
    check(Kind::Inline, ALLOW, INLINE_ROLE_SIZE_MAX, &policy_size(10240));
    check(Kind::Session, ALLOW, SESSION_SIZE_MAX, &policy_size(2048));
    check(
        Kind::Trust,
        TRUST,
        TRUST_SIZE_MAX,
        "Cannot exceed quota for ACLSizePerRole: 2048",
    );
    let bucket = changed(BUCKET_ALLOW, r#""Id": "reading", "#, "");
    check(
        BUCKET,
        &bucket,
        BUCKET_BYTES_MAX,
        "Policy exceeds the maximum allowed document size.",
    );
    // What all inline policies of one user, group or role may come to is added up by whoever keeps them.
    let together = [INLINE_USER_SIZE_MAX, INLINE_GROUP_SIZE_MAX, INLINE_ROLE_SIZE_MAX];
    assert_eq!(together, [2_048, 5_120, 10_240]);
}

#[test]
fn white_space_is_not_counted_by_iam_but_read_within_bounds() {
    let spaced = changed(ALLOW, "{", &format!("{{{}", " ".repeat(MANAGED_SIZE_MAX * 2)));
    assert!(Document::parse(Kind::Managed, spaced.as_bytes()).is_ok());
    let endless = changed(ALLOW, "{", &format!("{{{}", " ".repeat(DOCUMENT_BYTES_MAX)));
    refused(
        Kind::Managed,
        &endless,
        "Cannot exceed quota for PolicySize: 6144",
    );
}

#[test]
fn principals_can_be_asked_for() {
    let text = changed(
        BUCKET_ALLOW,
        r#""Principal": "*""#,
        r#""Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/ada"]}"#,
    );
    let document = Document::parse(BUCKET, text.as_bytes()).unwrap();
    let arns: Vec<&str> = document.principal_arns().collect();
    assert_eq!(arns, ["arn:aws:iam::111122223333:user/ada"]);
}

#[test]
fn the_accounts_of_a_document_are_known() {
    let canonical = "c".repeat(64);
    let document = bucket(&format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": ["arn:aws:iam::111122223333:root", "999988887777",
            "arn:aws:iam::111122223333:user/ada"], "CanonicalUser": "{canonical}"}},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}}"#
    ));
    let accounts: Vec<&str> = document.principal_accounts().collect();
    assert_eq!(accounts, ["111122223333", "999988887777"]);
    let canonical_ids: Vec<&str> = document.principal_canonical_ids().collect();
    assert_eq!(canonical_ids, [canonical]);
}

#[test]
fn only_conditions_and_variables_ask_for_keys() {
    let check = |statement: &str, expected: bool| {
        assert_eq!(identity(statement).asks_for_keys(), expected, "{statement}");
    };
    let plain = r#""Effect": "Allow", "Action": "s3:Get*""#;
    check(&format!(r#"{{{plain}, "Resource": "*"}}"#), false);
    check(
        &format!(r#"{{{plain}, "Resource": "arn:aws:s3:::photos/*"}}"#),
        false,
    );
    check(
        &format!(r#"{{{plain}, "Resource": "arn:aws:s3:::photos/${{*}}"}}"#),
        false,
    );
    check(
        &format!(r#"{{{plain}, "NotResource": "arn:aws:s3:::photos/${{aws:username}}/*"}}"#),
        true,
    );
    check(
        &format!(
            r#"{{{plain}, "Resource": "*", "Condition": {{"Bool": {{"aws:SecureTransport": "true"}}}}}}"#
        ),
        true,
    );
}

#[test]
fn all_keys_that_a_document_depends_on_are_known() {
    let document = identity(
        r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::photos/${aws:username}/*", "*"],
            "Condition": {"StringLike": {"s3:prefix": ["a", "${aws:PrincipalTag/team}/*"]},
                "ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:userid}"}, "Null": {"aws:TokenIssueTime": "true"},
                "NumericLessThan": {"s3:max-keys": "5"}}},
           {"Effect": "Deny", "NotAction": "*", "NotResource": "arn:aws:s3:::photos/${s3:authType}"}"#,
    );
    let keys: Vec<&str> = document.context_keys().into_iter().collect();
    let expected = [
        "aws:principaltag/team",
        "aws:sourcearn",
        "aws:tokenissuetime",
        "aws:userid",
        "aws:username",
        "s3:authtype",
        "s3:max-keys",
        "s3:prefix",
    ];
    assert_eq!(keys, expected);
    assert!(allow_all().context_keys().is_empty());
}
