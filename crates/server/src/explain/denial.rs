//! A denial by access policies, explained: which statement of which policy decided, or which type of policy lacks one.
//!
//! The sentence of AWS is in the message already. Here the reason goes into a header, for HEAD; the rest on record and, at level `full`,
//! into the document.
//!
//! Keeps true: what the policies of an account say is told to the account and to the operator, never to another account.

use countersign_diagnose::{Diagnosis, Fault, Level};
use countersign_policy::{Denial, Found, Reason, Unmet};
use countersign_protocol::encode as xml;
use serde_json::{Value, json};

use super::{Endpoint, Explanation, answer, level, shown};
use crate::gateway::Gateway;
use crate::pipeline::received::Received;
use crate::record::{Note, Told};
use crate::refusal::{Refused, RefusedAs};

/// Puts a denial on record; what may be shown of it, if any of it may.
pub(super) fn explain(
    gateway: &Gateway,
    received: &Received,
    refused: &Refused,
    denial: &Denial,
    error: &RefusedAs<'_>,
    endpoint: &Endpoint,
    page: Option<&Diagnosis>,
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
        unmet_conditions = decision.unmet_in_one_line(),
        "access_denied"
    );
    // Whom a request without a signature comes from is plain: what it lacks is the signature.
    let is_unsigned = refused.claim.is_none() && endpoint.is_for_signed_requests();
    let unsigned = is_unsigned.then(|| shown(received, Fault::Unsigned));
    let level = level(gateway.config.diagnosis, received);
    let told = told(denial, &decision, unsigned.as_ref()).with_page(page, level);
    gateway.record.keep(note.entry(received, error, told));
    let level = level?;
    if let Some(unsigned) = unsigned {
        return Some(answer(gateway, received, &unsigned, level));
    }
    // To whom the message tells no reason, no header does either.
    let is_told = denial.is_own_account && error.message == denial.told();
    let header = is_told.then(|| decision.header());
    let decision = match level {
        Level::Operator | Level::Full if denial.is_own_account => decision,
        Level::Basic if is_told => decision.without_statement(),
        Level::Operator | Level::Full | Level::Basic => return None,
    };
    Some(Explanation {
        header,
        sentence: String::new(),
        document: decision.element(),
    })
}

/// For the record: everything to the operator, and to another account no more than its answer said.
fn told(denial: &Denial, decision: &Decision<'_>, unsigned: Option<&Diagnosis>) -> Told {
    let report = unsigned.map(|unsigned| unsigned.at(Level::Full));
    let diagnosis = |decision: Option<Value>| {
        let mut diagnosis = match &report {
            Some(report) => report.json(),
            None => json!({ "version": 1, "status": "exact" }),
        };
        if let Value::Object(fields) = &mut diagnosis {
            for (name, value) in [
                ("requester", json!(denial.requester)),
                ("action", json!(denial.action)),
                ("resource", json!(denial.resource)),
                ("decision", json!(decision)),
            ] {
                fields.insert(name.to_owned(), value);
            }
        }
        diagnosis
    };
    let causes = report.as_ref().map(|report| report.told());
    Told {
        causes: causes.into_iter().flatten().map(str::to_owned).collect(),
        diagnosis: diagnosis(Some(decision.json())),
        for_caller: (!denial.is_own_account).then(|| diagnosis(None)),
    }
}

/// What decided.
struct Decision<'a> {
    reason: &'static str,
    policy_type: String,
    policy: Option<&'a str>,
    /// Counted from 1, as people do.
    statement: Option<usize>,
    sid: Option<&'a str>,
    unmet: &'a [Unmet],
}

impl<'a> Decision<'a> {
    fn of(denial: &'a Denial) -> Decision<'a> {
        let unmet = denial.unmet.as_slice();
        let found = |reason, found: &'a Found| Decision {
            reason,
            policy_type: found.policy_type.to_string(),
            policy: Some(&found.policy),
            statement: Some(found.statement + 1),
            sid: found.sid.as_deref(),
            unmet,
        };
        let none = |reason, policy_type: String| Decision {
            reason,
            policy_type,
            policy: None,
            statement: None,
            sid: None,
            unmet,
        };
        match &denial.reason {
            Reason::ExplicitDeny(statement) => found("explicit-deny", statement),
            Reason::NoAllow(policy_type) => none("no-allow", policy_type.to_string()),
            Reason::NoGrant => none("not-granted", "access control list".to_owned()),
            Reason::PublicAccessRestricted => {
                none("public-access-restricted", "public access block".to_owned())
            }
        }
    }

    /// No more than AWS's message says.
    fn without_statement(self) -> Decision<'a> {
        Decision {
            policy: None,
            statement: None,
            sid: None,
            unmet: &[],
            ..self
        }
    }

    /// For the answer to a HEAD, which has no message.
    fn header(&self) -> String {
        let policy_type = self.policy_type.replace(' ', "-");
        format!(
            "none; status=exact; reason={}; policy-type={policy_type}",
            self.reason
        )
    }

    fn json(&self) -> Value {
        json!({
            "reason": self.reason,
            "policyType": self.policy_type,
            "policy": self.policy,
            "statement": self.statement,
            "sid": self.sid,
            "unmetConditions": self.unmet.iter().map(unmet_json).collect::<Vec<_>>(),
        })
    }

    /// `IpAddress aws:sourceip in statement 1 of user/ada/p`, and so on; `None` if there are none.
    fn unmet_in_one_line(&self) -> Option<String> {
        let each = self.unmet.iter().map(|unmet| {
            let Found {
                policy, statement, ..
            } = &unmet.statement;
            let place = format!("in statement {} of {policy}", statement + 1);
            format!("{} {} {place}", unmet.operator, unmet.key)
        });
        let each: Vec<String> = each.collect();
        (!each.is_empty()).then(|| each.join("; "))
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
                unmet: self.unmet.iter().map(unmet_element).collect(),
            }),
            ..xml::Diagnosis::default()
        }
    }
}

/// A condition that did not hold, as JSON: on record, and in the message that is decoded for an administrator.
pub(crate) fn unmet_json(unmet: &Unmet) -> Value {
    let Unmet {
        statement,
        operator,
        key,
        has_key,
    } = unmet;
    json!({
        "policyType": statement.policy_type.to_string(),
        "policy": statement.policy,
        // People count from one.
        "statement": statement.statement + 1,
        "sid": statement.sid,
        "operator": operator,
        "key": key,
        "hasKey": has_key,
    })
}

fn unmet_element(unmet: &Unmet) -> xml::UnmetCondition {
    xml::UnmetCondition {
        policy_type: unmet.statement.policy_type.to_string(),
        policy: unmet.statement.policy.clone(),
        statement: unmet.statement.statement + 1,
        sid: unmet.statement.sid.clone(),
        operator: unmet.operator.clone(),
        key: unmet.key.clone(),
        has_key: unmet.has_key,
    }
}
