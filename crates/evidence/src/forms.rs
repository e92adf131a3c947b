//! The forms that people have at hand, and which of them a text is.
//!
//! A file for each form takes what it knows out of a text. Not here: what follows from it (`explain`).

mod authorization;
mod botocore;
mod captured;
mod curl_command;
mod curl_verbose;
mod document;
mod har;
mod java;
mod javascript;
mod link;
mod signing_log;

use std::fmt;

use crate::evidence::Evidence;
use crate::paste;

/// The largest text that is read, in bytes: a HAR file of a long session.
pub(crate) const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// An S3 error document.
    ErrorDocument,
    /// What `aws --debug` or boto3's debug log prints.
    Botocore,
    /// An error of the AWS SDK for JavaScript, version 2 or 3, or a request that a middleware printed.
    JavaScript,
    /// The signing log of the SDK for Go.
    Go,
    /// The debug log of the SDK for Java.
    Java,
    /// The trace log of the SDK for Rust.
    Rust,
    /// What `curl -v` prints.
    CurlVerbose,
    /// A command line of curl.
    CurlCommand,
    /// An HTTP archive, saved by a browser.
    Har,
    /// A presigned URL.
    Link,
    /// An `Authorization` header.
    Authorization,
    /// What the npm package captured.
    Captured,
    /// A request and its answer, from whoever sent the one and received the other.
    Exchange,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::ErrorDocument => "an S3 error document",
            Form::Botocore => "a debug log of the AWS CLI or boto3",
            Form::JavaScript => "what the AWS SDK for JavaScript printed",
            Form::Go => "a log of the AWS SDK for Go",
            Form::Java => "a log of the AWS SDK for Java",
            Form::Rust => "a log of the AWS SDK for Rust",
            Form::CurlVerbose => "what curl -v printed",
            Form::CurlCommand => "a curl command line",
            Form::Har => "an HTTP archive (HAR)",
            Form::Link => "a presigned URL",
            Form::Authorization => "an Authorization header",
            Form::Captured => "a request that the npm package captured",
            Form::Exchange => "a request and its answer",
        })
    }
}

impl Form {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::ErrorDocument => "error-document",
            Form::Botocore => "botocore",
            Form::JavaScript => "javascript",
            Form::Go => "go",
            Form::Java => "java",
            Form::Rust => "rust",
            Form::CurlVerbose => "curl-verbose",
            Form::CurlCommand => "curl-command",
            Form::Har => "har",
            Form::Link => "link",
            Form::Authorization => "authorization",
            Form::Captured => "captured",
            Form::Exchange => "exchange",
        }
    }
}

/// Why a text says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is longer than 64 MiB.
    #[error("the text is longer than 64 MiB")]
    TooLong,
    /// It is none of the forms.
    #[error(
        "this is none of the forms that are understood: an S3 error document, a debug log of the AWS CLI, boto3, the SDKs for JavaScript, \
         Go, Java or Rust, the output of curl -v, a curl command, a HAR file, a presigned URL, an Authorization header"
    )]
    NoForm,
    /// It is a HAR file in which no request to S3 was refused.
    #[error("no request in this HAR file was signed and refused")]
    NothingRefused,
}

/// Reads a text: which form it is, and what it shows of the request that was refused last.
///
/// # Errors
///
/// [`Unreadable`] says why nothing can be told of it.
pub fn read(text: &[u8]) -> Result<Evidence, Unreadable> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Unreadable::TooLong);
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches('\u{feff}').trim();
    if har::is_one(text) {
        let found = har::read(text).map(Evidence::within_limits);
        return found.ok_or(Unreadable::NothingRefused);
    }
    let text = paste::cleaned(text);
    let text = text.trim();
    if har::is_one(text) {
        let found = har::read(text).map(Evidence::within_limits);
        return found.ok_or(Unreadable::NothingRefused);
    }
    let readers: [fn(&str) -> Option<Evidence>; 11] = [
        captured::read,
        link::read,
        curl_command::read,
        authorization::read,
        botocore::read,
        signing_log::read,
        curl_verbose::read,
        javascript::read,
        document::read,
        // What stands somewhere in the text is better than nothing.
        link::read_within,
        authorization::read_within,
    ];
    let found = readers.iter().find_map(|read| read(text));
    let found = found.filter(Evidence::says_something);
    found.map(Evidence::within_limits).ok_or(Unreadable::NoForm)
}
