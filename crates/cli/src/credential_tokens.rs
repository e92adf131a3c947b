//! `countersign credentials`: tokens by which an application gets temporary credentials of a role by itself, and holds no key.
//!
//! Not here: handing the credentials out (the server does), and roles (`aws iam create-role`).

use std::time::Duration;

use countersign_sigv4::encode_uri;
use serde_json::{Value, json};

use crate::admin_options::Options;
use crate::duration;
use crate::exit::{Failure, Kind};
use crate::iam_client::text;
use crate::terminal::{self, Column, or_dash};

/// What to do about credentials.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make, show and revoke tokens that stand for a role.
    Token {
        #[command(subcommand)]
        what: TokenWhat,
    },
}

#[derive(clap::Subcommand)]
enum TokenWhat {
    /// Make a token for a role; it is shown this once.
    Create {
        /// The role, by its name or ARN.
        role: String,
        /// It stops working by itself after this time: 12h, 30d.
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        expires: Option<Duration>,
        #[command(flatten)]
        server: Options,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the tokens there are.
    List {
        #[command(flatten)]
        server: Options,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give no credentials for a token any more. Those that were given end within the hour.
    Revoke {
        /// Its id.
        id: String,
        #[command(flatten)]
        server: Options,
    },
}

/// Does it.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let What::Token { what } = arguments.what;
    match what {
        TokenWhat::Create {
            role,
            expires,
            server,
            json,
        } => {
            let mut wanted = json!({ "role": role });
            if let (Some(expires), Some(fields)) = (expires, wanted.as_object_mut()) {
                fields.insert("expires_seconds".to_owned(), json!(expires.as_secs()));
            }
            let url = server.admin_url().trim_end_matches('/').to_owned();
            let made = server.with_caller()?.post_document(PATH, &wanted)?;
            terminal::print(&if json {
                format!("{made}\n")
            } else {
                told(&made, &url)
            })
        }
        TokenWhat::List { server, json } => {
            let mut document = server.with_caller()?.document(PATH)?;
            let Some(Value::Array(tokens)) = document.get_mut("credential_tokens").map(Value::take) else {
                let why = "the server's document has no `credential_tokens`";
                return Err(Failure::new(Kind::Failed, why));
            };
            terminal::print(&terminal::listed(&tokens, json, COLUMNS, "there are no tokens"))
        }
        TokenWhat::Revoke { id, server } => {
            let target = format!("{PATH}/{}", encode_uri(id.as_bytes(), false));
            server.with_caller()?.delete(&target).map(drop)
        }
    }
}

/// What an application is given, so that its SDK finds it.
fn told(made: &Value, url: &str) -> String {
    let role_arn = text(made, "role_arn");
    let role = role_arn.rsplit('/').next().unwrap_or_default();
    format!(
        "# for {role_arn}; the token is shown this once\nexport AWS_CONTAINER_CREDENTIALS_FULL_URI={url}/api/v1/credentials/{role}\n\
         export AWS_CONTAINER_AUTHORIZATION_TOKEN={}\n",
        text(made, "token")
    )
}

const PATH: &str = "/api/v1/credential-tokens";
const COLUMNS: &[Column] = &[
    ("ID", |token: &Value| text(token, "id")),
    ("ROLE", |token| text(token, "role_arn")),
    ("CREATED", |token| text(token, "created")),
    ("EXPIRES", |token| or_dash(text(token, "expires"))),
    ("BY", |token| text(token, "created_by")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_as_what_an_sdk_looks_for() {
        let made = json!({ "role_arn": "arn:aws:iam::000000000001:role/team/app", "token": "cst_t" });
        let expected = "# for arn:aws:iam::000000000001:role/team/app; the token is shown this once\n\
                        export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9001/api/v1/credentials/app\n\
                        export AWS_CONTAINER_AUTHORIZATION_TOKEN=cst_t\n";
        assert_eq!(told(&made, "http://127.0.0.1:9001"), expected);
    }
}
