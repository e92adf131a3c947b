//! Documents and requesters that the tests share.

use countersign_policy::{
    Account, Attached, Context, Decision, Document, Kind, Policies, Requester, ResourcePolicy, evaluate,
};

/// The account that owns the bucket.
pub(crate) const OWNER: &str = "111122223333";
/// Another account.
pub(crate) const STRANGER: &str = "999988887777";
/// The bucket of the tests.
pub(crate) const BUCKET: &str = "photos";

/// A policy of an identity with these statements.
pub(crate) fn identity(statements: &str) -> Document {
    parse(Kind::Inline, statements)
}

/// A policy of the bucket with these statements.
pub(crate) fn bucket(statements: &str) -> Document {
    parse(Kind::Bucket(BUCKET), statements)
}

/// A trust policy with these statements.
pub(crate) fn trust(statements: &str) -> Document {
    parse(Kind::Trust, statements)
}

fn parse(kind: Kind<'_>, statements: &str) -> Document {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    Document::parse(kind, text.as_bytes()).expect(&text)
}

/// Allows everything.
pub(crate) fn allow_all() -> Document {
    identity(r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#)
}

/// Denies everything.
pub(crate) fn deny_all() -> Document {
    identity(r#"{"Sid": "None", "Effect": "Deny", "Action": "*", "Resource": "*"}"#)
}

/// Allows something that nobody asks for.
pub(crate) fn allow_nothing() -> Document {
    identity(r#"{"Effect": "Allow", "Action": "s3:GetBucketCORS", "Resource": "arn:aws:s3:::elsewhere"}"#)
}

/// A statement of the bucket's policy that allows or denies reading to a principal, as JSON.
pub(crate) fn reading(effect: &str, principal: &str) -> Document {
    bucket(&format!(
        r#"{{"Sid": "Reading", "Effect": "{effect}", "Principal": {principal}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::photos/*"}}"#
    ))
}

pub(crate) fn account(id: &str) -> Account {
    Account {
        id: id.to_owned(),
        canonical_id: format!("{id:0>64}"),
    }
}

pub(crate) fn user_of(id: &str) -> Requester {
    Requester::User {
        account: account(id),
        arn: format!("arn:aws:iam::{id}:user/ada"),
        unique_id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
    }
}

pub(crate) fn session_of(id: &str) -> Requester {
    Requester::RoleSession {
        account: account(id),
        role_arn: format!("arn:aws:iam::{id}:role/reader"),
        session_arn: format!("arn:aws:sts::{id}:assumed-role/reader/s1"),
        unique_id: "AROACKCEVSQ6C2EXAMPLE:s1".to_owned(),
    }
}

pub(crate) fn federated_of(id: &str) -> Requester {
    Requester::FederatedUser {
        account: account(id),
        user_arn: format!("arn:aws:iam::{id}:user/ada"),
        session_arn: format!("arn:aws:sts::{id}:federated-user/eve"),
        unique_id: format!("{id}:eve"),
    }
}

pub(crate) fn root_of(id: &str) -> Requester {
    Requester::Root(account(id))
}

pub(crate) fn service() -> Requester {
    Requester::Service {
        name: "logs.example.com".to_owned(),
    }
}

/// Reading an object of the bucket.
pub(crate) fn read_by(requester: Requester) -> Context {
    Context::new(requester, "s3:GetObject", "arn:aws:s3:::photos/a.jpg", OWNER)
}

/// Decides with these policies of the identity and of the bucket.
pub(crate) fn decide(context: &Context, identity: Option<&Document>, bucket: Option<&Document>) -> Decision {
    let identity: Vec<Attached<'_>> = identity
        .into_iter()
        .map(|document| Attached {
            name: "identity",
            document,
        })
        .collect();
    let policies = Policies {
        identity: &identity,
        resource: attached_bucket(bucket),
        ..Policies::default()
    };
    evaluate(context, &policies)
}

pub(crate) fn attached_bucket(bucket: Option<&Document>) -> ResourcePolicy<'_> {
    bucket.map_or(ResourcePolicy::None, |document| {
        ResourcePolicy::Bucket(Attached {
            name: "bucket",
            document,
        })
    })
}
