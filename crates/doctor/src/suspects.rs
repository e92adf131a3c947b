//! What may have been done to a request on its way, or by a server that makes other canonical text than AWS: for the experiments
//! against servers that do not say what they compared with.
//!
//! Each suspect is a change of what is signed. Not here: trying them (`refused`).

use countersign_sigv4::{decode_percent, encode_uri, lower_escapes};
use unicode_normalization::UnicodeNormalization;

use crate::draft::{Change, Draft};
use crate::place::Place;

/// One suspicion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// The cause in the catalogue.
    pub(crate) cause: &'static str,
    /// What would then have to be signed.
    pub(crate) change: Change,
    /// What happened, if it is this.
    pub(crate) what: String,
    /// What was signed first.
    pub(crate) signed: String,
    /// What arrived.
    pub(crate) received: String,
    /// What to change, beside the settings of proxies.
    pub(crate) cure: Option<&'static str>,
}

/// What may happen to every request: another host, another path.
pub(crate) fn of_everything(place: &Place, draft: &Draft, more_hosts: &[String]) -> Vec<Suspect> {
    let mut suspects = Vec::new();
    let mut host = |cause: &'static str, host: String| {
        if host == draft.host || suspects.iter().any(|suspect: &Suspect| suspect.received == host) {
            return;
        }
        suspects.push(Suspect {
            cause,
            change: Change::Header("host".to_owned(), host.clone()),
            what: format!("The server receives Host {host} instead of {}.", draft.host),
            signed: draft.host.clone(),
            received: host,
            cure: Some(match cause {
                "HST-PORT-MISSING" => "Let the proxy pass Host with its port (nginx: proxy_set_header Host $http_host, not $host).",
                _ => "Let the proxy pass Host unchanged.",
            }),
        });
    };
    host("HST-PORT-MISSING", place.host.clone());
    for port in [80, 443] {
        host("HST-PORT-DEFAULT", format!("{}:{port}", place.host));
    }
    for name in more_hosts {
        host("HST-PROXY", name.clone());
    }
    for name in UPSTREAMS {
        for port in PORTS {
            host("HST-PROXY", format!("{name}{port}"));
        }
    }
    if !place.base_path.is_empty() {
        let cut = draft.path.strip_prefix(&place.base_path).unwrap_or(&draft.path);
        suspects.insert(
            0,
            Suspect {
                cause: "HST-PREFIX",
                change: Change::CutPath(place.base_path.clone()),
                what: format!("The path arrives without {}.", place.base_path),
                signed: draft.path.clone(),
                received: cut.to_owned(),
                cure: Some("Give S3 a host name of its own: a path before the bucket is signed and cannot be taken away."),
            },
        );
    }
    suspects
}

/// What may happen to a path.
pub(crate) fn of_path(path: &str) -> Vec<Suspect> {
    let decoded = decode_percent(path.as_bytes());
    let ours = encode_uri(&decoded, true);
    let text = String::from_utf8_lossy(&decoded).into_owned();
    let encoded = |text: &str| encode_uri(text.as_bytes(), true);
    let mut suspects = Vec::new();
    let mut suspect = |cause: &'static str, uri: String, what: &str, cure: Option<&'static str>| {
        if uri != ours {
            suspects.push(Suspect {
                cause,
                what: what.to_owned(),
                signed: ours.clone(),
                received: uri.clone(),
                change: Change::Uri(uri),
                cure,
            });
        }
    };
    suspect(
        "URI-MERGE",
        merged(&ours),
        "Slashes that follow each other arrive as one.",
        None,
    );
    suspect(
        "URI-DOTS",
        without_dots(&ours),
        "The segments . and .. are taken out of the path.",
        None,
    );
    suspect(
        "URI-DOTS",
        without_dots(&merged(&ours)),
        "The path arrives cleaned: without . and .. and with single slashes.",
        None,
    );
    let cut = ours.trim_end_matches('/');
    suspect(
        "URI-TRAILSLASH",
        cut.to_owned(),
        "The slash at the end of the path is lost.",
        None,
    );
    suspect(
        "URI-CASE",
        encoded(&text.to_lowercase()),
        "The path arrives in lower case.",
        None,
    );
    suspect(
        "URI-PLUS",
        ours.replace("%2B", "%20"),
        "A plus arrives as a blank.",
        None,
    );
    suspect(
        "URI-NFC",
        encoded(&text.nfc().collect::<String>()),
        "Accents arrive composed (NFC).",
        None,
    );
    suspect(
        "URI-NFC",
        encoded(&text.nfd().collect::<String>()),
        "Accents arrive decomposed (NFD).",
        None,
    );
    suspect(
        "URI-DOUBLE",
        ours.replace('%', "%25"),
        "The path arrives encoded a second time.",
        None,
    );
    let twice = decode_percent(&decoded);
    suspect(
        "URI-DOUBLE",
        encode_uri(&twice, true),
        "The path arrives decoded once too often.",
        None,
    );
    // From here on the path is as it was sent, and the server writes it down otherwise than AWS.
    let vendor = Some(SERVER);
    suspect(
        "SRV-CANON",
        path.to_owned(),
        "The server signs the path as it is sent, without making it canonical.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        text.clone(),
        "The server signs the path decoded.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        with_bare(&ours, &["!", "'", "(", ")", "*"]),
        "The server leaves ! ' ( ) * bare, as encodeURIComponent does.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        with_bare(
            &ours,
            &["!", "'", "(", ")", "*", "$", "&", "+", ",", ";", "=", ":", "@"],
        ),
        "The server leaves characters bare that AWS encodes.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        ours.replace('~', "%7E"),
        "The server encodes the tilde, which AWS leaves bare.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        lower_escapes(&ours),
        "The server writes %xx with small letters.",
        vendor,
    );
    suspect(
        "SRV-CANON",
        ours.replace("%20", "+"),
        "The server writes a blank in the path as a plus.",
        vendor,
    );
    suspects
}

/// What may happen to a query.
pub(crate) fn of_query(query: &str) -> Vec<Suspect> {
    let ours = countersign_sigv4::canonical_query(query.as_bytes(), None);
    let mut suspects = Vec::new();
    let mut suspect = |cause: &'static str, theirs: String, what: String, cure: Option<&'static str>| {
        if theirs != ours {
            suspects.push(Suspect {
                cause,
                what,
                signed: ours.clone(),
                received: theirs.clone(),
                change: Change::Query(theirs),
                cure,
            });
        }
    };
    let vendor = Some(SERVER);
    let pairs: Vec<&str> = ours.split('&').filter(|pair| !pair.is_empty()).collect();
    for (n, lost) in pairs.iter().enumerate() {
        let rest = pairs.iter().enumerate().filter(|(other, _)| *other != n);
        let rest: Vec<&str> = rest.map(|(_, pair)| *pair).collect();
        suspect(
            "QRY-DROPPED",
            rest.join("&"),
            format!("The parameter {lost} is lost."),
            None,
        );
    }
    suspect(
        "SRV-CANON",
        query.to_owned(),
        "The server signs the query as it is sent, not sorted.".to_owned(),
        vendor,
    );
    let bare: Vec<&str> = pairs
        .iter()
        .map(|pair| pair.strip_suffix('=').unwrap_or(pair))
        .collect();
    suspect(
        "SRV-CANON",
        bare.join("&"),
        "The server signs a parameter without a value without its =.".to_owned(),
        vendor,
    );
    suspect(
        "SRV-CANON",
        ours.replace("%20", "+"),
        "The server writes a blank as a plus.".to_owned(),
        vendor,
    );
    suspect(
        "SRV-CANON",
        ours.replace("%2F", "/"),
        "The server leaves the slash bare in the query.".to_owned(),
        vendor,
    );
    suspect(
        "SRV-CANON",
        ours.replace('~', "%7E"),
        "The server encodes the tilde, which AWS leaves bare.".to_owned(),
        vendor,
    );
    suspect(
        "SRV-CANON",
        with_bare(&ours, &["!", "'", "(", ")", "*"]),
        "The server leaves ! ' ( ) * bare, as encodeURIComponent does.".to_owned(),
        vendor,
    );
    suspect(
        "SRV-CANON",
        lower_escapes(&ours),
        "The server writes %xx with small letters.".to_owned(),
        vendor,
    );
    suspects
}

/// What may happen to a header; `values` are those it is often replaced with.
pub(crate) fn of_header(cause: &'static str, name: &str, value: &str, values: &[&str]) -> Vec<Suspect> {
    let ours = String::from_utf8_lossy(&countersign_sigv4::canonical_value(value.as_bytes())).into_owned();
    let mut suspects: Vec<Suspect> = Vec::new();
    let mut suspect = |cause: &'static str, theirs: String, what: String| {
        if theirs != ours {
            suspects.push(Suspect {
                cause,
                what,
                signed: ours.clone(),
                received: theirs.clone(),
                change: Change::Header(name.to_owned(), theirs),
                cure: Some("Let whatever is in between pass this header on unchanged."),
            });
        }
    };
    for theirs in std::iter::once(&"").chain(values) {
        let what = match *theirs {
            "" => format!("The header {name} is lost."),
            theirs => format!("The header {name} arrives as `{theirs}`."),
        };
        suspect(cause, (*theirs).to_owned(), what);
    }
    suspect(
        "SRV-CANON",
        value.trim().to_owned(),
        format!("The server does not fold the blanks in {name}."),
    );
    if !ours.is_ascii() {
        // Each byte taken for a letter of Latin-1 and encoded again.
        let again: String = ours.bytes().map(char::from).collect();
        suspect(
            "HDR-NONASCII",
            again,
            format!("The bytes of {name} are taken for Latin-1."),
        );
    }
    suspect(
        "HDR-DUP",
        format!("{ours},{ours}"),
        format!("The header {name} arrives twice."),
    );
    suspects
}

/// HEAD that arrives as GET.
pub(crate) fn of_head() -> Vec<Suspect> {
    vec![Suspect {
        cause: "MTH-PROXY",
        change: Change::Method("GET".to_owned()),
        what: "HEAD arrives as GET.".to_owned(),
        signed: "HEAD".to_owned(),
        received: "GET".to_owned(),
        cure: None,
    }]
}

fn merged(uri: &str) -> String {
    let mut out = String::new();
    for c in uri.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

/// SPEC: <https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>
fn without_dots(uri: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = uri.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

fn with_bare(uri: &str, characters: &[&str]) -> String {
    let mut out = uri.to_owned();
    for character in characters {
        out = out.replace(&encode_uri(character.as_bytes(), false), character);
    }
    out
}

const SERVER: &str = "The client is right: report it to whoever makes the server.";

/// What proxies usually call the server behind them.
const UPSTREAMS: [&str; 7] = [
    "localhost",
    "127.0.0.1",
    "minio",
    "s3",
    "garage",
    "rgw",
    "backend",
];
/// The ports it usually listens on; none for those that scheme or setting leave out.
const PORTS: [&str; 5] = [":9000", "", ":3900", ":8080", ":80"];

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::CanonicalText;

    fn changed(text: &CanonicalText, suspect: &Suspect) -> CanonicalText {
        let mut text = text.clone();
        suspect.change.apply(&mut text);
        text
    }

    #[test]
    fn a_path_is_suspected_of_what_its_characters_allow() {
        let check = |path: &str, cause: &str, received: &str| {
            let suspects = of_path(path);
            let found = suspects.iter().find(|suspect| suspect.received == received);
            assert_eq!(
                found.map(|suspect| suspect.cause),
                Some(cause),
                "{path} {received}: {suspects:?}"
            );
        };
        check("/b/a//b", "URI-MERGE", "/b/a/b");
        check("/b/./a/../c", "URI-DOTS", "/b/c");
        check("/b/a/..", "URI-DOTS", "/b/");
        check("/b/a/", "URI-TRAILSLASH", "/b/a");
        check("/b/Aa", "URI-CASE", "/b/aa");
        check("/b/a%2Bb", "URI-PLUS", "/b/a%20b");
        check("/b/%C3%A9", "URI-NFC", "/b/e%CC%81");
        check("/b/e%CC%81", "URI-NFC", "/b/%C3%A9");
        check("/b/a%20b", "URI-DOUBLE", "/b/a%2520b");
        check("/b/a%2520b", "URI-DOUBLE", "/b/a%20b");
        check("/b/a=b", "SRV-CANON", "/b/a=b");
        check("/b/a%28b", "SRV-CANON", "/b/a(b");
        check("/b/~", "SRV-CANON", "/b/%7E");
        check("/b/%C3%A9", "SRV-CANON", "/b/%c3%a9");
        let plain: Vec<&str> = of_path("/b/abc").iter().map(|suspect| suspect.cause).collect();
        assert_eq!(plain, [""; 0], "a plain path has nothing to be suspected of");
    }

    #[test]
    fn a_query_may_lose_a_parameter_or_be_written_otherwise() {
        let received: Vec<String> = of_query("b=%20&a")
            .into_iter()
            .map(|suspect| suspect.received)
            .collect();
        for expected in ["b=%20", "a=", "b=%20&a", "a&b=%20", "a=&b=+"] {
            assert!(
                received.iter().any(|one| one == expected),
                "{expected}: {received:?}"
            );
        }
    }

    #[test]
    fn a_header_may_be_lost_replaced_or_not_folded() {
        let causes = |name: &str, value: &str, values: &[&str]| -> Vec<(&'static str, String)> {
            let suspects = of_header("HDR-AE", name, value, values);
            suspects
                .into_iter()
                .map(|suspect| (suspect.cause, suspect.received))
                .collect()
        };
        let found = causes("accept-encoding", "gzip", &["gzip", "identity"]);
        assert_eq!(
            found[..2],
            [("HDR-AE", String::new()), ("HDR-AE", "identity".to_owned())]
        );
        assert!(causes("x-amz-meta-a", "a  b", &[]).contains(&("SRV-CANON", "a  b".to_owned())));
        assert!(causes("x-amz-meta-a", "é", &[]).contains(&("HDR-NONASCII", "Ã©".to_owned())));
    }

    #[test]
    fn every_request_may_get_another_host_or_lose_its_prefix() {
        let place = Place::parse("http://public.example:8080/s3").expect("an endpoint");
        let text = CanonicalText::parse("GET\n/s3/b/\n\nhost:public.example:8080\n\nhost\nUNSIGNED-PAYLOAD");
        let text = text.expect("a canonical request");
        let draft = Draft {
            method: "GET",
            name: place.host.clone(),
            host: place.authority(),
            path: "/s3/b/".to_owned(),
            query: None,
            headers: Vec::new(),
            unsigned: Vec::new(),
            body: crate::draft::Body::Hashed(bytes::Bytes::new()),
            auth: crate::draft::Auth::Header,
        };
        let suspects = of_everything(&place, &draft, &["inner:1".to_owned()]);
        assert_eq!(suspects[0].cause, "HST-PREFIX");
        assert_eq!(changed(&text, &suspects[0]).uri, "/b/");
        assert_eq!(suspects[1].cause, "HST-PORT-MISSING");
        assert_eq!(
            changed(&text, &suspects[1]).header("host"),
            Some("public.example")
        );
        let named = suspects
            .iter()
            .find(|suspect| suspect.received == "inner:1")
            .expect("what was named");
        assert_eq!(named.cause, "HST-PROXY");
    }
}
