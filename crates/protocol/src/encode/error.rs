//! The error document, with AWS's elements in AWS's order and our diagnosis before the request id.
//!
//! Not here: what a diagnosis says and which of its values may be shown; by the time it comes here, it is plain text.

use bytes::Bytes;

use crate::encode::xml::{Illegal, Xml};
use crate::error_code::ErrorCode;

/// An error as it is answered.
#[derive(Clone, Copy, Debug)]
pub struct ErrorAnswer<'a> {
    /// `Code`
    pub code: ErrorCode,
    /// `Message`
    pub message: &'a str,
    /// Elements after `Message`, in order.
    pub elements: &'a [(&'static str, String)],
    /// Why a signature did not match, if that is what went wrong.
    pub diagnosis: Option<&'a Diagnosis>,
    /// `RequestId`, the same as in `x-amz-request-id`.
    pub request_id: &'a str,
    /// `HostId`, the same as in `x-amz-id-2`.
    pub host_id: &'a str,
}

/// The element `Diagnosis`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// `proven`, `exact`, `inferred`, `unproven` or `skipped`.
    pub status: String,
    /// The causes, the most specific first.
    pub causes: Vec<Cause>,
    /// `Decision`: what of the access policies denied it.
    pub decision: Option<Decision>,
    /// `LikelyCulprit`: which program probably did it.
    pub likely_culprit: Option<String>,
    /// `RuledOut`: sentences that say what is certainly not the cause.
    pub ruled_out: Vec<String>,
    /// `Url`: the page that says more.
    pub url: Option<String>,
}

/// The element `Decision`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// `Reason`: `explicit-deny`, `no-allow` or `public-access-restricted`.
    pub reason: String,
    /// `PolicyType`: of the policy that decided, or that would have to allow.
    pub policy_type: String,
    /// `Policy`: what it is called.
    pub policy: Option<String>,
    /// `Statement`: its place among the statements, from 1.
    pub statement: Option<usize>,
    /// `Sid`: what its author calls the statement.
    pub sid: Option<String>,
    /// `UnmetCondition`, once each: what kept statements from allowing.
    pub unmet: Vec<UnmetCondition>,
}

/// One element `UnmetCondition`: a condition that did not hold, in a statement that would have allowed otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnmetCondition {
    /// `PolicyType`: of the policy that the statement stands in.
    pub policy_type: String,
    /// `Policy`: what it is called.
    pub policy: String,
    /// `Statement`: its place among the statements, from 1.
    pub statement: usize,
    /// `Sid`: what its author calls the statement.
    pub sid: Option<String>,
    /// `Operator`, like `StringEquals`.
    pub operator: String,
    /// `Key`: what it asks about.
    pub key: String,
    /// `HasKey`: whether the request has such a key at all.
    pub has_key: bool,
}

/// One element `Cause`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Its stable id, as in `HST-PROXY`.
    pub id: String,
    /// `hmac`, `exact` or `infer`.
    pub proof: String,
    /// The part of the request that is at fault, as in `host`.
    pub slot: String,
    /// `Title`: one sentence.
    pub title: String,
    /// `Signed`: what the client signed there.
    pub signed: Option<String>,
    /// `Received`: what arrived there.
    pub received: Option<String>,
    /// `Cure`: what to change.
    pub cure: String,
    /// `AlsoExplainedBy`, once each: ids that the same proof fits.
    pub also_explained_by: Vec<String>,
}

/// The error document.
pub fn error(answer: &ErrorAnswer<'_>) -> Bytes {
    let mut xml = Xml::document(Illegal::Replace);
    xml.open("Error");
    xml.element("Code", answer.code.name());
    xml.element("Message", answer.message);
    for (name, value) in answer.elements {
        xml.element(name, value);
    }
    if let Some(diagnosis) = answer.diagnosis {
        write_diagnosis(&mut xml, diagnosis);
    }
    xml.element("RequestId", answer.request_id);
    xml.element("HostId", answer.host_id);
    xml.finish("Error")
}

/// Somebody else's error document with an explanation in it: a sentence behind `Message`, and the element at the end. `None` if it is
/// none of S3's, or holds a diagnosis already.
pub fn explained(document: &str, sentence: &str, diagnosis: &Diagnosis) -> Option<String> {
    if document.contains("<Diagnosis") {
        return None;
    }
    let end = document.rfind("</Error>")?;
    let (head, tail) = document.split_at_checked(end)?;
    let mut element = Xml::piece();
    write_diagnosis(&mut element, diagnosis);
    let mut said = Xml::piece();
    said.plain(sentence);
    let (element, said) = (element.into_text(), said.into_text());
    Some(match head.split_once("</Message>") {
        Some((before, after)) if !said.is_empty() => {
            format!("{before} {said}</Message>{after}{element}{tail}")
        }
        _ => format!("{head}{element}{tail}"),
    })
}

pub(crate) fn write_diagnosis(xml: &mut Xml, diagnosis: &Diagnosis) {
    xml.open_with("Diagnosis", &[("version", "1"), ("status", &diagnosis.status)]);
    for cause in &diagnosis.causes {
        write_cause(xml, cause);
    }
    if let Some(decision) = &diagnosis.decision {
        write_decision(xml, decision);
    }
    xml.optional("LikelyCulprit", diagnosis.likely_culprit.as_deref());
    if !diagnosis.ruled_out.is_empty() {
        xml.element("RuledOut", &diagnosis.ruled_out.join(" "));
    }
    xml.optional("Url", diagnosis.url.as_deref());
    xml.close("Diagnosis");
}

fn write_decision(xml: &mut Xml, decision: &Decision) {
    xml.open("Decision");
    xml.element("Reason", &decision.reason);
    xml.element("PolicyType", &decision.policy_type);
    xml.optional("Policy", decision.policy.as_deref());
    if let Some(statement) = decision.statement {
        xml.element("Statement", &statement.to_string());
    }
    xml.optional("Sid", decision.sid.as_deref());
    for condition in &decision.unmet {
        xml.open("UnmetCondition");
        xml.element("PolicyType", &condition.policy_type);
        xml.element("Policy", &condition.policy);
        xml.element("Statement", &condition.statement.to_string());
        xml.optional("Sid", condition.sid.as_deref());
        xml.element("Operator", &condition.operator);
        xml.element("Key", &condition.key);
        xml.boolean("HasKey", condition.has_key);
        xml.close("UnmetCondition");
    }
    xml.close("Decision");
}

fn write_cause(xml: &mut Xml, cause: &Cause) {
    xml.open_with(
        "Cause",
        &[("id", &cause.id), ("proof", &cause.proof), ("slot", &cause.slot)],
    );
    xml.element("Title", &cause.title);
    xml.optional("Signed", cause.signed.as_deref());
    xml.optional("Received", cause.received.as_deref());
    xml.element("Cure", &cause.cure);
    for id in &cause.also_explained_by {
        xml.element("AlsoExplainedBy", id);
    }
    xml.close("Cause");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &ErrorAnswer<'_>, expected: &str) {
        let written = error(answer);
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    #[test]
    fn an_error_keeps_the_order_of_its_elements() {
        let elements = [("Key", "a<b\u{1}".to_owned()), ("Resource", "/b/a".to_owned())];
        let answer = ErrorAnswer {
            code: ErrorCode::NoSuchKey,
            message: ErrorCode::NoSuchKey.message(),
            elements: &elements,
            diagnosis: None,
            request_id: "R1",
            host_id: "H1",
        };
        check(
            &answer,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does \
             not exist.</Message><Key>a&lt;b\u{fffd}</Key><Resource>/b/a</Resource><RequestId>R1</RequestId>\
             <HostId>H1</HostId></Error>",
        );
    }

    #[test]
    fn somebody_elses_document_is_explained_behind_what_it_says() {
        let diagnosis = Diagnosis {
            status: "exact".to_owned(),
            ..Diagnosis::default()
        };
        let element = "<Diagnosis version=\"1\" status=\"exact\"></Diagnosis>";
        let check = |document: &str, expected: Option<String>| {
            assert_eq!(explained(document, "a < b", &diagnosis), expected, "{document}");
        };
        check(
            "<Error><Code>c</Code><Message>No.</Message><HostId>h</HostId></Error>\n",
            Some(format!(
                "<Error><Code>c</Code><Message>No. a &lt; b</Message><HostId>h</HostId>{element}</Error>\n"
            )),
        );
        check("<Error></Error>", Some(format!("<Error>{element}</Error>")));
        check("<Error><Diagnosis/></Error>", None);
        check("<html></html>", None);
        check("</Error", None);
    }

    #[test]
    fn a_diagnosis_stands_before_the_request_id() {
        let cause = Cause {
            id: "HST-PROXY".to_owned(),
            proof: "hmac".to_owned(),
            slot: "host".to_owned(),
            title: "a proxy rewrote the Host header".to_owned(),
            signed: Some("s3.example.com".to_owned()),
            received: Some("127.0.0.1:9000".to_owned()),
            cure: "pass the Host header through & keep it".to_owned(),
            also_explained_by: vec!["HST-PORT".to_owned()],
        };
        let diagnosis = Diagnosis {
            status: "proven".to_owned(),
            causes: vec![cause],
            decision: None,
            likely_culprit: Some("nginx".to_owned()),
            ruled_out: vec![
                "The secret is right.".to_owned(),
                "The region is right.".to_owned(),
            ],
            url: Some("https://example.com/HST-PROXY".to_owned()),
        };
        let answer = ErrorAnswer {
            code: ErrorCode::SignatureDoesNotMatch,
            message: "m",
            elements: &[],
            diagnosis: Some(&diagnosis),
            request_id: "R1",
            host_id: "H1",
        };
        check(
            &answer,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message>\
             <Diagnosis version=\"1\" status=\"proven\"><Cause id=\"HST-PROXY\" proof=\"hmac\" slot=\"host\">\
             <Title>a proxy rewrote the Host header</Title><Signed>s3.example.com</Signed>\
             <Received>127.0.0.1:9000</Received><Cure>pass the Host header through &amp; keep it</Cure>\
             <AlsoExplainedBy>HST-PORT</AlsoExplainedBy></Cause><LikelyCulprit>nginx</LikelyCulprit>\
             <RuledOut>The secret is right. The region is right.</RuledOut><Url>https://example.com/HST-PROXY</Url></Diagnosis>\
             <RequestId>R1</RequestId><HostId>H1</HostId></Error>",
        );
    }

    #[test]
    fn a_decision_names_the_statement() {
        let diagnosis = Diagnosis {
            status: "exact".to_owned(),
            decision: Some(Decision {
                reason: "explicit-deny".to_owned(),
                policy_type: "resource-based policy".to_owned(),
                policy: Some("photos".to_owned()),
                statement: Some(2),
                sid: Some("No <guests>".to_owned()),
                unmet: Vec::new(),
            }),
            ..Diagnosis::default()
        };
        let answer = ErrorAnswer {
            code: ErrorCode::AccessDenied,
            message: "m",
            elements: &[],
            diagnosis: Some(&diagnosis),
            request_id: "R1",
            host_id: "H1",
        };
        check(
            &answer,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>m</Message>\
             <Diagnosis version=\"1\" status=\"exact\"><Decision><Reason>explicit-deny</Reason><PolicyType>resource-based \
             policy</PolicyType><Policy>photos</Policy><Statement>2</Statement><Sid>No &lt;guests&gt;</Sid></Decision>\
             </Diagnosis><RequestId>R1</RequestId><HostId>H1</HostId></Error>",
        );
    }

    #[test]
    fn a_decision_names_the_conditions_that_did_not_hold() {
        let unmet = UnmetCondition {
            policy_type: "identity-based policy".to_owned(),
            policy: "user/ada/p".to_owned(),
            statement: 1,
            sid: None,
            operator: "IpAddress".to_owned(),
            key: "aws:sourceip".to_owned(),
            has_key: true,
        };
        let mut xml = Xml::document(Illegal::Replace);
        let decision = Decision {
            reason: "no-allow".to_owned(),
            policy_type: "identity-based policy".to_owned(),
            unmet: vec![unmet],
            ..Decision::default()
        };
        write_decision(&mut xml, &decision);
        assert_eq!(
            String::from_utf8_lossy(&xml.finish("Error")),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Decision><Reason>no-allow</Reason><PolicyType>identity-based \
             policy</PolicyType><UnmetCondition><PolicyType>identity-based policy</PolicyType><Policy>user/ada/p</Policy>\
             <Statement>1</Statement><Operator>IpAddress</Operator><Key>aws:sourceip</Key><HasKey>true</HasKey>\
             </UnmetCondition></Decision></Error>"
        );
    }
}
