//! What somebody asks the record for: which refusals, how many, from where on; and what is answered, listed or in groups.
//!
//! Not here: who asks. The entries that come in are those that the caller may see.
//!
//! It keeps true: a parameter that is not understood is refused by name; a page has a bounded number of entries and bytes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use countersign_diagnose as diagnose;
use countersign_sigv4::{decode_query, query_pairs};
use countersign_types::Moment;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::record::client::is_client;
use crate::record::entry::{Entry, NO_CAUSE};
use crate::request_id::RequestId;

/// Which refusals somebody asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    cause: Option<String>,
    access_key_id: Option<String>,
    client: Option<String>,
    since: Option<Moment>,
    before: Option<RequestId>,
    limit: Option<usize>,
}

/// Some refusals, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Page<'a> {
    refusals: Vec<Cow<'a, RawValue>>,
    /// For `before`, where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// The groups of some refusals, the largest first.
#[derive(Debug, Serialize)]
pub(crate) struct Groups<'a> {
    groups: Vec<Group<'a>>,
    /// How many groups there are besides.
    omitted: usize,
}

/// Refusals with the same cause, of the same access key, by the same client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    cause: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    client: &'a str,
    count: usize,
    first: String,
    last: String,
    /// The latest of them.
    request_id: &'a str,
}

impl Query {
    /// Reads the query of a request; parameters of a presigned link are the signature's.
    pub(crate) fn parse(query: Option<&str>, now: Moment) -> Result<Query, String> {
        let mut read = Query::default();
        for (name, value) in parameters(query) {
            let given_before = match name.as_str() {
                "cause" => read.cause.replace(cause(&value)?).is_some(),
                "access-key-id" => read.access_key_id.replace(value).is_some(),
                "client" => read.client.replace(value).is_some(),
                "since" => read.since.replace(since(&value, now)?).is_some(),
                "before" => read.before.replace(request_id(&value)?).is_some(),
                "limit" => read.limit.replace(limit(&value)?).is_some(),
                _ => return Err(format!("there is no parameter `{name}` here")),
            };
            if given_before {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(read)
    }

    /// Refuses every parameter, where there is nothing to choose.
    pub(crate) fn expect_none(query: Option<&str>) -> Result<(), String> {
        match parameters(query).next() {
            Some((name, _)) => Err(format!("there is no parameter `{name}` here")),
            None => Ok(()),
        }
    }

    /// The page of these entries (newest first) that is asked for, each as `seen` shows it; `None` if the entry to go on from is not among
    /// them.
    pub(crate) fn page<'a>(
        &self,
        entries: &'a [Arc<Entry>],
        seen: impl Fn(&'a Entry) -> Cow<'a, RawValue>,
    ) -> Option<Page<'a>> {
        let entries = self.after(entries)?;
        let mut wanted = entries.iter().filter(|entry| self.wants(entry)).peekable();
        let mut page = Page {
            refusals: Vec::new(),
            next: None,
        };
        let (mut bytes, limit) = (0, self.limit.unwrap_or(PAGE_ENTRIES_USUAL));
        while let Some(entry) = wanted.next() {
            let document = seen(entry);
            bytes += document.get().len();
            page.refusals.push(document);
            if page.refusals.len() == limit || bytes >= PAGE_BYTES_MAX {
                page.next = wanted.peek().map(|_| entry.request_id.as_str());
                break;
            }
        }
        Some(page)
    }

    /// The groups of these entries (newest first); `None` if the entry to go on from is not among them.
    pub(crate) fn groups<'a>(&self, entries: &'a [Arc<Entry>]) -> Option<Groups<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut known: HashMap<(&str, Option<&str>, &str), usize> = HashMap::new();
        for entry in self.after(entries)?.iter().filter(|entry| self.wants(entry)) {
            let access_key_id = entry.access_key_id.as_deref();
            let key = (entry.cause(), access_key_id, entry.client.as_str());
            let at = *known.entry(key).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(group) => {
                    group.count += 1;
                    group.first = entry.at.iso8601();
                }
                None => groups.push(Group {
                    cause: entry.cause(),
                    title: diagnose::title(entry.cause()),
                    access_key_id,
                    client: &entry.client,
                    count: 1,
                    first: entry.at.iso8601(),
                    last: entry.at.iso8601(),
                    request_id: entry.request_id.as_str(),
                }),
            }
        }
        // Of groups of one size the one that was met last stays first.
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        let limit = self.limit.unwrap_or(PAGE_ENTRIES_USUAL);
        let omitted = groups.len().saturating_sub(limit);
        groups.truncate(limit);
        Some(Groups { groups, omitted })
    }

    /// What comes after the entry to go on from.
    fn after<'a>(&self, entries: &'a [Arc<Entry>]) -> Option<&'a [Arc<Entry>]> {
        let Some(before) = &self.before else {
            return Some(entries);
        };
        let at = entries.iter().position(|entry| entry.request_id == *before)?;
        entries.get(at + 1..)
    }

    fn wants(&self, entry: &Entry) -> bool {
        let cause_fits = self
            .cause
            .as_ref()
            .is_none_or(|asked| entry.causes.contains(asked) || entry.cause() == asked);
        let access_key_id = &self.access_key_id;
        cause_fits
            && (access_key_id.is_none() || entry.access_key_id == *access_key_id)
            && self
                .client
                .as_ref()
                .is_none_or(|asked| is_client(&entry.client, asked))
            && self.since.is_none_or(|since| entry.at >= since)
    }
}

/// The decoded parameters that are not part of a signature.
fn parameters(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let text = |raw: &[u8]| String::from_utf8_lossy(&decode_query(raw)).into_owned();
    query_pairs(query.unwrap_or_default().as_bytes())
        .map(move |(name, value)| (text(name), text(value.unwrap_or_default())))
        .filter(|(name, _)| !name.starts_with("X-Amz-"))
}

fn cause(text: &str) -> Result<String, String> {
    let mut known = diagnose::ids().chain([NO_CAUSE]);
    let found = known.find(|id| id.eq_ignore_ascii_case(text));
    found
        .map(str::to_owned)
        .ok_or_else(|| format!("`cause`: `{text}` is not the id of a cause"))
}

fn request_id(text: &str) -> Result<RequestId, String> {
    RequestId::parse(text).ok_or_else(|| format!("`before`: `{text}` is not a request id"))
}

fn limit(text: &str) -> Result<usize, String> {
    let number = usize::from_str(text)
        .ok()
        .filter(|n| (1..=PAGE_ENTRIES_MAX).contains(n));
    number.ok_or_else(|| format!("`limit`: `{text}` is not a number from 1 to {PAGE_ENTRIES_MAX}"))
}

/// A time, or how long ago it was: `90s`, `15m`, `1h`, `7d`.
fn since(text: &str, now: Moment) -> Result<Moment, String> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        let millis = i64::from(u32::from_str(number).ok()?).checked_mul(seconds * 1000)?;
        Some(Moment::from_millis(now.millis().saturating_sub(millis)))
    };
    ago().or_else(|| Moment::parse_iso8601(text)).ok_or_else(|| {
        format!("`since`: `{text}` is neither a time (2026-11-25T13:00:00Z) nor how long ago (30m, 1h, 7d)")
    })
}

/// Entries of a page, or groups, if nobody says how many.
const PAGE_ENTRIES_USUAL: usize = 100;
/// Most entries of a page, or groups.
const PAGE_ENTRIES_MAX: usize = 1000;
/// With so many bytes a page ends before its limit.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::tests::entry;

    fn parse(query: &str) -> Result<Query, String> {
        Query::parse(Some(query), Moment::from_seconds(10))
    }

    /// As the root sees an entry.
    fn whole(entry: &Entry) -> Cow<'_, RawValue> {
        Cow::Borrowed(&entry.document)
    }

    /// Newest first.
    fn entries() -> Vec<Arc<Entry>> {
        [
            entry(5000, Some("A"), "HST-PROXY", "curl@::1"),
            entry(4000, Some("B"), "HST-PROXY", "curl@::1"),
            entry(3000, Some("A"), "HST-PROXY", "boto3@192.0.2.7"),
            entry(2000, Some("A"), "HST-PROXY", "curl@::1"),
            entry(1000, None, NO_CAUSE, "unknown@::1"),
        ]
        .map(Arc::new)
        .into()
    }

    /// The numbers of the entries that are answered, from 0.
    fn found(query: &str) -> Vec<usize> {
        let entries = entries();
        let page = parse(query)
            .expect("a query")
            .page(&entries, whole)
            .expect("a page");
        let number =
            |document: &Cow<'_, RawValue>| entries.iter().position(|e| e.document.get() == document.get());
        page.refusals.iter().filter_map(number).collect()
    }

    #[test]
    fn each_filter_lets_through_what_it_names() {
        assert_eq!(found(""), [0, 1, 2, 3, 4]);
        assert_eq!(found("cause=hst-proxy"), [0, 1, 2, 3]);
        assert_eq!(found("cause=none"), [4]);
        assert_eq!(found("access-key-id=A"), [0, 2, 3]);
        assert_eq!(found("client=curl"), [0, 1, 3]);
        assert_eq!(found("client=192.0.2.7"), [2]);
        assert_eq!(
            found("client=boto3%40192.0.2.7&access-key-id=A&cause=HST-PROXY"),
            [2]
        );
        assert_eq!(found("since=1970-01-01T00:00:03Z"), [0, 1, 2]);
        assert_eq!(found("limit=2"), [0, 1]);
        assert_eq!(found("X-Amz-Signature=abc"), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let entries = entries();
        let (mut before, mut seen) = (String::new(), 0);
        for pages in 1.. {
            let query = parse(&format!("limit=2{before}")).expect("a query");
            let page = query.page(&entries, whole).expect("a page");
            seen += page.refusals.len();
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => {
                    assert_eq!((pages, seen), (3, 5));
                    break;
                }
            }
        }
        let unknown = parse("before=0123456789ABCDEF").expect("a query");
        assert!(unknown.page(&entries, whole).is_none() && unknown.groups(&entries).is_none());
    }

    #[test]
    fn a_page_ends_when_it_is_long_enough() {
        let long = |_| {
            let mut entry = entry(0, None, NO_CAUSE, "unknown@::1");
            let text = format!("\"{}\"", "x".repeat(PAGE_BYTES_MAX / 3));
            entry.document = RawValue::from_string(text).expect("JSON");
            Arc::new(entry)
        };
        let entries: Vec<Arc<Entry>> = (0..5).map(long).collect();
        let page = parse("limit=5").expect("a query");
        let page = page.page(&entries, whole).expect("a page");
        assert_eq!(page.refusals.len(), 3);
        assert_eq!(page.next, entries.get(2).map(|entry| entry.request_id.as_str()));
    }

    #[test]
    fn groups_are_counted_by_cause_access_key_and_client() {
        let entries = entries();
        let groups = parse("").expect("a query").groups(&entries).expect("groups");
        let told: Vec<_> = groups
            .groups
            .iter()
            .map(|g| (g.cause, g.access_key_id, g.client, g.count))
            .collect();
        assert_eq!(
            told,
            [
                ("HST-PROXY", Some("A"), "curl@::1", 2),
                ("HST-PROXY", Some("B"), "curl@::1", 1),
                ("HST-PROXY", Some("A"), "boto3@192.0.2.7", 1),
                (NO_CAUSE, None, "unknown@::1", 1),
            ]
        );
        let first = groups.groups.first().expect("a group");
        assert_eq!(first.first, "1970-01-01T00:00:02.000Z");
        assert_eq!(first.last, "1970-01-01T00:00:05.000Z");
        assert_eq!(
            Some(first.request_id),
            entries.first().map(|entry| entry.request_id.as_str())
        );
        assert!(first.title.is_some());
        let some = parse("limit=1&client=curl").expect("a query");
        let some = some.groups(&entries).expect("groups");
        assert_eq!((some.groups.len(), some.omitted), (1, 1));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (query, named) in [
            ("causes=HST-PROXY", "`causes`"),
            ("cause=HST-NONSENSE", "`HST-NONSENSE`"),
            ("limit=0", "`limit`"),
            ("limit=1001", "from 1 to 1000"),
            ("limit=5&limit=6", "`limit` is given twice"),
            ("since=yesterday", "`yesterday`"),
            ("since=-1h", "`-1h`"),
            ("since=", "`since`"),
            ("before=nonsense", "`nonsense`"),
            ("x", "`x`"),
        ] {
            let why = parse(query).expect_err(query);
            assert!(why.contains(named), "{query}: {why}");
        }
        assert!(Query::expect_none(Some("limit=1")).is_err());
        assert_eq!(Query::expect_none(Some("X-Amz-Date=1")), Ok(()));
        assert_eq!(Query::expect_none(None), Ok(()));
    }

    #[test]
    fn a_time_can_be_told_as_how_long_ago() {
        let now = Moment::from_seconds(1_000_000);
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("1h", 3600),
            ("7d", 604_800),
            ("0s", 0),
        ] {
            let expected = Moment::from_seconds(1_000_000 - seconds);
            assert_eq!(since(text, now), Ok(expected), "{text}");
        }
        assert_eq!(since("4294967295d", now), Ok(Moment::from_seconds(0)));
    }
}
