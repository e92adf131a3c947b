//! The managed policies that come with the server, under the names that AWS gives them, as far as they matter here.
//!
//! The documents are our own wording of what AWS says that they allow
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>). Nobody can change or remove them.

use crate::records::{PolicyRecord, VersionRecord};
use crate::state::{Named, PolicyEntry, VersionEntry};
use countersign_policy::{Document, Kind};
use countersign_types::Moment;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// All of them, by name and by ARN.
pub(crate) fn policies() -> &'static Named<PolicyEntry> {
    static POLICIES: LazyLock<Named<PolicyEntry>> = LazyLock::new(|| {
        let mut policies = Named::default();
        for (at, managed) in MANAGED.iter().enumerate() {
            policies.insert(managed.entry(at));
        }
        policies
    });
    &POLICIES
}

/// The policy that allows everything: what the root of an account is given where something has to be.
pub(crate) const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Whether an ARN is one of a policy that comes with the server, or would be.
pub(crate) fn is_managed(arn: &str) -> bool {
    arn.starts_with(ARN_PREFIX)
}

struct Managed {
    name: &'static str,
    description: &'static str,
    document: &'static str,
}

impl Managed {
    fn entry(&self, at: usize) -> PolicyEntry {
        let created = Moment::from_seconds(CREATED_SECONDS);
        let document = Document::parse(Kind::Managed, self.document.as_bytes())
            .expect("the documents below are read by a test");
        let version = VersionEntry {
            record: VersionRecord {
                number: 1,
                created,
                document: self.document.to_owned(),
                other: BTreeMap::new(),
            },
            document,
        };
        let letter = char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
        PolicyEntry {
            record: PolicyRecord {
                id: format!("ANPACOUNTERSIGNAAAAA{letter}"),
                name: self.name.to_owned(),
                path: "/".to_owned(),
                created,
                updated: created,
                description: Some(self.description.to_owned()),
                tags: Vec::new(),
                default_version: 1,
                last_version: 1,
                other: BTreeMap::new(),
            },
            arn: format!("{ARN_PREFIX}{}", self.name),
            versions: BTreeMap::from([(1, Arc::new(version))]),
        }
    }
}

const ARN_PREFIX: &str = "arn:aws:iam::aws:policy/";

/// 2026-11-25, when they came.
const CREATED_SECONDS: i64 = 1_795_564_800;

const MANAGED: [Managed; 7] = [
    Managed {
        name: "AdministratorAccess",
        description: "Allows everything.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    },
    Managed {
        name: "AmazonS3FullAccess",
        description: "Allows everything in S3.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
    },
    Managed {
        name: "AmazonS3ReadOnlyAccess",
        description: "Allows to read and list everything in S3.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*"],"Resource":"*"}]}"#,
    },
    Managed {
        name: "IAMFullAccess",
        description: "Allows everything in IAM.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#,
    },
    Managed {
        name: "IAMReadOnlyAccess",
        description: "Allows to read and list everything in IAM, and to simulate policies.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*","iam:Simulate*"],"Resource":"*"}]}"#,
    },
    Managed {
        name: "PowerUserAccess",
        description: "Allows everything but IAM.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},{"Effect":"Allow","Action":["iam:ListRoles","iam:GetAccountSummary"],"Resource":"*"}]}"#,
    },
    Managed {
        name: "ReadOnlyAccess",
        description: "Allows to read and list everything.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","iam:Get*","iam:List*","iam:Simulate*","sts:GetCallerIdentity","sts:GetAccessKeyInfo","sts:GetSessionToken"],"Resource":"*"}]}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Entity;

    #[test]
    fn every_managed_policy_is_read_and_found() {
        assert_eq!(policies().len(), MANAGED.len());
        for managed in &MANAGED {
            let arn = format!("arn:aws:iam::aws:policy/{}", managed.name);
            let entry = policies().by_reference(&arn).expect("it is there");
            assert_eq!(entry.name(), managed.name);
            assert!(entry.in_use().is_some() && is_managed(&arn));
            assert_eq!(entry.record.id.len(), 21);
        }
        assert!(policies().by_reference(ADMINISTRATOR_ACCESS).is_some());
    }
}
