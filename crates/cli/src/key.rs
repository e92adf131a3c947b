//! `countersign key`: access keys of users. Made, shown, changed for new ones with an overlap, and taken back.
//!
//! Not here: what a key may do (`policy`), and when a key is refused, which the server decides.

mod rotate;

use std::time::Duration;

use countersign_server::Real;
use countersign_types::Moment;
use serde_json::Value;

use crate::duration;
use crate::endpoint::Options;
use crate::exit::Failure;
use crate::iam_client::{Iam, text};
use crate::terminal::{self, Column, or_dash};

/// What to do with keys.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a key for a user; its secret is shown this once.
    Create {
        /// The user.
        user: String,
        /// It stops working by itself after this time: 12h, 30d.
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        expires: Option<Duration>,
        #[command(flatten)]
        server: Options,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the keys of a user, or of all, and when each was used last.
    List {
        /// The user; all of them if none is named.
        user: Option<String>,
        #[command(flatten)]
        server: Options,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a second key for a user and leave the first as it is; later, with --finish, take the first away.
    Rotate(rotate::Arguments),
    /// Refuse a key from now on. It can be made active again, unless it is deleted.
    Revoke {
        /// Its access key id.
        #[arg(value_name = "ACCESS-KEY-ID")]
        access_key_id: String,
        /// Remove it for good.
        #[arg(long)]
        delete: bool,
        #[command(flatten)]
        server: Options,
    },
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Create {
            user,
            expires,
            server,
            json,
        } => {
            let made = create(&Iam::new(server)?, user, *expires)?;
            terminal::print(&if *json { format!("{made}\n") } else { told(&made) })
        }
        What::List { user, server, json } => {
            let iam = Iam::new(server)?;
            let mut keys = Vec::new();
            for user in users(&iam, user.as_deref())? {
                keys.extend(of_user(&iam, &user)?);
            }
            terminal::print(&terminal::listed(&keys, *json, COLUMNS, "there are no keys"))
        }
        What::Rotate(asked) => rotate::run(asked),
        What::Revoke {
            access_key_id,
            delete,
            server,
        } => {
            let iam = Iam::new(server)?;
            let used = iam.call("GetAccessKeyLastUsed", &[("AccessKeyId", access_key_id)])?;
            revoke(&iam, &text(&used, "UserName"), access_key_id, *delete)
        }
    }
}

/// Makes a key; as the server tells it.
fn create(iam: &Iam, user: &str, expires: Option<Duration>) -> Result<Value, Failure> {
    let expires = expires.map(|after| {
        let after = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
        Moment::from_seconds(Real::now().seconds().saturating_add(after)).iso8601_seconds()
    });
    let mut parameters = vec![("UserName", user)];
    parameters.extend(expires.as_deref().map(|expires| (EXPIRES, expires)));
    let made = iam.call("CreateAccessKey", &parameters)?;
    Ok(made.get("AccessKey").cloned().unwrap_or_default())
}

/// Refused first, so that it is so even if removing it fails.
fn revoke(iam: &Iam, user: &str, access_key_id: &str, delete: bool) -> Result<(), Failure> {
    let mut named = vec![("AccessKeyId", access_key_id)];
    // The root of an account has no name, and its keys are asked for without one.
    named.extend((!user.is_empty()).then_some(("UserName", user)));
    let mut inactive = named.clone();
    inactive.push(("Status", "Inactive"));
    iam.call("UpdateAccessKey", &inactive)?;
    if delete {
        iam.call("DeleteAccessKey", &named)?;
    }
    Ok(())
}

fn users(iam: &Iam, user: Option<&str>) -> Result<Vec<String>, Failure> {
    match user {
        Some(user) => Ok(vec![user.to_owned()]),
        None => {
            let users = iam.list("ListUsers", &[], "Users")?;
            Ok(users.iter().map(|user| text(user, "UserName")).collect())
        }
    }
}

/// A user's keys, the oldest first, each with its last use.
fn of_user(iam: &Iam, user: &str) -> Result<Vec<Value>, Failure> {
    let mut keys = iam.list("ListAccessKeys", &[("UserName", user)], "AccessKeyMetadata")?;
    for key in &mut keys {
        let id = text(key, "AccessKeyId");
        let used = iam.call("GetAccessKeyLastUsed", &[("AccessKeyId", &id)])?;
        if let (Some(key), Some(used)) = (key.as_object_mut(), used.get("AccessKeyLastUsed")) {
            key.insert("AccessKeyLastUsed".to_owned(), used.clone());
        }
    }
    keys.sort_by_key(|key| text(key, "CreateDate"));
    Ok(keys)
}

/// A field of a key's last use; IAM says `N/A` where there was none.
fn used(key: &Value, name: &str) -> String {
    let field = key.get("AccessKeyLastUsed").map(|used| text(used, name));
    field.filter(|text| text != "N/A").unwrap_or_default()
}

/// When a key was used last.
fn last_used(key: &Value) -> Option<Moment> {
    Moment::parse_iso8601(&used(key, "LastUsedDate"))
}

/// A new key for a person, to be pasted.
fn told(made: &Value) -> String {
    let expires = match text(made, EXPIRES) {
        expires if expires.is_empty() => String::new(),
        expires => format!("# good until {expires}\n"),
    };
    format!(
        "# the secret is shown this once\n{expires}export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\n",
        text(made, "AccessKeyId"),
        text(made, "SecretAccessKey")
    )
}

/// Ours: when a key stops by itself.
const EXPIRES: &str = "CountersignExpirationDate";
/// Ours: what the client called itself that used a key last.
const USER_AGENT: &str = "CountersignUserAgent";

const COLUMNS: &[Column] = &[
    ("USER", |key: &Value| or_dash(text(key, "UserName"))),
    ("ACCESS KEY", |key| text(key, "AccessKeyId")),
    ("STATUS", |key| text(key, "Status")),
    ("CREATED", |key| text(key, "CreateDate")),
    ("EXPIRES", |key| or_dash(text(key, EXPIRES))),
    ("LAST USED", |key| or_dash(used(key, "LastUsedDate"))),
    ("FOR", |key| or_dash(used(key, "ServiceName"))),
    ("BY", |key| or_dash(used(key, USER_AGENT))),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_key_is_told_to_be_pasted() {
        let mut made = json!({ "AccessKeyId": "AKIA1", "SecretAccessKey": "s" });
        let paste = "export AWS_ACCESS_KEY_ID=AKIA1\nexport AWS_SECRET_ACCESS_KEY=s\n";
        assert_eq!(told(&made), format!("# the secret is shown this once\n{paste}"));
        made[EXPIRES] = json!("2027-01-01T00:00:00Z");
        assert!(told(&made).contains("# good until 2027-01-01T00:00:00Z\n"));
    }

    #[test]
    fn a_key_that_was_never_used_has_no_last_use() {
        let of = |used: Value| json!({ "AccessKeyLastUsed": used });
        for (key, expected) in [
            (of(json!({ "LastUsedDate": "1970-01-01T00:00:07Z" })), Some(7)),
            (of(json!({ "LastUsedDate": "N/A", "ServiceName": "N/A" })), None),
            (of(json!({ "ServiceName": "N/A" })), None),
            (json!({}), None),
        ] {
            assert_eq!(last_used(&key).map(Moment::seconds), expected, "{key}");
        }
        let cells: Vec<String> = COLUMNS.iter().map(|(_, cell)| cell(&json!({}))).collect();
        assert_eq!(cells, ["-", "", "", "", "-", "-", "-", "-"]);
    }
}
