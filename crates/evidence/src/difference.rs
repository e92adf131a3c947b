//! Causes that two canonical requests show when they are held against each other, where no hypothesis gives the client's text: what
//! changed is then told by its place, and by what is left of it.
//!
//! Not here: hypotheses (`countersign_diagnose`), which are asked first, for they say more. Keeps true: what is named is certain, for both
//! sides' texts are there; two that differ in a way that has no name have no cause.

use countersign_diagnose::ReportCause;

use crate::canonical::CanonicalText;
use crate::codes::exact;
use crate::compare::{Line, compare};

/// What an SDK adds for itself and Google Cloud Storage leaves out of what it signs.
const OF_THE_SDK: &str = "amz-sdk-";

/// The causes of what differs, the first line first.
pub(crate) fn causes(client: &CanonicalText, server: &CanonicalText) -> Vec<ReportCause> {
    let lines = compare(client, server).lines;
    // The list of names differs whenever a header is there on one side only.
    let differing: Vec<&Line> = lines
        .iter()
        .filter(|line| !line.is_same() && line.what != "signed headers")
        .collect();
    let is_left_out = |line: &&Line| {
        line.what.starts_with(&format!("header {OF_THE_SDK}"))
            && line.right.as_deref().is_none_or(str::is_empty)
    };
    if !differing.is_empty() && differing.iter().all(is_left_out) {
        return vec![left_out_by_the_server()];
    }
    let mut causes: Vec<ReportCause> = Vec::new();
    for cause in differing.iter().filter_map(|line| of_line(line)) {
        if !causes.iter().any(|other| other.id == cause.id) {
            causes.push(cause);
        }
    }
    causes
}

fn left_out_by_the_server() -> ReportCause {
    exact(
        "HDR-GCS",
        "signed-headers",
        "The client signed the SDK's own headers (amz-sdk-*), and the server left them out, as Google Cloud Storage does".to_owned(),
        "Take them out before the SDK signs (JavaScript: a middleware before the signer; Go: smithyhttp middleware), or use the vendor's own client.",
    )
}

fn of_line(line: &Line) -> Option<ReportCause> {
    let (signed, received) = (line.left.as_deref(), line.right.as_deref());
    let mut cause = match line.what.as_str() {
        "path" => path(signed?, received?),
        "query" => query(signed?, received?),
        "header host" => host(signed?, received?),
        "header content-type" => changed("HDR-CT-CHANGED", "header:content-type", "Content-Type"),
        "header accept-encoding" => changed("HDR-AE", "header:accept-encoding", "Accept-Encoding"),
        "header user-agent" => changed("HDR-UA", "header:user-agent", "User-Agent"),
        header => {
            let name = header.strip_prefix("header ")?;
            // A header that is signed and absent stands there without a value.
            received.is_none_or(str::is_empty).then(|| lost(name))
        }
    }?;
    cause.signed = line.shown(&line.left);
    cause.received = line.shown(&line.right);
    Some(cause)
}

fn changed(id: &'static str, slot: &str, name: &str) -> Option<ReportCause> {
    let what = format!("{name} was signed with one value and arrived with another");
    Some(exact(
        id,
        slot,
        what,
        "Send the header exactly as it was signed, let the proxy pass it on unchanged, or do not sign it.",
    ))
}

fn lost(name: &str) -> ReportCause {
    exact(
        "HDR-MISSING",
        &format!("header:{name}"),
        format!("The header {name} was signed and did not arrive"),
        "Send it with the request, and let the proxy pass it on.",
    )
}

fn host(signed: &str, received: &str) -> Option<ReportCause> {
    let name = |host: &str| host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let is_port_alone = name(signed) == name(received) && (!signed.contains(':') || !received.contains(':'));
    let (id, what, cure) = match is_port_alone {
        true => (
            "HST-PORT-MISSING",
            "The port stands in Host on one side only",
            "Send Host with its port. Behind nginx: proxy_set_header Host $http_host; ($host drops the port).",
        ),
        false => (
            "HST-PROXY",
            "The Host header was changed on its way",
            "Let the proxy pass Host on as it came (nginx: proxy_set_header Host $http_host;).",
        ),
    };
    Some(exact(id, "host", what.to_owned(), cure))
}

fn path(signed: &str, received: &str) -> Option<ReportCause> {
    if signed.eq_ignore_ascii_case(received) {
        let what = "The path arrived in other capitals than it was signed in".to_owned();
        return Some(exact(
            "URI-CASE",
            "uri",
            what,
            "Keep the case of the path: an object key is case-sensitive, and so is a signature.",
        ));
    }
    if signed.strip_suffix('/') == Some(received) || received.strip_suffix('/') == Some(signed) {
        let what = "The slash at the end of the path is there on one side only".to_owned();
        return Some(exact(
            "URI-TRAILSLASH",
            "uri",
            what,
            "Send the path exactly as it was signed.",
        ));
    }
    if merged(signed) == received {
        let what = "Several slashes in a row were signed, and one arrived".to_owned();
        return Some(exact(
            "URI-MERGE",
            "uri",
            what,
            "Turn off the merging of slashes in the proxy (nginx: merge_slashes off;).",
        ));
    }
    if let Some(prefix) = signed.strip_suffix(received).filter(|prefix| prefix.len() > 1) {
        let what = format!("The prefix {prefix} was signed and taken off on the way");
        return Some(exact(
            "HST-PREFIX",
            "uri",
            what,
            "Serve the store at the root of a host name of its own, or let the proxy pass the path on whole.",
        ));
    }
    None
}

fn merged(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out
}

fn query(signed: &str, received: &str) -> Option<ReportCause> {
    let split = |query: &'_ str| -> Vec<String> {
        query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (signed, received) = (split(signed), split(received));
    let missing: Vec<&String> = signed.iter().filter(|part| !received.contains(part)).collect();
    let added: Vec<&String> = received.iter().filter(|part| !signed.contains(part)).collect();
    let names = |parts: &[&String]| {
        parts
            .iter()
            .map(|part| part.split('=').next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (missing.is_empty(), added.is_empty()) {
        (true, false) => {
            let what = format!("Added to the query after signing: {}", names(&added));
            Some(exact(
                "QRY-EXTRA",
                "query",
                what,
                "Put the parameter in before signing, or do not add it.",
            ))
        }
        (false, true) => {
            let what = format!("Signed and lost from the query: {}", names(&missing));
            Some(exact(
                "QRY-DROPPED",
                "query",
                what,
                "Let the proxy or the CDN pass the whole query on.",
            ))
        }
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(uri: &str, query: &str, headers: &str) -> CanonicalText {
        let names: Vec<&str> = headers
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        CanonicalText::parse(&format!(
            "GET\n{uri}\n{query}\n{headers}\n\n{}\nUNSIGNED-PAYLOAD",
            names.join(";")
        ))
        .expect("a canonical request")
    }

    #[test]
    fn what_differs_names_the_cause() {
        let plain = ("/b/K.jpg", "list-type=2", "host:h:9000\nx-amz-date:d");
        for (uri, query, headers, id) in [
            ("/b/k.JPG", plain.1, plain.2, "URI-CASE"),
            ("/b/K.jpg/", plain.1, plain.2, "URI-TRAILSLASH"),
            ("/b//K.jpg", plain.1, plain.2, "URI-MERGE"),
            ("/s3/b/K.jpg", plain.1, plain.2, "HST-PREFIX"),
            (plain.0, "", plain.2, "QRY-EXTRA"),
            (plain.0, "list-type=2&prefix=a", plain.2, "QRY-DROPPED"),
            (plain.0, plain.1, "host:h\nx-amz-date:d", "HST-PORT-MISSING"),
            (plain.0, plain.1, "host:other:9000\nx-amz-date:d", "HST-PROXY"),
            (
                plain.0,
                plain.1,
                "host:h:9000\nx-amz-acl:private\nx-amz-date:d",
                "HDR-MISSING",
            ),
            (
                plain.0,
                plain.1,
                "amz-sdk-invocation-id:1\namz-sdk-request:attempt=1\nhost:h:9000\nx-amz-date:d",
                "HDR-GCS",
            ),
        ] {
            let causes = causes(&text(uri, query, headers), &text(plain.0, plain.1, plain.2));
            let ids: Vec<&str> = causes.iter().map(|cause| cause.id).collect();
            assert_eq!(ids, [id], "{uri} {query} {headers}");
            assert!(!causes[0].title.is_empty() && !causes[0].cure.is_empty());
        }
    }

    #[test]
    fn a_token_that_was_lost_is_not_shown() {
        let client = text("/a", "", "host:h\nx-amz-security-token:tokentoken");
        let causes = causes(&client, &text("/a", "", "host:h"));
        assert_eq!(causes.first().map(|cause| cause.id), Some("HDR-MISSING"));
        assert!(!format!("{causes:?}").contains("tokentoken"));
    }

    #[test]
    fn what_has_no_name_has_no_cause() {
        let client = text("/a", "", "host:h\nx-amz-meta-a:one");
        assert!(causes(&client, &text("/a", "", "host:h\nx-amz-meta-a:two")).is_empty());
        assert!(causes(&client, &text("/b", "", "host:h\nx-amz-meta-a:one")).is_empty());
        assert!(causes(&client, &client).is_empty());
    }
}
