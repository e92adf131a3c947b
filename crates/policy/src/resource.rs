//! What a statement is about: `Resource` and `NotResource`.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>: `*`, or an ARN with wildcards. IAM
//! checks its form, S3 that it is the bucket the policy belongs to, or something in it.

use crate::arn::{ArnPattern, VariablesIn};
use crate::context::Keys;
use crate::document::Version;
use crate::fault::Defect;
use crate::kind::Kind;
use crate::template::{Syntax, Template};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `*`.
    Any,
    /// ARNs.
    Arn(ArnPattern),
}

impl Resource {
    /// Reads an entry, under the rules of this kind of document.
    pub(crate) fn parse(text: &str, kind: Kind<'_>, version: Version) -> Result<Resource, Defect> {
        match kind {
            Kind::Bucket(bucket) => check_bucket(text, bucket, version)?,
            _ => check_form(text)?,
        }
        if text == "*" {
            return Ok(Resource::Any);
        }
        let variables = match version {
            Version::V2008 => VariablesIn::Nothing,
            Version::V2012 => VariablesIn::ResourcePart,
        };
        Ok(Resource::Arn(ArnPattern::parse(text, variables)))
    }

    /// Whether it is this ARN.
    pub(crate) fn matches(&self, arn: &str, keys: &Keys) -> bool {
        match self {
            Resource::Any => true,
            Resource::Arn(pattern) => pattern.matches(arn, keys),
        }
    }

    /// Whether it asks for keys of the request.
    pub(crate) fn has_variables(&self) -> bool {
        match self {
            Resource::Any => false,
            Resource::Arn(pattern) => pattern.has_variables(),
        }
    }

    /// The keys that its variables ask for, in lower case.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let pattern = match self {
            Resource::Any => None,
            Resource::Arn(pattern) => Some(pattern),
        };
        pattern.into_iter().flat_map(ArnPattern::variables)
    }

    /// Whether every variable has a value.
    pub(crate) fn is_whole(&self, keys: &Keys) -> bool {
        match self {
            Resource::Any => true,
            Resource::Arn(pattern) => pattern.is_whole(keys),
        }
    }
}

/// What of a bucket an entry of its policy may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) bucket: bool,
    pub(crate) objects: bool,
}

/// What of a bucket this entry may be; for a text that [`Resource::parse`] took.
pub(crate) fn scope(text: &str) -> Scope {
    let resource = text.splitn(6, ':').last().unwrap_or_default();
    let name = bucket_part(resource);
    let has_slash = name.len() < resource.len();
    Scope {
        bucket: !has_slash,
        // A star in the bucket's name goes on into its objects, and so may the value of a variable.
        objects: has_slash || name.contains(['*', '$']),
    }
}

/// What stands before the first slash that is not in a variable: the key of a tag has one, as in `${aws:PrincipalTag/team}`.
fn bucket_part(resource: &str) -> &str {
    let mut is_inside = false;
    for (at, character) in resource.char_indices() {
        match character {
            '$' => is_inside = resource.get(at..).is_some_and(|rest| rest.starts_with("${")),
            '}' => is_inside = false,
            '/' if !is_inside => return resource.get(..at).unwrap_or(resource),
            _ => {}
        }
    }
    resource
}

fn check_bucket(text: &str, bucket: &str, version: Version) -> Result<(), Defect> {
    let wrong = || Defect::InvalidResource(text.to_owned());
    let resource = text.strip_prefix("arn:aws:s3:::").ok_or_else(wrong)?;
    let name = bucket_part(resource);
    let template = Template::parse(
        name,
        Syntax {
            wildcards: true,
            variables: version == Version::V2012,
        },
    );
    // Whether it can be this bucket; what a variable will be is not known yet.
    if !name.is_empty() && template.widest().matches(bucket) {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// The sentences are IAM's.
fn check_form(text: &str) -> Result<(), Defect> {
    if text == "*" {
        return Ok(());
    }
    let wrong = |sentence: String| Err(Defect::InvalidResource(sentence));
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let part = |at: usize| parts.get(at).copied();
    if part(0) != Some("arn") || parts.len() < 2 {
        return wrong(format!("Resource {text} must be in ARN format or \"*\"."));
    }
    let partition = part(1).unwrap_or_default();
    if partition != "aws" {
        let rest: Vec<&str> = (2..6).map(|at| part(at).unwrap_or("*")).collect();
        let arn = format!("arn:{partition}:{}", rest.join(":"));
        return wrong(format!(
            "Partition \"{partition}\" is not valid for resource \"{arn}\"."
        ));
    }
    let service = part(2).unwrap_or_default();
    let is_service = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if service.is_empty() || !service.bytes().all(is_service) {
        return wrong("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    }
    let region = part(3).unwrap_or("*");
    // Access points have a region and an account; buckets and objects have neither.
    if service == "s3" && !region.is_empty() && part(4).is_none_or(str::is_empty) {
        return wrong(format!("Resource {text} can not contain region information."));
    }
    if service == "iam" {
        if !region.is_empty() {
            return wrong(format!("IAM resource {text} cannot contain region information."));
        }
        let path = part(5).unwrap_or("*");
        if path != "*" && path != "root" && !IAM_PATHS.iter().any(|begin| path.starts_with(begin)) {
            return wrong(format!(
                "IAM resource path must either be \"*\" or start with {}.",
                IAM_PATHS.join(", ")
            ));
        }
    }
    Ok(())
}

/// What the resources of IAM begin with, in the order of its sentence.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

#[cfg(test)]
mod tests {
    use super::{Resource, Scope, scope};
    use crate::document::Version;
    use crate::fault::Defect;
    use crate::kind::Kind;

    #[test]
    fn a_bucket_policy_is_about_its_bucket() {
        for text in [
            "arn:aws:s3:::photos",
            "arn:aws:s3:::photos/*",
            "arn:aws:s3:::photos/a/b",
            "arn:aws:s3:::photos*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::*/*",
            "arn:aws:s3:::ph?tos/${aws:username}/*",
            "arn:aws:s3:::${aws:PrincipalTag/bucket}/*",
        ] {
            let parsed = Resource::parse(text, Kind::Bucket("photos"), Version::V2012);
            assert!(parsed.is_ok(), "{text}");
        }
        for text in [
            "*",
            "",
            "photos",
            "arn:aws:s3:::",
            "arn:aws:s3:::/photos",
            "arn:aws:s3:::videos",
            "arn:aws:s3:::photos2/*",
            "arn:aws:s3:us-east-1::photos",
            "arn:aws:iam::111122223333:user/ada",
        ] {
            let parsed = Resource::parse(text, Kind::Bucket("photos"), Version::V2012);
            assert!(parsed.is_err(), "{text}");
        }
    }

    #[test]
    fn iam_says_what_is_wrong_with_a_resource() {
        let check = |text: &str, sentence: &str| {
            let parsed = Resource::parse(text, Kind::Inline, Version::V2012);
            let expected = Err(Defect::InvalidResource(sentence.to_owned()));
            assert_eq!(parsed, expected, "{text}");
        };
        check("photos", "Resource photos must be in ARN format or \"*\".");
        check("", "Resource  must be in ARN format or \"*\".");
        check(
            "arn:invalid:s3",
            "Partition \"invalid\" is not valid for resource \"arn:invalid:s3:*:*:*\".",
        );
        check(
            "arn:aws",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        );
        check(
            "arn:aws:*:::photos",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        );
        check(
            "arn:aws:s3:us-east-1::photos",
            "Resource arn:aws:s3:us-east-1::photos can not contain region information.",
        );
        check(
            "arn:aws:iam:us-east-1::user/ada",
            "IAM resource arn:aws:iam:us-east-1::user/ada cannot contain region information.",
        );
        check(
            "arn:aws:iam::111122223333:ada",
            "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
             instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, \
             report/, access-report/.",
        );
        for text in [
            "*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::photos/${aws:username}/*",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/a",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:iam::*:role/*",
            "arn:aws:sqs:*:*:queue",
        ] {
            assert!(
                Resource::parse(text, Kind::Inline, Version::V2012).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn an_entry_is_the_bucket_or_its_objects_or_both() {
        let check = |text: &str, bucket: bool, objects: bool| {
            assert_eq!(scope(text), Scope { bucket, objects }, "{text}");
        };
        check("arn:aws:s3:::photos", true, false);
        check("arn:aws:s3:::photos/*", false, true);
        check("arn:aws:s3:::photos*", true, true);
        check("arn:aws:s3:::*", true, true);
        check("arn:aws:s3:::${aws:PrincipalTag/bucket}", true, true);
        check("arn:aws:s3:::${aws:PrincipalTag/bucket}/*", false, true);
    }
}
