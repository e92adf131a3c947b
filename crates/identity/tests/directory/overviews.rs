//! What is told of an account as a whole: all that is in it, and who has which keys.

use crate::support::*;
use countersign_identity::limits::{DETAILS_BYTES_MAX, DOCUMENT_TEXT_BYTES_MAX, TRUST_TEXT_BYTES_MAX};
use countersign_sigv4::Scope;
use countersign_types::iam::{
    AccessKeyStatus, AccountDetail, Answer, Call, EntityKind, FaultCode, Holder, PageOf,
};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

fn scope() -> Scope {
    Scope {
        date: "20261125".into(),
        region: "eu-west-1".into(),
        service: "s3".into(),
    }
}

/// `ada` in the group `devs`, a role and a policy; each with something that hangs on it.
async fn peopled() -> World {
    let world = World::new().await;
    world.user("ada").await;
    world.user("bob").await;
    world.done(create_group("devs")).await;
    world.done(add_to_group("devs", "ada")).await;
    world.role("reader", &trusting(ROOT_ACCOUNT)).await;
    let policy = world.policy("p", &allowing("s3:Get*")).await;
    world.done(attach(&user("ada"), &policy)).await;
    world
        .done(attach(&Holder::Role("reader".to_owned()), READ_ONLY))
        .await;
    let groups = Holder::Group("devs".to_owned());
    world
        .done(put_inline(&groups, "own", &allowing("s3:List*")))
        .await;
    world
}

/// What one page tells: a word for each thing.
async fn told(world: &World, filter: &[EntityKind], page: PageOf) -> (Vec<String>, Option<String>) {
    let call = Call::GetAccountAuthorizationDetails {
        filter: filter.to_vec(),
        page,
    };
    let Answer::AccountDetails(listing) = world.done(call).await else {
        panic!("details");
    };
    let words = listing.items.iter().map(|detail| match detail {
        AccountDetail::User {
            user,
            inline,
            groups,
            attached,
        } => {
            let attached: Vec<&str> = attached
                .iter()
                .map(|policy| policy.policy_name.as_str())
                .collect();
            format!("user {} {} {groups:?} {attached:?}", user.user_name, inline.len())
        }
        AccountDetail::Group {
            group,
            inline,
            attached,
        } => {
            let inline: Vec<&str> = inline.iter().map(|policy| policy.document.as_str()).collect();
            format!(
                "group {} {} {}",
                group.group_name,
                inline.join(" "),
                attached.len()
            )
        }
        AccountDetail::Role { role, attached, .. } => {
            let attached = attached.iter().map(|policy| policy.policy_arn.as_str());
            let attached: Vec<&str> = attached.collect();
            format!("role {} {attached:?}", role.role_name)
        }
        AccountDetail::Policy { policy, versions } => {
            format!(
                "policy {} {} {}",
                policy.arn,
                policy.attachment_count,
                versions.len()
            )
        }
    });
    (words.collect(), listing.marker)
}

#[tokio::test]
async fn an_account_is_told_with_everything_in_it() {
    let world = peopled().await;
    let policy = format!("arn:aws:iam::{ROOT_ACCOUNT}:policy/p");
    let expected = [
        "user ada 0 [\"devs\"] [\"p\"]".to_owned(),
        "user bob 0 [] []".to_owned(),
        format!("group devs {} 0", allowing("s3:List*")),
        format!("role reader [{READ_ONLY:?}]"),
        format!("policy {policy} 1 1"),
        // Of the policies that come with the server, those that are used.
        format!("policy {READ_ONLY} 1 1"),
    ];
    let (all, marker) = told(&world, &[], page()).await;
    assert_eq!((all.as_slice(), marker), (&expected[..], None));
    for (filter, expected) in [
        (EntityKind::User, &expected[..2]),
        (EntityKind::Group, &expected[2..3]),
        (EntityKind::Role, &expected[3..4]),
        (EntityKind::LocalManagedPolicy, &expected[4..5]),
        (EntityKind::AwsManagedPolicy, &expected[5..]),
    ] {
        assert_eq!(told(&world, &[filter], page()).await.0, expected, "{filter:?}");
    }
    let mut paged = Vec::new();
    let mut asked = PageOf {
        marker: None,
        max_items: Some(4),
    };
    loop {
        let (words, marker) = told(&world, &[], asked.clone()).await;
        paged.extend(words);
        asked.marker = marker;
        if asked.marker.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected);
}

#[tokio::test]
async fn the_documents_on_one_page_have_a_limit() {
    let world = World::new().await;
    // A hundred roles with their trust policies and what is inside them are more than a page may hold.
    let padded = |document: String, bytes: usize| format!("{document}{}", " ".repeat(bytes - document.len()));
    let trust = padded(trusting(ROOT_ACCOUNT), TRUST_TEXT_BYTES_MAX);
    let inline = padded(allowing("s3:Get*"), DOCUMENT_TEXT_BYTES_MAX);
    let each = TRUST_TEXT_BYTES_MAX + DOCUMENT_TEXT_BYTES_MAX;
    let count = DETAILS_BYTES_MAX / each + 1;
    for at in 0..count {
        let name = format!("role{at:03}");
        world.role(&name, &trust).await;
        world.done(put_inline(&Holder::Role(name), "own", &inline)).await;
    }
    let asked = |marker| PageOf {
        marker,
        max_items: Some(1_000),
    };
    let (first, marker) = told(&world, &[], asked(None)).await;
    assert_eq!(first.len(), count - 1);
    let (rest, end) = told(&world, &[], asked(Some(marker.expect("there is more")))).await;
    assert_eq!((rest.len(), end), (1, None));
}

#[tokio::test]
async fn the_credential_report_says_who_has_which_keys() {
    let world = World::new().await;
    world.user("ada").await;
    world.user("a,b").await;
    let (first, second) = (world.key("ada").await, world.key("ada").await);
    let (first, second) = (first.metadata.access_key_id, second.metadata.access_key_id);
    let resolved = world.resolve(&first, None, 60).expect("it resolves");
    world.directory.note_use(&resolved, at(60), &scope(), || None);
    world
        .done(set_key("ada", &second, AccessKeyStatus::Inactive))
        .await;
    assert_eq!(
        world.done(Call::GenerateCredentialReport).await,
        Answer::CredentialReportReady
    );
    let Answer::CredentialReport { content, generated } = world.done(Call::GetCredentialReport).await else {
        panic!("a report");
    };
    assert_eq!(generated, at(0));
    let lines: Vec<&str> = content.lines().collect();
    let date = "2026-11-25T00:00:00+00:00";
    let none = "N/A,N/A,N/A,N/A";
    let password = "false,N/A,N/A,N/A,false";
    let never = format!("true,{date},N/A,N/A,N/A");
    let used = format!("true,{date},2026-11-25T00:01:00+00:00,eu-west-1,s3");
    let inactive = format!("false,{date},N/A,N/A,N/A");
    let certificates = "false,N/A,false,N/A";
    let arn = format!("arn:aws:iam::{ROOT_ACCOUNT}");
    assert!(lines[0].starts_with("user,arn,user_creation_time,password_enabled,"));
    let columns = lines[0].split(',').count();
    assert_eq!(columns, 22);
    let root = lines[1];
    assert!(root.starts_with(&format!("<root_account>,{arn}:root,")), "{root}");
    let keys = format!(",not_supported,no_information,not_supported,not_supported,false,{never}");
    let keys = keys.replace(date, root.split(',').nth(2).unwrap_or_default());
    assert!(root.contains(&keys), "{root}");
    assert_eq!(
        lines[2],
        format!("\"a,b\",\"{arn}:user/a,b\",{date},{password},false,{none},false,{none},{certificates}")
    );
    // Both keys were made in the same moment.
    let row =
        |one: &str, other: &str| format!("ada,{arn}:user/ada,{date},{password},{one},{other},{certificates}");
    assert!(
        [row(&used, &inactive), row(&inactive, &used)].contains(&lines[3].to_owned()),
        "{}",
        lines[3]
    );
    assert_eq!(lines.len(), 4);
    for secret in [ROOT_SECRET, &first, &second] {
        assert!(!content.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_report_knows_what_other_servers_noted() {
    let here = World::new().await;
    here.user("ada").await;
    let id = here.key("ada").await.metadata.access_key_id;
    let there = World::on(here.engine.clone(), 2).await;
    let resolved = there.resolve(&id, None, 60).expect("it resolves");
    there.directory.note_use(&resolved, at(60), &scope(), || None);
    there.directory.flush_usage().await.expect("written");
    let Answer::CredentialReport { content, .. } = here.done(Call::GetCredentialReport).await else {
        panic!("a report");
    };
    assert!(
        content.contains("2026-11-25T00:01:00+00:00,eu-west-1,s3"),
        "{content}"
    );
}

#[tokio::test]
async fn the_keys_that_policies_ask_about_are_told() {
    let world = peopled().await;
    let conditional = |key: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${{aws:username}}/*",
            "Condition":{{"StringEquals":{{"{key}":"a"}}}}}}}}"#
        )
    };
    let groups = Holder::Group("devs".to_owned());
    world
        .done(put_inline(&groups, "own", &conditional("s3:prefix")))
        .await;
    let arn = |resource: &str| format!("arn:aws:iam::{ROOT_ACCOUNT}:{resource}");
    let of_principal = |source_arn: String| Call::GetContextKeysForPrincipalPolicy {
        source_arn,
        policies: vec![conditional("aws:SourceIp")],
    };
    let keys = |names: &[&str]| Answer::ContextKeys(names.iter().map(|name| (*name).to_owned()).collect());
    // Those of its groups are among them.
    assert_eq!(
        world.done(of_principal(arn("user/ada"))).await,
        keys(&["aws:sourceip", "aws:username", "s3:prefix"])
    );
    assert_eq!(
        world.done(of_principal(arn("role/reader"))).await,
        keys(&["aws:sourceip", "aws:username"])
    );
    let message = format!("The entity with ARN {} cannot be found.", arn("user/eve"));
    world
        .refused(of_principal(arn("user/eve")), FaultCode::NoSuchEntity, &message)
        .await;
    let custom = |policies| Call::GetContextKeysForCustomPolicy { policies };
    assert_eq!(
        world
            .done(custom(vec![conditional("a:b"), allowing("s3:*")]))
            .await,
        keys(&["a:b", "aws:username"])
    );
    let fault = world
        .call(custom(vec!["{}".to_owned()]))
        .await
        .expect_err("it is no policy");
    assert_eq!(fault.code, FaultCode::MalformedPolicyDocument);
}
