//! From JSON to a document, strictly.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. An element that is not in the grammar is refused: a
//! `Conditions` that is passed over would allow what its author did not.
//!
//! Keeps true: the first fault that AWS would tell is the one that is told, as far as that is known: form first, then meaning.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::{Condition, Operator};
use crate::document::{Document, Effect, Listed, Statement, Version};
use crate::fault::{Defect, Dialect};
use crate::json::Json;
use crate::kind::{DOCUMENT_BYTES_MAX, Kind};
use crate::principal::Principal;
use crate::resource::{Resource, scope};
use crate::s3::{self, Subject};
use crate::template::{Syntax, Template};

type Members = BTreeMap<String, Json>;

/// Reads a document of this kind. Whether it is public is found out afterwards.
pub(crate) fn document(kind: Kind<'_>, text: &[u8]) -> Result<Document, Defect> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Defect::TooLarge(kind.size_max()));
    }
    let text = std::str::from_utf8(text).map_err(|_| Defect::NotJson)?;
    if !text.starts_with('{') && kind.dialect() == Dialect::Bucket {
        return Err(Defect::NotAnObject);
    }
    if kind.counted(text) > kind.size_max() {
        return Err(Defect::TooLarge(kind.size_max()));
    }
    let json = Json::parse(text.as_bytes()).ok_or(Defect::NotJson)?;
    let Json::Object(members) = json else {
        return Err(Defect::NotAnObject);
    };
    only(&members, &["Version", "Id", "Statement"])?;
    let version = version(kind, members.get("Version"))?;
    let id = optional_text(&members, "Id")?;
    let statements = match members.get("Statement").ok_or(Defect::NoStatement)? {
        Json::List(list) if list.is_empty() => return Err(Defect::EmptyStatement),
        Json::List(list) => list
            .iter()
            .map(|json| statement(kind, version, json))
            .collect::<Result<Vec<Statement>, Defect>>()?,
        single => vec![statement(kind, version, single)?],
    };
    check_sids(kind, &statements)?;
    Ok(Document {
        version,
        id,
        statements,
        is_public: false,
        asks_for_keys: false,
    })
}

fn version(kind: Kind<'_>, json: Option<&Json>) -> Result<Version, Defect> {
    let version = match json {
        None => Version::V2008,
        Some(Json::Text(text)) if text == "2008-10-17" => Version::V2008,
        Some(Json::Text(text)) if text == "2012-10-17" => Version::V2012,
        Some(_) => return Err(Defect::Version),
    };
    if kind.needs_2012() && version != Version::V2012 {
        return Err(Defect::VersionTooOld);
    }
    Ok(version)
}

fn check_sids(kind: Kind<'_>, statements: &[Statement]) -> Result<(), Defect> {
    let mut seen = BTreeSet::new();
    for sid in statements.iter().filter_map(Statement::sid) {
        let is_plain = sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain && kind.dialect() != Dialect::Bucket {
            return Err(Defect::SidCharacters);
        }
        // Without a text it names nothing.
        if !sid.is_empty() && !seen.insert(sid) {
            return Err(Defect::SidTwice);
        }
    }
    Ok(())
}

fn statement(kind: Kind<'_>, version: Version, json: &Json) -> Result<Statement, Defect> {
    let Json::Object(members) = json else {
        return Err(Defect::Syntax);
    };
    only(members, &STATEMENT_ELEMENTS)?;
    let sid = optional_text(members, "Sid")?;
    let effect = effect(members)?;
    let principals = principals(kind, effect, members)?;
    let action_texts = one_of(members, "Action", "NotAction", Defect::NoAction)?;
    for action in &action_texts.entries {
        check_action(kind, action)?;
    }
    let resource_texts = resources(kind, members)?;
    let resources = match &resource_texts {
        None => None,
        Some(texts) => Some(Listed {
            is_negated: texts.is_negated,
            entries: texts
                .entries
                .iter()
                .map(|text| Resource::parse(text, kind, version))
                .collect::<Result<Vec<Resource>, Defect>>()?,
        }),
    };
    let conditions = conditions(kind, version, members.get("Condition"))?;
    let actions = Listed {
        is_negated: action_texts.is_negated,
        entries: action_texts.entries.iter().map(|text| action(text)).collect(),
    };
    if let (Kind::Bucket(_), Some(resources)) = (kind, &resource_texts) {
        check_applicable(&actions, resources, &conditions)?;
    }
    Ok(Statement {
        sid,
        effect,
        principals,
        actions,
        resources,
        conditions,
    })
}

fn effect(members: &Members) -> Result<Effect, Defect> {
    match members.get("Effect") {
        None => Err(Defect::NoEffect),
        Some(Json::Text(text)) if text == "Allow" => Ok(Effect::Allow),
        Some(Json::Text(text)) if text == "Deny" => Ok(Effect::Deny),
        Some(Json::Text(text)) => Err(Defect::Effect(text.clone())),
        Some(_) => Err(Defect::Syntax),
    }
}

/// `Principal` or `NotPrincipal`, where the kind of document has one.
fn principals(
    kind: Kind<'_>,
    effect: Effect,
    members: &Members,
) -> Result<Option<Listed<Principal>>, Defect> {
    let (json, is_negated) = match (members.get("Principal"), members.get("NotPrincipal")) {
        (None, None) if !kind.has_principal() => return Ok(None),
        (None, None) => return Err(Defect::NoPrincipal),
        (Some(_), _) if !kind.has_principal() => return Err(Defect::PrincipalProhibited),
        (_, Some(_)) if !kind.has_principal() => return Err(Defect::NotPrincipalProhibited),
        (Some(_), Some(_)) => return Err(Defect::Syntax),
        (Some(json), None) => (json, false),
        (None, Some(_)) if effect == Effect::Allow => return Err(Defect::AllowNotPrincipal),
        (None, Some(_)) if kind == Kind::Trust => return Err(Defect::NotPrincipalProhibited),
        (None, Some(json)) => (json, true),
    };
    let mut entries = Vec::new();
    match json {
        Json::Text(text) if text == "*" => entries.push(Principal::Everyone),
        Json::Text(text) => return Err(Defect::InvalidPrincipal(format!("\"{text}\""))),
        Json::Object(kinds) => {
            for (name, values) in kinds {
                if kind == Kind::Trust && name == "CanonicalUser" {
                    return Err(Defect::InvalidPrincipal(format!("\"{name}\"")));
                }
                for text in texts(values)? {
                    entries.push(Principal::parse(name, &text)?);
                }
            }
        }
        _ => return Err(Defect::Syntax),
    }
    if entries.is_empty() {
        return Err(Defect::EmptyPrincipal);
    }
    Ok(Some(Listed { is_negated, entries }))
}

fn resources(kind: Kind<'_>, members: &Members) -> Result<Option<Listed<String>>, Defect> {
    if kind != Kind::Trust {
        return one_of(members, "Resource", "NotResource", Defect::NoResource).map(Some);
    }
    match ["Resource", "NotResource"]
        .into_iter()
        .find(|name| members.contains_key(*name))
    {
        Some(name) => Err(Defect::ResourceProhibited(name)),
        None => Ok(None),
    }
}

/// Names of actions have no case.
fn action(text: &str) -> Template {
    let syntax = Syntax {
        wildcards: true,
        variables: false,
    };
    Template::parse(&text.to_ascii_lowercase(), syntax)
}

fn check_action(kind: Kind<'_>, text: &str) -> Result<(), Defect> {
    let Some((service, name)) = text.split_once(':') else {
        return if text == "*" && kind != Kind::Trust {
            Ok(())
        } else {
            Err(Defect::ActionWithoutService)
        };
    };
    if name.contains(':') {
        return Err(Defect::ActionWithColons);
    }
    let is_service = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if service.is_empty() || !service.bytes().all(is_service) {
        return Err(Defect::ActionService(service.to_owned()));
    }
    match kind {
        Kind::Trust if !service.eq_ignore_ascii_case("sts") => Err(Defect::NotAssuming),
        _ => Ok(()),
    }
}

/// Every action must be one of S3's, have the keys that are asked for, and be possible on one of the resources.
fn check_applicable(
    actions: &Listed<Template>,
    resources: &Listed<String>,
    conditions: &[Condition],
) -> Result<(), Defect> {
    let scopes: Vec<_> = resources.entries.iter().map(|text| scope(text)).collect();
    for entry in &actions.entries {
        let pattern = entry.widest();
        let subjects = s3::subjects(&pattern);
        if subjects.is_empty() {
            return Err(Defect::UnknownAction);
        }
        // Everything but a list applies to whatever there is.
        if actions.is_negated {
            continue;
        }
        if !conditions
            .iter()
            .all(|condition| s3::applies(&condition.key, &pattern))
        {
            return Err(Defect::ConditionNotApplicable);
        }
        if resources.is_negated {
            continue;
        }
        let applies = subjects.iter().any(|subject| match subject {
            Subject::Account => false,
            Subject::Bucket => scopes.iter().any(|scope| scope.bucket),
            Subject::Object => scopes.iter().any(|scope| scope.objects),
        });
        if !applies {
            return Err(Defect::ActionWithoutResource);
        }
    }
    Ok(())
}

fn conditions(kind: Kind<'_>, version: Version, json: Option<&Json>) -> Result<Vec<Condition>, Defect> {
    let operators = match json {
        None => return Ok(Vec::new()),
        Some(Json::Object(operators)) => operators,
        Some(_) => return Err(Defect::Syntax),
    };
    let mut conditions = Vec::new();
    for (name, json) in operators {
        let operator = Operator::parse(name).ok_or_else(|| Defect::UnknownOperator(name.clone()))?;
        let Json::Object(keys) = json else {
            return Err(Defect::Syntax);
        };
        for (key, values) in keys {
            check_key(kind, key)?;
            let values = condition_values(values)?;
            conditions.push(Condition::parse(operator, key, &values, version)?);
        }
    }
    Ok(conditions)
}

fn check_key(kind: Kind<'_>, key: &str) -> Result<(), Defect> {
    let is_known = match kind {
        Kind::Bucket(_) => s3::is_condition_key(&key.to_ascii_lowercase()),
        _ => key.contains(':'),
    };
    if is_known {
        Ok(())
    } else {
        Err(Defect::ConditionKey)
    }
}

/// A text, a number, a boolean, or a list of them that is not empty.
fn condition_values(json: &Json) -> Result<Vec<String>, Defect> {
    let items = match json {
        Json::List(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let values = items.iter().map(|item| match item {
        Json::Text(text) | Json::Number(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        _ => Err(Defect::Syntax),
    });
    let values: Vec<String> = values.collect::<Result<_, Defect>>()?;
    if values.is_empty() {
        return Err(Defect::Syntax);
    }
    Ok(values)
}

/// The one of two elements that is there.
fn one_of(
    members: &Members,
    name: &str,
    negated_name: &str,
    otherwise: Defect,
) -> Result<Listed<String>, Defect> {
    let (json, is_negated) = match (members.get(name), members.get(negated_name)) {
        (Some(_), Some(_)) => return Err(Defect::Syntax),
        (Some(json), None) => (json, false),
        (None, Some(json)) => (json, true),
        (None, None) => return Err(otherwise),
    };
    let entries = texts(json)?;
    if entries.is_empty() {
        return Err(otherwise);
    }
    Ok(Listed { is_negated, entries })
}

/// A text or a list of texts.
fn texts(json: &Json) -> Result<Vec<String>, Defect> {
    let items = match json {
        Json::List(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let texts = items.iter().map(|item| match item {
        Json::Text(text) => Ok(text.clone()),
        _ => Err(Defect::Syntax),
    });
    texts.collect()
}

fn optional_text(members: &Members, name: &str) -> Result<Option<String>, Defect> {
    match members.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Defect::Syntax),
    }
}

fn only(members: &Members, known: &[&str]) -> Result<(), Defect> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Defect::UnknownElement(name.clone())),
    }
}

const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];
