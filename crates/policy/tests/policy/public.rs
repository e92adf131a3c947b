//! When a bucket policy is public, and what the public access block makes of it.

use countersign_policy::{Context, PublicAccessBlock};

use crate::support::{OWNER, bucket, user_of};

#[track_caller]
fn check(principal: &str, condition: &str, expected: bool) {
    let statement = |effect: &str| {
        format!(
            r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::photos/*", "Condition": {{{condition}}}}}"#
        )
    };
    assert_eq!(
        bucket(&statement("Allow")).is_public(),
        expected,
        "{principal} {condition}"
    );
    assert!(!bucket(&statement("Deny")).is_public(), "{principal} {condition}");
}

#[test]
fn everybody_is_the_public_and_a_name_is_not() {
    check(r#""*""#, "", true);
    check(r#"{"AWS": "*"}"#, "", true);
    check(r#"{"AWS": ["111122223333", "*"]}"#, "", true);
    // From the documentation: whom somebody else vouches for is not known by name.
    check(r#"{"Federated": "graph.facebook.com"}"#, "", true);
    check(r#"{"AWS": "999988887777"}"#, "", false);
    check(r#"{"AWS": "arn:aws:iam::999988887777:user/ada"}"#, "", false);
    check(r#"{"Service": "cloudtrail.amazonaws.com"}"#, "", false);
}

#[test]
fn a_condition_on_a_fixed_value_makes_it_private() {
    let everyone = |condition: &str, expected: bool| check(r#""*""#, condition, expected);
    everyone(r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#, true);
    everyone(r#""StringEquals": {"aws:SourceVpc": "vpc-*"}"#, true);
    everyone(r#""StringEquals": {"aws:SourceVpc": "vpc-91237329"}"#, false);
    everyone(r#""StringLike": {"aws:SourceVpc": "vpc-91237329"}"#, false);
    everyone(r#""StringEquals": {"aws:sourceVPC": ["vpc-1", "vpc-2"]}"#, false);
    everyone(r#""StringLike": {"aws:SourceVpc": ["vpc-1", "vpc-2*"]}"#, true);
    everyone(
        r#""StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}"#,
        true,
    );
    everyone(r#""StringNotEquals": {"aws:SourceVpc": "vpc-1"}"#, true);
    everyone(r#""StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}"#, true);
    everyone(r#""ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}"#, true);
    everyone(
        r#""ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}"#,
        false,
    );
    for key in [
        "aws:PrincipalOrgID",
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:SourceArn",
        "aws:SourceVpce",
        "aws:SourceOwner",
        "aws:SourceAccount",
        "aws:userid",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:DataAccessPointAccount",
    ] {
        everyone(&format!(r#""StringEquals": {{"{key}": "x"}}"#), false);
        everyone(&format!(r#""StringLike": {{"{key}": "x*"}}"#), true);
    }
    for key in [
        "aws:Referer",
        "aws:UserAgent",
        "s3:TlsVersion",
        "aws:PrincipalTag/team",
    ] {
        everyone(&format!(r#""StringEquals": {{"{key}": "x"}}"#), true);
    }
    everyone(r#""Bool": {"aws:SecureTransport": "true"}"#, true);
    everyone(
        r#""ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:1:t"}"#,
        false,
    );
    everyone(
        r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:*:t"}"#,
        true,
    );
    let access_point = "arn:aws:s3:us-west-2:123456789012:accesspoint/*";
    everyone(
        &format!(r#""ArnLike": {{"s3:DataAccessPointArn": "{access_point}"}}"#),
        false,
    );
    everyone(
        &format!(r#""ArnLike": {{"aws:SourceArn": "{access_point}"}}"#),
        true,
    );
    // One of several conditions is enough.
    everyone(
        r#""StringEquals": {"aws:SourceVpc": "vpc-1"}, "Bool": {"aws:SecureTransport": "true"}"#,
        false,
    );
}

#[test]
fn a_range_of_addresses_is_private_unless_it_is_wide() {
    let from = |operator: &str, range: &str, expected: bool| {
        check(
            r#""*""#,
            &format!(r#""{operator}": {{"aws:SourceIp": {range}}}"#),
            expected,
        );
    };
    from("IpAddress", r#""203.0.113.0/24""#, false);
    from("IpAddress", r#""10.0.0.0/8""#, false);
    from("IpAddress", r#""0.0.0.0/1""#, true);
    from("IpAddress", r#"["203.0.113.0/24", "0.0.0.0/0"]"#, true);
    from("IpAddress", r#""2001:db8::/32""#, false);
    from("IpAddress", r#""2000::/3""#, true);
    from("NotIpAddress", r#""203.0.113.0/24""#, true);
    from("IpAddressIfExists", r#""203.0.113.0/24""#, true);
}

#[test]
fn one_public_statement_makes_the_policy_public() {
    let named = r#"{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::photos/*"}"#;
    let public = named.replace(r#"{"AWS": "999988887777"}"#, r#""*""#);
    assert!(!bucket(&format!("{named}, {named}")).is_public());
    assert!(bucket(&format!("{named}, {public}")).is_public());
    // What another statement denies does not make it less so.
    let denied = public.replace("Allow", "Deny");
    assert!(bucket(&format!("{public}, {denied}")).is_public());
}

#[test]
fn any_action_makes_it_public() {
    for action in ["s3:GetObject", "s3:ReplicateObject", "s3:*"] {
        let document = bucket(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "{action}", "Resource": "arn:aws:s3:::photos/*"}}"#
        ));
        assert!(document.is_public(), "{action}");
    }
}

#[test]
fn a_public_policy_is_refused_where_it_is_blocked() {
    let document = |principal: &str| {
        bucket(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}}"#
        ))
    };
    let (public, private) = (document(r#""*""#), document(r#"{"AWS": "999988887777"}"#));
    let context = Context::new(user_of(OWNER), "s3:PutBucketPolicy", "arn:aws:s3:::photos", OWNER);
    let of_bucket = PublicAccessBlock {
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    };
    let of_account = PublicAccessBlock {
        block_public_policy: true,
        ..PublicAccessBlock::default()
    };
    assert_eq!(of_bucket.refuses(&public, &context), None);
    let both = of_bucket.with(of_account);
    assert!(both.restrict_public_buckets && !both.block_public_acls && !both.ignore_public_acls);
    assert_eq!(both.refuses(&private, &context), None);
    assert_eq!(
        both.refuses(&public, &context).as_deref(),
        Some(
            "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: s3:PutBucketPolicy on resource: \
             \"arn:aws:s3:::photos\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block \
             Public Access."
        )
    );
}
