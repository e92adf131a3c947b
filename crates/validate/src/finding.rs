//! A finding, and the table of everything that can be found.
//!
//! Keeps true: names of rules are stable; a value that is shown is short and holds nothing that a terminal obeys.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// S3 refuses it, or the signature cannot match.
    Error,
    /// It is allowed, and goes wrong in some clients, proxies or servers.
    Warning,
}

/// Something that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The cause of the refusal that it leads to, where there is one with a page.
    pub cause: Option<&'static str>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// The parameter that it is about.
    pub field: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to change.
    pub cure: &'static str,
    /// The cause of the refusal that it leads to: `countersign explain` prints its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
}

impl Rule {
    pub(crate) fn found(
        self,
        field: impl Into<String>,
        what: impl Into<String>,
        cure: &'static str,
    ) -> Finding {
        Finding {
            rule: self.name,
            field: field.into(),
            severity: self.severity,
            what: what.into(),
            cure,
            cause: self.cause,
        }
    }
}

/// A value in a sentence: in backticks, without control characters, cut where it is long.
pub(crate) fn shown(value: &str) -> String {
    let mut chars = value.chars().flat_map(|c| {
        let escaped = c.is_control().then(|| c.escape_default());
        let plain = escaped.is_none().then_some(c);
        escaped.into_iter().flatten().chain(plain)
    });
    let beginning: String = chars.by_ref().take(SHOWN_CHARACTERS_MAX).collect();
    let rest = if chars.next().is_some() { ".." } else { "" };
    format!("`{beginning}{rest}`")
}

/// Most characters of a value that are shown.
pub(crate) const SHOWN_CHARACTERS_MAX: usize = 80;

const fn error(name: &'static str, cause: Option<&'static str>) -> Rule {
    Rule {
        name,
        severity: Severity::Error,
        cause,
    }
}

const fn warning(name: &'static str, cause: Option<&'static str>) -> Rule {
    Rule {
        name,
        severity: Severity::Warning,
        cause,
    }
}

macro_rules! rules {
    ($($constant:ident = $rule:expr;)*) => {
        $(pub(crate) const $constant: Rule = $rule;)*
        /// Everything that can be found.
        pub const RULES: &[Rule] = &[$($constant),*];
    };
}

rules! {
    BUCKET_LENGTH = error("bucket-length", None);
    BUCKET_UPPER_CASE = error("bucket-upper-case", None);
    BUCKET_CHARACTER = error("bucket-character", None);
    BUCKET_SLASH = error("bucket-slash", None);
    BUCKET_EDGE = error("bucket-edge", None);
    BUCKET_DOUBLE_DOT = error("bucket-double-dot", None);
    BUCKET_ADDRESS = error("bucket-address", None);
    BUCKET_RESERVED = error("bucket-reserved", None);
    BUCKET_DOT_TLS = warning("bucket-dot-tls", None);
    KEY_EMPTY = error("key-empty", None);
    KEY_LENGTH = error("key-length", None);
    KEY_URL = warning("key-url", None);
    KEY_LEADING_SLASH = warning("key-leading-slash", Some("URI-MERGE"));
    KEY_DOUBLE_SLASH = warning("key-double-slash", Some("URI-MERGE"));
    KEY_DOT_SEGMENT = warning("key-dot-segment", Some("URI-DOTS"));
    KEY_EDGE_BLANK = warning("key-edge-blank", None);
    KEY_PERCENT = warning("key-percent", Some("URI-DOUBLE"));
    KEY_PLUS = warning("key-plus", Some("URI-PLUS"));
    KEY_AWKWARD = warning("key-awkward", Some("URI-RAW"));
    KEY_CONTROL = warning("key-control", None);
    KEY_DECOMPOSED = warning("key-decomposed", Some("URI-NFC"));
    KEY_BROKEN = warning("key-broken", Some("URI-CHARSET"));
    METADATA_NAME = error("metadata-name", None);
    METADATA_NAME_CASE = warning("metadata-name-case", None);
    METADATA_NAME_TWICE = error("metadata-name-twice", Some("HDR-DUP"));
    METADATA_NAME_PREFIX = warning("metadata-name-prefix", None);
    METADATA_NAME_UNDERSCORE = warning("metadata-name-underscore", Some("HDR-MISSING"));
    METADATA_CONTROL = error("metadata-control", None);
    METADATA_NON_ASCII = warning("metadata-non-ascii", Some("HDR-NONASCII"));
    METADATA_BLANKS = warning("metadata-blanks", Some("HDR-FOLD"));
    METADATA_SIZE = error("metadata-size", None);
    REGION_EMPTY = error("region-empty", Some("SCP-REGION-EMPTY"));
    REGION_SHAPE = error("region-shape", Some("SCP-REGION"));
    REGION_ZONE = error("region-zone", Some("SCP-REGION"));
    REGION_AUTO = error("region-auto", Some("SCP-AUTO"));
    REGION_ENDPOINT = error("region-endpoint", Some("SCP-REGION"));
    ENDPOINT_BLANK = error("endpoint-blank", None);
    ENDPOINT_SCHEME = error("endpoint-scheme", None);
    ENDPOINT_PATH = warning("endpoint-path", Some("HST-PREFIX"));
    ENDPOINT_SLASH = warning("endpoint-slash", Some("HST-PREFIX-SLASH"));
    ENDPOINT_BUCKET = error("endpoint-bucket", Some("HST-BUCKET-TWICE"));
    ENDPOINT_QUERY = error("endpoint-query", None);
    ENDPOINT_PORT = warning("endpoint-port", Some("HST-PORT-DEFAULT"));
    ENDPOINT_UPPER_CASE = warning("endpoint-upper-case", Some("HST-CASE"));
    KEY_ID_MISSING = error("key-id-missing", None);
    KEY_ID_SHAPE = error("key-id-shape", Some("AUTH-FORMAT"));
    KEY_ID_SWAPPED = error("key-id-swapped", Some("SEC-AKID"));
    SECRET_MISSING = error("secret-missing", Some("SEC-DEFAULT"));
    SECRET_PLACEHOLDER = error("secret-placeholder", Some("SEC-DEFAULT"));
    SECRET_IS_KEY_ID = error("secret-is-key-id", Some("SEC-AKID"));
    SECRET_NEWLINE = error("secret-newline", Some("SEC-NEWLINE"));
    SECRET_BLANK = error("secret-blank", Some("SEC-SPACE"));
    SECRET_QUOTES = error("secret-quotes", Some("SEC-QUOTES"));
    SECRET_PERCENT = warning("secret-percent", Some("SEC-URLENC"));
    SECRET_LENGTH = warning("secret-length", Some("SEC-WRONG"));
    TOKEN_MISSING = error("token-missing", Some("TOK-MISSING"));
    TOKEN_NEEDLESS = warning("token-needless", Some("TOK-INVALID"));
    TOKEN_SHAPE = error("token-shape", Some("TOK-INVALID"));
    CREDENTIALS_ENDED = error("credentials-ended", Some("TOK-EXPIRED"));
    CLOCK_SKEW = error("clock-skew", Some("CLK-SKEW"));
    CLOCK_DRIFT = warning("clock-drift", Some("CLK-SKEW"));
    EXPIRY_WHOLE = error("expiry-whole", Some("PRE-TOOLONG"));
    EXPIRY_RANGE = error("expiry-range", Some("PRE-TOOLONG"));
    EXPIRY_SESSION = warning("expiry-session", Some("TOK-EXPIRED"));
    LINK_CHECKSUM_TO_BE = warning("link-checksum-to-be", Some("PAY-CRC-EMPTY"));
    LINK_CHECKSUM = warning("link-checksum", Some("PAY-CRC-EMPTY"));
    LINK_TRUNCATED = error("link-truncated", Some("QRY-TRUNCATED"));
    LINK_AMP = error("link-amp", Some("QRY-AMP"));
    LINK_ENCODED_TWICE = error("link-encoded-twice", Some("QRY-CRED-DOUBLE"));
    LINK_EXPIRED = error("link-expired", Some("PRE-EXPIRED"));
    LINK_METHOD = error("link-method", Some("MTH-OTHER"));
    LINK_HEADER_LACKING = error("link-header-lacking", Some("HDR-MISSING"));
    LINK_HEADER_UNSIGNED = error("link-header-unsigned", Some("HDR-UNSIGNED"));
    LINK_TWO_SIGNATURES = error("link-two-signatures", Some("AUTH-TWO"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rules_are_distinct() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m\n"), "`a\\u{1b}[31m\\n`");
        let long = shown(&"ü".repeat(SHOWN_CHARACTERS_MAX + 1));
        assert_eq!(long.chars().count(), SHOWN_CHARACTERS_MAX + 4);
        assert!(long.ends_with("..`"));
        assert!(!shown(&"ü".repeat(SHOWN_CHARACTERS_MAX)).contains(".."));
    }
}
