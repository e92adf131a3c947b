//! The error document of IAM and STS, with our diagnosis as the last element of the error.
//!
//! SDKs show what stands in `Error`, and read `RequestId` beside it. Not here: what a diagnosis says.

use bytes::Bytes;

use crate::encode::Diagnosis;
use crate::encode::error::write_diagnosis;
use crate::encode::xml::{Illegal, Xml};
use crate::query::{QueryCode, Service};

/// An error as it is answered.
#[derive(Clone, Copy, Debug)]
pub struct QueryErrorAnswer<'a> {
    /// Who answers.
    pub service: Service,
    /// `Code`
    pub code: QueryCode,
    /// `Message`
    pub message: &'a str,
    /// Why a signature did not match, if that is what went wrong.
    pub diagnosis: Option<&'a Diagnosis>,
    /// `RequestId`
    pub request_id: &'a str,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// The client's.
    Sender,
    /// The server's.
    Receiver,
}

impl QueryCode {
    /// Whose fault it is.
    pub fn error_type(self) -> ErrorType {
        match self.status().is_server_error() {
            true => ErrorType::Receiver,
            false => ErrorType::Sender,
        }
    }
}

/// The error document.
pub fn error(answer: &QueryErrorAnswer<'_>) -> Bytes {
    const ROOT: &str = "ErrorResponse";
    let mut xml = Xml::rooted_with(ROOT, answer.service.namespace(), Illegal::Replace);
    xml.open("Error");
    xml.element(
        "Type",
        match answer.code.error_type() {
            ErrorType::Sender => "Sender",
            ErrorType::Receiver => "Receiver",
        },
    );
    xml.element("Code", answer.code.name());
    xml.element("Message", answer.message);
    if let Some(diagnosis) = answer.diagnosis {
        write_diagnosis(&mut xml, diagnosis);
    }
    xml.close("Error");
    xml.element("RequestId", answer.request_id);
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_whose_fault_it_is_and_keeps_the_diagnosis_inside() {
        let diagnosis = Diagnosis {
            status: "proven".to_owned(),
            ..Diagnosis::default()
        };
        let mut answer = QueryErrorAnswer {
            service: Service::Iam,
            code: QueryCode::NoSuchEntity,
            message: "no <user>\u{1}",
            diagnosis: None,
            request_id: "R1",
        };
        let check = |answer: &QueryErrorAnswer<'_>, expected: &str| {
            let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{expected}");
            assert_eq!(String::from_utf8_lossy(&error(answer)), expected);
        };
        check(
            &answer,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
             <Code>NoSuchEntity</Code><Message>no &lt;user&gt;\u{fffd}</Message></Error><RequestId>R1</RequestId>\
             </ErrorResponse>",
        );
        answer.service = Service::Sts;
        answer.code = QueryCode::ServiceFailure;
        answer.diagnosis = Some(&diagnosis);
        check(
            &answer,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Receiver</Type>\
             <Code>ServiceFailure</Code><Message>no &lt;user&gt;\u{fffd}</Message>\
             <Diagnosis version=\"1\" status=\"proven\"></Diagnosis></Error><RequestId>R1</RequestId></ErrorResponse>",
        );
    }
}
