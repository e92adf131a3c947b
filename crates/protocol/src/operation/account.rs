//! What is set for all buckets of an account: the few calls of S3 Control that there are here.
//!
//! S3 Control is signed as S3 is and lies on the same port. Its requests name the account in a header, and clients put the account in front
//! of the host as well; both are told from a bucket by the version of that service in the path.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>.

use crate::error_code::ErrorCode;
use crate::head::{Head, View};
use crate::operation::Operation;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;

/// The account that a request names: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId(String);

/// `PUT /v20180820/configuration/publicAccessBlock`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutAccountPublicAccessBlock {
    /// Whose buckets it is about.
    pub account: AccountId,
    /// What the document is held against.
    pub integrity: Integrity,
}

impl AccountId {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<AccountId, ParseError> {
        let is_id = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if is_id {
            Ok(AccountId(text.to_owned()))
        } else {
            Err(ParseError::request("The account id is not valid."))
        }
    }
}

/// Whether a request is one of S3 Control and not about a bucket that is called like its version.
pub(crate) fn is_control(head: &Head<'_>, view: &View<'_>) -> bool {
    head.path.starts_with(VERSION.as_bytes()) && view.header(ACCOUNT_HEADER).is_some()
}

/// Reads a request of S3 Control.
pub(crate) fn parse_control(head: &Head<'_>, view: &View<'_>) -> Result<Operation, ParseError> {
    let account = AccountId::parse(&view.header(ACCOUNT_HEADER).unwrap_or_default())?;
    let path = head.path.strip_prefix(VERSION.as_bytes()).unwrap_or_default();
    if path != BLOCK.as_bytes() {
        let name = String::from_utf8_lossy(path).into_owned();
        return Err(ParseError::subresource_not_implemented(&name));
    }
    match view.method() {
        "PUT" => Ok(Operation::PutAccountPublicAccessBlock(
            PutAccountPublicAccessBlock {
                account,
                integrity: Integrity::parse(view)?,
            },
        )),
        "GET" => Ok(Operation::GetAccountPublicAccessBlock(account)),
        "DELETE" => Ok(Operation::DeleteAccountPublicAccessBlock(account)),
        method => Err(ParseError::new(ErrorCode::MethodNotAllowed)
            .element("Method", method)
            .element("ResourceType", "PUBLICACCESSBLOCK")),
    }
}

const VERSION: &str = "/v20180820/";
const BLOCK: &str = "configuration/publicAccessBlock";
const ACCOUNT_HEADER: &str = "x-amz-account-id";
const DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use crate::testing::{operation, refusal};

    const ID: [(&str, &str); 1] = [("x-amz-account-id", "000000000001")];
    const TARGET: &str = "/v20180820/configuration/publicAccessBlock";

    #[test]
    fn an_account_is_named_in_a_header_and_its_block_in_the_path() {
        for (method, expected) in [
            ("PUT", "PutAccountPublicAccessBlock"),
            ("GET", "GetAccountPublicAccessBlock"),
            ("DELETE", "DeleteAccountPublicAccessBlock"),
        ] {
            let line = format!("{method} {TARGET}");
            assert_eq!(operation(&line, &ID).name(), expected);
            assert!(refusal(&line, &[("x-amz-account-id", "1")]).starts_with("InvalidRequest"));
        }
        assert!(refusal(&format!("POST {TARGET}"), &ID).starts_with("MethodNotAllowed"));
        let other = refusal("GET /v20180820/jobs", &ID);
        assert!(other.starts_with("NotImplemented"), "{other}");
        // A bucket may be called so.
        assert_eq!(operation(&format!("GET {TARGET}"), &[]).name(), "GetObject");
    }
}
