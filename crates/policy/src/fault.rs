//! Why a document is no policy, in the words of the service that would store it.
//!
//! The same fault has other words at S3, in IAM's identity policies, and in trust policies: one table each.
//!
//! Not here: finding faults ([`crate::parse`] and its neighbours do) and HTTP statuses.

use std::fmt;

/// Why a document cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// What a client branches on.
    pub code: FaultCode,
    /// AWS's message.
    pub message: String,
}

/// The error code of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// S3, for a bucket policy.
    MalformedPolicy,
    /// IAM and STS.
    MalformedPolicyDocument,
    /// IAM, for a document that is too large.
    LimitExceeded,
}

impl FaultCode {
    /// The text of `<Code>`.
    pub const fn name(self) -> &'static str {
        match self {
            FaultCode::MalformedPolicy => "MalformedPolicy",
            FaultCode::MalformedPolicyDocument => "MalformedPolicyDocument",
            FaultCode::LimitExceeded => "LimitExceeded",
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for PolicyFault {}

/// Whose words a fault is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// IAM, about what is attached to an identity; STS, about what is passed for a session.
    Identity,
    /// IAM, about who may assume a role.
    Trust,
    /// S3.
    Bucket,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Larger than the quota, in counted characters.
    TooLarge(usize),
    NotAnObject,
    NotJson,
    /// A value has a type that the grammar does not know there, or two elements exclude each other.
    Syntax,
    UnknownElement(String),
    Version,
    /// IAM takes new identity policies in the newer version only.
    VersionTooOld,
    NoStatement,
    EmptyStatement,
    SidTwice,
    SidCharacters,
    NoEffect,
    Effect(String),
    NoPrincipal,
    EmptyPrincipal,
    PrincipalProhibited,
    InvalidPrincipal(String),
    AllowNotPrincipal,
    NotPrincipalProhibited,
    NoAction,
    ActionWithoutService,
    ActionWithColons,
    ActionService(String),
    UnknownAction,
    NotAssuming,
    ActionWithoutResource,
    NoResource,
    ResourceProhibited(&'static str),
    /// With IAM's sentence about this resource.
    InvalidResource(String),
    UnknownOperator(String),
    ConditionKey,
    /// The key is not one of the action's.
    ConditionNotApplicable,
    ConditionValue,
    ConditionDate,
    ConditionAddress,
}

impl Defect {
    /// The words of the service.
    pub(crate) fn tell(&self, dialect: Dialect) -> PolicyFault {
        let code = match (dialect, self) {
            (Dialect::Bucket, _) => FaultCode::MalformedPolicy,
            (_, Defect::TooLarge(_)) => FaultCode::LimitExceeded,
            _ => FaultCode::MalformedPolicyDocument,
        };
        let message = match dialect {
            Dialect::Identity => self.identity_text(),
            Dialect::Trust => self.trust_text(),
            Dialect::Bucket => self.bucket_text(),
        };
        PolicyFault { code, message }
    }

    fn identity_text(&self) -> String {
        match self {
            Defect::TooLarge(max) => format!("Cannot exceed quota for PolicySize: {max}"),
            Defect::VersionTooOld => "Policy document must be version 2012-10-17 or greater.".to_owned(),
            Defect::SidTwice => "Statement IDs (SID) in a single policy must be unique.".to_owned(),
            Defect::SidCharacters => SID_CHARACTERS.to_owned(),
            Defect::PrincipalProhibited | Defect::NotPrincipalProhibited => {
                "Policy document should not specify a principal.".to_owned()
            }
            Defect::NoAction => "Policy statement must contain actions.".to_owned(),
            Defect::NoResource => "Policy statement must contain resources.".to_owned(),
            Defect::InvalidResource(sentence) => sentence.clone(),
            Defect::ActionWithoutService | Defect::ConditionKey => WITHOUT_SERVICE.to_owned(),
            Defect::ActionWithColons => "Actions/Condition can contain only one colon.".to_owned(),
            Defect::ActionService(service) => format!("Vendor {service} is not valid"),
            // What only the older of IAM's two parsers minds.
            Defect::ConditionDate | Defect::ConditionAddress => "The policy failed legacy parsing".to_owned(),
            Defect::Effect(text) if is_misspelled_effect(text) => {
                "The policy failed legacy parsing".to_owned()
            }
            _ => "Syntax errors in policy.".to_owned(),
        }
    }

    fn trust_text(&self) -> String {
        match self {
            Defect::TooLarge(max) => format!("Cannot exceed quota for ACLSizePerRole: {max}"),
            Defect::SidCharacters => SID_CHARACTERS.to_owned(),
            Defect::InvalidPrincipal(entry) => format!("Invalid principal in policy: {entry}"),
            Defect::NotPrincipalProhibited => {
                "AssumeRole policy must not contain NotPrincipal field.".to_owned()
            }
            Defect::NotAssuming | Defect::ActionService(_) | Defect::ActionWithColons => {
                "AssumeRole policy may only specify STS AssumeRole actions.".to_owned()
            }
            Defect::ActionWithoutService => WITHOUT_SERVICE.to_owned(),
            Defect::ResourceProhibited(element) => format!("Has prohibited field {element}"),
            other => other
                .common_text()
                .unwrap_or_else(|| "Syntax errors in policy.".to_owned()),
        }
    }

    fn bucket_text(&self) -> String {
        match self {
            Defect::TooLarge(_) => "Policy exceeds the maximum allowed document size.".to_owned(),
            Defect::NotAnObject => "Policies must be valid JSON and the first byte must be '{'".to_owned(),
            Defect::UnknownElement(name) => format!("Unknown field {name}"),
            Defect::InvalidPrincipal(_) => "Invalid principal in policy".to_owned(),
            Defect::ActionWithoutService
            | Defect::ActionWithColons
            | Defect::ActionService(_)
            | Defect::UnknownAction => "Policy has invalid action".to_owned(),
            Defect::ActionWithoutResource => {
                "Action does not apply to any resource(s) in statement".to_owned()
            }
            Defect::InvalidResource(_) => "Policy has invalid resource".to_owned(),
            Defect::UnknownOperator(name) => format!("Invalid Condition type : {name}"),
            Defect::ConditionKey => "Policy has an invalid condition key".to_owned(),
            Defect::ConditionNotApplicable => {
                "Conditions do not apply to combination of actions and resources in statement".to_owned()
            }
            Defect::ConditionAddress => "Invalid IP address in Conditions".to_owned(),
            other => other
                .common_text()
                .unwrap_or_else(|| "Invalid policy syntax.".to_owned()),
        }
    }

    /// What S3 and trust policies say alike: both are read by the older parser of the language.
    fn common_text(&self) -> Option<String> {
        let text = match self {
            Defect::NotJson | Defect::NotAnObject => "This policy contains invalid Json",
            Defect::Version => "The policy must contain a valid version string",
            Defect::NoStatement => "Missing required field Statement",
            Defect::EmptyStatement => "Could not parse the policy: Statement is empty!",
            Defect::SidTwice => "The Statement Ids in the policy are not unique",
            Defect::NoEffect => "Missing required field Effect",
            Defect::Effect(text) => return Some(format!("Invalid effect: {text}")),
            Defect::NoPrincipal => "Missing required field Principal",
            Defect::EmptyPrincipal => "Missing required field Principal cannot be empty!",
            Defect::AllowNotPrincipal => "Allow with NotPrincipal is not allowed.",
            Defect::NoAction => "Missing required field Action",
            Defect::NoResource => "Missing required field Resource",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn is_misspelled_effect(text: &str) -> bool {
    text.eq_ignore_ascii_case("Allow") || text.eq_ignore_ascii_case("Deny")
}

const SID_CHARACTERS: &str = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                              expression [0-9A-Za-z]*";
const WITHOUT_SERVICE: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
