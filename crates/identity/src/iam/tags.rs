//! Tags of users, roles, managed policies and identity providers.

use super::paging::page;
use super::words::{check_count, check_tag_key, check_tags};
use super::{policies, providers, roles, users};
use crate::records::TagRecord;
use crate::state::AccountState;
use countersign_types::iam::{Answer, Fault, PageOf, Tag, Tagged};
use std::sync::Arc;

pub(super) fn add(state: &mut AccountState, of: &Tagged, tags: &[Tag]) -> Result<Answer, Fault> {
    let added = check_tags(tags)?;
    edit(state, of, |tags| {
        for tag in added {
            tags.retain(|other| !is_same_key(&other.key, &tag.key));
            tags.push(tag);
        }
        check_count(tags)
    })
}

pub(super) fn remove(state: &mut AccountState, of: &Tagged, keys: &[String]) -> Result<Answer, Fault> {
    for key in keys {
        check_tag_key(key)?;
    }
    edit(state, of, |tags| {
        tags.retain(|tag| !keys.iter().any(|key| is_same_key(&tag.key, key)));
        Ok(())
    })
}

pub(super) fn list(state: &AccountState, of: &Tagged, asked: &PageOf) -> Result<Answer, Fault> {
    let mut tags = match of {
        Tagged::User(name) => users::get(state, name)?.record.tags.clone(),
        Tagged::Role(name) => roles::get(state, name)?.record.tags.clone(),
        Tagged::Policy(arn) => policies::get(state, arn)?.record.tags.clone(),
        Tagged::OidcProvider(arn) => providers::get(state, arn)?.tags.clone(),
    };
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let tags = tags.iter().map(|tag| (tag.key.clone(), Tag::from(tag)));
    page(asked, tags).map(Answer::Tags)
}

fn edit(
    state: &mut AccountState,
    of: &Tagged,
    change: impl FnOnce(&mut Vec<TagRecord>) -> Result<(), Fault>,
) -> Result<Answer, Fault> {
    match of {
        Tagged::User(name) => {
            let mut user = (*users::get(state, name)?).clone();
            change(&mut user.record.tags)?;
            Arc::make_mut(&mut state.users).insert(user);
        }
        Tagged::Role(name) => {
            let mut role = (*roles::get(state, name)?).clone();
            change(&mut role.record.tags)?;
            Arc::make_mut(&mut state.roles).insert(role);
        }
        Tagged::Policy(arn) => {
            let mut policy = (*policies::own(state, arn)?).clone();
            change(&mut policy.record.tags)?;
            Arc::make_mut(&mut state.policies).insert(policy);
        }
        Tagged::OidcProvider(arn) => {
            let mut provider = (*providers::get(state, arn)?).clone();
            change(&mut provider.tags)?;
            return providers::replace(state, provider);
        }
    }
    Ok(Answer::Done)
}

/// The keys of IAM's tags are compared without regard to case.
fn is_same_key(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
