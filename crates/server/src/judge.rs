//! Puts the questions of one request to the evaluation: the caller's policies, the bucket's, the lists that count, and the keys.
//!
//! Not here: which questions there are ([`crate::facts`]), and what follows from an answer, which is for the gate alone.
//!
//! Keeps true: all questions of a request are answered from the same policies, which were taken when it came.

use countersign_identity::{Applying, Principal, Resolved};
use countersign_policy::{
    AccessLists, Attached, Context, Decision, Policies, Requester, ResourcePolicy, evaluate,
};

use crate::bucket_policies::{BucketPolicy, Ground};
use crate::facts::{self, Need, Sources};
use crate::lists;

/// Who asks, with everything that speaks for and against them.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    /// With the policies as they were when the key was resolved.
    principal: Principal,
    /// With the keys of the request. Each question adds what it is about.
    context: Context,
}

impl Judge {
    /// A judge for the questions that this request raises about these buckets. Keys are gathered only if any policy asks for some.
    pub(crate) fn new(
        principal: &Principal,
        resolved: Option<&Resolved>,
        grounds: &[Ground],
        sources: &Sources<'_>,
    ) -> Judge {
        let mut context = Context::new(principal.requester(), "", "", "");
        let asks = |ground: &Ground| match &ground.policy {
            BucketPolicy::Of(document) => document.asks_for_keys(),
            BucketPolicy::None | BucketPolicy::Unreadable => false,
        };
        if ask_for_keys(&principal.policies()) || grounds.iter().any(asks) {
            facts::gather(&mut context.keys, sources);
            if let Some(resolved) = resolved {
                resolved.tell(&mut context.keys);
            }
        }
        Judge {
            principal: principal.clone(),
            context,
        }
    }

    /// Who asks.
    pub(crate) fn requester(&self) -> &Requester {
        self.context.requester()
    }

    /// Whether the caller is of the account that owns the bucket.
    pub(crate) fn is_of(&self, ground: &Ground) -> bool {
        let account = self.requester().account();
        account.is_some_and(|account| account.id == ground.bucket.owner)
    }

    /// Decides whether this may be done. What is in no bucket yet is in the caller's account.
    pub(crate) fn decide(&self, need: &Need<'_>, ground: Option<&Ground>) -> Decision {
        let applying = self.principal.policies();
        let (bucket, object, owner) = ground
            .map(|ground| lists::counting(need, ground))
            .unwrap_or_default();
        let policies = Policies {
            resource: ground.map_or(ResourcePolicy::None, attached),
            access_block: ground.map(Ground::access_block).unwrap_or_default(),
            lists: AccessLists {
                bucket: &bucket,
                object: &object,
                owner,
            },
            ..applying.policies()
        };
        evaluate(&self.question(need, ground), &policies)
    }

    /// A judge who knows one more thing that the client says.
    pub(crate) fn told(&self, key: &str, value: &str) -> Judge {
        let mut told = self.clone();
        told.context.keys.claim(key, [value]);
        told
    }

    fn question(&self, need: &Need<'_>, ground: Option<&Ground>) -> Context {
        let own = self.requester().account().map(|account| account.id.as_str());
        let account = ground.map_or(own, |ground| Some(ground.bucket.owner.as_str()));
        let account = account.unwrap_or_default();
        let mut context = self.context.clone();
        context.ask(need.action, &need.target.arn(), account);
        for key in ["aws:ResourceAccount", "s3:ResourceAccount"] {
            context.keys.set(key, [account]);
        }
        if let Some(version_id) = need.version_id {
            context.keys.claim("s3:VersionId", [version_id]);
        }
        context
    }
}

/// The policy of a bucket as the evaluation takes it. That one cannot be read was noticed before.
fn attached(ground: &Ground) -> ResourcePolicy<'_> {
    match &ground.policy {
        BucketPolicy::Of(document) => ResourcePolicy::Bucket(Attached {
            name: ground.bucket.name.as_str(),
            document,
        }),
        BucketPolicy::None | BucketPolicy::Unreadable => ResourcePolicy::None,
    }
}

fn ask_for_keys(applying: &Applying<'_>) -> bool {
    let session = applying.session.iter().flatten();
    let mut all = applying.identity.iter().chain(&applying.boundary).chain(session);
    all.any(|attached| attached.document.asks_for_keys())
}
