//! The POST policy: what the signer of a browser form allows to be uploaded with it.
//!
//! Reads the document and holds the fields of a form against it. Its signature is verified elsewhere, over the base64
//! text; a document is only worth reading once that matched.
//!
//! Keeps true: a field nobody mentioned is refused, and a field given twice has to be allowed each time, or where both are
//! kept as one value, as that.

mod parse;

use std::fmt;

/// A parsed policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Unix seconds of its end.
    pub expiration: i64,
    /// What must hold, in the order of the document.
    pub conditions: Vec<Condition>,
}

/// One condition. Field names are lower case, without the `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The field has exactly this value.
    Equals {
        /// The field.
        field: String,
        /// Its value.
        value: String,
    },
    /// The field starts with this text.
    StartsWith {
        /// The field.
        field: String,
        /// The text; empty allows any value.
        prefix: String,
    },
    /// The file has from `min` to `max` bytes, both included.
    ContentLengthRange {
        /// The smallest size.
        min: u64,
        /// The largest size.
        max: u64,
    },
}

/// Why a form is not allowed, or its policy cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// The document cannot be read.
    Malformed {
        /// What was wrong, for people.
        reason: &'static str,
    },
    /// The document has ended.
    Expired {
        /// Unix seconds of its end.
        at: i64,
    },
    /// A condition does not hold. `Display` of the condition is the text S3 quotes.
    ConditionFailed(Condition),
    /// Fields that no condition mentions; lower case, in the order of the form.
    ExtraFields(Vec<String>),
    /// The file is smaller than allowed.
    TooSmall {
        /// Bytes of the file.
        size: u64,
        /// The smallest size allowed.
        min: u64,
    },
    /// The file is larger than allowed.
    TooLarge {
        /// Bytes of the file, or as many as had arrived.
        size: u64,
        /// The largest size allowed.
        max: u64,
    },
}

impl PolicyDocument {
    /// Reads the base64 text of a form's `policy` field.
    pub fn parse_base64(text: &str) -> Result<PolicyDocument, PolicyFault> {
        parse::document(&parse::decode_base64(text)?)
    }

    /// Reads the JSON of a policy.
    pub fn parse(json: &[u8]) -> Result<PolicyDocument, PolicyFault> {
        parse::document(json)
    }

    /// Holds the end of the document and the fields of a form against it, everything that is known before the file.
    ///
    /// `fields` are the fields before `file` in order, names in any case, with `${filename}` already replaced in
    /// `key`. `bucket` is where the form was sent; a condition on `bucket` is about that. The size of the file comes
    /// later, see [`PolicyDocument::check_length`].
    pub fn evaluate(&self, fields: &[(String, Vec<u8>)], bucket: &str, now: i64) -> Result<(), PolicyFault> {
        if self.expiration < now {
            return Err(PolicyFault::Expired { at: self.expiration });
        }
        for condition in &self.conditions {
            if !condition.holds(fields, bucket) {
                return Err(PolicyFault::ConditionFailed(condition.clone()));
            }
        }
        let extra = self.extra_fields(fields);
        if extra.is_empty() {
            Ok(())
        } else {
            Err(PolicyFault::ExtraFields(extra))
        }
    }

    /// Holds the size of the file against every `content-length-range`.
    pub fn check_length(&self, size: u64) -> Result<(), PolicyFault> {
        for condition in &self.conditions {
            match *condition {
                Condition::ContentLengthRange { min, .. } if size < min => {
                    return Err(PolicyFault::TooSmall { size, min });
                }
                Condition::ContentLengthRange { max, .. } if size > max => {
                    return Err(PolicyFault::TooLarge { size, max });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The largest file allowed, so that reading can stop there; `None` if the document does not say.
    pub fn file_bytes_max(&self) -> Option<u64> {
        let ranges = self.conditions.iter().filter_map(|condition| match condition {
            Condition::ContentLengthRange { max, .. } => Some(*max),
            _ => None,
        });
        ranges.min()
    }

    fn extra_fields(&self, fields: &[(String, Vec<u8>)]) -> Vec<String> {
        let mut extra: Vec<String> = Vec::new();
        for (name, _) in fields {
            let name = name.to_ascii_lowercase();
            let is_mentioned = self
                .conditions
                .iter()
                .any(|condition| condition.field() == Some(name.as_str()));
            if !is_mentioned && !needs_no_condition(&name) && !extra.contains(&name) {
                extra.push(name);
            }
        }
        extra
    }
}

impl Condition {
    /// The field it is about; `None` for the size of the file.
    pub fn field(&self) -> Option<&str> {
        match self {
            Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => Some(field),
            Condition::ContentLengthRange { .. } => None,
        }
    }

    fn holds(&self, fields: &[(String, Vec<u8>)], bucket: &str) -> bool {
        let Some(field) = self.field() else { return true };
        if field == "bucket" {
            return self.allows(bucket.as_bytes());
        }
        let values = fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(field))
            .map(|(_, value)| value.as_slice());
        let values: Vec<&[u8]> = values.collect();
        // SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>: of several fields of
        // user metadata the values are separated by commas. So they are kept, and so they must be allowed.
        // An absent field is an empty one: `eq` refuses it, `starts-with ""` does not.
        if values.is_empty() || field.starts_with("x-amz-meta-") {
            return self.allows(&values.join(&b','));
        }
        values.into_iter().all(|value| self.allows(value))
    }

    fn allows(&self, sent: &[u8]) -> bool {
        match self {
            Condition::Equals { value, .. } => sent == value.as_bytes(),
            // SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>: of a list of
            // content types each must start so.
            Condition::StartsWith { field, prefix } if field == "content-type" => sent
                .split(|byte| *byte == b',')
                .all(|part| part.trim_ascii_start().starts_with(prefix.as_bytes())),
            Condition::StartsWith { prefix, .. } => sent.starts_with(prefix.as_bytes()),
            Condition::ContentLengthRange { .. } => true,
        }
    }
}

/// The signature cannot be in the text it signs, nor that text in itself; the file is not a field; `x-ignore-` is the
/// documented way to say so.
fn needs_no_condition(name: &str) -> bool {
    matches!(name, "x-amz-signature" | "file" | "policy") || name.starts_with("x-ignore-")
}

/// As S3 quotes it: `["eq", "$acl", "private"]`.
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Equals { field, value } => write!(formatter, "[\"eq\", \"${field}\", \"{value}\"]"),
            Condition::StartsWith { field, prefix } => {
                write!(formatter, "[\"starts-with\", \"${field}\", \"{prefix}\"]")
            }
            Condition::ContentLengthRange { min, max } => {
                write!(formatter, "[\"content-length-range\", {min}, {max}]")
            }
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyFault::Malformed { reason } => write!(formatter, "malformed policy: {reason}"),
            PolicyFault::Expired { .. } => formatter.write_str("the policy has expired"),
            PolicyFault::ConditionFailed(condition) => {
                write!(formatter, "the condition `{condition}` does not hold")
            }
            PolicyFault::ExtraFields(names) => {
                write!(formatter, "the policy does not mention `{}`", names.join("`, `"))
            }
            PolicyFault::TooSmall { size, min } => {
                write!(
                    formatter,
                    "the file has {size} bytes, the policy wants at least {min}"
                )
            }
            PolicyFault::TooLarge { size, max } => {
                write!(formatter, "the file has {size} bytes, the policy allows {max}")
            }
        }
    }
}

impl std::error::Error for PolicyFault {}

#[cfg(test)]
mod tests;
