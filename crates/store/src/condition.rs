//! Conditions of requests: pure decisions over what an object is now.
//!
//! Not here: reading the object, and guarding the row that the decision stood on (the callers do both).
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>; RFC 9110 section 13.2.2 gives
//! the order: If-Match before If-Unmodified-Since, If-None-Match before If-Modified-Since.

use countersign_types::{Etag, Moment, ReadCondition, WriteCondition};

/// Which condition did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precondition {
    /// `If-Match`
    IfMatch,
    /// `If-None-Match`
    IfNoneMatch,
    /// `If-Modified-Since`
    IfModifiedSince,
    /// `If-Unmodified-Since`
    IfUnmodifiedSince,
}

impl Precondition {
    /// The header's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IfMatch => "If-Match",
            Self::IfNoneMatch => "If-None-Match",
            Self::IfModifiedSince => "If-Modified-Since",
            Self::IfUnmodifiedSince => "If-Unmodified-Since",
        }
    }
}

/// What to do about a conditional read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The conditions hold.
    Proceed,
    /// The caller has it already. For the source of a copy this is a failed precondition, too.
    NotModified(Precondition),
    /// Refused.
    PreconditionFailed(Precondition),
}

/// What to do about a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The conditions hold for what is there now.
    Proceed,
    /// If-Match on a key that has no object.
    NoSuchKey,
    /// Refused.
    PreconditionFailed(Precondition),
}

/// Decides a conditional read of an object that exists. Times are compared in whole seconds, as headers carry them.
pub fn evaluate_read_condition(condition: &ReadCondition, etag: &Etag, modified: Moment) -> Read {
    match (&condition.if_match, condition.if_unmodified_since) {
        (Some(tags), _) if !tags.matches(etag) => return Read::PreconditionFailed(Precondition::IfMatch),
        (None, Some(since)) if modified.seconds() > since.seconds() => {
            return Read::PreconditionFailed(Precondition::IfUnmodifiedSince);
        }
        _ => {}
    }
    match (&condition.if_none_match, condition.if_modified_since) {
        (Some(tags), _) if tags.matches(etag) => Read::NotModified(Precondition::IfNoneMatch),
        (None, Some(since)) if modified.seconds() <= since.seconds() => {
            Read::NotModified(Precondition::IfModifiedSince)
        }
        _ => Read::Proceed,
    }
}

/// Decides a conditional write; `current` is the tag of the object that is there now.
pub fn evaluate_write_condition(condition: &WriteCondition, current: Option<&Etag>) -> Write {
    match (&condition.if_match, current) {
        (Some(_), None) => return Write::NoSuchKey,
        (Some(tags), Some(etag)) if !tags.matches(etag) => {
            return Write::PreconditionFailed(Precondition::IfMatch);
        }
        _ => {}
    }
    match (&condition.if_none_match, current) {
        (Some(tags), Some(etag)) if tags.matches(etag) => {
            Write::PreconditionFailed(Precondition::IfNoneMatch)
        }
        _ => Write::Proceed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::EtagMatch;

    const OURS: Etag = Etag::whole([1; 16]);
    const OTHER: Etag = Etag::whole([2; 16]);

    fn tags(tags: &[Etag]) -> Option<EtagMatch> {
        Some(EtagMatch::OneOf(tags.to_vec()))
    }

    fn check_read(condition: ReadCondition, expected: Read) {
        let modified = Moment::from_millis(1_000_500);
        assert_eq!(
            evaluate_read_condition(&condition, &OURS, modified),
            expected,
            "{condition:?}"
        );
    }

    #[test]
    fn reads_follow_the_precedence_of_tags_over_times() {
        let none = ReadCondition::default();
        let at = |seconds| Some(Moment::from_seconds(seconds));
        let (m, n) = (Precondition::IfMatch, Precondition::IfNoneMatch);
        check_read(none.clone(), Read::Proceed);
        for (if_match, if_unmodified_since, expected) in [
            (tags(&[OTHER, OURS]), None, Read::Proceed),
            (Some(EtagMatch::Any), at(1), Read::Proceed),
            (tags(&[OURS]), at(999), Read::Proceed),
            (tags(&[OTHER]), at(9999), Read::PreconditionFailed(m)),
            (tags(&[]), None, Read::PreconditionFailed(m)),
            (
                None,
                at(999),
                Read::PreconditionFailed(Precondition::IfUnmodifiedSince),
            ),
            (None, at(1000), Read::Proceed),
        ] {
            check_read(
                ReadCondition {
                    if_match,
                    if_unmodified_since,
                    ..none.clone()
                },
                expected,
            );
        }
        for (if_none_match, if_modified_since, expected) in [
            (tags(&[OTHER]), at(9999), Read::Proceed),
            (tags(&[OURS]), at(1), Read::NotModified(n)),
            (Some(EtagMatch::Any), None, Read::NotModified(n)),
            (None, at(1000), Read::NotModified(Precondition::IfModifiedSince)),
            (None, at(999), Read::Proceed),
        ] {
            check_read(
                ReadCondition {
                    if_none_match,
                    if_modified_since,
                    ..none.clone()
                },
                expected,
            );
        }
        let refused_before_unmodified = ReadCondition {
            if_match: tags(&[OTHER]),
            if_none_match: tags(&[OURS]),
            ..none
        };
        check_read(refused_before_unmodified, Read::PreconditionFailed(m));
    }

    #[test]
    fn writes_are_decided_by_what_is_there_now() {
        let (m, n) = (
            Write::PreconditionFailed(Precondition::IfMatch),
            Write::PreconditionFailed(Precondition::IfNoneMatch),
        );
        for (if_match, if_none_match, current, expected) in [
            (None, None, None, Write::Proceed),
            (None, None, Some(OURS), Write::Proceed),
            (Some(EtagMatch::Any), None, None, Write::NoSuchKey),
            (tags(&[OURS]), None, None, Write::NoSuchKey),
            (tags(&[OURS]), None, Some(OURS), Write::Proceed),
            (Some(EtagMatch::Any), None, Some(OURS), Write::Proceed),
            (tags(&[OTHER]), None, Some(OURS), m),
            (None, Some(EtagMatch::Any), None, Write::Proceed),
            (None, Some(EtagMatch::Any), Some(OURS), n),
            (None, tags(&[OTHER]), Some(OURS), Write::Proceed),
            (None, tags(&[OURS]), Some(OURS), n),
        ] {
            let condition = WriteCondition {
                if_match,
                if_none_match,
            };
            assert_eq!(
                evaluate_write_condition(&condition, current.as_ref()),
                expected,
                "{condition:?} on {current:?}"
            );
        }
    }
}
