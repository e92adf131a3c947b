//! The conditions of a POST policy: one rule, one fact.

use super::*;

const NOW: i64 = 1_451_390_400;

fn document(conditions: &str) -> PolicyDocument {
    let json = format!("{{\"expiration\": \"2015-12-30T12:00:00.000Z\", \"conditions\": [{conditions}]}}");
    PolicyDocument::parse(json.as_bytes()).expect("well formed")
}

fn check(conditions: &str, fields: &[(&str, &str)]) -> Result<(), PolicyFault> {
    document(conditions).evaluate(&owned(fields), "photos", NOW)
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn failed(field: &str, value: &str) -> Result<(), PolicyFault> {
    Err(PolicyFault::ConditionFailed(Condition::Equals {
        field: field.into(),
        value: value.into(),
    }))
}

#[test]
fn equal_means_equal_in_both_spellings() {
    for condition in [
        "{\"acl\": \"private\"}",
        "[\"eq\", \"$acl\", \"private\"]",
        "[\"EQ\", \"$ACL\", \"private\"]",
    ] {
        assert_eq!(check(condition, &[("Acl", "private")]), Ok(()), "{condition}");
        for value in ["Private", "private ", "", "public-read"] {
            assert_eq!(
                check(condition, &[("acl", value)]),
                failed("acl", "private"),
                "{condition} {value}"
            );
        }
        assert_eq!(
            check(condition, &[]),
            failed("acl", "private"),
            "an absent field is an empty one"
        );
    }
}

#[test]
fn starts_with_means_the_beginning() {
    let condition = "[\"starts-with\", \"$key\", \"user/\"]";
    assert_eq!(check(condition, &[("key", "user/a")]), Ok(()));
    assert_eq!(check(condition, &[("key", "user/")]), Ok(()));
    assert!(check(condition, &[("key", "users/a")]).is_err());
    assert!(check(condition, &[]).is_err());
    assert_eq!(
        check("[\"starts-with\", \"$x-amz-meta-tag\", \"\"]", &[]),
        Ok(()),
        "empty allows anything"
    );
}

#[test]
fn each_of_several_content_types_must_start_so() {
    let condition = "[\"starts-with\", \"$Content-Type\", \"image/\"]";
    assert_eq!(
        check(condition, &[("Content-Type", "image/png, image/gif")]),
        Ok(())
    );
    assert!(check(condition, &[("Content-Type", "image/png,text/html")]).is_err());
}

#[test]
fn the_bucket_is_where_the_form_was_sent() {
    assert_eq!(check("{\"bucket\": \"photos\"}", &[]), Ok(()));
    assert_eq!(
        check("{\"bucket\": \"other\"}", &[("bucket", "other")]),
        failed("bucket", "other")
    );
    assert_eq!(
        check("", &[("Bucket", "photos")]),
        Err(PolicyFault::ExtraFields(vec!["bucket".into()]))
    );
}

#[test]
fn a_field_given_twice_must_be_allowed_twice() {
    let condition = "{\"acl\": \"private\"}";
    assert_eq!(
        check(condition, &[("acl", "private"), ("ACL", "private")]),
        Ok(())
    );
    assert_eq!(
        check(condition, &[("acl", "private"), ("acl", "public-read")]),
        failed("acl", "private")
    );
    assert_eq!(
        check(condition, &[("acl", "public-read"), ("acl", "private")]),
        failed("acl", "private")
    );
}

#[test]
fn lines_of_user_metadata_are_one_value() {
    let fields = [("x-amz-meta-tag", "Ninja"), ("X-Amz-Meta-Tag", "Stallman")];
    let whole = "{\"x-amz-meta-tag\": \"Ninja,Stallman\"}";
    assert_eq!(check(whole, &fields), Ok(()));
    let one = "{\"x-amz-meta-tag\": \"Ninja\"}";
    assert_eq!(check(one, &fields[..1]), Ok(()));
    assert_eq!(
        check(one, &[fields[0], fields[0]]),
        failed("x-amz-meta-tag", "Ninja"),
        "it would be kept as Ninja,Ninja"
    );
}

#[test]
fn fields_nobody_mentioned_are_refused() {
    let fields = [
        ("x-amz-signature", "s"),
        ("policy", "p"),
        ("file", "f"),
        ("X-Ignore-me", "i"),
        ("Submit", "go"),
        ("tag", ""),
    ];
    let extra = PolicyFault::ExtraFields(vec!["submit".into(), "tag".into()]);
    assert_eq!(check("", &fields), Err(extra));
    assert_eq!(check("", &fields[..4]), Ok(()));
    let range = check("[\"content-length-range\", 0, 5]", &[("x-amz-date", "d")]);
    assert_eq!(range, Err(PolicyFault::ExtraFields(vec!["x-amz-date".into()])));
}

#[test]
fn the_end_comes_first() {
    let policy = document("{\"acl\": \"private\"}");
    assert_eq!(policy.expiration, 1_451_476_800);
    assert_eq!(
        policy.evaluate(&[], "b", policy.expiration),
        failed("acl", "private")
    );
    let late = policy.evaluate(&[], "b", policy.expiration + 1);
    assert_eq!(late, Err(PolicyFault::Expired { at: 1_451_476_800 }));
}

#[test]
fn the_file_must_lie_in_every_range() {
    let policy = document("[\"content-length-range\", 2, 10], [\"content-length-range\", \"0\", \"7\"]");
    assert_eq!(policy.file_bytes_max(), Some(7));
    for (size, expected) in [
        (1, Err(PolicyFault::TooSmall { size: 1, min: 2 })),
        (2, Ok(())),
        (7, Ok(())),
        (8, Err(PolicyFault::TooLarge { size: 8, max: 7 })),
        (11, Err(PolicyFault::TooLarge { size: 11, max: 10 })),
    ] {
        assert_eq!(policy.check_length(size), expected, "{size}");
    }
    assert_eq!(document("").file_bytes_max(), None);
    assert_eq!(document("").check_length(u64::MAX), Ok(()));
}

#[test]
fn what_is_not_understood_is_refused() {
    let time = "\"expiration\": \"2015-12-30T12:00:00Z\"";
    for json in [
        String::new(),
        "[]".into(),
        "{\"conditions\": []}".into(),
        format!("{{{time}}}"),
        format!("{{{time}, \"conditions\": {{}}}}"),
        format!("{{{time}, \"conditions\": [], \"Version\": 1}}"),
        "{\"expiration\": \"tomorrow\", \"conditions\": []}".into(),
        "{\"expiration\": \"2015-12-30T12:00:00+01:00\", \"conditions\": []}".into(),
        "{\"expiration\": 5, \"conditions\": []}".into(),
    ]
    .into_iter()
    .chain(
        [
            "1",
            "{}",
            "{\"a\": \"1\", \"b\": \"2\"}",
            "{\"a\": 1}",
            "[]",
            "[\"eq\", \"$a\"]",
            "[\"eq\", \"a\", \"b\"]",
            "[\"eq\", \"$a\", 1]",
            "[\"ends-with\", \"$a\", \"b\"]",
            "[\"content-length-range\", -1, 5]",
            "[\"content-length-range\", 1, \"+5\"]",
            "[\"content-length-range\", 1, \"\"]",
            "[1, \"$a\", \"b\"]",
        ]
        .map(|condition| format!("{{{time}, \"conditions\": [{condition}]}}")),
    ) {
        let parsed = PolicyDocument::parse(json.as_bytes());
        assert!(matches!(parsed, Err(PolicyFault::Malformed { .. })), "{json}");
    }
    assert!(matches!(
        PolicyDocument::parse_base64("e30"),
        Err(PolicyFault::Malformed { .. })
    ));
    assert!(matches!(
        PolicyDocument::parse_base64("e_0="),
        Err(PolicyFault::Malformed { .. })
    ));
}

#[test]
fn line_breaks_in_the_base64_are_let_pass() {
    let text = "eyJleHBpcmF0aW9uIjoiMjAxNS0xMi0z\r\nMFQxMjowMDowMFoiLCJjb25kaXRpb25zIjpbXX0=\n";
    assert_eq!(PolicyDocument::parse_base64(text), Ok(document("")));
}

#[test]
fn conditions_are_quoted_as_s3_does() {
    for (condition, quoted) in [
        ("{\"Acl\": \"private\"}", "[\"eq\", \"$acl\", \"private\"]"),
        (
            "[\"starts-with\", \"$key\", \"a\"]",
            "[\"starts-with\", \"$key\", \"a\"]",
        ),
        (
            "[\"content-length-range\", 1, 2]",
            "[\"content-length-range\", 1, 2]",
        ),
    ] {
        let shown: Vec<String> = document(condition)
            .conditions
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, [quoted]);
    }
}
