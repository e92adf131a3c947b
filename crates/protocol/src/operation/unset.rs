//! What S3 can set on a bucket or object and nothing here can set yet: asked for it, the answer is that it was never set.
//!
//! That is true, and it is what clients ask before they do anything else. Setting any of it is refused by name. When one
//! of them can be set, its row moves to an operation of its own.

use crate::error_code::ErrorCode;

/// Something that was never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// `?accelerate`
    Acceleration,
    /// `?encryption`
    Encryption,
    /// `?legal-hold`
    LegalHold,
    /// `?lifecycle`
    Lifecycle,
    /// `?logging`
    Logging,
    /// `?notification`
    Notification,
    /// `?object-lock`
    ObjectLock,
    /// `?tagging` of an object
    ObjectTagging,
    /// `?replication`
    Replication,
    /// `?requestPayment`
    RequestPayment,
    /// `?retention`
    Retention,
    /// `?tagging` of a bucket
    Tagging,
    /// `?website`
    Website,
}

/// How S3 answers who asks for what was never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsetAnswer {
    /// There is none.
    Missing(ErrorCode),
    /// The bucket has no object lock, so no object of it has what was asked for.
    WithoutObjectLock,
    /// A document that says what holds then.
    Document(UnsetDocument),
}

/// A document with at most one text in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsetDocument {
    /// The root element.
    pub root: &'static str,
    /// The elements inside one another below it.
    pub path: &'static [&'static str],
    /// The text of the innermost.
    pub text: &'static str,
}

impl Unset {
    /// The operation that asks for it.
    pub const fn getter(self) -> &'static str {
        match self {
            Unset::Acceleration => "GetBucketAccelerateConfiguration",
            Unset::Encryption => "GetBucketEncryption",
            Unset::LegalHold => "GetObjectLegalHold",
            Unset::Lifecycle => "GetBucketLifecycleConfiguration",
            Unset::Logging => "GetBucketLogging",
            Unset::Notification => "GetBucketNotificationConfiguration",
            Unset::ObjectLock => "GetObjectLockConfiguration",
            Unset::ObjectTagging => "GetObjectTagging",
            Unset::Replication => "GetBucketReplication",
            Unset::RequestPayment => "GetBucketRequestPayment",
            Unset::Retention => "GetObjectRetention",
            Unset::Tagging => "GetBucketTagging",
            Unset::Website => "GetBucketWebsite",
        }
    }

    /// The operation that removes it, for what can be removed.
    pub const fn remover(self) -> &'static str {
        match self {
            Unset::Encryption => "DeleteBucketEncryption",
            Unset::Lifecycle => "DeleteBucketLifecycle",
            Unset::ObjectTagging => "DeleteObjectTagging",
            Unset::Replication => "DeleteBucketReplication",
            Unset::Tagging => "DeleteBucketTagging",
            Unset::Website => "DeleteBucketWebsite",
            // The router has no row that removes these.
            other => other.getter(),
        }
    }

    /// What S3 answers.
    pub const fn answer(self) -> UnsetAnswer {
        const fn document(
            root: &'static str,
            path: &'static [&'static str],
            text: &'static str,
        ) -> UnsetAnswer {
            UnsetAnswer::Document(UnsetDocument { root, path, text })
        }
        match self {
            Unset::Acceleration => document("AccelerateConfiguration", &[], ""),
            Unset::Encryption => {
                UnsetAnswer::Missing(ErrorCode::ServerSideEncryptionConfigurationNotFoundError)
            }
            Unset::LegalHold | Unset::Retention => UnsetAnswer::WithoutObjectLock,
            Unset::Lifecycle => UnsetAnswer::Missing(ErrorCode::NoSuchLifecycleConfiguration),
            Unset::Logging => document("BucketLoggingStatus", &[], ""),
            Unset::Notification => document("NotificationConfiguration", &[], ""),
            Unset::ObjectLock => UnsetAnswer::Missing(ErrorCode::ObjectLockConfigurationNotFoundError),
            Unset::ObjectTagging => document("Tagging", &["TagSet"], ""),
            Unset::Replication => UnsetAnswer::Missing(ErrorCode::ReplicationConfigurationNotFoundError),
            Unset::RequestPayment => document("RequestPaymentConfiguration", &["Payer"], "BucketOwner"),
            Unset::Tagging => UnsetAnswer::Missing(ErrorCode::NoSuchTagSet),
            Unset::Website => UnsetAnswer::Missing(ErrorCode::NoSuchWebsiteConfiguration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal};

    fn check(target: &str, getter: &str, remover: Option<&str>, expected: UnsetAnswer) {
        let get = operation(&format!("GET {target}"), &[]);
        let Operation::GetUnset(unset) = get else {
            unreachable!("{target} became {}", get.name());
        };
        assert_eq!((get.name(), unset.answer()), (getter, expected), "{target}");
        match remover {
            Some(remover) => assert_eq!(operation(&format!("DELETE {target}"), &[]).name(), remover),
            None => drop(refusal(&format!("DELETE {target}"), &[])),
        }
        let name = target.split_once('?').map_or("", |(_, name)| name);
        assert_eq!(
            refusal(&format!("PUT {target}"), &[]),
            format!(
                "NotImplemented: {} [Resource={name}]",
                ErrorCode::NotImplemented.message()
            )
        );
    }

    #[test]
    fn what_was_never_set_is_said_as_s3_says_it_and_cannot_be_set() {
        use ErrorCode as E;
        let missing = UnsetAnswer::Missing;
        let missing_of = [
            (
                "lifecycle",
                "GetBucketLifecycleConfiguration",
                Some("DeleteBucketLifecycle"),
                E::NoSuchLifecycleConfiguration,
            ),
            (
                "tagging",
                "GetBucketTagging",
                Some("DeleteBucketTagging"),
                E::NoSuchTagSet,
            ),
            (
                "website",
                "GetBucketWebsite",
                Some("DeleteBucketWebsite"),
                E::NoSuchWebsiteConfiguration,
            ),
            (
                "replication",
                "GetBucketReplication",
                Some("DeleteBucketReplication"),
                E::ReplicationConfigurationNotFoundError,
            ),
            (
                "object-lock",
                "GetObjectLockConfiguration",
                None,
                E::ObjectLockConfigurationNotFoundError,
            ),
            (
                "encryption",
                "GetBucketEncryption",
                Some("DeleteBucketEncryption"),
                E::ServerSideEncryptionConfigurationNotFoundError,
            ),
        ];
        for (name, getter, remover, code) in missing_of {
            check(&format!("/abc?{name}"), getter, remover, missing(code));
        }
        let document = |root, path, text| UnsetAnswer::Document(UnsetDocument { root, path, text });
        let documents: [(&str, &str, &'static [&'static str], &str, &str); 4] = [
            ("logging", "GetBucketLogging", &[], "BucketLoggingStatus", ""),
            (
                "notification",
                "GetBucketNotificationConfiguration",
                &[],
                "NotificationConfiguration",
                "",
            ),
            (
                "accelerate",
                "GetBucketAccelerateConfiguration",
                &[],
                "AccelerateConfiguration",
                "",
            ),
            (
                "requestPayment",
                "GetBucketRequestPayment",
                &["Payer"],
                "RequestPaymentConfiguration",
                "BucketOwner",
            ),
        ];
        for (name, getter, path, root, text) in documents {
            check(&format!("/abc?{name}"), getter, None, document(root, path, text));
        }
        let tags = document("Tagging", &["TagSet"], "");
        check(
            "/abc/k?tagging",
            "GetObjectTagging",
            Some("DeleteObjectTagging"),
            tags,
        );
        check(
            "/abc/k?retention",
            "GetObjectRetention",
            None,
            UnsetAnswer::WithoutObjectLock,
        );
        check(
            "/abc/k?legal-hold",
            "GetObjectLegalHold",
            None,
            UnsetAnswer::WithoutObjectLock,
        );
    }
}
