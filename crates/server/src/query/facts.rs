//! What has to be allowed before a call is carried out: each action on each ARN, with the keys that conditions ask about.
//!
//! SPEC: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html> and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>.
//!
//! Not here: deciding; which ARNs a call of IAM is about, which `identity` knows.

use countersign_identity::{Principal, RoleView, Subject, WebIdentity};
use countersign_policy::{Context, Keys, Requester};
use countersign_types::iam::{self, Tag};
use countersign_types::sts::{self, SessionLimits};

use crate::facts::gather_request;
use crate::gateway::Gateway;
use crate::pipeline::proof::Signature;
use crate::pipeline::received::Received;

/// Who asks, over which request.
pub(crate) struct Asking<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) received: &'a Received,
    pub(crate) principal: &'a Principal,
    pub(crate) signature: Option<&'a Signature>,
}

impl Asking<'_> {
    /// What a call of IAM needs: its action on all that it is about.
    pub(super) fn of_iam(&self, action: &str, call: &iam::Call, subject: &Subject) -> Vec<Context> {
        let mut contexts: Vec<Context> = subject.arns.iter().map(|arn| self.own(action, arn)).collect();
        for context in &mut contexts {
            gather_call(&mut context.keys, call);
            gather_tags(&mut context.keys, &RESOURCE_TAGS, pairs(&subject.tags));
            // A call that sets another boundary is about that one.
            if let Some(boundary) = &subject.permissions_boundary
                && context.keys.values(BOUNDARY).is_empty()
            {
                context.keys.set(BOUNDARY, [boundary]);
            }
        }
        contexts
    }

    /// What a call of STS needs that is about the caller's own account.
    pub(super) fn of_sts(&self, call: &sts::Call) -> Vec<Context> {
        match call {
            // Who somebody is, everybody may know of themselves, and go on as themselves.
            sts::Call::GetCallerIdentity | sts::Call::GetSessionToken { .. } => Vec::new(),
            // Decided with the role that they are about.
            sts::Call::AssumeRole { .. } | sts::Call::AssumeRoleWithWebIdentity { .. } => Vec::new(),
            sts::Call::GetAccessKeyInfo { .. } => vec![self.own("sts:GetAccessKeyInfo", EVERYTHING)],
            sts::Call::DecodeAuthorizationMessage { .. } => {
                vec![self.own("sts:DecodeAuthorizationMessage", EVERYTHING)]
            }
            sts::Call::GetFederationToken { name, limits, tags } => {
                let arn = format!("arn:aws:sts::{}:federated-user/{name}", self.account());
                let tagging = (!tags.is_empty()).then_some(TAG_SESSION);
                let actions = ["sts:GetFederationToken"].into_iter().chain(tagging);
                let mut contexts: Vec<Context> = actions.map(|action| self.own(action, &arn)).collect();
                for context in &mut contexts {
                    gather_request_tags(&mut context.keys, tags);
                    gather_limits(&mut context.keys, limits);
                }
                contexts
            }
        }
    }

    /// What assuming a role needs.
    pub(super) fn of_role(&self, role: &RoleView, call: &sts::Call) -> Vec<Context> {
        let sts::Call::AssumeRole {
            role_session_name,
            limits,
            tags,
            transitive_tag_keys,
            external_id,
            source_identity,
            ..
        } = call
        else {
            return Vec::new();
        };
        let tagging = (!tags.is_empty() || !transitive_tag_keys.is_empty()).then_some(TAG_SESSION);
        let naming = source_identity.as_ref().map(|_| "sts:SetSourceIdentity");
        let actions = ["sts:AssumeRole"].into_iter().chain(tagging).chain(naming);
        let mut contexts: Vec<Context> = actions
            .map(|action| self.about_role(self.principal.requester(), action, role, role_session_name))
            .collect();
        for context in &mut contexts {
            let keys = &mut context.keys;
            gather_request_tags(keys, tags);
            gather_limits(keys, limits);
            if !transitive_tag_keys.is_empty() {
                keys.set("sts:TransitiveTagKeys", transitive_tag_keys);
            }
            for (key, value) in [
                ("sts:ExternalId", external_id),
                ("sts:SourceIdentity", source_identity),
            ] {
                if let Some(value) = value {
                    keys.set(key, [value]);
                }
            }
        }
        contexts
    }

    /// What assuming a role needs for somebody whom a provider vouches for.
    pub(super) fn of_web_identity(
        &self,
        role: &RoleView,
        role_session_name: &str,
        limits: &SessionLimits,
        identity: &WebIdentity,
        claims: &[(String, Vec<String>)],
    ) -> Context {
        let requester = Requester::WebIdentity {
            provider: identity.provider_arn.clone(),
        };
        let action = "sts:AssumeRoleWithWebIdentity";
        let mut context = self.about_role(requester, action, role, role_session_name);
        gather_limits(&mut context.keys, limits);
        let issuer = identity.issuer.as_str();
        let provider = issuer.split_once("://").map_or(issuer, |(_, place)| place);
        for (name, values) in claims {
            context.keys.set(&format!("{provider}:{name}"), values);
        }
        context
    }

    fn about_role(
        &self,
        requester: Requester,
        action: &str,
        role: &RoleView,
        role_session_name: &str,
    ) -> Context {
        let mut context = self.context(requester, action, role.arn(), &role.account().id);
        context.keys.set("sts:RoleSessionName", [role_session_name]);
        gather_tags(&mut context.keys, &RESOURCE_TAGS, role.tags());
        context
    }

    fn own(&self, action: &str, resource: &str) -> Context {
        self.context(self.principal.requester(), action, resource, self.account())
    }

    /// The caller's account. Nobody has none, and nothing that is asked for is theirs.
    fn account(&self) -> &str {
        self.principal.account().map_or("", |account| &account.id)
    }

    /// A question with the keys of the request and of whoever signed it.
    pub(crate) fn context(
        &self,
        requester: Requester,
        action: &str,
        resource: &str,
        resource_account: &str,
    ) -> Context {
        let mut context = Context::new(requester, action, resource, resource_account);
        gather_request(&mut context.keys, self.received, &self.gateway.config);
        if let Some(signature) = self.signature {
            signature.resolved.tell(&mut context.keys);
        }
        context
    }
}

/// Sets the keys whose values stand in a call of IAM.
fn gather_call(keys: &mut Keys, call: &iam::Call) {
    use iam::Call;
    match call {
        Call::AttachPolicy { policy_arn, .. } | Call::DetachPolicy { policy_arn, .. } => {
            keys.set("iam:PolicyARN", [policy_arn]);
        }
        Call::PutPermissionsBoundary { policy_arn, .. } => keys.set(BOUNDARY, [policy_arn]),
        Call::CreateUser {
            permissions_boundary,
            tags,
            ..
        }
        | Call::CreateRole {
            permissions_boundary,
            tags,
            ..
        } => {
            if let Some(policy_arn) = permissions_boundary {
                keys.set(BOUNDARY, [policy_arn]);
            }
            gather_request_tags(keys, tags);
        }
        Call::CreatePolicy { tags, .. } | Call::CreateOidcProvider { tags, .. } | Call::Tag { tags, .. } => {
            gather_request_tags(keys, tags);
        }
        Call::Untag { keys: names, .. } => keys.set("aws:TagKeys", names),
        // No other call brings anything that conditions ask about.
        _ => {}
    }
}

fn gather_request_tags(keys: &mut Keys, tags: &[Tag]) {
    if tags.is_empty() {
        return;
    }
    gather_tags(keys, &["aws:RequestTag"], pairs(tags));
    keys.set("aws:TagKeys", tags.iter().map(|tag| tag.key.as_str()));
}

fn gather_tags<'t>(keys: &mut Keys, prefixes: &[&str], tags: impl Iterator<Item = (&'t str, &'t str)>) {
    for (key, value) in tags {
        for prefix in prefixes {
            keys.set(&format!("{prefix}/{key}"), [value]);
        }
    }
}

fn gather_limits(keys: &mut Keys, limits: &SessionLimits) {
    if let Some(seconds) = limits.duration {
        keys.set("sts:DurationSeconds", [seconds.to_string()]);
    }
}

fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// What has no ARN, and is allowed by statements about everything only.
const EVERYTHING: &str = "*";
const BOUNDARY: &str = "iam:PermissionsBoundary";
const RESOURCE_TAGS: [&str; 2] = ["aws:ResourceTag", "iam:ResourceTag"];
/// What whoever passes tags for a session has to be allowed as well.
const TAG_SESSION: &str = "sts:TagSession";

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::query::{self, Call, Parameters, Service};

    /// The call of `Action&Name=value`.
    fn call(form: &str) -> iam::Call {
        let whole = format!("Version=2010-05-08&Action={form}");
        let parameters = Parameters::read(None, whole.as_bytes()).expect("parameters");
        match query::parse(Service::Iam, parameters).expect("a call") {
            Call::Iam(call) => call,
            Call::Sts(call) => unreachable!("{call:?}"),
        }
    }

    #[test]
    fn what_stands_in_a_call_can_be_a_condition() {
        let check = |form: &str, key: &str, expected: &[&str]| {
            let mut keys = Keys::default();
            gather_call(&mut keys, &call(form));
            assert_eq!(keys.values(key), expected, "{form} {key}");
        };
        check(
            "AttachUserPolicy&UserName=u&PolicyArn=arn:p",
            "iam:PolicyARN",
            &["arn:p"],
        );
        check(
            "DetachRolePolicy&RoleName=u&PolicyArn=arn:p",
            "iam:PolicyARN",
            &["arn:p"],
        );
        check(
            "CreateUser&UserName=u&PermissionsBoundary=arn:b",
            BOUNDARY,
            &["arn:b"],
        );
        check("CreateUser&UserName=u", BOUNDARY, &[]);
        check(
            "PutRolePermissionsBoundary&RoleName=r&PermissionsBoundary=arn:b",
            BOUNDARY,
            &["arn:b"],
        );
        let tags = "Tags.member.1.Key=team&Tags.member.1.Value=blue&Tags.member.2.Key=env";
        check(
            &format!("CreateUser&UserName=u&{tags}"),
            "aws:RequestTag/team",
            &["blue"],
        );
        check(
            &format!("TagRole&RoleName=r&{tags}"),
            "aws:TagKeys",
            &["team", "env"],
        );
        check(
            "UntagRole&RoleName=r&TagKeys.member.1=team",
            "aws:TagKeys",
            &["team"],
        );
        // What is there already is not what is asked for.
        check("GetUser", "aws:TagKeys", &[]);
    }
}
