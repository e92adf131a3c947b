//! What is wrong with the parameters of an S3 request before it is made: bucket, key, metadata, region, endpoint, credentials, clock,
//! and links with what is sent along.
//!
//! Parameters go in, findings come out: what a server would refuse, and what is allowed and goes wrong on the way. Not here: requests that
//! were refused (`countersign_evidence`), and what only a server can tell.
//!
//! Keeps true: whatever the parameters, checking them ends and panics never; of a secret nothing stands in a finding but what is
//! odd about it.

mod bucket;
mod credentials;
mod finding;
mod key;
mod link;
mod metadata;
mod params;
mod place;
mod time;

pub use credentials::{Oddity, oddity};
pub use finding::{Finding, RULES, Rule, Severity};
pub use params::{Credentials, Params};

/// Looks at parameters; the findings in the order of the fields, worst or not.
pub fn validate(params: &Params) -> Vec<Finding> {
    let mut findings = Vec::new();
    bucket::check(params, &mut findings);
    key::check(params, &mut findings);
    metadata::check(params, &mut findings);
    place::check(params, &mut findings);
    credentials::check(params, &mut findings);
    time::check(params, &mut findings);
    link::check(params, &mut findings);
    findings
}
