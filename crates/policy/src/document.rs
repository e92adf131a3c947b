//! A policy document, read and checked.
//!
//! The grammar is that of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. Reading is in
//! [`crate::parse`], what each kind of document may hold in [`crate::kind`].
//!
//! Keeps true: a document that exists follows the rules of its kind, so that deciding has no errors left.

use std::collections::BTreeSet;

use crate::condition::{Condition, Test};
use crate::fault::PolicyFault;
use crate::kind::Kind;
use crate::parse;
use crate::principal::Principal;
use crate::public;
use crate::resource::Resource;
use crate::template::Template;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub(crate) version: Version,
    pub(crate) id: Option<String>,
    pub(crate) statements: Vec<Statement>,
    /// Asked with each request to a bucket that restricts public access, so it is found once.
    pub(crate) is_public: bool,
    /// Asked with each request that it applies to, so it is found once.
    pub(crate) asks_for_keys: bool,
}

/// The version of the language, which is not a version of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, and what a document without `Version` is written in: no variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// Present in what is attached to a resource, absent in what is attached to an identity.
    pub(crate) principals: Option<Listed<Principal>>,
    pub(crate) actions: Listed<Template>,
    /// Absent in a trust policy, which is about the role it is attached to.
    pub(crate) resources: Option<Listed<Resource>>,
    pub(crate) conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, and so on: a list, or everything but a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed<T> {
    pub(crate) is_negated: bool,
    pub(crate) entries: Vec<T>,
}

impl Document {
    /// Reads a document of this kind. What AWS would refuse to store is refused, in AWS's words.
    pub fn parse(kind: Kind<'_>, text: &[u8]) -> Result<Document, PolicyFault> {
        let mut document = parse::document(kind, text).map_err(|defect| kind.tell(&defect))?;
        document.is_public = public::is_public(&document);
        document.asks_for_keys = document.statements.iter().any(Statement::asks_for_keys);
        Ok(document)
    }

    /// The version of the language it is written in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its `Id`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether S3 calls it public: what `GetBucketPolicyStatus` answers and `BlockPublicPolicy` refuses.
    pub fn is_public(&self) -> bool {
        self.is_public
    }

    /// Whether anything in it depends on the keys of a request: a condition, or a variable. Who decides on others need not gather
    /// keys.
    pub fn asks_for_keys(&self) -> bool {
        self.asks_for_keys
    }

    /// The ARNs under `Principal` and `NotPrincipal`. Whether there is such a user or role is not for a pure crate to know;
    /// S3 and IAM refuse a document that names one that does not exist.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        self.principals().filter_map(|principal| match principal {
            Principal::Arn(arn) => Some(arn.as_str()),
            _ => None,
        })
    }

    /// The accounts under `Principal` and `NotPrincipal`, by their twelve digits.
    pub fn principal_accounts(&self) -> impl Iterator<Item = &str> {
        self.principals().filter_map(|principal| match principal {
            Principal::Account(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// The accounts under `Principal` and `NotPrincipal` that are named by their canonical ids.
    pub fn principal_canonical_ids(&self) -> impl Iterator<Item = &str> {
        self.principals().filter_map(|principal| match principal {
            Principal::CanonicalUser(id) => Some(id.as_str()),
            _ => None,
        })
    }

    fn principals(&self) -> impl Iterator<Item = &Principal> {
        let listed = self
            .statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref());
        listed.flat_map(|listed| &listed.entries)
    }
}

impl Document {
    /// The condition keys that it asks about, in lower case.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        let conditions = self.statements.iter().flat_map(|statement| &statement.conditions);
        conditions.map(|condition| condition.key.as_str())
    }

    /// All keys that it depends on, in lower case: those of its conditions, and those that stand in variables.
    pub fn context_keys(&self) -> BTreeSet<&str> {
        let mut keys: BTreeSet<&str> = self.condition_keys().collect();
        for statement in &self.statements {
            let resources = statement.resources.iter().flat_map(|listed| &listed.entries);
            keys.extend(resources.flat_map(Resource::variables));
            keys.extend(statement.actions.entries.iter().flat_map(Template::variables));
            let tests = statement.conditions.iter().map(|condition| &condition.test);
            keys.extend(tests.flat_map(Test::variables));
        }
        keys
    }
}

impl Statement {
    /// Its `Sid`, if it has one.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does where it applies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    fn asks_for_keys(&self) -> bool {
        let has_variables = |listed: &Listed<Resource>| listed.entries.iter().any(Resource::has_variables);
        !self.conditions.is_empty()
            || self.resources.as_ref().is_some_and(has_variables)
            || self.actions.entries.iter().any(Template::has_variables)
    }
}
