//! `countersign account`: the accounts of a server, each with users, policies and buckets of its own. For the operator.
//!
//! Not here: what is in an account; its root key asks IAM about that.

use serde_json::{Value, json};

use crate::admin_options::Options;
use crate::exit::{Failure, Kind};
use crate::iam_client::text;
use crate::terminal::{self, Column};

/// What to do with accounts.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make an account with a root key, which is shown this once.
    Create {
        /// What people call it.
        name: String,
        #[command(flatten)]
        server: Options,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all accounts.
    List {
        #[command(flatten)]
        server: Options,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.what {
        What::Create { name, server, json } => {
            let made = server
                .with_caller()?
                .post_document(PATH, &json!({ "name": name }))?;
            let told = if json { format!("{made}\n") } else { told(&made) };
            terminal::print(&told)
        }
        What::List { server, json } => {
            let mut document = server.with_caller()?.document(PATH)?;
            let Some(Value::Array(accounts)) = document.get_mut("accounts").map(Value::take) else {
                return Err(Failure::new(
                    Kind::Failed,
                    "the server's document has no `accounts`",
                ));
            };
            terminal::print(&terminal::listed(
                &accounts,
                json,
                COLUMNS,
                "there are no accounts",
            ))
        }
    }
}

/// What a person needs to begin with.
fn told(made: &Value) -> String {
    let field = |name: &str| text(made, name);
    format!(
        "account {} ({})\ncanonical id {}\n\nits root key, whose secret is shown this once:\n\n\
         \x20   export AWS_ACCESS_KEY_ID={}\n    export AWS_SECRET_ACCESS_KEY={}\n",
        field("id"),
        field("display_name"),
        field("canonical_id"),
        field("access_key_id"),
        field("secret_access_key"),
    )
}

const PATH: &str = "/api/v1/accounts";
const COLUMNS: &[Column] = &[
    ("ACCOUNT", |account: &Value| text(account, "id")),
    ("NAME", |account| text(account, "display_name")),
    ("CANONICAL ID", |account| text(account, "canonical_id")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_is_told_with_what_is_needed_to_use_it() {
        let made = json!({
            "id": "111122223333", "canonical_id": "cafe", "display_name": "team",
            "access_key_id": "AKIA1", "secret_access_key": "s3",
        });
        let expected = "account 111122223333 (team)\ncanonical id cafe\n\nits root key, whose secret is shown this once:\n\n    \
                        export AWS_ACCESS_KEY_ID=AKIA1\n    export AWS_SECRET_ACCESS_KEY=s3\n";
        assert_eq!(told(&made), expected);
    }
}
