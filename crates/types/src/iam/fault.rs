//! Why a call of IAM or STS was not carried out.

/// Why nothing was done: a code that programs look at, and a message for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct Fault {
    /// Which.
    pub code: FaultCode,
    /// In IAM's words.
    pub message: String,
}

impl Fault {
    /// A fault.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Fault {
        Fault {
            code,
            message: message.into(),
        }
    }
}

/// The codes of IAM and STS.
///
/// SPEC: <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html> and the errors of each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The caller may not.
    AccessDenied,
    /// Somebody changed the same thing at the same time.
    ConcurrentModification,
    /// It is in use, or holds something that goes first.
    DeleteConflict,
    /// One of that name is there.
    EntityAlreadyExists,
    /// A token of an identity provider is past its time.
    ExpiredTokenException,
    /// The identity provider could not be asked.
    IdpCommunicationError,
    /// The identity provider's token was refused.
    IdpRejectedClaim,
    /// The call is of no version or name that is known.
    InvalidAction,
    /// A client token is of no shape or unknown.
    InvalidAuthorizationMessage,
    /// A token of an identity provider cannot be read or verified.
    InvalidIdentityToken,
    /// A value is not acceptable.
    InvalidInput,
    /// There would be more than there may be.
    LimitExceeded,
    /// A policy document is not one.
    MalformedPolicyDocument,
    /// The parameters cannot be read, or one is given twice.
    MalformedQueryString,
    /// Nothing is called.
    MissingAction,
    /// A parameter is missing.
    MissingParameter,
    /// There is none of that name.
    NoSuchEntity,
    /// It is asked for rightly and not there yet.
    NotImplemented,
    /// Session policies and tags are too long together.
    PackedPolicyTooLarge,
    /// A policy cannot be attached there.
    PolicyNotAttachable,
    /// The store below could not.
    ServiceFailure,
    /// Too many calls at once.
    Throttling,
    /// It can only be changed where it was made.
    UnmodifiableEntity,
    /// A parameter is not of the shape that is documented.
    ValidationError,
}
