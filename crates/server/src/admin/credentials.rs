//! `/api/v1/credentials/ROLE`: temporary credentials for whoever shows a token that stands for the role, in the form that SDKs refresh
//! from by themselves. `/api/v1/credential-tokens`: the tokens, made, listed and revoked.
//!
//! SPEC: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
//!
//! It keeps true: a token is made by whoever may pass the role (`iam:PassRole`), for a role whose trust policy lets this service assume
//! it, and it is told once; what a caller may not pass does not exist for it.

use countersign_identity::{Account, CredentialToken, Principal, RoleView};
use countersign_policy::Requester;
use countersign_types::Moment;
use countersign_types::iam::{Answer, Call};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, Outcome, Refused, not_found, of_fault, refuse};
use crate::gateway::Gateway;
use crate::pipeline::proof;
use crate::pipeline::received::Received;
use crate::query::Asking;

/// Answers `GET /api/v1/credentials/ROLE`.
pub(super) async fn give(gateway: &Gateway, received: &Received, role_name: &str) -> Outcome {
    if received.method() != "GET" {
        return Err(method_not_allowed("credentials are asked for with GET"));
    }
    let token = received.only_header("authorization").ok_or_else(|| {
        let message = "send the token in the header Authorization";
        refuse(StatusCode::UNAUTHORIZED, "Unauthorized", message)
    })?;
    let directory = &gateway.directory;
    let found = directory.role_of_credential_token(token, received.at).await;
    let found = found.map_err(|fault| of_fault(&fault))?;
    let (id, role) = found
        .filter(|(_, role)| role.name().eq_ignore_ascii_case(role_name))
        .ok_or_else(|| access_denied("the token is not good for this role"))?;
    check_trust(gateway, received, &role)?;
    let session_name = format!("token-{id}");
    let credentials = directory
        .credentials_of_token(&id, &role, &session_name, None, received.at)
        .await
        .map_err(|fault| of_fault(&fault))?;
    Ok(json!({
        "RoleArn": role.arn(),
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": credentials.expiration.iso8601_seconds(),
    })
    .to_string())
}

/// Answers a request whose path goes on with `rest` after `/api/v1/credential-tokens`.
pub(super) async fn tokens(
    gateway: &Gateway,
    received: &Received,
    caller: &Caller,
    rest: &str,
    body: &[u8],
) -> Outcome {
    let work = Work {
        gateway,
        received,
        caller,
    };
    match (received.method(), rest.strip_prefix('/')) {
        ("GET", None) if rest.is_empty() => work.list().await,
        ("POST", None) if rest.is_empty() => work.make(body).await,
        ("DELETE", Some(id)) => work.revoke(id).await,
        (_, None) if !rest.is_empty() => Err(not_found()),
        _ => {
            let message = "tokens are listed (GET), made (POST), and revoked by their ids (DELETE)";
            Err(method_not_allowed(message))
        }
    }
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A name or an ARN.
    role: String,
    expires_seconds: Option<u32>,
}

struct Work<'a> {
    gateway: &'a Gateway,
    received: &'a Received,
    caller: &'a Caller,
}

impl Work<'_> {
    async fn make(&self, body: &[u8]) -> Outcome {
        let wanted: Wanted = serde_json::from_slice(body).map_err(|error| {
            let message =
                format!("the body must be {{\"role\": \"...\", \"expires_seconds\": 3600}}: {error}");
            refuse(StatusCode::BAD_REQUEST, "InvalidArgument", &message)
        })?;
        let account = self.account()?;
        let role = self.role(account, &wanted.role).await?;
        let may_pass = self.may_pass(role.arn());
        if !may_pass {
            let message = format!("a token is made by whoever may do iam:PassRole on {}", role.arn());
            return Err(access_denied(&message));
        }
        check_trust(self.gateway, self.received, &role)?;
        let expires = wanted.expires_seconds.map(|seconds| {
            Moment::from_seconds(self.received.at.seconds().saturating_add(i64::from(seconds)))
        });
        let created_by = self.principal().arn().unwrap_or_default();
        let directory = &self.gateway.directory;
        let made = directory
            .create_credential_token(&role, &created_by, expires, self.received.at)
            .await
            .map_err(|fault| of_fault(&fault))?;
        let mut document = told(&made.about);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("token".to_owned(), json!(*made.token));
        }
        Ok(document.to_string())
    }

    async fn list(&self) -> Outcome {
        let tokens: Vec<Value> = self.passable().await?.iter().map(told).collect();
        Ok(json!({ "credential_tokens": tokens }).to_string())
    }

    async fn revoke(&self, id: &str) -> Outcome {
        if !self.passable().await?.iter().any(|token| token.id == id) {
            return Err(refuse(
                StatusCode::NOT_FOUND,
                "NoSuchEntity",
                "there is no such token, or it is for a role that you may not pass",
            ));
        }
        let directory = &self.gateway.directory;
        let account_id = &self.account()?.id;
        let revoked = directory
            .delete_credential_token(account_id, id, self.received.at)
            .await;
        revoked.map_err(|fault| of_fault(&fault))?;
        Ok(json!({ "revoked": id }).to_string())
    }

    /// The tokens of the caller's account for roles that the caller may pass.
    async fn passable(&self) -> Result<Vec<CredentialToken>, Refused> {
        let account_id = &self.account()?.id;
        let tokens = self.gateway.directory.credential_tokens(account_id).await;
        let mut tokens = tokens.map_err(|fault| of_fault(&fault))?;
        tokens.retain(|token| self.may_pass(&token.role_arn));
        Ok(tokens)
    }

    /// A role of the caller's account, by its name or ARN.
    async fn role(&self, account: &Account, named: &str) -> Result<RoleView, Refused> {
        let role_name = named.rsplit('/').next().unwrap_or(named).to_owned();
        let call = Call::GetRole { role_name };
        let directory = &self.gateway.directory;
        let answer = directory
            .iam(self.principal(), account, call, self.received.at)
            .await
            .map_err(|fault| of_fault(&fault))?;
        let found = match answer {
            Answer::Role(role) => directory.role(&role.arn),
            _ => None,
        };
        let is_meant = |role: &RoleView| !named.starts_with("arn:") || role.arn() == named;
        found.filter(is_meant).ok_or_else(|| {
            let message = format!("there is no role {named} in this account");
            refuse(StatusCode::NOT_FOUND, "NoSuchEntity", &message)
        })
    }

    fn may_pass(&self, role_arn: &str) -> bool {
        let Ok(account) = self.account() else {
            return false;
        };
        let asking = Asking {
            gateway: self.gateway,
            received: self.received,
            principal: self.principal(),
            signature: self.caller.authenticated.signature(),
        };
        let requester = self.principal().requester();
        let mut context = asking.context(requester, "iam:PassRole", role_arn, &account.id);
        context.keys.set("iam:PassedToService", [SERVICE]);
        self.caller.authenticated.is_allowed(&context)
    }

    fn principal(&self) -> &Principal {
        self.caller.authenticated.principal()
    }

    fn account(&self) -> Result<&Account, Refused> {
        let account = self.principal().account();
        account.ok_or_else(|| access_denied("nobody has no roles"))
    }
}

/// A role says in its trust policy who may have it, this service too.
fn check_trust(gateway: &Gateway, received: &Received, role: &RoleView) -> Result<(), Refused> {
    let asking = Asking {
        gateway,
        received,
        principal: &Principal::Anonymous,
        signature: None,
    };
    let requester = Requester::Service {
        name: SERVICE.to_owned(),
    };
    let context = asking.context(requester, "sts:AssumeRole", role.arn(), &role.account().id);
    if proof::trusts(role, &context) {
        return Ok(());
    }
    let message = format!(
        "the trust policy of {} does not allow sts:AssumeRole to the service {SERVICE}",
        role.arn()
    );
    Err(access_denied(&message))
}

fn told(token: &CredentialToken) -> Value {
    let mut document = json!({
        "id": token.id,
        "role_arn": token.role_arn,
        "created": token.created.iso8601_seconds(),
        "created_by": token.created_by,
    });
    if let (Some(expires), Some(fields)) = (token.expires, document.as_object_mut()) {
        fields.insert("expires".to_owned(), json!(expires.iso8601_seconds()));
    }
    document
}

fn access_denied(message: &str) -> Refused {
    refuse(StatusCode::FORBIDDEN, "AccessDenied", message)
}

fn method_not_allowed(message: &str) -> Refused {
    refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}

/// How trust policies and `iam:PassedToService` call the endpoint that hands out credentials.
const SERVICE: &str = "credentials.countersign";
