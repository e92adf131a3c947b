//! Whether one statement applies to a request: who, what, on what, and when.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>.
//!
//! Keeps true: a variable without a value never makes a statement allow, and never keeps one from denying. So `NotResource` with such
//! a variable applies where it denies, and does not where it allows.

use crate::condition::Condition;
use crate::context::Context;
use crate::document::{Effect, Listed, Statement};
use crate::principal::Reach;
use crate::resource::Resource;

impl Statement {
    /// How it reaches the requester, if it applies. A statement without `Principal` is about whom it is attached to.
    pub(crate) fn reach(&self, context: &Context) -> Option<Reach> {
        let reach = match &self.principals {
            None => Reach::Direct,
            Some(principals) => principals.reach(context.requester())?,
        };
        let applies = self.has_action(context) && self.has_resource(context) && self.holds(context);
        applies.then_some(reach)
    }

    /// The conditions that keep it from applying, if nothing else does.
    pub(crate) fn unmet<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = &'a Condition> {
        let reaches = self
            .principals
            .as_ref()
            .is_none_or(|principals| principals.reach(context.requester()).is_some());
        let applies = reaches && self.has_action(context) && self.has_resource(context);
        let unmet = |condition: &&Condition| !condition.holds(&context.keys, self.effect);
        let conditions = self.conditions.iter().filter(move |_| applies);
        conditions.filter(unmet)
    }

    fn has_action(&self, context: &Context) -> bool {
        let action = &context.action_in_lower_case;
        let is_listed = self
            .actions
            .entries
            .iter()
            .any(|entry| entry.matches(action, &context.keys));
        is_listed != self.actions.is_negated
    }

    fn has_resource(&self, context: &Context) -> bool {
        let Some(Listed { is_negated, entries }) = &self.resources else {
            return true;
        };
        let is_listed = |entry: &Resource| entry.matches(context.resource(), &context.keys);
        if !is_negated {
            return entries.iter().any(is_listed);
        }
        let is_sound =
            self.effect == Effect::Deny || entries.iter().all(|entry| entry.is_whole(&context.keys));
        is_sound && !entries.iter().any(is_listed)
    }

    fn holds(&self, context: &Context) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(&context.keys, self.effect))
    }
}
