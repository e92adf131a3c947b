//! The credential report: who has which access keys, how old they are, and when they were used last.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>, which names the columns. AWS makes a report
//! once in four hours; here it is made when it is asked for, so that generating one comes to nothing.
//!
//! Keeps true: no secret and no id of a key is in it.

use super::keys;
use crate::directory::Means;
use crate::principal::root_arn;
use crate::state::{AccountState, UserEntry};
use countersign_types::Moment;
use countersign_types::iam::{AccessKeyMetadata, AccessKeyStatus, Answer};

pub(super) fn content(state: &AccountState, means: &Means<'_>) -> Answer {
    let mut content = COLUMNS.join(",");
    let root = Row {
        name: "<root_account>",
        arn: &root_arn(&state.account),
        created: state.record.created,
        password: [
            "not_supported",
            "no_information",
            "not_supported",
            "not_supported",
        ],
        keys: keys::of(state, means, None),
    };
    root.write(&mut content, means);
    for user in state.users.iter() {
        let UserEntry { record, arn, .. } = &**user;
        let row = Row {
            name: &record.name,
            arn,
            created: record.created,
            password: ["false", NONE, NONE, NONE],
            keys: keys::of(state, means, Some(user)),
        };
        row.write(&mut content, means);
    }
    Answer::CredentialReport {
        content,
        generated: means.now,
    }
}

struct Row<'a> {
    name: &'a str,
    arn: &'a str,
    created: Moment,
    /// `password_enabled` and the three dates after it.
    password: [&'static str; 4],
    keys: Vec<AccessKeyMetadata>,
}

impl Row<'_> {
    fn write(mut self, content: &mut String, means: &Means<'_>) {
        let mut fields = vec![self.name.to_owned(), self.arn.to_owned(), date(self.created)];
        fields.extend(self.password.map(str::to_owned));
        // There is no second factor.
        fields.push("false".to_owned());
        self.keys.sort_by_key(|key| key.create_date);
        for at in 0..KEYS_SHOWN {
            fields.extend(key_fields(self.keys.get(at), means));
        }
        fields.extend(["false", NONE, "false", NONE].map(str::to_owned));
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        content.push('\n');
        content.push_str(&fields.join(","));
    }
}

fn key_fields(key: Option<&AccessKeyMetadata>, means: &Means<'_>) -> [String; 5] {
    let Some(key) = key else {
        return ["false", NONE, NONE, NONE, NONE].map(str::to_owned);
    };
    let used = means.directory.uses.of(&key.access_key_id);
    let is_active = key.status == AccessKeyStatus::Active
        && key.expiration_date.is_none_or(|expires| expires > means.now);
    [
        is_active.to_string(),
        date(key.create_date),
        used.as_ref().map_or(NONE.to_owned(), |used| date(used.at)),
        used.as_ref().map_or(NONE.to_owned(), |used| used.region.clone()),
        used.map_or(NONE.to_owned(), |used| used.service),
    ]
}

/// As the report writes it: `2026-11-25T00:00:00+00:00`.
fn date(moment: Moment) -> String {
    moment.iso8601_seconds().replace('Z', "+00:00")
}

/// Names may have commas, and paths quotes.
fn quoted(field: &str) -> String {
    match field.contains([',', '"']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

/// What the report says where there is nothing.
const NONE: &str = "N/A";
/// Keys that a row has columns for.
const KEYS_SHOWN: usize = 2;
const COLUMNS: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];
