//! OpenID Connect identity providers: who may vouch for somebody, and for which applications.
//!
//! Not here: reading and verifying their tokens.

use super::words::{self, constraint, quota};
use crate::directory::Means;
use crate::limits::{CLIENT_IDS_BYTES_MAX, CLIENT_IDS_MAX, PROVIDERS_MAX, THUMBPRINTS_MAX};
use crate::records::{Other, ProviderRecord};
use crate::state::AccountState;
use countersign_types::iam::{Answer, Fault, FaultCode, OidcProvider, Tag};
use std::sync::Arc;

pub(super) fn create(
    state: &mut AccountState,
    means: &Means<'_>,
    url: &str,
    client_ids: &[String],
    thumbprints: &[String],
    tags: &[Tag],
) -> Result<Answer, Fault> {
    let url = check_url(url)?;
    check_client_ids(client_ids)?;
    check_thumbprints(thumbprints)?;
    let record = ProviderRecord {
        url: url.to_owned(),
        client_ids: client_ids.to_vec(),
        thumbprints: thumbprints.to_vec(),
        created: means.now,
        tags: words::check_tags(tags)?,
        other: Other::new(),
    };
    if state.providers.contains_key(url) {
        return Err(Fault::new(
            FaultCode::EntityAlreadyExists,
            format!("Provider with url https://{url} already exists."),
        ));
    }
    if state.providers.len() >= PROVIDERS_MAX {
        return Err(quota("OpenIdConnectProvidersPerAccount", PROVIDERS_MAX));
    }
    let answer = described(state, &record);
    Arc::make_mut(&mut state.providers).insert(url.to_owned(), Arc::new(record));
    Ok(Answer::OidcProvider(answer))
}

pub(super) fn find(state: &AccountState, arn: &str) -> Result<Answer, Fault> {
    let provider = get(state, arn)?;
    Ok(Answer::OidcProvider(described(state, &provider)))
}

pub(super) fn delete(state: &mut AccountState, arn: &str) -> Result<Answer, Fault> {
    let provider = get(state, arn)?;
    Arc::make_mut(&mut state.providers).remove(&provider.url);
    Ok(Answer::Done)
}

pub(super) fn list(state: &AccountState) -> Answer {
    let arns = state
        .providers
        .values()
        .map(|provider| arn_of(state, &provider.url));
    Answer::OidcProviders(arns.collect())
}

pub(super) fn add_client_id(state: &mut AccountState, arn: &str, client_id: &str) -> Result<Answer, Fault> {
    let mut provider = (*get(state, arn)?).clone();
    if !provider.client_ids.iter().any(|known| known == client_id) {
        provider.client_ids.push(client_id.to_owned());
        check_client_ids(&provider.client_ids)?;
    }
    replace(state, provider)
}

pub(super) fn remove_client_id(
    state: &mut AccountState,
    arn: &str,
    client_id: &str,
) -> Result<Answer, Fault> {
    let mut provider = (*get(state, arn)?).clone();
    provider.client_ids.retain(|known| known != client_id);
    replace(state, provider)
}

pub(super) fn update_thumbprints(
    state: &mut AccountState,
    arn: &str,
    thumbprints: &[String],
) -> Result<Answer, Fault> {
    check_thumbprints(thumbprints)?;
    let mut provider = (*get(state, arn)?).clone();
    provider.thumbprints = thumbprints.to_vec();
    replace(state, provider)
}

/// The provider of an ARN.
pub(super) fn get(state: &AccountState, arn: &str) -> Result<Arc<ProviderRecord>, Fault> {
    let url = arn.strip_prefix(&arn_of(state, ""));
    let found = url.and_then(|url| state.providers.get(url)).cloned();
    found.ok_or_else(|| {
        Fault::new(
            FaultCode::NoSuchEntity,
            format!("OpenIDConnect Provider not found for arn {arn}"),
        )
    })
}

/// Puts a provider in place of the one of its URL.
pub(super) fn replace(state: &mut AccountState, provider: ProviderRecord) -> Result<Answer, Fault> {
    let providers = Arc::make_mut(&mut state.providers);
    providers.insert(provider.url.clone(), Arc::new(provider));
    Ok(Answer::Done)
}

impl AccountState {
    /// All identity providers.
    pub(crate) fn oidc_providers(&self) -> Vec<OidcProvider> {
        self.providers
            .values()
            .map(|provider| described(self, provider))
            .collect()
    }
}

/// How a provider is told.
fn described(state: &AccountState, provider: &ProviderRecord) -> OidcProvider {
    OidcProvider {
        arn: arn_of(state, &provider.url),
        url: provider.url.clone(),
        client_ids: provider.client_ids.clone(),
        thumbprints: provider.thumbprints.clone(),
        create_date: provider.created,
        tags: provider.tags.iter().map(Tag::from).collect(),
    }
}

fn arn_of(state: &AccountState, url: &str) -> String {
    state.arn("oidc-provider", "/", url)
}

/// An address without `https://`, which every provider has.
fn check_url(url: &str) -> Result<&str, Fault> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = rest
        .bytes()
        .all(|byte| (0x21..=0x7e).contains(&byte) && !b"?#@\\*\"<>".contains(&byte));
    if host.is_empty() || !is_plain || url.len() > URL_BYTES_MAX {
        return Err(Fault::new(
            FaultCode::ValidationError,
            "Invalid Open ID Connect Provider URL",
        ));
    }
    Ok(rest)
}

fn check_client_ids(client_ids: &[String]) -> Result<(), Fault> {
    let is_right = |id: &&String| {
        (1..=CLIENT_ID_CHARACTERS_MAX).contains(&id.chars().count()) && !id.chars().any(char::is_control)
    };
    if let Some(wrong) = client_ids.iter().find(|id| !is_right(id)) {
        let must = format!("have length between 1 and {CLIENT_ID_CHARACTERS_MAX}");
        return Err(constraint(wrong, "clientIDList", &must));
    }
    if client_ids.iter().map(String::len).sum::<usize>() > CLIENT_IDS_BYTES_MAX {
        return Err(quota("the bytes of all client ids", CLIENT_IDS_BYTES_MAX));
    }
    match client_ids.len() > CLIENT_IDS_MAX {
        true => Err(quota("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS_MAX)),
        false => Ok(()),
    }
}

fn check_thumbprints(thumbprints: &[String]) -> Result<(), Fault> {
    let is_right = |text: &&String| {
        text.len() == THUMBPRINT_CHARACTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some(wrong) = thumbprints.iter().find(|text| !is_right(text)) {
        let must = format!("be {THUMBPRINT_CHARACTERS} letters and digits");
        return Err(constraint(wrong, "thumbprintList", &must));
    }
    match thumbprints.len() > THUMBPRINTS_MAX {
        true => Err(Fault::new(
            FaultCode::InvalidInput,
            "Thumbprint list must contain fewer than 5 entries.",
        )),
        false => Ok(()),
    }
}

const URL_BYTES_MAX: usize = 255;
const CLIENT_ID_CHARACTERS_MAX: usize = 255;
const THUMBPRINT_CHARACTERS: usize = 40;
