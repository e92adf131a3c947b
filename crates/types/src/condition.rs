//! The conditions of conditional requests, as values.
//!
//! Not here: from which headers they are read, and whether they hold for what is there.

use crate::{Etag, Moment};

/// Which entity tags a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtagMatch {
    /// `*`: any object that exists.
    Any,
    /// One of these. Texts that are no tag of this server match nothing, so the list may be empty.
    OneOf(Vec<Etag>),
}

/// Conditions of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadCondition {
    /// `If-Match`
    pub if_match: Option<EtagMatch>,
    /// `If-None-Match`
    pub if_none_match: Option<EtagMatch>,
    /// `If-Modified-Since`; a malformed date counts as absent.
    pub if_modified_since: Option<Moment>,
    /// `If-Unmodified-Since`; a malformed date counts as absent.
    pub if_unmodified_since: Option<Moment>,
}

/// Conditions of a write or a delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteCondition {
    /// `If-Match`: only over an object with one of these tags.
    pub if_match: Option<EtagMatch>,
    /// `If-None-Match`: with `*`, only if there is no object.
    pub if_none_match: Option<EtagMatch>,
}

impl WriteCondition {
    /// No condition at all.
    pub const NONE: WriteCondition = WriteCondition {
        if_match: None,
        if_none_match: None,
    };

    /// True if nothing is asked.
    pub fn is_none(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }
}

impl EtagMatch {
    /// Reads the value of `If-Match` or `If-None-Match`.
    pub fn parse(text: &str) -> EtagMatch {
        if text.trim() == "*" {
            return EtagMatch::Any;
        }
        let tags = text.split(',').map(str::trim);
        EtagMatch::OneOf(
            tags.filter_map(|tag| Etag::parse(tag.strip_prefix("W/").unwrap_or(tag)))
                .collect(),
        )
    }

    /// Whether an existing object with this tag is meant.
    pub fn matches(&self, etag: &Etag) -> bool {
        match self {
            EtagMatch::Any => true,
            EtagMatch::OneOf(tags) => tags.contains(etag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn check(text: &str, expected: Option<usize>) {
        let found = match EtagMatch::parse(text) {
            EtagMatch::Any => None,
            EtagMatch::OneOf(tags) => Some(tags.len()),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_list_of_tags_may_be_quoted_weak_or_foreign() {
        check("*", None);
        check(&format!("\"{TAG}\""), Some(1));
        check(TAG, Some(1));
        check(&format!("\"{TAG}\" , W/\"{TAG}-3\""), Some(2));
        check("\"unknown\"", Some(0));
        check("", Some(0));
    }

    #[test]
    fn a_list_of_foreign_tags_matches_nothing() {
        let tag = Etag::parse(TAG).expect("a tag");
        assert!(!EtagMatch::parse("\"unknown\"").matches(&tag));
        assert!(EtagMatch::parse("*").matches(&tag));
        assert!(EtagMatch::parse(&format!("\"x\", \"{TAG}\"")).matches(&tag));
    }
}
