//! What a server answered: status, headers, and the fields of the error document, wherever they were found.
//!
//! Not here: what an error means (`explain`).

use countersign_protocol::Element;
use countersign_sigv4::parse_timestamp;

/// The longest error document that is read, in bytes: AWS's holds the canonical request twice, once in hex.
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// What a server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The error code, for example `SignatureDoesNotMatch`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The other elements of the error document, in their order.
    pub elements: Vec<(String, String)>,
    /// The diagnosis in the document, if the server is one that explains.
    pub diagnosis: Option<Told>,
}

/// What a server that explains said itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Ids of the causes, and how certain they are, as they stand at the end of the message: `HST-PROXY, proven`.
    pub named: String,
    /// Titles and cures.
    pub causes: Vec<(String, String)>,
    /// What is certainly not the cause.
    pub ruled_out: Vec<String>,
}

impl Answer {
    /// Finds an error document in a text and reads it; `None` if there is none.
    pub(crate) fn in_text(text: &str) -> Option<Answer> {
        let start = text.find("<Error>").or_else(|| text.find("<ErrorResponse"))?;
        let rest = text.get(start..)?;
        let closing = if rest.starts_with("<ErrorResponse") {
            "</ErrorResponse>"
        } else {
            "</Error>"
        };
        let end = rest.find(closing)? + closing.len();
        Answer::of_document(rest.get(..end)?)
    }

    /// Reads an error document of S3, IAM or STS.
    pub(crate) fn of_document(document: &str) -> Option<Answer> {
        let root = Element::parse(document.as_bytes(), DOCUMENT_BYTES_MAX).ok()?;
        let error = match root.name.as_str() {
            "Error" => &root,
            _ => root.child("Error")?,
        };
        let mut answer = Answer::default();
        for child in error.children() {
            let text = child.text().to_owned();
            match child.name.as_str() {
                "Code" => answer.code = text,
                "Message" => answer.message = text,
                "Diagnosis" => answer.diagnosis = Some(Told::of(child)),
                name => answer.elements.push((name.to_owned(), text)),
            }
        }
        let named = answer
            .message
            .rsplit_once(" (")
            .and_then(|(_, end)| end.strip_suffix(')'));
        if let (Some(told), Some(named)) = (&mut answer.diagnosis, named) {
            named.clone_into(&mut told.named);
        }
        (!answer.code.is_empty()).then_some(answer)
    }

    /// An element of the error document.
    pub fn element(&self, name: &str) -> Option<&str> {
        let mut elements = self.elements.iter();
        let (_, text) = elements.find(|(other, _)| other == name)?;
        Some(text)
    }

    /// The moment in an element, such as `ServerTime`, in seconds since 1970.
    pub(crate) fn moment(&self, name: &str) -> Option<i64> {
        parse_timestamp(&self.element(name)?.replace(['-', ':'], ""))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Whether it refuses.
    pub(crate) fn refuses(&self) -> bool {
        !self.code.is_empty() || self.status.is_some_and(|status| status >= 300)
    }

    /// The status and headers of this with the document of the other.
    pub(crate) fn with_document(mut self, document: Option<Answer>) -> Answer {
        if let Some(document) = document {
            self.code = document.code;
            self.message = document.message;
            self.elements = document.elements;
            self.diagnosis = document.diagnosis;
        }
        self
    }
}

impl Told {
    fn of(diagnosis: &Element) -> Told {
        let mut told = Told::default();
        for child in diagnosis.children() {
            match child.name.as_str() {
                "Cause" => {
                    let text = |name: &str| child.child(name).map_or("", Element::text).to_owned();
                    told.causes.push((text("Title"), text("Cure")));
                }
                "RuledOut" => told.ruled_out.push(child.text().to_owned()),
                _ => {}
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_found_in_the_middle_of_a_text() {
        let text = "error: <?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>No &amp; no</Message>\
            <StringToSign>AWS4-HMAC-SHA256\nx</StringToSign><HostId>h</HostId></Error> and more";
        let answer = Answer::in_text(text).expect("an answer");
        assert_eq!(
            (answer.code.as_str(), answer.message.as_str()),
            ("SignatureDoesNotMatch", "No & no")
        );
        assert_eq!(answer.element("StringToSign"), Some("AWS4-HMAC-SHA256\nx"));
    }

    #[test]
    fn what_a_server_explains_itself_is_read() {
        let text = "<Error><Code>SignatureDoesNotMatch</Code><Message>No. The host (b) was changed. Keep it. (HST-PROXY, proven)</Message>\
            <Diagnosis version=\"1\"><Cause id=\"HST-PROXY\"><Title>T</Title><Cure>C</Cure></Cause><RuledOut>R.</RuledOut></Diagnosis></Error>";
        let told = Answer::in_text(text)
            .and_then(|answer| answer.diagnosis)
            .expect("it explains");
        assert_eq!(told.named, "HST-PROXY, proven");
        assert_eq!(told.causes, [("T".to_owned(), "C".to_owned())]);
        assert_eq!(told.ruled_out, ["R."]);
    }

    #[test]
    fn documents_of_iam_are_read_too() {
        let text = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
            <Code>InvalidClientTokenId</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>";
        assert_eq!(
            Answer::in_text(text).expect("an answer").code,
            "InvalidClientTokenId"
        );
    }

    #[test]
    fn what_is_no_document_is_none() {
        for text in [
            "",
            "<Error>",
            "<Error></Error>",
            "<Error><Code>x</Error>",
            "</Error><Error>",
        ] {
            assert_eq!(Answer::in_text(text), None, "{text}");
        }
    }
}
