//! What a server answered: status, headers, and the fields of the error document, wherever they were found.
//!
//! Not here: what an error means (`explain`).

use countersign_protocol::Element;
use countersign_sigv4::parse_timestamp;

use crate::literal::Literal;

/// The longest error document that is read, in bytes: AWS's holds the canonical request twice, once in hex.
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// Where our own server says the causes of a refusal, also in answers without a body.
const DIAGNOSIS_HEADER: &str = "x-countersign-diagnosis";

/// How the messages of AWS begin, and the codes that they come with.
const MESSAGES: [(&str, &str); 8] = [
    (
        "The request signature we calculated does not match",
        "SignatureDoesNotMatch",
    ),
    (
        "The AWS Access Key Id you provided does not exist",
        "InvalidAccessKeyId",
    ),
    (
        "The difference between the request time and the current time",
        "RequestTimeTooSkewed",
    ),
    (
        "The authorization header is malformed",
        "AuthorizationHeaderMalformed",
    ),
    ("The provided token has expired", "ExpiredToken"),
    ("The provided token is malformed", "InvalidToken"),
    (
        "The bucket you are attempting to access must be addressed",
        "PermanentRedirect",
    ),
    ("Access Denied", "AccessDenied"),
];

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
    /// The causes that it names.
    pub causes: Vec<ToldCause>,
    /// What is certainly not the cause.
    pub ruled_out: Vec<String>,
}

/// A cause that a server named itself, as far as the text shows it: XML attributes are not read, so ids are those at the end of the
/// message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldCause {
    /// A short title.
    pub title: String,
    /// What the client signed.
    pub signed: Option<String>,
    /// What the server received.
    pub received: Option<String>,
    /// What to change.
    pub cure: String,
}

impl Answer {
    /// What a server answered, as somebody received it.
    pub fn of_exchange(status: u16, headers: Vec<(String, String)>, document: &str) -> Answer {
        let answer = Answer {
            status: Some(status),
            headers,
            ..Answer::default()
        };
        answer.with_document(Answer::in_text(document))
    }

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
        let document = rest.get(..end)?;
        // As source code shows it, with its line breaks and quotes escaped.
        let is_escaped = document.contains("\\n") && !document.contains('\n');
        if is_escaped {
            let literal = format!("\"{document}\"");
            let plain = Literal::read(&literal).and_then(|(plain, _)| plain.as_text().map(str::to_owned));
            return Answer::of_document(&plain?);
        }
        Answer::of_document(document)
    }

    /// What an exception says of an answer, where the document is not kept: a message, and in most SDKs a code.
    pub(crate) fn of_message(message: &str, code: Option<&str>, status: Option<u16>) -> Answer {
        let told = MESSAGES
            .iter()
            .find(|(beginning, _)| message.starts_with(beginning));
        let code = code.or(told.map(|(_, code)| *code)).unwrap_or_default();
        Answer {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            ..Answer::default()
        }
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
        answer.name_what_was_told();
        (!answer.code.is_empty()).then_some(answer)
    }

    /// Takes from the end of the message which causes the server named, and how certain it is.
    pub(crate) fn name_what_was_told(&mut self) {
        let end = self.message.rsplit_once(" (");
        let named = end.and_then(|(_, end)| end.strip_suffix(')'));
        if let (Some(told), Some(named)) = (&mut self.diagnosis, named) {
            named.clone_into(&mut told.named);
        }
    }

    /// An element of the error document.
    pub fn element(&self, name: &str) -> Option<&str> {
        let mut elements = self.elements.iter();
        let (_, text) = elements.find(|(other, _)| other == name)?;
        Some(text)
    }

    /// What stands between single quotes behind these words of the message: so IAM, STS and other services write their texts.
    pub(crate) fn in_message(&self, words: &str) -> Option<String> {
        let (_, rest) = self.message.split_once(words)?;
        let text = rest.trim_start().strip_prefix('\'')?;
        let end = text.find("'\n").or_else(|| text.rfind('\''))?;
        text.get(..end).map(str::to_owned)
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

    /// What the server explained itself: in the document, else in the header, which is all that a HEAD request gets.
    pub(crate) fn told(&self) -> Option<Told> {
        let in_header = || Told::of_header(self.header(DIAGNOSIS_HEADER)?);
        self.diagnosis.clone().or_else(in_header)
    }

    /// The part of the signature that the header says the first cause is about.
    pub(crate) fn told_slot(&self) -> Option<&str> {
        let mut parameters = self.header(DIAGNOSIS_HEADER)?.split(';').skip(1);
        parameters.find_map(|parameter| parameter.trim().strip_prefix("slot="))
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
    /// `HST-PROXY, HDR-AE; status=proven; slot=host`
    fn of_header(value: &str) -> Option<Told> {
        let mut parts = value.split(';').map(str::trim);
        let ids: Vec<&str> = parts.next()?.split(',').map(str::trim).collect();
        let status = parts.find_map(|part| part.strip_prefix("status="))?;
        let causes = ids.iter().filter_map(|id| {
            Some(ToldCause {
                title: countersign_diagnose::title(id)?.to_owned(),
                cure: format!("countersign explain {id} says what to do."),
                ..ToldCause::default()
            })
        });
        let causes: Vec<ToldCause> = causes.collect();
        (!causes.is_empty()).then(|| Told {
            named: format!("{}, {status}", ids.join(" and ")),
            causes,
            ruled_out: Vec::new(),
        })
    }

    fn of(diagnosis: &Element) -> Told {
        let mut told = Told::default();
        for child in diagnosis.children() {
            match child.name.as_str() {
                "Cause" => {
                    let text = |name: &str| child.child(name).map(|child| child.text().to_owned());
                    told.causes.push(ToldCause {
                        title: text("Title").unwrap_or_default(),
                        signed: text("Signed"),
                        received: text("Received"),
                        cure: text("Cure").unwrap_or_default(),
                    });
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
        let causes: Vec<_> = told
            .causes
            .iter()
            .map(|c| (c.title.as_str(), c.cure.as_str()))
            .collect();
        assert_eq!(causes, [("T", "C")]);
        assert_eq!(told.ruled_out, ["R."]);
    }

    #[test]
    fn an_answer_without_a_body_explains_in_its_header() {
        let headers = vec![(
            "X-Countersign-Diagnosis".to_owned(),
            "SEC-SPACE, HDR-AE; status=proven; slot=secret".to_owned(),
        )];
        let answer = Answer {
            status: Some(403),
            headers,
            ..Answer::default()
        };
        let told = answer.told().expect("it explains");
        assert_eq!(
            (told.named.as_str(), told.causes.len()),
            ("SEC-SPACE and HDR-AE, proven", 2)
        );
        assert_eq!(answer.told_slot(), Some("secret"));
        let none = vec![(
            "x-countersign-diagnosis".to_owned(),
            "none; status=skipped".to_owned(),
        )];
        assert_eq!(
            Answer {
                headers: none,
                ..Answer::default()
            }
            .told(),
            None
        );
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
    fn texts_in_a_message_are_found() {
        let message = "It does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:h\n\nhost\nabc'\n\n\
            The String-to-Sign should have been\n'AWS4-HMAC-SHA256\nt\ns\nh'\n";
        let answer = Answer {
            message: message.to_owned(),
            ..Answer::default()
        };
        assert_eq!(
            answer
                .in_message("The Canonical String for this request should have been")
                .as_deref(),
            Some("POST\n/\n\nhost:h\n\nhost\nabc")
        );
        assert_eq!(
            answer
                .in_message("The String-to-Sign should have been")
                .as_deref(),
            Some("AWS4-HMAC-SHA256\nt\ns\nh")
        );
        assert_eq!(answer.in_message("something else"), None);
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
