//! `countersign policy`: managed policies, and to whom they are attached.
//!
//! Not here: what a document may say; the server reads it and says where it is wrong.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::endpoint::Options;
use crate::exit::{Failure, Kind};
use crate::iam_client::{Iam, text};
use crate::terminal::{self, Column, or_dash};

/// What to do with policies.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a policy of a JSON document.
    Create {
        /// Its name.
        name: String,
        /// The file with the document; `-` reads it from the standard input.
        document: PathBuf,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        server: Options,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the policies there are, or those attached to somebody.
    List {
        #[command(flatten)]
        holder: OptionalHolder,
        /// Leave out those that come with the server.
        #[arg(long)]
        local: bool,
        #[command(flatten)]
        server: Options,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a policy to a user, group or role.
    Attach(Attachment),
    /// Take a policy from a user, group or role.
    Detach(Attachment),
    /// Remove a policy that is attached to nobody, with all its versions.
    Delete {
        /// Its name or ARN.
        policy: String,
        #[command(flatten)]
        server: Options,
    },
}

#[derive(clap::Args)]
struct Attachment {
    /// Its name or ARN.
    policy: String,
    #[command(flatten)]
    holder: Holder,
    #[command(flatten)]
    server: Options,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Holder {
    /// The user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The role.
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct OptionalHolder {
    /// Those of this user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Those of this group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Those of this role.
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Create {
            name,
            document,
            description,
            server,
            json,
        } => {
            let document = read(document)?;
            let mut parameters = vec![("PolicyName", name.as_str()), ("PolicyDocument", &document)];
            parameters.extend(description.as_deref().map(|text| ("Description", text)));
            let made = Iam::new(server)?.call("CreatePolicy", &parameters)?;
            let made = made.get("Policy").cloned().unwrap_or_default();
            let told = if *json {
                format!("{made}\n")
            } else {
                format!("{}\n", text(&made, "Arn"))
            };
            terminal::print(&told)
        }
        What::List {
            holder,
            local,
            server,
            json,
        } => list(&Iam::new(server)?, holder, *local, *json),
        What::Attach(asked) => attachment("Attach", asked),
        What::Detach(asked) => attachment("Detach", asked),
        What::Delete { policy, server } => {
            let iam = Iam::new(server)?;
            delete(&iam, &arn(&iam, policy)?)
        }
    }
}

fn list(iam: &Iam, holder: &OptionalHolder, local: bool, json: bool) -> Result<(), Failure> {
    if let Some((kind, name)) = named(&holder.user, &holder.group, &holder.role) {
        let action = format!("ListAttached{kind}Policies");
        let parameter = format!("{kind}Name");
        let attached = iam.list(&action, &[(&parameter, name)], "AttachedPolicies")?;
        let nothing = "no policy is attached";
        return terminal::print(&terminal::listed(&attached, json, ATTACHED, nothing));
    }
    let scope = if local { "Local" } else { "All" };
    let policies = iam.list("ListPolicies", &[("Scope", scope)], "Policies")?;
    terminal::print(&terminal::listed(
        &policies,
        json,
        POLICIES,
        "there are no policies",
    ))
}

fn attachment(verb: &str, asked: &Attachment) -> Result<(), Failure> {
    let iam = Iam::new(&asked.server)?;
    let holder = &asked.holder;
    let (kind, name) = named(&holder.user, &holder.group, &holder.role)
        .ok_or_else(|| Failure::new(Kind::Usage, "name a --user, a --group or a --role"))?;
    let arn = arn(&iam, &asked.policy)?;
    let parameter = format!("{kind}Name");
    let action = format!("{verb}{kind}Policy");
    iam.call(&action, &[(&parameter, name), ("PolicyArn", &arn)])
        .map(drop)
}

/// Its versions go first, all but the one in force, which goes with the policy.
fn delete(iam: &Iam, arn: &str) -> Result<(), Failure> {
    // Nothing is taken away from a policy that stays.
    let policy = iam.call("GetPolicy", &[("PolicyArn", arn)])?;
    let policy = policy.get("Policy").unwrap_or(&Value::Null);
    if !matches!(text(policy, "AttachmentCount").as_str(), "" | "0") {
        let why = format!("`{arn}` is attached; `policy detach` takes it from whoever has it");
        return Err(Failure::new(Kind::Conflict, why));
    }
    for version in iam.list("ListPolicyVersions", &[("PolicyArn", arn)], "Versions")? {
        if text(&version, "IsDefaultVersion") != "true" {
            let id = text(&version, "VersionId");
            iam.call("DeletePolicyVersion", &[("PolicyArn", arn), ("VersionId", &id)])?;
        }
    }
    iam.call("DeletePolicy", &[("PolicyArn", arn)]).map(drop)
}

/// What people call a policy, as an ARN: their own of that name first, then one that comes with the server.
fn arn(iam: &Iam, policy: &str) -> Result<String, Failure> {
    if policy.starts_with("arn:") {
        return Ok(policy.to_owned());
    }
    for scope in ["Local", "AWS"] {
        let policies = iam.list("ListPolicies", &[("Scope", scope)], "Policies")?;
        let found = policies
            .iter()
            .find(|found| text(found, "PolicyName").eq_ignore_ascii_case(policy));
        if let Some(found) = found {
            return Ok(text(found, "Arn"));
        }
    }
    Err(Failure::new(
        Kind::NotFound,
        format!("there is no policy `{policy}`"),
    ))
}

fn named<'a>(
    user: &'a Option<String>,
    group: &'a Option<String>,
    role: &'a Option<String>,
) -> Option<(&'static str, &'a str)> {
    let user = user.as_deref().map(|name| ("User", name));
    let group = group.as_deref().map(|name| ("Group", name));
    let role = role.as_deref().map(|name| ("Role", name));
    user.or(group).or(role)
}

fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut document = String::new();
        io::stdin().read_to_string(&mut document).map(|_| document)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| Failure::new(Kind::Usage, format!("`{}`: {error}", path.display())))
}

const POLICIES: &[Column] = &[
    ("POLICY", |policy: &Value| text(policy, "PolicyName")),
    ("ATTACHED", |policy| or_dash(text(policy, "AttachmentCount"))),
    ("VERSION", |policy| text(policy, "DefaultVersionId")),
    ("UPDATED", |policy| or_dash(text(policy, "UpdateDate"))),
    ("ARN", |policy| text(policy, "Arn")),
];

const ATTACHED: &[Column] = &[
    ("POLICY", |policy: &Value| text(policy, "PolicyName")),
    ("ARN", |policy| text(policy, "PolicyArn")),
];
