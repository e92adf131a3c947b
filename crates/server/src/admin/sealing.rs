//! `/api/v1/master-key/reseal` and `/api/v1/session-keys/rotate`: what the operator does after a master key has changed, and when sessions
//! should be sealed by a new key.
//!
//! Not here: the keys themselves; neither request nor answer holds one.

use http::StatusCode;
use serde_json::json;

use super::{Caller, Outcome, of_fault, operators_only, refuse};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;

/// Seals everything by the current master key, so that older ones can be given up.
pub(super) async fn reseal(gateway: &Gateway, received: &Received, caller: &Caller) -> Outcome {
    may(received, caller)?;
    let resealed = gateway.directory.reseal(received.at).await;
    let resealed = resealed.map_err(|fault| of_fault(&fault))?;
    Ok(json!({ "resealed": resealed }).to_string())
}

/// Makes a new key for session tokens. Sessions that have begun go on.
pub(super) async fn rotate(gateway: &Gateway, received: &Received, caller: &Caller) -> Outcome {
    may(received, caller)?;
    let rotated = gateway.directory.rotate_session_keys(received.at).await;
    rotated.map_err(|error| of_fault(&error.into()))?;
    Ok(json!({ "rotated": true }).to_string())
}

fn may(received: &Received, caller: &Caller) -> Result<(), super::Refused> {
    operators_only(caller, "the keys that seal")?;
    if received.method() == "POST" {
        return Ok(());
    }
    let message = "this is asked for with POST";
    Err(refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        message,
    ))
}
