//! Whom a statement of a bucket policy is about, asked with requests.

use countersign_policy::Requester;

use crate::support::{OWNER, STRANGER, allow_all, bucket, decide, read_by, reading, session_of, user_of};

#[test]
fn not_principal_denies_everybody_but_those_it_lists_whole() {
    let check = |listed: &str, requester: &Requester, expected: bool| {
        let document = bucket(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}},
               {{"Effect": "Deny", "NotPrincipal": {{"AWS": [{listed}]}}, "Action": "s3:GetObject",
                 "Resource": "arn:aws:s3:::photos/*"}}"#
        ));
        let decision = decide(&read_by(requester.clone()), None, Some(&document));
        assert_eq!(decision.is_allowed(), expected, "{listed} {requester:?}");
    };
    let (root, ada) = (
        r#""arn:aws:iam::111122223333:root""#,
        r#""arn:aws:iam::111122223333:user/ada""#,
    );
    let user = user_of(OWNER);
    check(&format!("{root}, {ada}"), &user, true);
    check(ada, &user, false);
    check(root, &user, false);
    check(&format!("{root}, {ada}"), &Requester::Anonymous, false);
    let (role, session) = (
        r#""arn:aws:iam::111122223333:role/reader""#,
        r#""arn:aws:sts::111122223333:assumed-role/reader/s1""#,
    );
    check(&format!("{root}, {role}, {session}"), &session_of(OWNER), true);
    check(&format!("{role}, {session}"), &session_of(OWNER), false);
    check(&format!("{root}, {role}"), &session_of(OWNER), false);
}

#[test]
fn a_denial_of_an_account_is_one_of_everybody_in_it() {
    let all = allow_all();
    let denying = reading("Deny", r#"{"AWS": "arn:aws:iam::111122223333:root"}"#);
    for requester in [user_of(OWNER), session_of(OWNER)] {
        assert!(!decide(&read_by(requester), Some(&all), Some(&denying)).is_allowed());
    }
    let elsewhere = reading("Deny", r#"{"AWS": "999988887777"}"#);
    assert!(decide(&read_by(user_of(OWNER)), Some(&all), Some(&elsewhere)).is_allowed());
    assert!(!decide(&read_by(user_of(STRANGER)), Some(&all), Some(&elsewhere)).is_allowed());
}

#[test]
fn names_have_a_case() {
    let other_case = reading("Allow", r#"{"AWS": "arn:aws:iam::111122223333:user/Ada"}"#);
    assert!(!decide(&read_by(user_of(OWNER)), None, Some(&other_case)).is_allowed());
}
