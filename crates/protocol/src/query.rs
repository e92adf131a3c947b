//! AWS's Query protocol, which IAM and STS speak: a call is a form of parameters, an answer is XML around the call's name.
//!
//! What the calls of each service hold is in the modules `iam` and `sts`; here is what they share.
//!
//! Keeps true: a call is understood whole or refused. A parameter that is given twice, one that the call does not have, and a
//! list with a hole are refused, so that nothing that somebody meant is passed over in silence.

mod code;
mod error;
mod parameters;

use bytes::Bytes;
use countersign_types::iam::{self, Fault, FaultCode};
use countersign_types::sts;

use crate::encode::xml::Xml;
use crate::head::Head;
use crate::{iam as iam_bytes, sts as sts_bytes};

pub use code::QueryCode;
pub use error::{ErrorType, QueryErrorAnswer, error};
pub use parameters::{BODY_BYTES_MAX, Parameters};

pub(crate) use parameters::{Reader, constraint};

/// A service that speaks the Query protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Users, keys, roles, policies.
    Iam,
    /// Temporary credentials.
    Sts,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Of IAM.
    Iam(iam::Call),
    /// Of STS.
    Sts(sts::Call),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Of IAM.
    Iam(iam::Answer),
    /// Of STS.
    Sts(sts::Answer),
}

impl Service {
    /// The service of a credential scope.
    pub fn parse(scope_service: &str) -> Option<Service> {
        match scope_service {
            "iam" => Some(Service::Iam),
            "sts" => Some(Service::Sts),
            _ => None,
        }
    }

    /// The service that has such an action; IAM, which has most, if nobody has.
    pub fn of_action(action: &str) -> Service {
        match sts_bytes::ACTIONS.contains(&action) || sts_bytes::NOT_HERE.contains(&action) {
            true => Service::Sts,
            false => Service::Iam,
        }
    }

    /// As credential scopes write it.
    pub const fn name(self) -> &'static str {
        match self {
            Service::Iam => "iam",
            Service::Sts => "sts",
        }
    }

    /// The one version of its interface.
    pub const fn version(self) -> &'static str {
        match self {
            Service::Iam => "2010-05-08",
            Service::Sts => "2011-06-15",
        }
    }

    /// The namespace of its answers.
    pub(crate) const fn namespace(self) -> &'static str {
        match self {
            Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }
}

/// Whether a request may be a call: it is about no bucket, and has a form, or an action where S3 has a parameter of no such name.
///
/// Whether it is one depends on the service it is signed for, and if it is not signed, on its form.
pub fn may_be_call(head: &Head<'_>) -> bool {
    // Asked of every request, and nearly all are about a bucket.
    if !matches!(head.path, b"/" | b"") {
        return false;
    }
    let has_action = || {
        let mut pieces = head.query.unwrap_or_default().split(|byte| *byte == b'&');
        pieces.any(|piece| piece.starts_with(b"Action="))
    };
    match head.method {
        "POST" => has_form_type(head) || has_action(),
        "GET" => has_action(),
        _ => false,
    }
}

fn has_form_type(head: &Head<'_>) -> bool {
    let mut types = head
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types.any(|(_, value)| {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(FORM_TYPE)
    })
}

/// Reads a call.
pub fn parse(service: Service, parameters: Parameters) -> Result<Call, Fault> {
    let reader = parameters.into_reader(service)?;
    match service {
        Service::Iam => iam_bytes::parse(reader).map(Call::Iam),
        Service::Sts => sts_bytes::parse(reader).map(Call::Sts),
    }
}

/// Writes an answer. It has to be one to that call.
pub fn encode(call: &Call, answer: &Answer, request_id: &str) -> Bytes {
    let (service, action) = (call.service(), call.action());
    let root = format!("{action}Response");
    let mut xml = Xml::rooted(&root, service.namespace());
    match (call, answer) {
        (Call::Iam(call), Answer::Iam(answer)) => iam_bytes::write(&mut xml, call, answer),
        (Call::Sts(_), Answer::Sts(answer)) => {
            write_result(&mut xml, action, |xml| sts_bytes::write(xml, answer));
        }
        // One service does not answer for the other; whoever does so is told apart by the test of the server.
        (Call::Iam(_), Answer::Sts(_)) | (Call::Sts(_), Answer::Iam(_)) => {}
    }
    xml.open("ResponseMetadata");
    xml.element("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.finish(&root)
}

/// The element that answers are wrapped in.
pub(crate) fn write_result(xml: &mut Xml, action: &str, write: impl FnOnce(&mut Xml)) {
    let wrapper = format!("{action}Result");
    xml.open(&wrapper);
    write(xml);
    xml.close(&wrapper);
}

/// Each item in an element `member`.
pub(crate) fn write_list<T>(
    xml: &mut Xml,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Xml, T),
) {
    xml.open(name);
    for item in items {
        xml.open("member");
        write(xml, item);
        xml.close("member");
    }
    xml.close(name);
}

impl Call {
    /// Whose call it is.
    pub fn service(&self) -> Service {
        match self {
            Call::Iam(_) => Service::Iam,
            Call::Sts(_) => Service::Sts,
        }
    }

    /// As policies name it, like `iam:CreateUser`.
    pub fn name(&self) -> &'static str {
        match self {
            Call::Iam(call) => iam_bytes::name(call),
            Call::Sts(call) => sts_bytes::name(call),
        }
    }

    /// As the parameter `Action` names it.
    pub fn action(&self) -> &'static str {
        let name = self.name();
        name.split_once(':').map_or(name, |(_, action)| action)
    }
}

/// Why a call by that name cannot be read: there is one at AWS and none here, or there is none.
pub(crate) fn unknown_action(action: &str, version: &str, not_here: &[&str]) -> Fault {
    if not_here.contains(&action) {
        let message = format!("{action} is not implemented by this server");
        return Fault::new(FaultCode::NotImplemented, message);
    }
    let message = format!("Could not find operation {action} for version {version}");
    Fault::new(FaultCode::InvalidAction, message)
}

/// The type of a body that is a form of parameters.
const FORM_TYPE: &[u8] = b"application/x-www-form-urlencoded";

#[cfg(test)]
mod tests;
