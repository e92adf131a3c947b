//! From a call that is named to its answer: may they, and then it is done.
//!
//! Not here: what a call does; `identity` knows, and says why it did not do it.
//!
//! Keeps true: `identity` is asked with an [`AuthorizedCall`] only.

use countersign_identity::{Account, Principal, RoleView, WebIdentity};
use countersign_policy::{Attached, Context, Denial, PolicyType, Reason};
use countersign_protocol::query::{Answer, Call, QueryCode};
use countersign_types::iam::{Fault, FaultCode};
use countersign_types::sts::{self, SessionLimits};

use super::facts::Asking;
use super::told::{self, Told};
use super::{Failed, denial, restrictions};
use crate::gateway::Gateway;
use crate::pipeline::proof::{Authenticated, AuthorizedCall, Denied, Question, Signature};
use crate::pipeline::received::Received;
use crate::refusal::{Refusal, Refused};

/// Carries out a call for whoever may.
pub(super) async fn perform(
    gateway: &Gateway,
    received: &Received,
    authenticated: Authenticated,
    call: &Call,
) -> Result<Answer, Failed> {
    if let Some(signature) = authenticated.signature() {
        restrictions::check(&signature.resolved, call)?;
    }
    let work = Work { gateway, received };
    let asking = work.asking(&authenticated);
    let questions = match call {
        Call::Iam(iam_call) => {
            let account = account_of(authenticated.principal())?;
            let subject = gateway
                .directory
                .subject(authenticated.principal(), account, iam_call);
            questions(asking.of_iam(call.name(), iam_call, &subject), None)
        }
        Call::Sts(sts::Call::AssumeRoleWithWebIdentity {
            role_arn,
            role_session_name,
            web_identity_token,
            provider_id,
            limits,
        }) => {
            if provider_id.is_some() {
                return Err(Fault::new(FaultCode::ValidationError, NO_OTHER_PROVIDERS).into());
            }
            let asked = WebSession {
                role_arn,
                role_session_name,
                token: web_identity_token,
                limits,
            };
            return work.web_identity(authenticated, call, &asked).await;
        }
        Call::Sts(sts_call @ sts::Call::AssumeRole { role_arn, .. }) => {
            let Some(role) = gateway.directory.role(role_arn) else {
                return Err(work.no_role(&authenticated, role_arn).await);
            };
            let questions = questions(asking.of_role(&role, sts_call), Some(&role));
            let authorized = work.permit(authenticated, call, questions).await?;
            return work.assume(&authorized, &role, sts_call).await;
        }
        Call::Sts(sts_call) => questions(asking.of_sts(sts_call), None),
    };
    let authorized = work.permit(authenticated, call, questions).await?;
    work.carry_out(&authorized).await
}

struct Work<'a> {
    gateway: &'a Gateway,
    received: &'a Received,
}

impl Work<'_> {
    async fn carry_out(&self, authorized: &AuthorizedCall<'_>) -> Result<Answer, Failed> {
        let (directory, now) = (&self.gateway.directory, self.received.at);
        match authorized.call() {
            Call::Iam(call) => {
                let principal = authorized.principal();
                let account = account_of(principal)?;
                let arns = authorized.arns();
                let answer = directory
                    .iam_on(principal, account, call.clone(), arns, now)
                    .await?;
                Ok(Answer::Iam(answer))
            }
            Call::Sts(call) => {
                let signature = authorized.signature().ok_or_else(told::unsigned)?;
                let answer = directory.sts(&signature.resolved, call.clone(), now).await?;
                Ok(Answer::Sts(answer))
            }
        }
    }

    /// Begins a session of the role that was decided on. Looked up anew it might be another one, which trusts somebody else.
    async fn assume(
        &self,
        authorized: &AuthorizedCall<'_>,
        role: &RoleView,
        call: &sts::Call,
    ) -> Result<Answer, Failed> {
        let signature = authorized.signature().ok_or_else(told::unsigned)?;
        let (directory, now) = (&self.gateway.directory, self.received.at);
        let answer = directory
            .assume_role(&signature.resolved, role, call, now)
            .await?;
        Ok(Answer::Sts(answer))
    }

    /// Somebody whom an identity provider vouches for assumes a role. The token is verified before anything is said about the role.
    async fn web_identity(
        &self,
        authenticated: Authenticated,
        call: &Call,
        asked: &WebSession<'_>,
    ) -> Result<Answer, Failed> {
        let directory = &self.gateway.directory;
        let now = self.received.at;
        let role = directory.role(asked.role_arn);
        let account_id = account_in(asked.role_arn);
        let providers = directory.oidc_providers(account_id);
        let verified = self
            .gateway
            .web_identity
            .verify(asked.token, &providers, now)
            .await?;
        let claims = verified.claims;
        let identity = WebIdentity {
            provider_arn: verified.provider_arn,
            issuer: verified.issuer,
            audience: verified.audience,
            subject: verified.subject,
        };
        let refused = || Told::new(QueryCode::AccessDenied, NOT_TRUSTED);
        let role = role.ok_or_else(refused)?;
        let context = self.asking(&authenticated).of_web_identity(
            &role,
            asked.role_session_name,
            asked.limits,
            &identity,
            &claims,
        );
        let questions = questions(vec![context], Some(&role));
        let permitted = authenticated.may_call(call, questions);
        permitted.map_err(|denied| Failed::Denied(on_record(*denied, None), refused()))?;
        let name = asked.role_session_name;
        let answer = directory.assume_role_with_web_identity(&identity, &role, name, asked.limits, now);
        Ok(Answer::Sts(answer.await?))
    }

    fn asking<'q>(&'q self, authenticated: &'q Authenticated) -> Asking<'q> {
        Asking {
            gateway: self.gateway,
            received: self.received,
            principal: authenticated.principal(),
            signature: authenticated.signature(),
        }
    }

    async fn permit<'c>(
        &self,
        authenticated: Authenticated,
        call: &'c Call,
        questions: Vec<Question<'_>>,
    ) -> Result<AuthorizedCall<'c>, Failed> {
        let signature = authenticated.signature().cloned();
        match authenticated.may_call(call, questions) {
            Ok(authorized) => Ok(authorized),
            Err(denied) => Err(self.denied(*denied, signature.as_ref()).await),
        }
    }

    /// AWS's sentence, and the whole of the decision for those who may read it in the account that was asked.
    async fn denied(&self, denied: Denied, signature: Option<&Signature>) -> Failed {
        let Denied { context, denial } = &denied;
        let account = context.resource_account();
        let document = denial::document(context, denial);
        let sealed = self
            .gateway
            .directory
            .seal_message(account, &document, self.received.at)
            .await;
        let sentence = denial::sentence(denial);
        let message = match sealed {
            Ok(sealed) => format!("{sentence}. Encoded authorization failure message: {sealed}"),
            Err(error) => {
                tracing::warn!(%error, "the reason of a denial could not be sealed");
                sentence
            }
        };
        let told = Told::new(QueryCode::AccessDenied, message);
        Failed::Denied(on_record(denied, signature), told)
    }

    /// A role that is not there is one that is not given away, and looks like one.
    async fn no_role(&self, authenticated: &Authenticated, role_arn: &str) -> Failed {
        let requester = authenticated.principal().requester();
        let denial = Denial {
            requester: requester.name(),
            action: ASSUME_ROLE.to_owned(),
            resource: role_arn.to_owned(),
            reason: Reason::NoAllow(PolicyType::RoleTrust),
            unmet: Vec::new(),
            is_own_account: false,
        };
        let context = Context::new(requester, ASSUME_ROLE, role_arn, account_in(role_arn));
        self.denied(Denied { context, denial }, authenticated.signature())
            .await
    }
}

/// A denial as it goes on record. What a role trusts is not told to those whom it does not, and how many of their own policies were asked
/// would tell it.
fn on_record(denied: Denied, signature: Option<&Signature>) -> Box<Refused> {
    let Denied { context, mut denial } = denied;
    denial.is_own_account = context.is_own_account() && !denial::is_about_role(&denial);
    Box::new(Refused {
        claim: signature.map(|signature| signature.claim.clone()),
        resolved: signature.map(|signature| signature.resolved.clone()),
        ..*Refused::new(Refusal::Denied(Box::new(denial)))
    })
}

/// What is asked with the token of an identity provider.
struct WebSession<'a> {
    role_arn: &'a str,
    role_session_name: &'a str,
    token: &'a str,
    limits: &'a SessionLimits,
}

fn questions<'r>(contexts: Vec<Context>, role: Option<&'r RoleView>) -> Vec<Question<'r>> {
    let trust = role.map(|role| Attached {
        name: role.arn(),
        document: role.trust(),
    });
    contexts
        .into_iter()
        .map(|context| Question { context, trust })
        .collect()
}

fn account_of(principal: &Principal) -> Result<&Account, Told> {
    principal.account().ok_or_else(told::unsigned)
}

/// The account in the ARN of a role.
fn account_in(role_arn: &str) -> &str {
    role_arn.split(':').nth(4).unwrap_or_default()
}

const ASSUME_ROLE: &str = "sts:AssumeRole";
const NO_OTHER_PROVIDERS: &str =
    "ProviderId is for providers that do not speak OpenID Connect, and there are none here";
const NOT_TRUSTED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
