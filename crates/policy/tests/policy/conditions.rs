//! Every operator, with what is written around it, on keys that have one value, several, or none.

use countersign_policy::{Document, Kind};

use crate::support::{OWNER, decide, identity, read_by, user_of};

/// Whether a condition holds, asked twice: of a statement that allows, and of one that denies.
#[track_caller]
fn check(condition: &str, keys: &[(&str, &[&str])], expected: bool) {
    let mut context = read_by(user_of(OWNER));
    for (key, values) in keys {
        context.keys.set(key, values.iter().copied());
    }
    let allow = identity(&statement("Allow", condition));
    let is_allowed = decide(&context, Some(&allow), None).is_allowed();
    assert_eq!(is_allowed, expected, "allow under {condition} with {keys:?}");
    let all = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let deny = identity(&format!("{all}, {}", statement("Deny", condition)));
    let is_denied = !decide(&context, Some(&deny), None).is_allowed();
    assert_eq!(is_denied, expected, "deny under {condition} with {keys:?}");
}

fn statement(effect: &str, condition: &str) -> String {
    format!(r#"{{"Effect": "{effect}", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#)
}

/// One value in the policy, one in the request.
#[track_caller]
fn compare(operator: &str, policy: &str, request: &str, expected: bool) {
    let condition = format!(r#""{operator}": {{"x:key": "{policy}"}}"#);
    check(&condition, &[("x:key", &[request])], expected);
}

/// The operator and its negation disagree about every value.
#[track_caller]
fn compare_both(operator: &str, negated: &str, policy: &str, request: &str, expected: bool) {
    compare(operator, policy, request, expected);
    compare(negated, policy, request, !expected);
}

#[test]
fn texts() {
    let exact = |policy, request, expected| {
        compare_both("StringEquals", "StringNotEquals", policy, request, expected);
    };
    exact("a", "a", true);
    exact("a", "A", false);
    exact("a*", "ab", false);
    exact("a*", "a*", true);
    exact("", "", true);
    let any_case = |policy, request, expected| {
        compare_both(
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            policy,
            request,
            expected,
        );
    };
    any_case("Ab", "aB", true);
    any_case("\u{c4}", "\u{e4}", true);
    any_case("a*", "ab", false);
    let like = |policy, request, expected| {
        compare_both("StringLike", "StringNotLike", policy, request, expected);
    };
    like("home/*", "home/", true);
    like("home/?", "home/", false);
    like("home/?", "home/x", true);
    like("HOME/*", "home/x", false);
    like("a${*}", "a*", true);
    like("a${*}", "ab", false);
}

#[test]
fn numbers() {
    let equals = |policy, request, expected| {
        compare_both("NumericEquals", "NumericNotEquals", policy, request, expected);
    };
    equals("10", "10.0", true);
    equals("10", "11", false);
    equals("10", "ten", false);
    compare("NumericLessThan", "10", "9", true);
    compare("NumericLessThan", "10", "10", false);
    compare("NumericLessThanEquals", "10", "10", true);
    compare("NumericLessThanEquals", "10", "10.01", false);
    compare("NumericGreaterThan", "9", "10", true);
    compare("NumericGreaterThan", "10", "10", false);
    compare("NumericGreaterThanEquals", "-10", "-10", true);
    compare("NumericGreaterThanEquals", "-10", "-11", false);
    compare("NumericGreaterThan", "0", "many", false);
    check(r#""NumericLessThan": {"x:key": 10}"#, &[("x:key", &["9"])], true);
}

#[test]
fn dates() {
    let equals = |policy, request, expected| {
        compare_both("DateEquals", "DateNotEquals", policy, request, expected);
    };
    equals("2020-01-01T00:00:00Z", "1577836800", true);
    equals("2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", true);
    equals("2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z", false);
    equals("2020-01-01T00:00:00Z", "now", false);
    compare(
        "DateLessThan",
        "2020-01-01T00:00:00Z",
        "2019-12-31T23:59:59Z",
        true,
    );
    compare(
        "DateLessThan",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
        false,
    );
    compare(
        "DateLessThanEquals",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
        true,
    );
    compare("DateGreaterThan", "2020-01-01", "2020-01-01T00:00:01Z", true);
    compare("DateGreaterThan", "2020-01-01", "2020-01-01", false);
    compare("DateGreaterThanEquals", "2020-01-01", "2020-01-01", true);
    compare("DateGreaterThanEquals", "2020-01-02", "2020-01-01", false);
}

#[test]
fn booleans_and_bytes() {
    compare("Bool", "true", "true", true);
    compare("Bool", "True", "true", true);
    compare("Bool", "false", "true", false);
    compare("Bool", "false", "no", false);
    check(r#""Bool": {"x:key": true}"#, &[("x:key", &["true"])], true);
    check(
        r#""Bool": {"x:key": ["true", "false"]}"#,
        &[("x:key", &["false"])],
        true,
    );
    compare("BinaryEquals", "QUJD", "QUJD", true);
    compare("BinaryEquals", "QUJD", "QUJE", false);
    compare("BinaryEquals", "QUJD", "ABC", false);
}

#[test]
fn addresses() {
    let within = |policy, request, expected| {
        compare_both("IpAddress", "NotIpAddress", policy, request, expected);
    };
    within("203.0.113.0/24", "203.0.113.9", true);
    within("203.0.113.0/24", "203.0.114.9", false);
    within("203.0.113.9", "203.0.113.9", true);
    within("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9", true);
    within("2001:DB8:1234:5678::/64", "203.0.113.9", false);
    within("0.0.0.0/0", "somewhere", false);
    check(
        r#""IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}, "NotIpAddress": {"aws:SourceIp": "203.0.113.7"}"#,
        &[("aws:SourceIp", &["203.0.113.7"])],
        false,
    );
}

#[test]
fn arns() {
    for (operator, negated) in [("ArnEquals", "ArnNotEquals"), ("ArnLike", "ArnNotLike")] {
        let like = |policy, request, expected| compare_both(operator, negated, policy, request, expected);
        like(
            "arn:aws:sns:*:123456789012:t",
            "arn:aws:sns:us-east-1:123456789012:t",
            true,
        );
        like(
            "arn:aws:sns:*:123456789012:t",
            "arn:aws:sns:us-east-1:999999999999:t",
            false,
        );
        like("arn:aws:iam::*:user/*", "arn:aws:iam::1:user/a:b", true);
        like("arn:aws:iam::*:user/*", "user/a", false);
        like("*", "arn:aws:s3:::photos", true);
        like(
            "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}",
            "arn:aws:iam::111122223333:user/ada",
            true,
        );
    }
}

#[test]
fn presence() {
    let null = |policy: &str, keys: &[(&str, &[&str])], expected: bool| {
        check(&format!(r#""Null": {{"x:key": "{policy}"}}"#), keys, expected);
    };
    null("true", &[], true);
    null("false", &[], false);
    null("true", &[("x:key", &["a"])], false);
    null("false", &[("x:key", &["a"])], true);
    null("true", &[("X:Key", &["a"])], false);
    null("true", &[("x:key", &[""])], true);
    null("true", &[("x:key", &[])], true);
    check(r#""Null": {"x:key": true}"#, &[], true);
    check(r#""Null": {"x:key": ["true", "false"]}"#, &[], true);
}

#[test]
fn a_key_that_is_not_there_matches_nothing() {
    let without_key = |operator: &str, value: &str, expected: bool| {
        check(&format!(r#""{operator}": {{"x:key": "{value}"}}"#), &[], expected);
        // With `IfExists` it holds, whatever it asks.
        check(
            &format!(r#""{operator}IfExists": {{"x:key": "{value}"}}"#),
            &[],
            true,
        );
        check(
            &format!(r#""ForAnyValue:{operator}": {{"x:key": "{value}"}}"#),
            &[],
            false,
        );
        check(
            &format!(r#""ForAllValues:{operator}": {{"x:key": "{value}"}}"#),
            &[],
            true,
        );
        check(
            &format!(r#""ForAnyValue:{operator}IfExists": {{"x:key": "{value}"}}"#),
            &[],
            true,
        );
    };
    for (operator, value) in [
        ("StringEquals", "a"),
        ("StringEqualsIgnoreCase", "a"),
        ("StringLike", "*"),
        ("NumericEquals", "1"),
        ("NumericLessThan", "1"),
        ("NumericLessThanEquals", "1"),
        ("NumericGreaterThan", "1"),
        ("NumericGreaterThanEquals", "1"),
        ("DateEquals", "2020-01-01"),
        ("DateLessThan", "2020-01-01"),
        ("DateLessThanEquals", "2020-01-01"),
        ("DateGreaterThan", "2020-01-01"),
        ("DateGreaterThanEquals", "2020-01-01"),
        ("Bool", "true"),
        ("BinaryEquals", "QUJD"),
        ("IpAddress", "0.0.0.0/0"),
        ("ArnEquals", "*"),
        ("ArnLike", "*"),
    ] {
        without_key(operator, value, false);
    }
    for (operator, value) in [
        ("StringNotEquals", "a"),
        ("StringNotEqualsIgnoreCase", "a"),
        ("StringNotLike", "*"),
        ("NumericNotEquals", "1"),
        ("DateNotEquals", "2020-01-01"),
        ("NotIpAddress", "0.0.0.0/0"),
        ("ArnNotEquals", "*"),
        ("ArnNotLike", "*"),
    ] {
        without_key(operator, value, true);
    }
}

#[test]
fn if_exists_asks_when_the_key_is_there() {
    compare("StringEqualsIfExists", "a", "b", false);
    compare("StringEqualsIfExists", "a", "a", true);
    compare("StringNotEqualsIfExists", "a", "a", false);
    compare("NumericLessThanIfExists", "1", "2", false);
}

#[test]
fn one_value_of_the_policy_is_enough_and_under_a_negation_none_may_match() {
    let several = |operator: &str, request: &str, expected: bool| {
        check(
            &format!(r#""{operator}": {{"x:key": ["a", "b"]}}"#),
            &[("x:key", &[request])],
            expected,
        );
    };
    several("StringEquals", "b", true);
    several("StringEquals", "c", false);
    several("StringNotEquals", "b", false);
    several("StringNotEquals", "c", true);
}

#[test]
fn all_operators_and_all_keys_must_hold() {
    let keys: &[(&str, &[&str])] = &[("x:a", &["1"]), ("x:b", &["2"])];
    check(r#""StringEquals": {"x:a": "1", "x:b": "2"}"#, keys, true);
    check(r#""StringEquals": {"x:a": "1", "x:b": "3"}"#, keys, false);
    check(
        r#""StringEquals": {"x:a": "1"}, "NumericLessThan": {"x:b": "3"}"#,
        keys,
        true,
    );
    check(
        r#""StringEquals": {"x:a": "1"}, "NumericLessThan": {"x:b": "2"}"#,
        keys,
        false,
    );
    check("", keys, true);
    check(r#""StringEquals": {}"#, keys, true);
}

#[test]
fn names_of_keys_have_no_case() {
    check(r#""StringEquals": {"X:KEY": "a"}"#, &[("x:Key", &["a"])], true);
}

/// The tables of the documentation about `aws:TagKeys`.
#[test]
fn set_operators_look_at_each_value_of_the_request() {
    let tags = |operator: &str, policy: &str, request: &[&str], expected: bool| {
        check(
            &format!(r#""{operator}": {{"aws:TagKeys": {policy}}}"#),
            &[("aws:TagKeys", request)],
            expected,
        );
    };
    tags("ForAllValues:StringLike", r#""key1*""#, &["key1:legal"], true);
    tags(
        "ForAllValues:StringLike",
        r#""key1*""#,
        &["key1:hr", "key1:personnel"],
        true,
    );
    tags(
        "ForAllValues:StringLike",
        r#""key1*""#,
        &["key1:hr", "key2:audit"],
        false,
    );
    tags("ForAllValues:StringLike", r#""key1*""#, &[], true);
    tags("ForAllValues:StringLike", r#""key1*""#, &[""], true);
    // A negated set operator negates value by value, not the whole.
    tags("ForAllValues:StringNotLike", r#""key1*""#, &["key1:legal"], false);
    tags(
        "ForAllValues:StringNotLike",
        r#""key1*""#,
        &["key1:hr", "key2:audit"],
        false,
    );
    tags("ForAllValues:StringNotLike", r#""key1*""#, &["key2:audit"], true);
    tags("ForAnyValue:StringEquals", r#"["a", "b"]"#, &["b", "x"], true);
    tags("ForAnyValue:StringEquals", r#"["a", "b"]"#, &["x", "y"], false);
    tags("ForAnyValue:StringNotEquals", r#"["a", "b"]"#, &["a", "x"], true);
    tags("ForAnyValue:StringNotEquals", r#"["a", "b"]"#, &["a", "b"], false);
    // Without a set operator, on a key that has several values after all.
    tags("StringEquals", r#"["a", "b"]"#, &["b", "x"], true);
    tags("StringNotEquals", r#"["a", "b"]"#, &["b", "x"], false);
    tags("StringNotEquals", r#"["a", "b"]"#, &["x", "y"], true);
}

/// Whether a statement with this condition allows, and whether it denies, when `${aws:TokenIssueTime}` has no value.
#[track_caller]
fn unresolved(condition: &str, allows: bool, denies: bool) {
    let mut context = read_by(user_of(OWNER));
    context.keys.set("x:key", ["a"]);
    let allow = identity(&statement("Allow", condition));
    assert_eq!(
        decide(&context, Some(&allow), None).is_allowed(),
        allows,
        "{condition}"
    );
    let all = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let deny = identity(&format!("{all}, {}", statement("Deny", condition)));
    assert_eq!(
        !decide(&context, Some(&deny), None).is_allowed(),
        denies,
        "{condition}"
    );
}

#[test]
fn a_variable_without_a_value_never_allows_and_never_keeps_from_denying() {
    unresolved(
        r#""StringEquals": {"x:key": "${aws:TokenIssueTime}"}"#,
        false,
        false,
    );
    unresolved(
        r#""StringNotEquals": {"x:key": "${aws:TokenIssueTime}"}"#,
        false,
        true,
    );
    unresolved(
        r#""StringNotLike": {"x:none": "${aws:TokenIssueTime}"}"#,
        false,
        true,
    );
    unresolved(
        r#""StringLikeIfExists": {"x:none": "${aws:TokenIssueTime}"}"#,
        false,
        true,
    );
    unresolved(
        r#""ForAllValues:StringLike": {"x:none": "${aws:TokenIssueTime}"}"#,
        false,
        true,
    );
    unresolved(
        r#""ArnNotLike": {"x:key": "arn:aws:iam::1:${aws:TokenIssueTime}"}"#,
        false,
        true,
    );
    // Another value of the list still may match.
    unresolved(
        r#""StringEquals": {"x:key": ["a", "${aws:TokenIssueTime}"]}"#,
        true,
        true,
    );
    // A default is a value.
    unresolved(
        r#""StringEquals": {"x:key": "${aws:TokenIssueTime, 'a'}"}"#,
        true,
        true,
    );
}

#[test]
fn a_value_that_cannot_be_compared_is_refused_with_the_document() {
    for (operator, value) in [
        ("NumericEquals", "ten"),
        ("NumericEquals", "${x:key}"),
        ("DateLessThan", "yesterday"),
        ("Bool", "yes"),
        ("BinaryEquals", "not base64!"),
        ("IpAddress", "*"),
        ("NotIpAddress", "203.0.113.0/33"),
        ("Null", "maybe"),
        ("NullIfExists", "true"),
        ("StringMatches", "a"),
        ("stringequals", "a"),
    ] {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {}}}"#,
            statement("Allow", &format!(r#""{operator}": {{"x:key": "{value}"}}"#))
        );
        assert!(
            Document::parse(Kind::Inline, text.as_bytes()).is_err(),
            "{operator} {value}"
        );
    }
}
