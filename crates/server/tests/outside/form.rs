//! A browser form in the making, and what a browser sends of it.
//!
//! Written by hand, like everything that this client sends: a test can leave out, double and break any of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::{Scope, SigningKey, timestamp_text};

use crate::http::{Ask, Key, now};

pub(crate) const BOUNDARY: &str = "----test4711";

/// Fields, then a file, then fields that come too late.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    /// Name and type of the file, as its part has them.
    pub(crate) file: String,
    pub(crate) data: Vec<u8>,
    pub(crate) late: Vec<(String, String)>,
    /// The conditions of the policy; without them, those that allow exactly these fields.
    pub(crate) conditions: Option<String>,
    /// The end of the policy; without it, in an hour.
    pub(crate) expiration: Option<String>,
}

impl Form {
    /// A form without a signature.
    pub(crate) fn new(fields: &[(&str, &str)], data: impl Into<Vec<u8>>) -> Form {
        Form {
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            file: "name=\"file\"; filename=\"cat.txt\"\r\nContent-Type: text/plain".to_owned(),
            data: data.into(),
            late: Vec::new(),
            conditions: None,
            expiration: None,
        }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Form {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn late(mut self, name: &str, value: &str) -> Form {
        self.late.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The head of the file's part.
    pub(crate) fn file(mut self, file: &str) -> Form {
        self.file = file.to_owned();
        self
    }

    pub(crate) fn conditions(mut self, conditions: &str) -> Form {
        self.conditions = Some(conditions.to_owned());
        self
    }

    pub(crate) fn expiring(mut self, expiration: &str) -> Form {
        self.expiration = Some(expiration.to_owned());
        self
    }

    /// Takes a field out.
    pub(crate) fn without(mut self, name: &str) -> Form {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self
    }

    /// The value of a field.
    pub(crate) fn value(&self, name: &str) -> String {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.clone()).expect("the field")
    }

    /// Adds the policy and what signs it.
    pub(crate) fn sign(self, key: &Key) -> Form {
        let timestamp = timestamp_text(key.time);
        let scope = Scope {
            date: timestamp.chars().take(8).collect(),
            region: key.region.as_str().into(),
            service: key.service.as_str().into(),
        };
        let credential = format!("{}/{scope}", key.access_key_id);
        let claim = [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", &credential),
            ("x-amz-date", &timestamp),
        ];
        let form = claim
            .into_iter()
            .fold(self, |form, (name, value)| form.field(name, value));
        let policy = STANDARD.encode(form.policy());
        let signature = SigningKey::derive(&key.secret, &scope).sign(policy.as_bytes());
        form.field("policy", &policy)
            .field("x-amz-signature", &signature.to_hex())
    }

    fn policy(&self) -> String {
        let expiration = self.expiration.clone().unwrap_or_else(|| {
            let text = timestamp_text(now() + 3600);
            let (date, time) = text.split_at(8);
            let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
            format!("{date}T{}:{}:{}Z", &time[1..3], &time[3..5], &time[5..7])
        });
        let conditions = self.conditions.clone().unwrap_or_else(|| {
            let field = |(name, value): &(String, String)| match value.split_once("${") {
                Some((prefix, _)) => format!("[\"starts-with\", \"${name}\", \"{prefix}\"]"),
                None => format!("{{\"{name}\": \"{value}\"}}"),
            };
            self.fields.iter().map(field).collect::<Vec<_>>().join(",")
        });
        format!("{{\"expiration\": \"{expiration}\", \"conditions\": [{conditions}]}}")
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The body as a browser sends it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let part = |(name, value): &(String, String)| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields: String = self.fields.iter().map(part).collect();
        let late: String = self.late.iter().map(part).collect();
        let file = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; {}\r\n\r\n",
            self.file
        );
        [
            fields.as_bytes(),
            file.as_bytes(),
            &self.data,
            format!("\r\n{late}--{BOUNDARY}--\r\n").as_bytes(),
        ]
        .concat()
    }

    /// The request of this form.
    pub(crate) fn to(self, target: &str) -> Ask {
        Ask::new("POST", target).with_form(self)
    }
}
