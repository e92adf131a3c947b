//! `countersign user`: the users of an account.
//!
//! Not here: their keys (`key`) and policies (`policy`); rules about names and conflicts, which are the server's.

use serde_json::Value;

use crate::endpoint::Options;
use crate::exit::{Failure, Kind};
use crate::iam_client::{Iam, text};
use crate::terminal::{self, Column};

/// What to do with users.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a user, who may do nothing yet and has no key.
    Create {
        /// Its name.
        user: String,
        /// A path to sort it under, such as /team/.
        #[arg(long)]
        path: Option<String>,
        #[command(flatten)]
        server: Options,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all users.
    List {
        #[command(flatten)]
        server: Options,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a user that has no keys and policies any more.
    Delete {
        /// Its name.
        user: String,
        /// Take its keys, policies and groups away first.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        server: Options,
    },
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Create {
            user,
            path,
            server,
            json,
        } => {
            let mut parameters = vec![("UserName", user.as_str())];
            parameters.extend(path.as_deref().map(|path| ("Path", path)));
            let made = Iam::new(server)?.call("CreateUser", &parameters)?;
            let made = made.get("User").cloned().unwrap_or_default();
            let told = if *json {
                format!("{made}\n")
            } else {
                format!("{}\n", text(&made, "Arn"))
            };
            terminal::print(&told)
        }
        What::List { server, json } => {
            let users = Iam::new(server)?.list("ListUsers", &[], "Users")?;
            terminal::print(&terminal::listed(&users, *json, COLUMNS, "there are no users"))
        }
        What::Delete { user, force, server } => {
            let iam = Iam::new(server)?;
            if *force {
                strip(&iam, user)?;
            }
            iam.call("DeleteUser", &[("UserName", user)])
                .map(drop)
                .map_err(|failure| {
                    let hint = "; --force takes keys, policies and groups away first";
                    match failure.kind {
                        Kind::Conflict if !force => Failure::new(Kind::Conflict, failure.message + hint),
                        _ => failure,
                    }
                })
        }
    }
}

/// Takes away whatever a user has that would keep it from being removed. Its keys first: from then on nobody acts in its name.
fn strip(iam: &Iam, user: &str) -> Result<(), Failure> {
    let named = [("UserName", user)];
    let each = |action: &str, list: &str, undo: &str, from: &str, to: &str| -> Result<(), Failure> {
        for item in iam.list(action, &named, list)? {
            let value = item.as_str().map_or_else(|| text(&item, from), str::to_owned);
            iam.call(undo, &[("UserName", user), (to, &value)])?;
        }
        Ok(())
    };
    each(
        "ListAccessKeys",
        "AccessKeyMetadata",
        "DeleteAccessKey",
        "AccessKeyId",
        "AccessKeyId",
    )?;
    each(
        "ListAttachedUserPolicies",
        "AttachedPolicies",
        "DetachUserPolicy",
        "PolicyArn",
        "PolicyArn",
    )?;
    each(
        "ListUserPolicies",
        "PolicyNames",
        "DeleteUserPolicy",
        "",
        "PolicyName",
    )?;
    each(
        "ListGroupsForUser",
        "Groups",
        "RemoveUserFromGroup",
        "GroupName",
        "GroupName",
    )
}

const COLUMNS: &[Column] = &[
    ("USER", |user: &Value| text(user, "UserName")),
    ("PATH", |user| text(user, "Path")),
    ("CREATED", |user| text(user, "CreateDate")),
    ("ARN", |user| text(user, "Arn")),
];
