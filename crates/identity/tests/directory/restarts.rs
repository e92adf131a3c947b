//! Whatever was called in whatever order, a server that starts anew answers every question alike.

use crate::support::*;
use countersign_engine::world::random::Seeded;
use countersign_types::iam::{AccessKeyStatus, Answer, Call, Holder, PolicyScope, Tag, Tagged};

const NAMES: [&str; 3] = ["ada", "Bob", "c.d"];

fn name(random: &mut Seeded) -> String {
    NAMES[random.below(NAMES.len())].to_owned()
}

fn holder(random: &mut Seeded) -> Holder {
    let name = name(random);
    match random.below(3) {
        0 => Holder::User(name),
        1 => Holder::Group(name),
        _ => Holder::Role(name),
    }
}

fn policy_arn(random: &mut Seeded) -> String {
    match random.below(5) {
        0 => "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned(),
        _ => format!("arn:aws:iam::{ROOT_ACCOUNT}:policy/{}", name(random)),
    }
}

fn version_id(random: &mut Seeded) -> String {
    format!("v{}", 1 + random.below(4))
}

/// Some call that changes something, if it comes to anything.
fn any_change(random: &mut Seeded, keys: &[(String, String)]) -> Call {
    let new_path = Some(["/", "/x/"][random.below(2)].to_owned());
    let key = match keys.len() {
        0 => ("ada".to_owned(), "AKIA".to_owned()),
        count => keys[random.below(count)].clone(),
    };
    match random.below(26) {
        0 | 1 => create_user(&name(random)),
        2 => Call::UpdateUser {
            user_name: name(random),
            new_path,
            new_user_name: Some(name(random)),
        },
        3 => Call::DeleteUser {
            user_name: name(random),
        },
        4 | 5 => create_key(Some(&name(random))),
        6 => set_key(&key.0, &key.1, AccessKeyStatus::Inactive),
        7 => delete_key(&key.0, &key.1),
        8 | 9 => create_group(&name(random)),
        10 => Call::UpdateGroup {
            group_name: name(random),
            new_path,
            new_group_name: Some(name(random)),
        },
        11 => Call::DeleteGroup {
            group_name: name(random),
        },
        12 => add_to_group(&name(random), &name(random)),
        13 => Call::RemoveUserFromGroup {
            group_name: name(random),
            user_name: name(random),
        },
        14 => create_policy(&name(random), &allowing("s3:Get*")),
        15 => Call::CreatePolicyVersion {
            policy_arn: policy_arn(random),
            document: allowing("s3:List*"),
            set_as_default: random.chance(500),
        },
        16 => Call::DeletePolicyVersion {
            policy_arn: policy_arn(random),
            version_id: version_id(random),
        },
        17 => Call::SetDefaultPolicyVersion {
            policy_arn: policy_arn(random),
            version_id: version_id(random),
        },
        18 => Call::DeletePolicy {
            policy_arn: policy_arn(random),
        },
        19 => attach(&holder(random), &policy_arn(random)),
        20 => Call::DetachPolicy {
            holder: holder(random),
            policy_arn: policy_arn(random),
        },
        21 => put_inline(&holder(random), &name(random), &allowing("s3:Put*")),
        22 => Call::DeleteInlinePolicy {
            holder: holder(random),
            policy_name: name(random),
        },
        23 => create_role(&name(random), &trusting(ROOT_ACCOUNT)),
        24 => Call::DeleteRole {
            role_name: name(random),
        },
        _ => Call::Tag {
            of: Tagged::User(name(random)),
            tags: vec![Tag {
                key: name(random),
                value: name(random),
            }],
        },
    }
}

/// All that can be asked.
fn questions() -> Vec<Call> {
    let mut questions = vec![
        Call::ListUsers {
            path_prefix: None,
            page: page(),
        },
        Call::ListGroups {
            path_prefix: None,
            page: page(),
        },
        Call::ListRoles {
            path_prefix: None,
            page: page(),
        },
        Call::ListPolicies {
            scope: PolicyScope::Local,
            only_attached: false,
            path_prefix: None,
            usage: None,
            page: page(),
        },
        Call::GetAccountSummary,
        Call::GetAccountAuthorizationDetails {
            filter: Vec::new(),
            page: page(),
        },
        Call::GetCredentialReport,
    ];
    for name in NAMES.map(str::to_owned) {
        questions.push(Call::ListAccessKeys {
            user_name: Some(name.clone()),
            page: page(),
        });
        questions.push(Call::GetGroup {
            group_name: name.clone(),
            page: page(),
        });
        questions.push(Call::ListPolicyVersions {
            policy_arn: format!("arn:aws:iam::{ROOT_ACCOUNT}:policy/{name}"),
            page: page(),
        });
        for holder in [
            Holder::User(name.clone()),
            Holder::Group(name.clone()),
            Holder::Role(name.clone()),
        ] {
            questions.push(Call::ListAttachedPolicies {
                holder: holder.clone(),
                path_prefix: None,
                page: page(),
            });
            for policy_name in NAMES.map(str::to_owned) {
                questions.push(Call::GetInlinePolicy {
                    holder: holder.clone(),
                    policy_name,
                });
            }
        }
    }
    questions
}

#[tokio::test]
async fn a_server_that_starts_anew_answers_every_question_alike() {
    for seed in 0..30 {
        let world = World::new().await;
        let mut random = Seeded::new(seed);
        let mut keys: Vec<(String, String)> = Vec::new();
        let mut done = 0;
        for _ in 0..120 {
            let call = any_change(&mut random, &keys);
            match world.call(call).await {
                Ok(Answer::NewAccessKey(key)) => {
                    let owner = key.metadata.user_name.unwrap_or_default();
                    keys.push((owner, key.metadata.access_key_id));
                    done += 1;
                }
                Ok(_) => done += 1,
                Err(_) => {}
            }
        }
        assert!(done > 15, "seed {seed}: {done}");
        let again = World::on(world.engine.clone(), seed + 1).await;
        for question in questions() {
            let (before, after) = (
                world.call(question.clone()).await,
                again.call(question.clone()).await,
            );
            assert_eq!(before, after, "seed {seed}: {question:?}");
        }
        for (_, id) in &keys {
            assert_eq!(world.arn_of(id), again.arn_of(id), "seed {seed}");
        }
    }
}
