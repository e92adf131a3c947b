//! A denial by access policies, explained: which statement of which policy decided, or which type of policy lacks one.
//!
//! The sentence of AWS is in the message already. Here the rest goes on record and, at level `full`, into the document.
//!
//! Keeps true: what the policies of an account say is told to the account and to the operator, never to another account. A line of
//! the record can be read by its caller, so of such a caller it says no more than the answer did; the log has the reason.

use countersign_diagnose::Level;
use countersign_policy::{Denial, Found, Reason};
use countersign_protocol::encode as xml;
use serde_json::{Value, json};

use super::{Explanation, level};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::record::Note;
use crate::refusal::{Refused, RefusedAs};

/// Puts a denial on record; what may be shown of it, if any of it may.
pub(super) fn explain(
    gateway: &Gateway,
    received: &Received,
    refused: &Refused,
    denial: &Denial,
    error: &RefusedAs<'_>,
) -> Option<Explanation> {
    let note = Note::of(received, refused, received.client_address(&gateway.config));
    let decision = Decision::of(denial);
    tracing::warn!(
        request_id = received.request_id.as_str(),
        peer = %received.origin.peer,
        access_key_id = note.access_key_id(),
        requester = denial.requester,
        action = denial.action,
        resource = denial.resource,
        reason = decision.reason,
        policy_type = decision.policy_type,
        policy = decision.policy,
        statement = decision.statement,
        sid = decision.sid,
        "access_denied"
    );
    // Nobody can ask for the record; whose key was denied can.
    let is_nobody = refused.claim.is_none();
    let shown = (denial.is_own_account || is_nobody).then_some(&decision);
    let diagnosis = json!({
        "version": 1,
        "status": "exact",
        "requester": denial.requester,
        "action": denial.action,
        "resource": denial.resource,
        "decision": shown.map(Decision::json),
    });
    gateway.record.keep(note.denial(received, error, diagnosis));
    let level = level(gateway.config.diagnosis, received)?;
    (level == Level::Full && denial.is_own_account).then(|| Explanation {
        header: None,
        sentence: String::new(),
        document: decision.element(),
    })
}

/// What decided.
struct Decision<'a> {
    reason: &'static str,
    policy_type: String,
    policy: Option<&'a str>,
    /// Counted from 1, as people do.
    statement: Option<usize>,
    sid: Option<&'a str>,
}

impl<'a> Decision<'a> {
    fn of(denial: &'a Denial) -> Decision<'a> {
        let found = |reason, found: &'a Found| Decision {
            reason,
            policy_type: found.policy_type.to_string(),
            policy: Some(&found.policy),
            statement: Some(found.statement + 1),
            sid: found.sid.as_deref(),
        };
        let none = |reason, policy_type: String| Decision {
            reason,
            policy_type,
            policy: None,
            statement: None,
            sid: None,
        };
        match &denial.reason {
            Reason::ExplicitDeny(statement) => found("explicit-deny", statement),
            Reason::NoAllow(policy_type) => none("no-allow", policy_type.to_string()),
            Reason::PublicAccessRestricted => {
                none("public-access-restricted", "public access block".to_owned())
            }
        }
    }

    fn json(&self) -> Value {
        json!({
            "reason": self.reason,
            "policyType": self.policy_type,
            "policy": self.policy,
            "statement": self.statement,
            "sid": self.sid,
        })
    }

    fn element(&self) -> xml::Diagnosis {
        xml::Diagnosis {
            status: "exact".to_owned(),
            decision: Some(xml::Decision {
                reason: self.reason.to_owned(),
                policy_type: self.policy_type.clone(),
                policy: self.policy.map(str::to_owned),
                statement: self.statement,
                sid: self.sid.map(str::to_owned),
            }),
            ..xml::Diagnosis::default()
        }
    }
}
