//! A request that names no operation: the S3 code, the exact message and the elements that AWS adds.
//!
//! Not here: the XML ([`crate::encode::error`]) and the request id, which the server knows.

use std::borrow::Cow;
use std::fmt;

use crate::error_code::ErrorCode;

/// Why bytes are no operation, in the form in which it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The S3 code; it decides the status.
    pub code: ErrorCode,
    /// The text of `<Message>`, exactly as AWS writes it.
    pub message: Cow<'static, str>,
    /// Elements after `<Message>`, in AWS's order.
    pub elements: Vec<(&'static str, String)>,
}

impl ParseError {
    /// The code with its default message.
    pub fn new(code: ErrorCode) -> ParseError {
        ParseError {
            code,
            message: Cow::Borrowed(code.message()),
            elements: Vec::new(),
        }
    }

    /// The code with a message of its own.
    pub fn with_message(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> ParseError {
        ParseError {
            message: message.into(),
            ..ParseError::new(code)
        }
    }

    /// Adds an element after those that are there.
    #[must_use]
    pub fn element(mut self, name: &'static str, value: impl Into<String>) -> ParseError {
        self.elements.push((name, value.into()));
        self
    }

    /// `InvalidArgument` that names the argument and its value.
    pub fn argument(message: impl Into<Cow<'static, str>>, name: &str, value: &str) -> ParseError {
        ParseError::with_message(ErrorCode::InvalidArgument, message)
            .element("ArgumentName", name)
            .element("ArgumentValue", value)
    }

    /// `InvalidRequest` with a message.
    pub fn request(message: impl Into<Cow<'static, str>>) -> ParseError {
        ParseError::with_message(ErrorCode::InvalidRequest, message)
    }

    /// A header that would change the meaning of the request and that is not implemented.
    pub fn header_not_implemented(header: &str) -> ParseError {
        const MESSAGE: &str = "A header you provided implies functionality that is not implemented";
        ParseError::with_message(ErrorCode::NotImplemented, MESSAGE).element("Header", header)
    }

    /// A sub-resource of S3 that is not implemented.
    pub fn subresource_not_implemented(name: &str) -> ParseError {
        ParseError::new(ErrorCode::NotImplemented).element("Resource", name)
    }

    /// A form without this field. Two blanks after the full stop, as AWS writes it.
    pub fn form_field_missing(name: &str) -> ParseError {
        let message = format!(
            "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
        );
        ParseError::argument(message, name, "")
    }

    /// A form with this field more than once.
    pub fn form_field_repeated(name: &str, value: &str) -> ParseError {
        ParseError::argument(at_most_one(name), name, value)
    }

    /// The field, if this is about one that a form has more than once.
    pub fn repeated_form_field(&self) -> Option<&str> {
        let (_, name) = self
            .elements
            .iter()
            .find(|(element, _)| *element == "ArgumentName")?;
        (self.message == at_most_one(name)).then_some(name.as_str())
    }

    /// `MalformedXML`.
    pub fn malformed_xml() -> ParseError {
        ParseError::new(ErrorCode::MalformedXML)
    }
}

fn at_most_one(name: &str) -> String {
    format!("POST requires at most one field named '{name}' per request.")
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ParseError {}
