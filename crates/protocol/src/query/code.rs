//! Every error code that IAM and STS answer, with its status.
//!
//! A table and nothing else. SPEC: the errors of each call in IAM's and STS's API references, and
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>.

use std::fmt;

use countersign_types::iam::FaultCode;
use http::StatusCode;

macro_rules! query_codes {
    ($($variant:ident $status:ident $name:literal;)*) => {
        /// An error code of the Query protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is named after the code that it is")]
        pub enum QueryCode {
            $($variant,)*
        }

        impl QueryCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [QueryCode] = &[$(QueryCode::$variant),*];

            /// The text of `Code`.
            pub const fn name(self) -> &'static str {
                match self { $(QueryCode::$variant => $name,)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(QueryCode::$variant => StatusCode::$status,)* }
            }
        }
    };
}

query_codes! {
    AccessDenied FORBIDDEN "AccessDenied";
    ConcurrentModification CONFLICT "ConcurrentModification";
    DeleteConflict CONFLICT "DeleteConflict";
    EntityAlreadyExists CONFLICT "EntityAlreadyExists";
    ExpiredToken FORBIDDEN "ExpiredToken";
    ExpiredTokenException BAD_REQUEST "ExpiredTokenException";
    IdpCommunicationError BAD_REQUEST "IDPCommunicationError";
    IdpRejectedClaim FORBIDDEN "IDPRejectedClaim";
    IncompleteSignature BAD_REQUEST "IncompleteSignature";
    InternalFailure INTERNAL_SERVER_ERROR "InternalFailure";
    InvalidAction BAD_REQUEST "InvalidAction";
    InvalidAuthorizationMessage BAD_REQUEST "InvalidAuthorizationMessageException";
    InvalidClientTokenId FORBIDDEN "InvalidClientTokenId";
    InvalidIdentityToken BAD_REQUEST "InvalidIdentityToken";
    InvalidInput BAD_REQUEST "InvalidInput";
    LimitExceeded CONFLICT "LimitExceeded";
    MalformedPolicyDocument BAD_REQUEST "MalformedPolicyDocument";
    MalformedQueryString BAD_REQUEST "MalformedQueryString";
    MissingAction BAD_REQUEST "MissingAction";
    MissingAuthenticationToken FORBIDDEN "MissingAuthenticationToken";
    MissingParameter BAD_REQUEST "MissingParameter";
    NoSuchEntity NOT_FOUND "NoSuchEntity";
    NotImplemented NOT_IMPLEMENTED "NotImplemented";
    PackedPolicyTooLarge BAD_REQUEST "PackedPolicyTooLarge";
    PolicyNotAttachable BAD_REQUEST "PolicyNotAttachable";
    RequestEntityTooLarge PAYLOAD_TOO_LARGE "RequestEntityTooLarge";
    RequestExpired BAD_REQUEST "RequestExpired";
    ServiceFailure INTERNAL_SERVER_ERROR "ServiceFailure";
    ServiceUnavailable SERVICE_UNAVAILABLE "ServiceUnavailable";
    SignatureDoesNotMatch FORBIDDEN "SignatureDoesNotMatch";
    Throttling BAD_REQUEST "Throttling";
    UnmodifiableEntity BAD_REQUEST "UnmodifiableEntity";
    ValidationError BAD_REQUEST "ValidationError";
}

impl From<FaultCode> for QueryCode {
    fn from(code: FaultCode) -> QueryCode {
        match code {
            FaultCode::AccessDenied => QueryCode::AccessDenied,
            FaultCode::ConcurrentModification => QueryCode::ConcurrentModification,
            FaultCode::DeleteConflict => QueryCode::DeleteConflict,
            FaultCode::EntityAlreadyExists => QueryCode::EntityAlreadyExists,
            FaultCode::ExpiredTokenException => QueryCode::ExpiredTokenException,
            FaultCode::IdpCommunicationError => QueryCode::IdpCommunicationError,
            FaultCode::IdpRejectedClaim => QueryCode::IdpRejectedClaim,
            FaultCode::InvalidAction => QueryCode::InvalidAction,
            FaultCode::InvalidAuthorizationMessage => QueryCode::InvalidAuthorizationMessage,
            FaultCode::InvalidIdentityToken => QueryCode::InvalidIdentityToken,
            FaultCode::InvalidInput => QueryCode::InvalidInput,
            FaultCode::LimitExceeded => QueryCode::LimitExceeded,
            FaultCode::MalformedPolicyDocument => QueryCode::MalformedPolicyDocument,
            FaultCode::MalformedQueryString => QueryCode::MalformedQueryString,
            FaultCode::MissingAction => QueryCode::MissingAction,
            FaultCode::MissingParameter => QueryCode::MissingParameter,
            FaultCode::NoSuchEntity => QueryCode::NoSuchEntity,
            FaultCode::NotImplemented => QueryCode::NotImplemented,
            FaultCode::PackedPolicyTooLarge => QueryCode::PackedPolicyTooLarge,
            FaultCode::PolicyNotAttachable => QueryCode::PolicyNotAttachable,
            FaultCode::ServiceFailure => QueryCode::ServiceFailure,
            FaultCode::Throttling => QueryCode::Throttling,
            FaultCode::UnmodifiableEntity => QueryCode::UnmodifiableEntity,
            FaultCode::ValidationError => QueryCode::ValidationError,
        }
    }
}

impl fmt::Display for QueryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_told_apart_by_its_name_and_has_an_error_status() {
        let mut names = HashSet::new();
        for code in QueryCode::ALL {
            assert!(names.insert(code.name()), "{code} stands twice");
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
        }
    }

    #[test]
    fn statuses_and_names_are_those_of_aws() {
        let check = |code: FaultCode, name: &str, status: u16| {
            let code = QueryCode::from(code);
            assert_eq!((code.name(), code.status().as_u16()), (name, status));
        };
        check(FaultCode::NoSuchEntity, "NoSuchEntity", 404);
        check(FaultCode::EntityAlreadyExists, "EntityAlreadyExists", 409);
        check(FaultCode::DeleteConflict, "DeleteConflict", 409);
        check(FaultCode::LimitExceeded, "LimitExceeded", 409);
        check(FaultCode::MalformedPolicyDocument, "MalformedPolicyDocument", 400);
        check(FaultCode::IdpRejectedClaim, "IDPRejectedClaim", 403);
        check(
            FaultCode::InvalidAuthorizationMessage,
            "InvalidAuthorizationMessageException",
            400,
        );
        check(FaultCode::ServiceFailure, "ServiceFailure", 500);
        check(FaultCode::NotImplemented, "NotImplemented", 501);
    }
}
