//! The tables of calls and answers of STS.

use countersign_types::Moment;
use countersign_types::iam::{Fault, Tag};
use countersign_types::sts::{Answer, Call, Credentials, SessionLimits, SessionUser};

use crate::query::{self, Parameters, Service};

fn call(form: &str) -> Result<Call, Fault> {
    let whole = format!("Version=2011-06-15&{form}");
    let parameters = Parameters::read(None, whole.as_bytes())?;
    match query::parse(Service::Sts, parameters)? {
        query::Call::Sts(call) => Ok(call),
        query::Call::Iam(call) => unreachable!("{call:?}"),
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Each call: its action, what it must have, what it may have, and what it is with all of that.
fn calls() -> [(&'static str, &'static str, &'static str, Call); 7] {
    let limits = || SessionLimits {
        duration: Some(900),
        policy: Some(text("{}")),
        policy_arns: vec![text("a1"), text("a2")],
    };
    let tag = || Tag {
        key: text("k"),
        value: text("v"),
    };
    [
        (
            "AssumeRole",
            "RoleArn=r&RoleSessionName=s",
            "DurationSeconds=900&Policy=%7B%7D&PolicyArns.member.1.arn=a1&PolicyArns.member.2.arn=a2&\
             Tags.member.1.Key=k&Tags.member.1.Value=v&TransitiveTagKeys.member.1=k&ExternalId=e&SourceIdentity=i",
            Call::AssumeRole {
                role_arn: text("r"),
                role_session_name: text("s"),
                limits: limits(),
                tags: vec![tag()],
                transitive_tag_keys: vec![text("k")],
                external_id: Some(text("e")),
                source_identity: Some(text("i")),
            },
        ),
        (
            "AssumeRoleWithWebIdentity",
            "RoleArn=r&RoleSessionName=s&WebIdentityToken=t",
            "ProviderId=p&DurationSeconds=900&Policy=%7B%7D&PolicyArns.member.1.arn=a1&PolicyArns.member.2.arn=a2",
            Call::AssumeRoleWithWebIdentity {
                role_arn: text("r"),
                role_session_name: text("s"),
                web_identity_token: text("t"),
                provider_id: Some(text("p")),
                limits: limits(),
            },
        ),
        (
            "GetSessionToken",
            "",
            "DurationSeconds=129600",
            Call::GetSessionToken {
                duration: Some(129_600),
            },
        ),
        (
            "GetFederationToken",
            "Name=n",
            "DurationSeconds=900&Policy=%7B%7D&PolicyArns.member.1.arn=a1&PolicyArns.member.2.arn=a2&\
             Tags.member.1.Key=k&Tags.member.1.Value=v",
            Call::GetFederationToken {
                name: text("n"),
                limits: limits(),
                tags: vec![tag()],
            },
        ),
        ("GetCallerIdentity", "", "", Call::GetCallerIdentity),
        (
            "GetAccessKeyInfo",
            "AccessKeyId=AKIA",
            "",
            Call::GetAccessKeyInfo {
                access_key_id: text("AKIA"),
            },
        ),
        (
            "DecodeAuthorizationMessage",
            "EncodedMessage=m",
            "",
            Call::DecodeAuthorizationMessage {
                encoded_message: text("m"),
            },
        ),
    ]
}

#[test]
fn every_call_is_read_with_all_that_it_may_hold() {
    let mut actions = Vec::new();
    for (action, required, optional, expected) in calls() {
        let form = format!("Action={action}&{required}&{optional}");
        assert!(call(&form) == Ok(expected.clone()), "{form}");
        assert_eq!(super::name(&expected), format!("sts:{action}"));
        assert_eq!(Service::of_action(action), Service::Sts);
        actions.push(action);
    }
    actions.sort_unstable();
    assert_eq!(actions, super::ACTIONS);
}

#[test]
fn what_a_call_must_have_is_asked_for_and_the_rest_is_not() {
    for (action, required, _, _) in calls() {
        assert!(call(&format!("Action={action}&{required}")).is_ok(), "{action}");
        let parameters: Vec<&str> = required.split('&').filter(|part| !part.is_empty()).collect();
        for left_out in &parameters {
            let rest: Vec<&str> = parameters
                .iter()
                .copied()
                .filter(|part| part != left_out)
                .collect();
            let told =
                call(&format!("Action={action}&{}", rest.join("&"))).map_err(|fault| fault.to_string());
            let name = left_out.split('=').next().unwrap_or_default();
            let (first, tail) = name.split_at(1);
            let expected = format!(
                "ValidationError: 1 validation error detected: Value null at '{}{tail}' failed to satisfy constraint: \
                 Member must not be null",
                first.to_ascii_lowercase()
            );
            assert!(told == Err(expected), "{action} {name}");
        }
    }
}

#[test]
fn what_cannot_be_honoured_is_refused() {
    let check = |form: &str, expected: &str| {
        let told = call(&format!("Action={form}")).map_err(|fault| fault.to_string());
        assert_eq!(told.err().as_deref(), Some(expected), "{form}");
    };
    let factor = "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.";
    check(
        "AssumeRole&RoleArn=r&RoleSessionName=s&SerialNumber=1&TokenCode=123456",
        factor,
    );
    check("GetSessionToken&SerialNumber=1", factor);
    check(
        "AssumeRole&RoleArn=r&RoleSessionName=s&ProvidedContexts.member.1.ProviderArn=p",
        "ValidationError: ProvidedContexts.member.1.ProviderArn is not a parameter of AssumeRole that is known here",
    );
    check(
        "AssumeRole&RoleArn=r&RoleSessionName=s&DurationSeconds=899",
        "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: \
         Member must have value greater than or equal to 900",
    );
    check(
        "AssumeRole&RoleArn=r&RoleSessionName=s&DurationSeconds=43201",
        "ValidationError: 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy \
         constraint: Member must have value less than or equal to 43200",
    );
    check(
        "GetSessionToken&DurationSeconds=129601",
        "ValidationError: 1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy \
         constraint: Member must have value less than or equal to 129600",
    );
    for action in super::NOT_HERE {
        check(
            action,
            &format!("NotImplemented: {action} is not implemented by this server"),
        );
        assert_eq!(Service::of_action(action), Service::Sts);
    }
    check(
        "CreateUser",
        "InvalidAction: Could not find operation CreateUser for version 2011-06-15",
    );
    assert_eq!(Service::of_action("CreateUser"), Service::Iam);
}

#[test]
fn answers_are_written() {
    let credentials = || Credentials {
        access_key_id: text("ASIA1"),
        secret_access_key: text("s"),
        session_token: text("t+/="),
        expiration: Moment::from_seconds(1_369_353_600),
    };
    let user = || SessionUser {
        id: text("AROA1:s"),
        arn: text("arn:s"),
    };
    let written = "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
        <SessionToken>t+/=</SessionToken><Expiration>2013-05-24T00:00:00Z</Expiration></Credentials>";
    let assumed = "<AssumedRoleUser><AssumedRoleId>AROA1:s</AssumedRoleId><Arn>arn:s</Arn></AssumedRoleUser>";
    let answers = [
        (
            Answer::AssumedRole {
                credentials: credentials(),
                user: user(),
                packed_policy_size: Some(6),
                source_identity: Some(text("i")),
            },
            format!(
                "{written}{assumed}<PackedPolicySize>6</PackedPolicySize><SourceIdentity>i</SourceIdentity>"
            ),
        ),
        (
            Answer::AssumedRoleWithWebIdentity {
                credentials: credentials(),
                user: user(),
                packed_policy_size: None,
                provider: text("p"),
                audience: text("a"),
                subject: text("sub"),
            },
            format!(
                "{written}<SubjectFromWebIdentityToken>sub</SubjectFromWebIdentityToken>{assumed}\
                 <Provider>p</Provider><Audience>a</Audience>"
            ),
        ),
        (Answer::SessionToken(credentials()), text(written)),
        (
            Answer::FederationToken {
                credentials: credentials(),
                user: user(),
                packed_policy_size: Some(0),
            },
            format!(
                "{written}<FederatedUser><FederatedUserId>AROA1:s</FederatedUserId><Arn>arn:s</Arn></FederatedUser>\
                 <PackedPolicySize>0</PackedPolicySize>"
            ),
        ),
        (
            Answer::CallerIdentity {
                account: text("000000000001"),
                arn: text("arn:s"),
                user_id: text("AIDA1"),
            },
            text("<UserId>AIDA1</UserId><Account>000000000001</Account><Arn>arn:s</Arn>"),
        ),
        (
            Answer::AccessKeyInfo {
                account: text("000000000001"),
            },
            text("<Account>000000000001</Account>"),
        ),
        (
            Answer::DecodedMessage(text("{\"allowed\":false}")),
            text("<DecodedMessage>{\"allowed\":false}</DecodedMessage>"),
        ),
    ];
    for ((action, _, _, call), (answer, expected)) in calls().into_iter().zip(answers) {
        let found = query::encode(&query::Call::Sts(call), &query::Answer::Sts(answer), "R1");
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <{action}Result>{expected}</{action}Result><ResponseMetadata><RequestId>R1</RequestId></ResponseMetadata>\
             </{action}Response>"
        );
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }
}
