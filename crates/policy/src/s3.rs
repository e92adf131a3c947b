//! The actions and condition keys that S3 knows, so that a bucket policy with a misspelt one is refused.
//!
//! SPEC: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>. S3 takes no policy with an action that
//! is not its own, or that applies to none of the statement's resources.
//!
//! Not here: which operation needs which action; that is the server's table.

use crate::pattern::Pattern;

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// All buckets, or the account: no bucket policy reaches it.
    Account,
    Bucket,
    Object,
}

/// The subjects of the actions that a pattern stands for; none if S3 knows no such action. The pattern is in lower case.
pub(crate) fn subjects(pattern: &Pattern) -> Vec<Subject> {
    let mut found = Vec::new();
    for (names, subject) in [
        (ACCOUNT_ACTIONS, Subject::Account),
        (BUCKET_ACTIONS, Subject::Bucket),
        (OBJECT_ACTIONS, Subject::Object),
    ] {
        let is_one = |name: &&str| pattern.matches(&format!("s3:{}", name.to_ascii_lowercase()));
        if names.iter().any(is_one) {
            found.push(subject);
        }
    }
    found
}

/// Whether a condition can ask about this key, in lower case.
pub(crate) fn is_condition_key(key: &str) -> bool {
    match key.strip_prefix("s3:") {
        None => key.contains(':'),
        Some(name) => KEYS.contains(&name) || KEY_PREFIXES.iter().any(|prefix| name.starts_with(prefix)),
    }
}

/// Whether a condition on this key, in lower case, can be asked of an action that the pattern stands for.
pub(crate) fn applies(key: &str, pattern: &Pattern) -> bool {
    let name = key.strip_prefix("s3:").unwrap_or_default();
    let known = KEY_ACTIONS
        .iter()
        .find(|(keys, _)| keys.iter().any(|known| name == *known || is_below(name, known)));
    // Of the other keys it is not written down here which actions they apply to.
    let Some((_, actions)) = known else { return true };
    actions
        .iter()
        .any(|action| pattern.matches(&format!("s3:{}", action.to_ascii_lowercase())))
}

/// Whether a key is one of those that end with the key of a tag, of which the part before it is known.
fn is_below(name: &str, known: &str) -> bool {
    known.ends_with('/') && name.starts_with(known)
}

const ACCOUNT_ACTIONS: &[&str] = &[
    "CreateAccessGrant",
    "CreateAccessPoint",
    "CreateJob",
    "DescribeJob",
    "GetAccessPoint",
    "GetAccountPublicAccessBlock",
    "ListAccessPoints",
    "ListAllMyBuckets",
    "ListJobs",
    "PutAccountPublicAccessBlock",
];

const BUCKET_ACTIONS: &[&str] = &[
    "CreateBucket",
    "CreateBucketMetadataTableConfiguration",
    "DeleteBucket",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketWebsite",
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketAbac",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketMetadataTableConfiguration",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetIntelligentTieringConfiguration",
    "GetInventoryConfiguration",
    "GetLifecycleConfiguration",
    "GetMetricsConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "ListBucketMultipartUploads",
    "ListBucketVersions",
    "PutAccelerateConfiguration",
    "PutAnalyticsConfiguration",
    "PutBucketAbac",
    "PutBucketAcl",
    "PutBucketCORS",
    "PutBucketLogging",
    "PutBucketNotification",
    "PutBucketObjectLockConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutEncryptionConfiguration",
    "PutIntelligentTieringConfiguration",
    "PutInventoryConfiguration",
    "PutLifecycleConfiguration",
    "PutMetricsConfiguration",
    "PutReplicationConfiguration",
];

const OBJECT_ACTIONS: &[&str] = &[
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionForReplication",
    "GetObjectVersionTagging",
    "GetObjectVersionTorrent",
    "InitiateReplication",
    "ListMultipartUploadParts",
    "ObjectOwnerOverrideToBucketOwner",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "RestoreObject",
    "UpdateObjectEncryption",
];

/// Condition keys of S3, without `s3:` and in lower case.
const KEYS: &[&str] = &[
    "accessgrantscope",
    "accesspointnetworkorigin",
    "authtype",
    "dataaccesspointaccount",
    "dataaccesspointarn",
    "delimiter",
    "if-match",
    "if-none-match",
    "inventoryaccessibleoptionalfields",
    "locationconstraint",
    "max-keys",
    "object-lock-legal-hold",
    "object-lock-mode",
    "object-lock-remaining-retention-days",
    "object-lock-retain-until-date",
    "objectcreationoperation",
    "prefix",
    "requestobjecttagkeys",
    "resourceaccount",
    "signatureage",
    "signatureversion",
    "tlsversion",
    "versionid",
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// Keys that end with the key of a tag.
const KEY_PREFIXES: &[&str] = &["buckettag/", "existingobjecttag/", "requestobjecttag/"];

/// Keys that few actions have, and those actions.
const KEY_ACTIONS: &[(&[&str], &[&str])] = &[
    (
        &["delimiter", "max-keys", "prefix"],
        &["ListBucket", "ListBucketVersions"],
    ),
    (
        &["x-amz-acl"],
        &[
            "CreateBucket",
            "PutBucketAcl",
            "PutObject",
            "PutObjectAcl",
            "PutObjectVersionAcl",
        ],
    ),
    (
        &[
            "x-amz-copy-source",
            "x-amz-metadata-directive",
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
        ],
        &["PutObject"],
    ),
    (
        &["requestobjecttag/", "requestobjecttagkeys"],
        &["PutObject", "PutObjectTagging", "PutObjectVersionTagging"],
    ),
];

#[cfg(test)]
mod tests {
    use super::{
        ACCOUNT_ACTIONS, BUCKET_ACTIONS, KEY_ACTIONS, KEYS, OBJECT_ACTIONS, Subject, applies,
        is_condition_key, subjects,
    };
    use crate::pattern::Pattern;
    use crate::template::{Syntax, Template};

    fn pattern(text: &str) -> Pattern {
        let syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        Template::parse(&text.to_ascii_lowercase(), syntax).widest()
    }

    fn check(text: &str, expected: &[Subject]) {
        assert_eq!(subjects(&pattern(text)), expected, "{text}");
    }

    #[test]
    fn some_keys_are_of_some_actions() {
        let check = |key: &str, action: &str, expected: bool| {
            assert_eq!(applies(key, &pattern(action)), expected, "{key} {action}");
        };
        check("s3:prefix", "s3:ListBucket", true);
        check("s3:prefix", "s3:List*", true);
        check("s3:prefix", "s3:ListBucketMultipartUploads", false);
        check("s3:prefix", "s3:GetObject", false);
        check("s3:x-amz-acl", "s3:PutObject", true);
        check("s3:x-amz-acl", "s3:GetObject", false);
        check("s3:requestobjecttag/team", "s3:PutObjectTagging", true);
        check("s3:requestobjecttag/team", "s3:GetObject", false);
        check("s3:existingobjecttag/team", "s3:GetObject", true);
        check("aws:sourceip", "s3:GetObject", true);
        for (_, actions) in KEY_ACTIONS {
            for action in *actions {
                assert!(
                    !subjects(&pattern(&format!("s3:{action}"))).is_empty(),
                    "{action}"
                );
            }
        }
    }

    #[test]
    fn a_pattern_stands_for_the_actions_it_matches() {
        check("s3:GetObject", &[Subject::Object]);
        check("S3:getobject", &[Subject::Object]);
        check("s3:ListBucket", &[Subject::Bucket]);
        check("s3:ListAllMyBuckets", &[Subject::Account]);
        check("s3:Get*", &[Subject::Account, Subject::Bucket, Subject::Object]);
        check("s3:Delete?bject", &[Subject::Object]);
        check("*", &[Subject::Account, Subject::Bucket, Subject::Object]);
        check("s3:GetObjekt", &[]);
        check("iam:GetUser", &[]);
        check("s3:Frob*", &[]);
    }

    #[test]
    fn keys_of_s3_are_known_by_name() {
        for key in [
            "s3:prefix",
            "s3:x-amz-acl",
            "s3:existingobjecttag/team",
            "aws:sourceip",
            "saml:sub",
        ] {
            assert!(is_condition_key(key), "{key}");
        }
        for key in ["s3:prefiks", "prefix", "s3:", "s3:existingobjecttag"] {
            assert!(!is_condition_key(key), "{key}");
        }
    }

    #[test]
    fn nothing_stands_twice() {
        for list in [ACCOUNT_ACTIONS, BUCKET_ACTIONS, OBJECT_ACTIONS, KEYS] {
            assert!(list.is_sorted(), "{list:?}");
            assert!(list.windows(2).all(|pair| pair[0] != pair[1]), "{list:?}");
        }
    }
}
