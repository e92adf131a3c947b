//! `/api/v1/accounts`: makes and lists accounts, which AWS has another service for.
//!
//! It keeps true: only the operator's root makes or sees accounts; the secret of a new one's first key is answered once.

use countersign_identity::Account;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Caller, Outcome, of_fault, operators_only, refuse};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;

/// Answers a request for `/api/v1/accounts`.
pub(super) async fn answer(gateway: &Gateway, received: &Received, caller: &Caller, body: &[u8]) -> Outcome {
    operators_only(caller, "accounts")?;
    match received.method() {
        "GET" => Ok(list(gateway)),
        "POST" => make(gateway, received, body).await,
        _ => {
            let message = "accounts can be listed (GET) or made (POST)";
            Err(refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                message,
            ))
        }
    }
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
}

/// An account as it is told.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    canonical_id: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_access_key: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(account: &'a Account) -> Told<'a> {
        Told {
            id: &account.id,
            canonical_id: &account.canonical_id,
            display_name: &account.display_name,
            access_key_id: None,
            secret_access_key: None,
        }
    }
}

fn list(gateway: &Gateway) -> String {
    let accounts = gateway.directory.accounts();
    let told: Vec<Told<'_>> = accounts.iter().map(|account| Told::of(account)).collect();
    json!({ "accounts": told }).to_string()
}

async fn make(gateway: &Gateway, received: &Received, body: &[u8]) -> Outcome {
    let wanted: Wanted = serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body must be {{\"name\": \"...\"}}: {error}");
        refuse(StatusCode::BAD_REQUEST, "InvalidArgument", &message)
    })?;
    let made = gateway.directory.create_account(&wanted.name, received.at).await;
    let made = made.map_err(|fault| of_fault(&fault))?;
    let told = Told {
        access_key_id: Some(&made.access_key.metadata.access_key_id),
        secret_access_key: Some(&made.access_key.secret_access_key),
        ..Told::of(&made.account)
    };
    Ok(serde_json::to_string(&told).expect("texts can be written"))
}
