//! The words of IAM: what it says of names, paths, tags and documents that it does not take, and of what is not there.
//!
//! SPEC: the patterns and lengths of <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>; the sentences are those
//! that AWS answers.

use crate::directory::Means;
use crate::layout::folded;
use crate::limits::{DOCUMENT_TEXT_BYTES_MAX, TAGS_BYTES_MAX, TAGS_MAX, TRUST_TEXT_BYTES_MAX};
use crate::records::TagRecord;
use crate::state::AccountState;
use countersign_policy::{self as policy, Document, Kind};
use countersign_types::iam::{Fault, FaultCode, Tag};
use std::collections::BTreeSet;

/// A thing that is not there: `The user with name ada cannot be found.`
pub(crate) fn not_found(kind: &str, name: &str) -> Fault {
    Fault::new(
        FaultCode::NoSuchEntity,
        format!("The {kind} with name {name} cannot be found."),
    )
}

/// A managed policy that is not there.
pub(crate) fn no_policy(arn: &str) -> Fault {
    Fault::new(FaultCode::NoSuchEntity, format!("Policy {arn} was not found."))
}

/// A name that is given: `User with name ada already exists.`
pub(crate) fn exists(kind: &str, name: &str) -> Fault {
    Fault::new(
        FaultCode::EntityAlreadyExists,
        format!("{kind} with name {name} already exists."),
    )
}

/// More than there may be.
pub(crate) fn quota(what: &str, max: usize) -> Fault {
    Fault::new(
        FaultCode::LimitExceeded,
        format!("Cannot exceed quota for {what}: {max}"),
    )
}

/// What goes first: `Cannot delete entity, must detach all policies first.`
pub(crate) fn conflict(what_first: &str) -> Fault {
    Fault::new(
        FaultCode::DeleteConflict,
        format!("Cannot delete entity, must {what_first} first."),
    )
}

/// A value that breaks a constraint of its parameter.
pub(crate) fn constraint(value: &str, at: &str, must: &str) -> Fault {
    Fault::new(
        FaultCode::ValidationError,
        format!(
            "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must {must}"
        ),
    )
}

/// A name of at most so many of IAM's characters.
pub(crate) fn check_name(at: &str, name: &str, characters_max: usize) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(constraint(name, at, "have length greater than or equal to 1"));
    }
    if name.chars().count() > characters_max {
        let must = format!("have length less than or equal to {characters_max}");
        return Err(constraint(name, at, &must));
    }
    if !name.chars().all(is_in_names) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            format!(
                "The specified value for {at} is invalid. It must contain only alphanumeric characters and/or the \
                 following: +=,.@_-"
            ),
        ));
    }
    Ok(())
}

/// `[\w+=,.@-]`.
pub(crate) fn is_in_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

/// A path; `/` if none is given.
pub(crate) fn check_path(path: Option<&str>) -> Result<&str, Fault> {
    let path = path.unwrap_or("/");
    let is_plain = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    // An empty segment or a wildcard would make an ARN that no policy can name.
    let is_right = path.starts_with('/') && path.ends_with('/') && is_plain;
    if !is_right || path.contains("//") || path.contains(['*', '?']) {
        return Err(Fault::new(
            FaultCode::ValidationError,
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters \
             and/or / characters.",
        ));
    }
    if path.len() > PATH_BYTES_MAX {
        let must = format!("have length less than or equal to {PATH_BYTES_MAX}");
        return Err(constraint(path, "path", &must));
    }
    Ok(path)
}

/// What has a name and a path, which may be changed.
pub(crate) struct Renamed<'a> {
    /// `User` or `Group`.
    pub(crate) kind: &'static str,
    pub(crate) path: &'a mut String,
    pub(crate) name: &'a mut String,
    pub(crate) name_characters_max: usize,
}

/// Gives it another path, another name, or both. A name may change in nothing but case.
pub(crate) fn rename(
    renamed: Renamed<'_>,
    new_path: Option<&str>,
    new_name: Option<&str>,
    is_taken: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    let Renamed {
        kind,
        path,
        name,
        name_characters_max,
    } = renamed;
    if let Some(new_path) = new_path {
        *path = check_path(Some(new_path))?.to_owned();
    }
    if let Some(new_name) = new_name {
        check_name(&format!("new{kind}Name"), new_name, name_characters_max)?;
        if folded(new_name) != folded(name) && is_taken(new_name) {
            return Err(exists(kind, new_name));
        }
        *name = new_name.to_owned();
    }
    Ok(())
}

/// The beginning of paths that are listed.
pub(crate) fn check_path_prefix(prefix: Option<&str>) -> Result<&str, Fault> {
    let prefix = prefix.unwrap_or("/");
    match prefix.starts_with('/') && prefix.len() <= PATH_BYTES_MAX {
        true => Ok(prefix),
        false => Err(Fault::new(
            FaultCode::ValidationError,
            "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters \
             and/or / characters.",
        )),
    }
}

/// Tags that something new has.
pub(crate) fn check_tags(tags: &[Tag]) -> Result<Vec<TagRecord>, Fault> {
    let mut seen = BTreeSet::new();
    for Tag { key, value } in tags {
        check_tag_key(key)?;
        if value.chars().count() > TAG_VALUE_CHARACTERS_MAX {
            let must = format!("have length less than or equal to {TAG_VALUE_CHARACTERS_MAX}");
            return Err(constraint(value, "tags.member.value", &must));
        }
        if !value.chars().all(is_in_tags) {
            return Err(constraint(value, "tags.member.value", TAG_PATTERN));
        }
        if !seen.insert(key.to_lowercase()) {
            return Err(Fault::new(
                FaultCode::InvalidInput,
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    let tags: Vec<TagRecord> = tags.iter().map(TagRecord::from).collect();
    check_count(&tags)?;
    Ok(tags)
}

/// That all tags of one thing are no more than there may be.
pub(crate) fn check_count(tags: &[TagRecord]) -> Result<(), Fault> {
    let bytes: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
    if bytes > TAGS_BYTES_MAX {
        return Err(quota("the bytes of all tags", TAGS_BYTES_MAX));
    }
    match tags.len() > TAGS_MAX {
        true => Err(Fault::new(
            FaultCode::LimitExceeded,
            format!("The number of tags has reached the maximum limit: {TAGS_MAX}"),
        )),
        false => Ok(()),
    }
}

/// The key of a tag.
pub(crate) fn check_tag_key(key: &str) -> Result<(), Fault> {
    if !(1..=TAG_KEY_CHARACTERS_MAX).contains(&key.chars().count()) {
        let must = format!("have length between 1 and {TAG_KEY_CHARACTERS_MAX}");
        return Err(constraint(key, "tags.member.key", &must));
    }
    if !key.chars().all(is_in_tags) {
        return Err(constraint(key, "tags.member.key", TAG_PATTERN));
    }
    match key.to_lowercase().starts_with("aws:") {
        true => Err(Fault::new(
            FaultCode::InvalidInput,
            "aws: prefixed tag key names are not allowed for external use.",
        )),
        false => Ok(()),
    }
}

fn is_in_tags(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

/// A description.
pub(crate) fn check_description(description: Option<&str>) -> Result<Option<String>, Fault> {
    let description = description.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARACTERS_MAX {
        let must = format!("have length less than or equal to {DESCRIPTION_CHARACTERS_MAX}");
        return Err(constraint(description, "description", &must));
    }
    Ok((!description.is_empty()).then(|| description.to_owned()))
}

/// A policy document of this kind.
pub(crate) fn check_document(kind: Kind<'_>, text: &str) -> Result<Document, Fault> {
    let bytes_max = match kind {
        Kind::Trust => TRUST_TEXT_BYTES_MAX,
        Kind::Managed | Kind::Boundary | Kind::Inline | Kind::Session | Kind::Bucket(_) => {
            DOCUMENT_TEXT_BYTES_MAX
        }
    };
    if text.len() > bytes_max {
        return Err(quota("the bytes of a policy document", bytes_max));
    }
    Document::parse(kind, text.as_bytes()).map_err(|fault| {
        let code = match fault.code {
            policy::FaultCode::LimitExceeded => FaultCode::LimitExceeded,
            policy::FaultCode::MalformedPolicy | policy::FaultCode::MalformedPolicyDocument => {
                FaultCode::MalformedPolicyDocument
            }
        };
        Fault::new(code, fault.message)
    })
}

/// A trust policy: whom it names has to be there.
pub(crate) fn check_trust(means: &Means<'_>, text: &str) -> Result<Document, Fault> {
    let document = check_document(Kind::Trust, text)?;
    for arn in document.principal_arns() {
        if !means.directory.is_known(arn) {
            return Err(Fault::new(
                FaultCode::MalformedPolicyDocument,
                format!("Invalid principal in policy: \"AWS\":\"{arn}\""),
            ));
        }
    }
    Ok(document)
}

/// A permissions boundary: a managed policy that is there.
pub(crate) fn check_boundary(state: &AccountState, arn: Option<&str>) -> Result<Option<String>, Fault> {
    match arn {
        Some(arn) if state.policy(arn).is_none() => Err(Fault::new(
            FaultCode::NoSuchEntity,
            format!("Scope ARN: {arn} does not exist or is not attachable."),
        )),
        arn => Ok(arn.map(str::to_owned)),
    }
}

const PATH_BYTES_MAX: usize = 512;
const TAG_KEY_CHARACTERS_MAX: usize = 128;
const TAG_VALUE_CHARACTERS_MAX: usize = 256;
const TAG_PATTERN: &str = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";
const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
pub(crate) const USER_NAME_CHARACTERS_MAX: usize = 64;
pub(crate) const ROLE_NAME_CHARACTERS_MAX: usize = 64;
pub(crate) const GROUP_NAME_CHARACTERS_MAX: usize = 128;
pub(crate) const POLICY_NAME_CHARACTERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_iam_takes() {
        for name in ["a", "Ada.Lovelace+x=y,z@b-c_9", &"n".repeat(64)] {
            assert_eq!(check_name("userName", name, 64), Ok(()), "{name}");
        }
        for name in ["", "a b", "a/b", "é", "a\0", &"n".repeat(65)] {
            let fault = check_name("userName", name, 64).expect_err(name);
            assert_eq!(fault.code, FaultCode::ValidationError, "{name}");
        }
    }

    #[test]
    fn a_path_begins_and_ends_with_a_slash() {
        assert_eq!(check_path(None), Ok("/"));
        for path in ["/", "/a/", "/a/b.c/"] {
            assert_eq!(check_path(Some(path)), Ok(path));
        }
        let long = format!("/{}/", "a".repeat(511));
        for path in ["", "a", "/a", "a/", "/a b/", "//", "/a//b/", "/*/", "/é/", &long] {
            assert!(check_path(Some(path)).is_err(), "{path}");
        }
        assert!(check_path_prefix(Some("/a")).is_ok() && check_path_prefix(Some("a")).is_err());
    }

    #[test]
    fn tags_have_keys_that_differ_and_are_not_aws_own() {
        let tag = |key: &str, value: &str| Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        assert!(check_tags(&[tag("team", "a b"), tag("Ümlaut", "")]).is_ok());
        let many: Vec<Tag> = (0..=TAGS_MAX).map(|at| tag(&format!("k{at}"), "")).collect();
        assert!(check_tags(many.get(..TAGS_MAX).unwrap_or_default()).is_ok());
        for (tags, code) in [
            (vec![tag("a", ""), tag("A", "")], FaultCode::InvalidInput),
            (vec![tag("aws:a", "")], FaultCode::InvalidInput),
            (vec![tag("", "")], FaultCode::ValidationError),
            (vec![tag("a*", "")], FaultCode::ValidationError),
            (vec![tag("a", "*")], FaultCode::ValidationError),
            (vec![tag(&"k".repeat(129), "")], FaultCode::ValidationError),
            (vec![tag("a", &"v".repeat(257))], FaultCode::ValidationError),
            (many, FaultCode::LimitExceeded),
        ] {
            assert_eq!(check_tags(&tags).expect_err("refused").code, code, "{tags:?}");
        }
    }

    #[test]
    fn a_document_of_white_space_alone_has_its_limit_too() {
        let padded = |bytes: usize| {
            let text =
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
            format!("{text}{}", " ".repeat(bytes - text.len()))
        };
        assert!(check_document(Kind::Managed, &padded(DOCUMENT_TEXT_BYTES_MAX)).is_ok());
        let fault = check_document(Kind::Managed, &padded(DOCUMENT_TEXT_BYTES_MAX + 1));
        assert_eq!(fault.expect_err("too long").code, FaultCode::LimitExceeded);
    }
}
