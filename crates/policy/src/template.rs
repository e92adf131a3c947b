//! A text of a policy that becomes a pattern once the variables in it have values: `home/${aws:username}/*`.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>: `${key}` is the value of that key of the
//! request, `${key, 'text'}` has a default, and `${*}`, `${?}`, `${$}` are the characters themselves. Variables exist since version
//! 2012-10-17; before, the same text stands for itself.
//!
//! Keeps true: what comes in through a variable is text. A user called `*` is no wildcard.

use std::borrow::Cow;

use crate::context::Keys;
use crate::pattern::Pattern;

/// What has a meaning of its own in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${key}` is a variable.
    pub(crate) variables: bool,
}

/// A text of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Without variables it is a pattern from the beginning.
    Fixed(Pattern),
    /// With variables it is one for each request.
    Open(Vec<Part>),
}

/// A piece of a text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Many,
    One,
    Variable {
        /// The key, in lower case.
        key: String,
        /// What stands in its place if the request has no such key.
        default: Option<String>,
    },
}

impl Template {
    /// Reads a text. None is wrong: what is no variable stands for itself.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if syntax.variables
                && let Some((part, after)) = parse_variable(rest)
            {
                push(&mut parts, part);
                rest = after;
                continue;
            }
            push(
                &mut parts,
                match next {
                    '*' if syntax.wildcards => Part::Many,
                    '?' if syntax.wildcards => Part::One,
                    other => Part::Text(other.to_string()),
                },
            );
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        if parts.iter().any(|part| matches!(part, Part::Variable { .. })) {
            return Template::Open(parts);
        }
        // Without variables no key is asked for.
        pattern_of(&parts, &Keys::default()).map_or(Template::Open(parts), Template::Fixed)
    }

    /// The pattern of this request; `None` if a variable has no value.
    pub(crate) fn resolve(&self, keys: &Keys) -> Option<Cow<'_, Pattern>> {
        match self {
            Template::Fixed(pattern) => Some(Cow::Borrowed(pattern)),
            Template::Open(parts) => pattern_of(parts, keys).map(Cow::Owned),
        }
    }

    /// Whether every variable has a value.
    pub(crate) fn is_whole(&self, keys: &Keys) -> bool {
        matches!(self, Template::Fixed(_)) || self.resolve(keys).is_some()
    }

    /// Whether the text fits; a variable without a value fits nothing.
    pub(crate) fn matches(&self, text: &str, keys: &Keys) -> bool {
        self.resolve(keys).is_some_and(|pattern| pattern.matches(text))
    }

    /// Whether the text is the same but for the case of letters.
    pub(crate) fn matches_in_any_case(&self, text: &str, keys: &Keys) -> bool {
        self.resolve(keys)
            .and_then(|pattern| pattern.text().map(str::to_lowercase))
            .is_some_and(|expected| expected == text.to_lowercase())
    }

    /// Whether it asks for keys of the request.
    pub(crate) fn has_variables(&self) -> bool {
        matches!(self, Template::Open(_))
    }

    /// The keys that its variables ask for, in lower case.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let parts = match self {
            Template::Fixed(_) => &[],
            Template::Open(parts) => parts.as_slice(),
        };
        parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key.as_str()),
            Part::Text(_) | Part::Many | Part::One => None,
        })
    }

    /// The text, if it is the same for every request: no wildcard, no variable.
    pub(crate) fn fixed_text(&self) -> Option<&str> {
        match self {
            Template::Fixed(pattern) => pattern.text(),
            Template::Open(_) => None,
        }
    }

    /// A pattern for what the text may become: a variable may become anything.
    pub(crate) fn widest(&self) -> Pattern {
        let parts = match self {
            Template::Fixed(pattern) => return pattern.clone(),
            Template::Open(parts) => parts,
        };
        let mut pattern = Pattern::empty();
        for part in parts {
            match part {
                Part::Text(text) => pattern.push_text(text),
                Part::One => pattern.push_one(),
                Part::Many | Part::Variable { .. } => pattern.push_many(),
            }
        }
        pattern
    }
}

fn push(parts: &mut Vec<Part>, part: Part) {
    if let Part::Text(text) = &part
        && let Some(Part::Text(before)) = parts.last_mut()
    {
        before.push_str(text);
    } else {
        parts.push(part);
    }
}

fn pattern_of(parts: &[Part], keys: &Keys) -> Option<Pattern> {
    let mut pattern = Pattern::empty();
    for part in parts {
        match part {
            Part::Text(text) => pattern.push_text(text),
            Part::Many => pattern.push_many(),
            Part::One => pattern.push_one(),
            Part::Variable { key, default } => {
                pattern.push_text(keys.single(key).or(default.as_deref())?);
            }
        }
    }
    Some(pattern)
}

/// The variable that the text begins with, and what follows it.
fn parse_variable(text: &str) -> Option<(Part, &str)> {
    let inside = text.strip_prefix("${")?;
    for character in ["*", "?", "$"] {
        let after = inside.strip_prefix(character);
        if let Some(after) = after.and_then(|after| after.strip_prefix('}')) {
            return Some((Part::Text(character.to_owned()), after));
        }
    }
    let mut name = inside.char_indices().take(VARIABLE_CHARS_MAX);
    let (end, _) = name.find(|(_, character)| matches!(character, ',' | '}' | '{' | '$'))?;
    let (key, after) = inside.split_at_checked(end)?;
    if key.is_empty() {
        return None;
    }
    let key = key.to_ascii_lowercase();
    if let Some(after) = after.strip_prefix('}') {
        return Some((Part::Variable { key, default: None }, after));
    }
    let quoted = after
        .strip_prefix(',')?
        .trim_start_matches(' ')
        .strip_prefix('\'')?;
    let (default, after) = quoted.split_once("'}")?;
    let default = Some(default.to_owned());
    Some((Part::Variable { key, default }, after))
}

/// Longest name of a variable. The longest that means something holds the key of a tag, which has 128 characters.
const VARIABLE_CHARS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::{Syntax, Template, VARIABLE_CHARS_MAX};
    use crate::context::Keys;

    const ALL: Syntax = Syntax {
        wildcards: true,
        variables: true,
    };

    fn keys() -> Keys {
        let mut keys = Keys::default();
        keys.set("aws:username", ["ada"]);
        keys.set("s3:prefix", ["*"]);
        keys.set("aws:TagKeys", ["a", "b"]);
        keys
    }

    #[track_caller]
    fn check(text: &str, syntax: Syntax, value: &str, expected: bool) {
        let template = Template::parse(text, syntax);
        assert_eq!(
            template.matches(value, &keys()),
            expected,
            "`{text}` on `{value}`"
        );
    }

    #[test]
    fn a_variable_is_the_value_of_its_key() {
        check("home/${aws:username}/*", ALL, "home/ada/x", true);
        check("home/${aws:username}/*", ALL, "home/bob/x", false);
        check("home/${AWS:UserName}", ALL, "home/ada", true);
        check("${aws:username}${aws:username}", ALL, "adaada", true);
    }

    #[test]
    fn what_comes_through_a_variable_is_no_wildcard() {
        check("${s3:prefix}", ALL, "*", true);
        check("${s3:prefix}", ALL, "anything", false);
    }

    #[test]
    fn special_characters_stand_for_themselves() {
        check("a${*}b", ALL, "a*b", true);
        check("a${*}b", ALL, "aXb", false);
        check("a${?}", ALL, "a?", true);
        check("a${?}", ALL, "ab", false);
        check("${$}{aws:username}", ALL, "${aws:username}", true);
    }

    #[test]
    fn a_default_stands_in_for_a_key_that_is_not_there() {
        check("${aws:userid, 'anonymous'}", ALL, "anonymous", true);
        check("${aws:userid,'a, b'}", ALL, "a, b", true);
        check("${aws:userid, ''}", ALL, "", true);
        check("${aws:username, 'other'}", ALL, "ada", true);
        check("${aws:userid, 'x*'}", ALL, "xyz", false);
    }

    #[test]
    fn without_a_single_value_a_variable_fits_nothing() {
        for text in ["${aws:userid}", "*${aws:userid}*", "${aws:TagKeys}"] {
            let template = Template::parse(text, ALL);
            assert!(!template.is_whole(&keys()), "{text}");
            for value in ["", "ada", text] {
                check(text, ALL, value, false);
            }
        }
    }

    #[test]
    fn what_is_no_variable_stands_for_itself() {
        let long = format!("${{{}}}", "a".repeat(VARIABLE_CHARS_MAX));
        for text in [
            "${", "$", "${}", "${a", "$a}", "${a,b}", "${a, b}", "${a, 'b}", "${a$}", &long,
        ] {
            check(text, ALL, text, true);
        }
        let longest = format!("${{{}}}", "a".repeat(VARIABLE_CHARS_MAX - 1));
        check(&longest, ALL, &longest, false);
    }

    #[test]
    fn the_older_version_knows_no_variables_and_an_exact_text_no_wildcards() {
        let older = Syntax {
            wildcards: true,
            variables: false,
        };
        check("${aws:username}", older, "${aws:username}", true);
        check("${aws:username}", older, "ada", false);
        check("${*}", older, "${xyz}", true);
        let exact = Syntax {
            wildcards: false,
            variables: true,
        };
        check("a*?", exact, "a*?", true);
        check("a*?", exact, "abc", false);
        check("${aws:username}*", exact, "ada*", true);
    }

    #[test]
    fn only_a_text_without_variables_and_wildcards_is_fixed() {
        assert_eq!(Template::parse("vpc-1", ALL).fixed_text(), Some("vpc-1"));
        for open in ["vpc-*", "vpc-?", "${aws:username}", "${a, 'b'}"] {
            assert_eq!(Template::parse(open, ALL).fixed_text(), None, "{open}");
        }
        assert!(
            Template::parse("a/${aws:userid}/b", ALL)
                .widest()
                .matches("a/x/b")
        );
    }
}
