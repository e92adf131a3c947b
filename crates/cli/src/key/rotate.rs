//! `countersign key rotate`: a new key beside the old one, and the old one gone once nobody uses it.
//!
//! In between both work, so that whoever holds the old key has time. Not here: telling them.

use std::time::Duration;

use countersign_server::Real;
use countersign_types::Moment;
use serde_json::{Value, json};

use super::{USER_AGENT, create, last_used, of_user, revoke, told, used};
use crate::duration;
use crate::endpoint::Options;
use crate::exit::{Failure, Kind};
use crate::iam_client::{Iam, text};
use crate::terminal;

/// Whose key, and which step.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The user.
    user: String,
    /// Take the older key away, once it is unused and the newer one is used.
    #[arg(long)]
    finish: bool,
    /// How long the older key must have been unused.
    #[arg(long, default_value = "24h", value_name = "TIME", value_parser = duration::parse, requires = "finish")]
    unused_for: Duration,
    /// Take it away although it is in use.
    #[arg(long, requires = "finish")]
    force: bool,
    /// The new key stops working by itself after this time: 30d.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with = "finish")]
    expires: Option<Duration>,
    #[command(flatten)]
    server: Options,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does the step.
pub(super) fn run(asked: &Arguments) -> Result<(), Failure> {
    let iam = Iam::new(&asked.server)?;
    let keys = of_user(&iam, &asked.user)?;
    if asked.finish {
        finish(asked, &iam, &keys)
    } else {
        begin(asked, &iam, &keys)
    }
}

fn begin(asked: &Arguments, iam: &Iam, keys: &[Value]) -> Result<(), Failure> {
    let user = &asked.user;
    let old = match keys {
        [old] => old,
        [] => {
            let why = format!("`{user}` has no key to change for a new one; `key create` makes one");
            return Err(Failure::new(Kind::NotFound, why));
        }
        _ => {
            let why =
                format!("`{user}` has two keys already; `key rotate {user} --finish` takes the older away");
            return Err(Failure::new(Kind::Conflict, why));
        }
    };
    let new = create(iam, user, asked.expires)?;
    if asked.json {
        return terminal::print(&format!("{}\n", json!({ "new": new, "old": old })));
    }
    terminal::print(&told(&new))?;
    eprintln!(
        "the old key {} goes on working; {}",
        text(old, "AccessKeyId"),
        last_use(old)
    );
    eprintln!("once nobody uses it any more: countersign key rotate {user} --finish");
    Ok(())
}

fn finish(asked: &Arguments, iam: &Iam, keys: &[Value]) -> Result<(), Failure> {
    let (old, new) = old_and_new(&asked.user, keys)?;
    if !asked.force {
        still_needed(old, new, asked.unused_for, Real::now()).map_err(|why| {
            Failure::new(
                Kind::Conflict,
                format!("{why}; --force takes it away all the same"),
            )
        })?;
    }
    revoke(iam, &asked.user, &text(old, "AccessKeyId"), true)?;
    if asked.json {
        return terminal::print(&format!("{}\n", json!({ "kept": new, "deleted": old })));
    }
    terminal::print(&format!("deleted {}\n", text(old, "AccessKeyId")))
}

/// Which of two keys is the old one. Times are told in seconds, and the wrong one must not go.
fn old_and_new<'a>(user: &str, keys: &'a [Value]) -> Result<(&'a Value, &'a Value), Failure> {
    let [old, new] = keys else {
        let why = format!(
            "`{user}` has {} keys and not two: nothing is being changed",
            keys.len()
        );
        return Err(Failure::new(Kind::NotFound, why));
    };
    if text(old, "CreateDate") < text(new, "CreateDate") {
        return Ok((old, new));
    }
    let why = format!(
        "both keys of `{user}` were made in the same second: `key revoke ACCESS-KEY-ID --delete` takes the one away that you name"
    );
    Err(Failure::new(Kind::Conflict, why))
}

/// Says why the old key cannot go yet, if so.
fn still_needed(old: &Value, new: &Value, unused_for: Duration, now: Moment) -> Result<(), String> {
    let is_refused = text(old, "Status") == "Inactive";
    if is_refused {
        return Ok(());
    }
    let unused_for = i64::try_from(unused_for.as_secs()).unwrap_or(i64::MAX);
    let since = now.seconds().saturating_sub(unused_for);
    let id = text(old, "AccessKeyId");
    match last_used(old) {
        Some(at) if at.seconds() > since => Err(format!("the old key {id} is in use: {}", last_use(old))),
        Some(_) | None if last_used(new).is_none() => Err(format!(
            "the new key {} was never used: whoever has the old key {id} may still need it",
            text(new, "AccessKeyId")
        )),
        Some(_) | None => Ok(()),
    }
}

/// When and by whom a key was used last, for people.
fn last_use(key: &Value) -> String {
    let Some(at) = last_used(key) else {
        return "it was never used".to_owned();
    };
    let mut told = format!("it was used last at {}", at.iso8601_seconds());
    let (service, region) = (used(key, "ServiceName"), used(key, "Region"));
    if !service.is_empty() {
        told.push_str(&format!(" for {service} in {region}"));
    }
    let user_agent: String = used(key, USER_AGENT)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    if !user_agent.is_empty() {
        told.push_str(&format!(" by `{user_agent}`"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn key(id: &str, status: &str, used_before: Option<i64>) -> Value {
        let used = match used_before {
            Some(seconds) => json!({
                "LastUsedDate": Moment::from_seconds(NOW - seconds).iso8601_seconds(),
                "ServiceName": "s3", "Region": "us-east-1", USER_AGENT: "boto3/1.2\u{7}",
            }),
            None => json!({ "ServiceName": "N/A", "Region": "N/A" }),
        };
        json!({ "AccessKeyId": id, "Status": status, "AccessKeyLastUsed": used })
    }

    #[test]
    fn an_old_key_goes_once_it_is_unused_and_the_new_one_is_used() {
        let day = Duration::from_secs(86400);
        for (old, new, expected) in [
            (("Active", Some(86400)), Some(5), None),
            (("Active", None), Some(5), None),
            (("Active", Some(86399)), Some(5), Some("OLD is in use")),
            // The clock of this machine is behind.
            (("Active", Some(-100)), Some(5), Some("OLD is in use")),
            (("Active", Some(90000)), None, Some("NEW was never used")),
            (("Active", None), None, Some("NEW was never used")),
            (("Inactive", Some(1)), None, None),
        ] {
            let outcome = still_needed(
                &key("OLD", old.0, old.1),
                &key("NEW", "Active", new),
                day,
                Moment::from_seconds(NOW),
            );
            let is_so = match (&outcome, expected) {
                (Ok(()), None) => true,
                (Err(why), Some(part)) => why.contains(part),
                _ => false,
            };
            assert!(is_so, "{old:?} {new:?}: {outcome:?}");
        }
    }

    #[test]
    fn the_older_key_is_the_old_one_and_of_two_alike_none_is() {
        let made = |dates: &[&str]| -> Vec<Value> {
            dates.iter().map(|date| json!({ "CreateDate": date })).collect()
        };
        let kind = |dates: &[&str]| {
            let keys = made(dates);
            old_and_new("bob", &keys)
                .map(drop)
                .map_err(|failure| failure.kind)
        };
        let (first, second) = ("2026-11-25T13:00:00Z", "2026-11-25T13:00:01Z");
        assert_eq!(kind(&[first, second]), Ok(()));
        assert_eq!(kind(&[first, first]), Err(Kind::Conflict));
        assert_eq!(kind(&[first]), Err(Kind::NotFound));
        assert_eq!(kind(&[]), Err(Kind::NotFound));
    }

    #[test]
    fn the_last_use_is_told_with_who_it_was() {
        assert_eq!(last_use(&key("K", "Active", None)), "it was never used");
        let told = last_use(&key("K", "Active", Some(0)));
        let at = Moment::from_seconds(NOW).iso8601_seconds();
        assert_eq!(
            told,
            format!("it was used last at {at} for s3 in us-east-1 by `boto3/1.2`")
        );
    }
}
