//! Keys with every character that somebody on the way likes to change, each written, read, and listed under its own name.
//!
//! All of them stay below the prefix of the examination, also if something cleans their dots away.

use std::collections::BTreeSet;

use countersign_protocol::Element;
use countersign_sigv4::{decode_percent, encode_uri};

use crate::finding::{Finding, Verdict};
use crate::session::Session;
use crate::suspects;
use crate::wire::BODY_BYTES_MAX;

use super::{Odd, Probe};

/// Name of the probe and what follows the prefix.
const KEYS: &[(&str, &str)] = &[
    ("a blank", "a b"),
    ("a plus", "a+b"),
    ("%2F as text", "a%2Fb"),
    ("a tilde", "a~b"),
    ("parentheses", "a(1)"),
    ("an apostrophe", "it's"),
    ("an asterisk", "a*b"),
    ("an exclamation mark", "a!b"),
    ("=", "a=b"),
    ("&", "a&b"),
    (";", "a;b"),
    (":", "a:b"),
    ("@", "a@b"),
    ("$", "a$b"),
    (",", "a,b"),
    ("#", "a#b"),
    ("?", "a?b"),
    ("brackets", "a[b]{c}"),
    ("a quotation mark", "a\"b"),
    ("a backslash", "a\\b"),
    ("a percent sign", "100%"),
    ("capital letters", "ABC-Def"),
    ("an umlaut", "gr\u{fc}n"),
    ("an accent, composed", "\u{e9}"),
    ("an accent, decomposed", "e\u{301}"),
    ("an emoji", "\u{1f600}"),
    ("//", "a//b"),
    ("a slash at the beginning", "/a"),
    ("./", "a/./b"),
    ("../", "a/../c"),
    ("a slash at the end", "folder/"),
];

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let mut probes: Vec<Probe> = KEYS
        .iter()
        .map(|(about, name)| probe(session, about, name))
        .collect();
    let long = long(KEY_BYTES_MAX.saturating_sub(session.prefix.len()));
    probes.push(probe(session, "1,024 bytes", &long));
    probes.extend(as_others_write(session));
    probes
}

/// A name of so many bytes, in segments that a file system takes: some servers end when it does not.
fn long(bytes: usize) -> String {
    let segment = format!("{}/", "k".repeat(SEGMENT_BYTES));
    let mut name = segment.repeat(bytes / segment.len() + 1);
    name.truncate(bytes.saturating_sub(1));
    name.push('k');
    name
}

fn probe(session: &Session<'_>, about: &str, name: &str) -> Probe {
    let body = format!("the object of {about}");
    let put = session.put(name, body.clone());
    let get = session.object("GET", name);
    let suspects = suspects::of_path(&put.path);
    Probe::new(format!("PUT a key with {about}"), put)
        .suspecting(suspects.clone())
        .then(
            Probe::new(format!("GET a key with {about}"), get)
                .suspecting(suspects)
                .expecting(move |reply| {
                    (reply.body != body).then(|| {
                        Odd::failed("Another object came than the one with this key: two keys became one.")
                    })
                }),
        )
}

/// The same keys as other clients put them on the wire: what need not be encoded bare, or with small letters.
fn as_others_write(session: &Session<'_>) -> Vec<Probe> {
    let bare = |name: &str| {
        let mut draft = session.object("GET", name);
        let encoded = encode_uri(name.as_bytes(), true);
        let kept = draft.path.strip_suffix(&encoded).unwrap_or_default().to_owned();
        draft.path = format!("{kept}{name}");
        draft
    };
    let small = |name: &str| {
        let mut draft = session.object("GET", name);
        let encoded = encode_uri(name.as_bytes(), true);
        let kept = draft.path.strip_suffix(&encoded).unwrap_or_default().to_owned();
        draft.path = format!("{kept}{}", encoded.to_ascii_lowercase());
        draft
    };
    let put = |name: &str| session.put(name, "another way to write it");
    let name = "bare=@:$,;+!'()*~";
    let bare = bare(name);
    let small = small("caf\u{e9}");
    let (of_bare, of_small) = (suspects::of_path(&bare.path), suspects::of_path(&small.path));
    vec![
        Probe::new("PUT a key with all of them", put(name)).then(
            Probe::new("GET it with none of them encoded", bare)
                .suspecting(of_bare)
                .or_else("URI-RAW"),
        ),
        Probe::new("PUT a key with an accent and small letters", put("caf\u{e9}")).then(
            Probe::new("GET it with %xx in small letters", small)
                .suspecting(of_small)
                .or_else("URI-LOWERHEX"),
        ),
    ]
}

/// Whether the listing has the keys under the names that they were given.
pub(super) async fn listed(session: &Session<'_>) -> Finding {
    const ID: &str = "probe.listed";
    let names = match list(session).await {
        Ok(names) => names,
        Err(why) => return Finding::new(ID, Verdict::Unknown, why),
    };
    let made: BTreeSet<String> = session.all_made().into_iter().collect();
    let odd: Vec<String> = names
        .difference(&made)
        .map(|name| without(session, name))
        .collect();
    if odd.is_empty() {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!("{} objects are listed, each under its own name.", names.len()),
        );
    }
    let mut finding = Finding::new(
        ID,
        Verdict::Failed,
        "Objects are listed under names that nobody gave them: keys are changed on their way, and the signature was accepted all the same.",
    );
    finding.received = Some(odd.join(", "));
    finding
}

fn without(session: &Session<'_>, name: &str) -> String {
    name.strip_prefix(&session.prefix).unwrap_or(name).to_owned()
}

/// The keys below the prefix.
pub(crate) async fn list(session: &Session<'_>) -> Result<BTreeSet<String>, String> {
    let prefix = encode_uri(session.prefix.as_bytes(), false);
    let draft = session.in_bucket("GET").query(format!(
        "encoding-type=url&list-type=2&max-keys=1000&prefix={prefix}"
    ));
    let exchange = session.attempt(&draft).await;
    let reply = exchange
        .reply
        .map_err(|fault| format!("The objects cannot be listed: {fault}."))?;
    if !reply.is_success() {
        return Err(format!(
            "The objects cannot be listed: the answer was {}.",
            reply.status
        ));
    }
    read(&reply.body).ok_or_else(|| "The list of objects cannot be read.".to_owned())
}

fn read(body: &[u8]) -> Option<BTreeSet<String>> {
    let document = Element::parse(body, BODY_BYTES_MAX).ok()?;
    let is_encoded = document
        .child("EncodingType")
        .is_some_and(|kind| kind.text() == "url");
    let keys = document
        .children()
        .iter()
        .filter(|child| child.name == "Contents");
    let keys = keys.filter_map(|content| content.child("Key"));
    let decoded = |text: &str| {
        // `+` stands for a blank here, as in a form.
        let bytes = decode_percent(text.replace('+', "%20").as_bytes());
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Some(
        keys.map(|key| match is_encoded {
            true => decoded(key.text()),
            false => key.text().to_owned(),
        })
        .collect(),
    )
}

/// The longest key of S3.
const KEY_BYTES_MAX: usize = 1024;
/// Well below the 255 of a file name.
const SEGMENT_BYTES: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_a_list_whether_it_is_encoded_or_not() {
        let list = |encoding: &str, key: &str| {
            let text = format!(
                "<ListBucketResult>{encoding}<Contents><Key>{key}</Key></Contents></ListBucketResult>"
            );
            read(text.as_bytes())
                .expect("a list")
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(list("<EncodingType>url</EncodingType>", "p/a+b%2Bc"), ["p/a b+c"]);
        assert_eq!(list("", "p/a+b%2Bc"), ["p/a+b%2Bc"]);
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn the_longest_key_is_as_long_as_a_key_may_be_and_ends_in_no_slash() {
        for bytes in [1, 151, 152, 992, KEY_BYTES_MAX] {
            let name = long(bytes);
            assert_eq!(name.len(), bytes);
            assert!(!name.ends_with('/'), "{bytes}");
        }
    }

    #[test]
    fn no_key_leaves_its_prefix_when_its_dots_are_cleaned_away() {
        for (about, name) in KEYS {
            let mut depth = 0;
            for segment in name.split('/') {
                depth += match segment {
                    ".." => -1,
                    "." | "" => 0,
                    _ => 1,
                };
                assert!(depth >= 0, "{about}");
            }
        }
    }
}
