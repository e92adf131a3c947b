//! `/api/v1/scrub`: how the scrub stands and what it found; a POST asks for a pass now.
//!
//! It keeps true: object keys are named, so only the root is told.

use http::StatusCode;

use super::{Caller, Outcome, not_found, refuse};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;

/// Answers a request for `/api/v1/scrub`.
pub(super) fn answer(gateway: &Gateway, received: &Received, caller: &Caller) -> Outcome {
    let scrubber = gateway.scrubber.as_ref().ok_or_else(not_found)?;
    if !caller.is_root {
        let message = "the scrub names objects of everybody: ask as the root";
        return Err(refuse(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    match received.method() {
        "GET" => {}
        "POST" => scrubber.ask(),
        _ => {
            let message = "a scrub can be looked at (GET) or asked for (POST)";
            return Err(refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                message,
            ));
        }
    }
    let standing = serde_json::to_string(&scrubber.standing());
    Ok(standing.expect("texts and numbers can be written"))
}
