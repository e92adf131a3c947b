//! Place, time and coverage: one rule, one fact.

use super::*;
use crate::{PathRule, Payload, Secret, Signer};

const NOW: i64 = 1_369_353_600;

fn check(
    change: impl FnOnce(&mut Claim),
    headers: &[(&str, &[u8])],
    query: Option<&str>,
) -> Result<(), Refusal> {
    check_form(Form::Header, change, headers, query)
}

fn claim_of(form: Form) -> Claim {
    let secret = Secret::new("s");
    let signer = Signer {
        access_key_id: "AKID",
        secret: &secret,
        session_token: None,
        region: "eu-central-1",
        service: "s3",
        time: NOW,
        rule: PathRule::S3,
    };
    let bare = Request {
        method: "GET",
        path: b"/",
        query: None,
        headers: &[("host", b"h")],
    };
    let mut claim = signer.sign(&bare, &Payload::of_body(b"")).claim;
    claim.form = form;
    claim
}

fn check_form(
    form: Form,
    change: impl FnOnce(&mut Claim),
    headers: &[(&str, &[u8])],
    query: Option<&str>,
) -> Result<(), Refusal> {
    let request = Request {
        method: "GET",
        path: b"/",
        query: query.map(str::as_bytes),
        headers,
    };
    let mut claim = claim_of(form);
    if form == Form::Query {
        claim.expires = Some(60);
    }
    change(&mut claim);
    claim.check(
        &request,
        &Expected {
            region: "eu-central-1",
            service: "s3",
            now: NOW,
        },
    )
}

#[test]
fn region_comes_before_service_before_date_before_skew_before_coverage() {
    let form = Form::Header;
    let unsigned: [(&str, &[u8]); 1] = [("X-Amz-Acl", b"private")];
    let mut everything_wrong: Vec<fn(&mut Claim)> = vec![
        |claim| claim.scope.region = "us-east-1".into(),
        |claim| claim.scope.service = "es".into(),
        |claim| claim.scope.date = "20130523".into(),
        |claim| claim.time -= 901,
    ];
    let expected = [
        Refusal::RegionWrong {
            form,
            got: "us-east-1".into(),
            expected: "eu-central-1".into(),
        },
        Refusal::ServiceWrong {
            form,
            got: "es".into(),
            expected: "s3".into(),
        },
        Refusal::ScopeDateDiffers {
            form,
            scope_date: "20130523".into(),
            timestamp: "20130524T000000Z".into(),
        },
        Refusal::Skewed {
            sent: "20130524T000000Z".into(),
            max_seconds: 900,
        },
        Refusal::HeadersNotSigned(vec!["x-amz-acl".into()]),
    ];
    for refusal in expected {
        let refused = check(
            |claim| everything_wrong.iter().for_each(|change| change(claim)),
            &unsigned,
            None,
        );
        assert_eq!(refused, Err(refusal));
        if !everything_wrong.is_empty() {
            everything_wrong.remove(0);
        }
    }
}

#[test]
fn fifteen_minutes_are_allowed_both_ways_and_not_a_second_more() {
    for (seconds, fits) in [(0, true), (900, true), (-900, true), (901, false), (-901, false)] {
        let checked = check(|claim| claim.time += seconds, &[("host", b"h")], None);
        assert_eq!(checked.is_ok(), fits, "{seconds}");
    }
    let far = check(|claim| claim.time = i64::MIN, &[], None);
    assert!(matches!(far, Err(Refusal::Skewed { .. })));
}

#[test]
fn the_skewed_date_is_told_as_sent() {
    let headers: [(&str, &[u8]); 1] = [("Date", b"Thu, 23 May 2013 00:00:00 GMT")];
    let refused = check(|claim| claim.time -= 86_400, &headers, None);
    assert_eq!(
        refused,
        Err(Refusal::Skewed {
            sent: "Thu, 23 May 2013 00:00:00 GMT".into(),
            max_seconds: 900
        })
    );
}

#[test]
fn a_link_lives_from_a_little_before_its_date_to_its_end() {
    for (seconds, fits) in [(0, true), (900, true), (-60, true)] {
        assert_eq!(
            check_form(Form::Query, |claim| claim.time += seconds, &[], None).is_ok(),
            fits,
            "{seconds}"
        );
    }
    let early = check_form(Form::Query, |claim| claim.time += 901, &[], None);
    assert_eq!(
        early,
        Err(Refusal::NotYetValid {
            time: NOW + 901,
            expires_at: NOW + 961
        })
    );
    let late = check_form(
        Form::Query,
        |claim| claim.time -= 61,
        &[],
        Some("X-Amz-Expires=060"),
    );
    assert_eq!(
        late,
        Err(Refusal::Expired {
            expires_text: "060".into(),
            at: NOW - 1
        })
    );
    let never = check_form(Form::Query, |claim| claim.expires = Some(0), &[], None);
    assert_eq!(never, Ok(()), "a link of no seconds lives within its second");
}

#[test]
fn a_form_has_no_skew_but_a_scope() {
    assert_eq!(
        check_form(
            Form::Policy,
            |claim| claim.time -= 100_000,
            &[("x-amz-acl", b"")],
            None
        ),
        Ok(())
    );
    let other_day = check_form(
        Form::Policy,
        |claim| claim.scope.date = "20130101".into(),
        &[],
        None,
    );
    assert!(matches!(
        other_day,
        Err(Refusal::ScopeDateDiffers {
            form: Form::Policy,
            ..
        })
    ));
}

#[test]
fn host_and_every_x_amz_header_must_be_signed() {
    let names = |names: &[&str]| {
        Err(Refusal::HeadersNotSigned(
            names.iter().map(|name| (*name).into()).collect(),
        ))
    };
    let sent: [(&str, &[u8]); 6] = [
        ("X-Amz-Meta-B", b"1"),
        ("content-type", b"text/plain"),
        ("x-amz-date", b"20130524T000000Z"),
        ("x-amz-meta-a", b"1"),
        ("x-amz-meta-b", b"2"),
        ("X-Amz-Content-Sha256", b"UNSIGNED-PAYLOAD"),
    ];
    assert_eq!(
        check(|_| {}, &sent, None),
        names(&["x-amz-meta-b", "x-amz-meta-a"])
    );
    let only_date = |claim: &mut Claim| claim.signed_headers = vec!["X-AMZ-DATE".into()];
    assert_eq!(
        check(only_date, &[("X-Amz-Date", b"20130524T000000Z")], None),
        names(&["host"])
    );
    let authority = |claim: &mut Claim| claim.signed_headers = vec![":authority".into()];
    assert_eq!(check(authority, &[("host", b"h")], None), Ok(()));
    let nothing = |claim: &mut Claim| claim.signed_headers.clear();
    assert_eq!(
        check(nothing, &[], None),
        names(&["host"]),
        "a request without a host is no exception"
    );
}

#[test]
fn a_link_may_carry_a_header_as_a_parameter() {
    let sent: [(&str, &[u8]); 1] = [("X-Amz-Acl", b" private ")];
    assert_eq!(
        check_form(Form::Query, |_| {}, &sent, Some("x-amz-acl=private")),
        Ok(())
    );
    let header_form = check(|_| {}, &sent, Some("x-amz-acl=private"));
    assert_eq!(
        header_form,
        Err(Refusal::HeadersNotSigned(vec!["x-amz-acl".into()]))
    );
}

#[test]
fn a_header_beside_its_parameter_says_the_same_once() {
    let hoisted = |headers: &[(&str, &[u8])]| {
        let claim = claim_of(Form::Query);
        let request = Request {
            method: "PUT",
            path: b"/b/k",
            query: Some(b"X-Amz-Meta-A=1"),
            headers,
        };
        hoisted_contradiction(&request, &claim)
    };
    assert_eq!(hoisted(&[]), None);
    assert_eq!(hoisted(&[("x-amz-meta-a", b" 1 ")]), None);
    assert_eq!(hoisted(&[("x-amz-meta-b", b"2")]), None);
    let contradicted = Some("x-amz-meta-a".to_owned());
    assert_eq!(hoisted(&[("x-amz-meta-a", b"2")]), contradicted);
    // Two lines are read as `1,1`, which nobody signed.
    assert_eq!(
        hoisted(&[("x-amz-meta-a", b"1"), ("X-Amz-Meta-A", b"1")]),
        contradicted
    );
}
