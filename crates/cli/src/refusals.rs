//! `countersign refusals`: what the server refused lately, as a list or in groups; a table for people, JSON lines for
//! programs.
//!
//! Not here: why something was refused (`explain` tells that of each), and choosing (the server does).

use std::time::Duration;

use countersign_sigv4::encode_uri;
use serde_json::Value;

use crate::admin_options::{Asked, Options};
use crate::exit::{Failure, Kind};
use crate::terminal::{Column, listed, or_dash, print, rows};

/// Which refusals to show, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Options,
    /// Only this cause, for example HST-PROXY; `none` for those without.
    #[arg(long, value_name = "ID")]
    cause: Option<String>,
    /// Only requests that named this access key.
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// Only this client: a family (boto3), an address, or both (boto3@192.0.2.7).
    #[arg(long)]
    client: Option<String>,
    /// Only what is not older: 30m, 1h, 7d, or a time such as 2026-11-25T13:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Show at most so many, the latest; of groups the largest.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LIMIT_MAX))]
    limit: u32,
    /// Count by cause, access key and client.
    #[arg(long)]
    groups: bool,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Go on with what is refused from now on, the oldest first.
    #[arg(long, conflicts_with = "groups")]
    follow: bool,
}

/// Prints refusals or groups.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let filter = filter(&arguments);
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let (json, is_followed) = (arguments.json, arguments.follow);
    let wants_groups = arguments.groups;
    let server = arguments.server.with_caller()?;
    if wants_groups {
        let groups = groups(&server, &filter, limit)?;
        return print(&lines(&groups, json, GROUPS));
    }
    let mut refusals = latest(&server, &filter, limit)?;
    if !is_followed {
        return print(&lines(&refusals, json, REFUSALS));
    }
    let mut newest = refusals.first().map(|refusal| text(refusal, "requestId"));
    refusals.reverse();
    print(&lines(&refusals, json, REFUSALS))?;
    loop {
        std::thread::sleep(FOLLOW_PAUSE);
        let mut more = latest(&server, &filter, PAGE_MAX)?;
        if !keep_new(&mut more, newest.as_deref()) {
            eprintln!("more was refused at once than can be followed; some of it is not shown");
        }
        newest = more.first().map(|refusal| text(refusal, "requestId")).or(newest);
        more.reverse();
        print(&rows(&more, json, REFUSALS))?;
    }
}

/// Keeps what is newer than the refusal that is known. False if that is not on a full page: there were more than it holds.
fn keep_new(more: &mut Vec<Value>, known: Option<&str>) -> bool {
    let Some(known) = known else {
        return more.len() < PAGE_MAX;
    };
    let at = more
        .iter()
        .position(|refusal| text(refusal, "requestId") == known);
    let is_all = at.is_some() || more.len() < PAGE_MAX;
    more.truncate(at.unwrap_or(more.len()));
    is_all
}

/// The parameters that choose, each followed by `&`.
fn filter(arguments: &Arguments) -> String {
    let parameters = [
        ("cause", &arguments.cause),
        ("access-key-id", &arguments.access_key_id),
        ("client", &arguments.client),
        ("since", &arguments.since),
    ];
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    given
        .map(|(name, value)| format!("{name}={}&", encode_uri(value.as_bytes(), false)))
        .collect()
}

fn groups(server: &Asked, filter: &str, limit: usize) -> Result<Vec<Value>, Failure> {
    let document = server.document(&format!("/api/v1/refusals/groups?{filter}limit={limit}"))?;
    let omitted = document
        .get("omitted")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    if omitted > 0 {
        eprintln!("{omitted} smaller groups are left out: raise --limit");
    }
    list(document, "groups")
}

/// Newest first, page by page.
fn latest(server: &Asked, filter: &str, limit: usize) -> Result<Vec<Value>, Failure> {
    let mut refusals: Vec<Value> = Vec::new();
    let mut before = String::new();
    while refusals.len() < limit {
        let wanted = (limit - refusals.len()).min(PAGE_MAX);
        let document = server.document(&format!("/api/v1/refusals?{filter}{before}limit={wanted}"))?;
        let next = text(&document, "next");
        refusals.extend(list(document, "refusals")?);
        if next.is_empty() {
            break;
        }
        before = format!("before={}&", encode_uri(next.as_bytes(), false));
    }
    Ok(refusals)
}

fn list(mut document: Value, name: &str) -> Result<Vec<Value>, Failure> {
    match document.get_mut(name).map(Value::take) {
        Some(Value::Array(values)) => Ok(values),
        _ => Err(Failure::new(
            Kind::Failed,
            format!("the server's document has no `{name}`"),
        )),
    }
}

const REFUSALS: &[Column] = &[
    ("TIME", |refusal| seconds(refusal, "time")),
    ("REQUEST ID", |refusal| text(refusal, "requestId")),
    ("CAUSE", |refusal| {
        let first = refusal.pointer("/causes/0").and_then(Value::as_str);
        first.unwrap_or("none").to_owned()
    }),
    ("ACCESS KEY", |refusal| or_dash(text(refusal, "accessKeyId"))),
    ("CLIENT", |refusal| text(refusal, "client")),
    ("CODE", |refusal| text(refusal, "code")),
    ("REQUEST", |refusal| {
        format!("{} {}", text(refusal, "method"), text(refusal, "path"))
    }),
];

const GROUPS: &[Column] = &[
    ("COUNT", |group| {
        group.get("count").map(Value::to_string).unwrap_or_default()
    }),
    ("LAST", |group| seconds(group, "last")),
    ("CAUSE", |group| text(group, "cause")),
    ("ACCESS KEY", |group| or_dash(text(group, "accessKeyId"))),
    ("CLIENT", |group| text(group, "client")),
    ("LATEST REQUEST", |group| text(group, "requestId")),
    ("WHAT", |group| text(group, "title")),
];

/// A table with its head, or a line of JSON each.
fn lines(values: &[Value], json: bool, columns: &[Column]) -> String {
    listed(values, json, columns, "nothing like that is on record")
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// A time without its milliseconds.
fn seconds(value: &Value, name: &str) -> String {
    let time = text(value, name);
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time,
    }
}

/// Most that one answer of the server holds.
const PAGE_MAX: usize = 1000;
/// Most that can be asked for: all that a server keeps.
const LIMIT_MAX: i64 = 10_000;
/// How often `--follow` asks.
const FOLLOW_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_lines_up_and_gives_a_terminal_nothing_to_obey() {
        let refusal = json!({
            "time": "2026-11-25T13:00:00.007Z", "requestId": "0123456789ABCDEF", "causes": ["HST-PROXY", "X"],
            "client": "curl@::1", "code": "SignatureDoesNotMatch", "method": "GET", "path": "/b/\u{1b}[31mk",
        });
        let table = lines(std::slice::from_ref(&refusal), false, REFUSALS);
        let expected = "TIME                  REQUEST ID        CAUSE      ACCESS KEY  CLIENT    CODE                   REQUEST\n\
                        2026-11-25T13:00:00Z  0123456789ABCDEF  HST-PROXY  -           curl@::1  SignatureDoesNotMatch  GET /b/[31mk\n";
        assert_eq!(table, expected);
        assert_eq!(lines(&[], false, REFUSALS), "nothing like that is on record\n");
        assert_eq!(lines(&[], true, REFUSALS), "");
        assert_eq!(
            lines(&[refusal.clone(), refusal], true, REFUSALS).lines().count(),
            2
        );
    }

    #[test]
    fn what_is_followed_begins_behind_what_is_known_and_says_if_some_is_missing() {
        let check = |count: usize, known: Option<&str>, expected: (usize, bool)| {
            let mut more: Vec<Value> = (0..count)
                .map(|n| json!({ "requestId": n.to_string() }))
                .collect();
            let is_all = keep_new(&mut more, known);
            assert_eq!((more.len(), is_all), expected, "{count} {known:?}");
        };
        check(5, Some("2"), (2, true));
        check(5, Some("0"), (0, true));
        // It is too old by now, or was pushed out.
        check(5, Some("gone"), (5, true));
        check(5, None, (5, true));
        check(PAGE_MAX, Some("999"), (999, true));
        check(PAGE_MAX, Some("gone"), (PAGE_MAX, false));
        check(PAGE_MAX, None, (PAGE_MAX, false));
    }

    #[test]
    fn a_group_without_a_title_or_key_has_its_cells_all_the_same() {
        let group = json!({ "count": 12, "last": "2026-11-25T13:00:00.007Z", "cause": "none", "client": "c@::1", "requestId": "R" });
        let table = lines(&[group], false, GROUPS);
        assert_eq!(
            table.lines().next_back(),
            Some("12     2026-11-25T13:00:00Z  none   -           c@::1   R")
        );
    }
}
