//! The way to the server, a step at a time: name, addresses, TLS, the first answer, and who else shows himself in it.

use countersign_sigv4::parse_http_date;

use crate::draft::{Auth, Draft};
use crate::finding::{Finding, Proof, Verdict};
use crate::place::Place;
use crate::session::Session;
use crate::wire::{Fault, Reply, Wire};

/// What stands in the endpoint itself.
pub(crate) fn endpoint(place: &Place, bucket: Option<&str>) -> Finding {
    const ID: &str = "endpoint.url";
    let in_host = bucket.filter(|bucket| place.host.starts_with(&format!("{bucket}.")));
    let in_path = bucket.filter(|bucket| place.base_path.split('/').any(|segment| segment == *bucket));
    if let Some(bucket) = in_host.or(in_path) {
        return Finding::new(
            ID,
            Verdict::Warning,
            format!(
                "The endpoint {} has the bucket {bucket} in it already.",
                place.url()
            ),
        )
        .because("HST-BUCKET-TWICE", Proof::Exact)
        .cured_by("Name the endpoint without the bucket: clients add it.");
    }
    if !place.base_path.is_empty() {
        return Finding::new(
            ID,
            Verdict::Ok,
            format!(
                "The endpoint is {}; clients sign the path {} with every request, so it must reach the server.",
                place.url(),
                place.base_path
            ),
        );
    }
    Finding::new(ID, Verdict::Ok, format!("The endpoint is {}.", place.url()))
}

/// Name, addresses and TLS. Whether anything can be asked comes last.
pub(crate) async fn reach(wire: &Wire, place: &Place, now: i64) -> (Vec<Finding>, bool) {
    let mut findings = Vec::new();
    let addresses = match wire.addresses(&place.host).await {
        Ok(addresses) => addresses,
        Err(fault) => {
            let cure = "Look at the spelling of the endpoint, and at the name server; in containers a service has another name than outside.";
            findings.push(
                Finding::new(
                    "network.dns",
                    Verdict::Failed,
                    format!("{}: {fault}.", place.host),
                )
                .cured_by(cure),
            );
            return (findings, false);
        }
    };
    let told: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    findings.push(Finding::new(
        "network.dns",
        Verdict::Ok,
        format!("{} is {}.", place.host, told.join(", ")),
    ));
    let (mut taken, mut refused) = (0, Vec::new());
    for address in &addresses {
        match wire.reach(*address).await {
            Ok(_) => taken += 1,
            Err(fault) => refused.push(format!("{address}: {fault}")),
        }
    }
    let finding = match (taken, refused.as_slice()) {
        (_, []) => Finding::new("network.tcp", Verdict::Ok, format!("Port {} takes connections at every address.", place.port)),
        (0, refused) => Finding::new("network.tcp", Verdict::Failed, format!("Nobody takes connections: {}.", refused.join("; ")))
            .cured_by("Is the server running, is this its port, and does a firewall let it through?"),
        (_, refused) => Finding::new(
            "network.tcp",
            Verdict::Warning,
            format!("Not every address takes connections, so some requests wait or fail: {}.", refused.join("; ")),
        )
        .cured_by("Take the address out of the name server, or let the server listen there too (many names have an address of version 6 that nothing listens on)."),
    };
    findings.push(finding);
    if taken == 0 {
        return (findings, false);
    }
    if !place.is_https {
        findings.push(Finding::new(
            "network.tls",
            Verdict::Skipped,
            "The endpoint is asked in the clear.",
        ));
        return (findings, true);
    }
    let opened = wire.open(&place.host).await;
    let is_open = opened.is_ok();
    findings.push(tls(wire, opened, now));
    (findings, is_open)
}

fn tls(wire: &Wire, opened: Result<(), Fault>, now: i64) -> Finding {
    const ID: &str = "network.tls";
    let shown = wire.shown();
    match (opened, shown) {
        (Ok(()), Some(shown)) => {
            let days = shown.ends.saturating_sub(now) / 86_400;
            let seen = format!(
                "The certificate of {} by {} is trusted and ends in {days} days.",
                shown.subject, shown.issuer
            );
            match days < SOON_DAYS {
                true => Finding::new(ID, Verdict::Warning, seen).cured_by("Renew it."),
                false => Finding::new(ID, Verdict::Ok, seen),
            }
        }
        (Ok(()), None) => Finding::new(ID, Verdict::Ok, "TLS works."),
        (Err(fault), Some(shown)) => {
            let chain = if shown.chain == 1 {
                ", alone, without those above it"
            } else {
                ""
            };
            let seen = format!(
                "{fault}. The server shows a certificate of {} by {}{chain}.",
                shown.subject, shown.issuer
            );
            let cure = match fault.to_string().contains("CaUsedAsEndEntity") {
                // What `openssl req -x509` makes unless it is told otherwise.
                true => AUTHORITY_AS_SERVER,
                false => NOT_TRUSTED,
            };
            Finding::new(ID, Verdict::Failed, seen).cured_by(cure)
        }
        (Err(fault), None) => Finding::new(ID, Verdict::Failed, format!("{fault}."))
            .cured_by("Is this a port that speaks TLS? Try the endpoint with http://."),
    }
}

/// The first answer, to a request without a signature; with by when it was asked and answered.
pub(crate) async fn first(
    session: &mut Session<'_>,
    has_bucket: bool,
) -> (Vec<Finding>, Option<(Option<i64>, i64, i64)>) {
    const ID: &str = "network.http";
    let draft = match has_bucket {
        true => Draft {
            auth: Auth::Nobody,
            ..session.in_bucket("HEAD")
        },
        false => Draft {
            auth: Auth::Nobody,
            ..session.service()
        },
    };
    let asked = crate::now();
    let exchange = session.attempt_bare(&draft).await;
    let answered = crate::now();
    let reply = match &exchange.reply {
        Ok(reply) => reply,
        Err(fault) => {
            let cure = "Is this a port that speaks HTTP? A server that wants TLS closes such connections: try https://.";
            return (
                vec![Finding::new(ID, Verdict::Failed, format!("{fault}.")).cured_by(cure)],
                None,
            );
        }
    };
    session.shown = shown(reply);
    let date = reply.header("date").and_then(parse_http_date);
    let who = session
        .shown
        .as_deref()
        .map_or_else(String::new, |shown| format!(" ({shown})"));
    let version = if reply.is_http_1_0 { ", in HTTP/1.0" } else { "" };
    let seen = format!(
        "A request without a signature was answered with {}{version}{who}.",
        reply.status
    );
    let mut findings = Vec::new();
    match reply.status {
        301 | 302 | 303 | 307 | 308 => findings.push(redirect(session.place, reply, &seen)),
        400 if reply
            .body
            .windows(6)
            .any(|window| window.eq_ignore_ascii_case(b" https")) =>
        {
            findings.push(
                Finding::new(ID, Verdict::Failed, format!("{seen} This port wants TLS."))
                    .cured_by("Name the endpoint with https://."),
            )
        }
        500..=599 => findings.push(
            Finding::new(ID, Verdict::Failed, seen)
                .cured_by("Whatever answers here does not reach the store behind it: look at its log."),
        ),
        _ => findings.push(Finding::new(ID, Verdict::Ok, seen)),
    }
    findings.extend(region(session, reply));
    (findings, Some((date, asked, answered)))
}

fn redirect(place: &Place, reply: &Reply, seen: &str) -> Finding {
    const ID: &str = "network.redirect";
    let location = reply.header("location").unwrap_or_default();
    if location.contains("//aws.amazon.com/") {
        // What AWS answers to everybody who asks for the list of buckets without a name.
        return Finding::new("network.http", Verdict::Ok, seen);
    }
    let to = if location.is_empty() {
        "elsewhere".to_owned()
    } else {
        format!("`{location}`")
    };
    if !place.is_https && location.starts_with("https://") {
        return Finding::new(ID, Verdict::Failed, format!("{seen} It leads to {to}."))
            .cured_by("Name the endpoint with https://: a redirect is not signed for.");
    }
    let cause = if matches!(reply.status, 301 | 308) {
        "RED-301"
    } else {
        "RED-307"
    };
    let region = reply.header("x-amz-bucket-region");
    let cure = match region {
        Some(region) => format!(
            "Set the region to {region} and the endpoint to the one of that region; do not follow the redirect with the old signature."
        ),
        None => "Set the endpoint to that place; a redirect followed with the old signature is refused."
            .to_owned(),
    };
    Finding::new(ID, Verdict::Failed, format!("{seen} It leads to {to}."))
        .because(cause, Proof::Exact)
        .cured_by(cure)
}

/// What the answer says about the bucket's region.
fn region(session: &mut Session<'_>, reply: &Reply) -> Option<Finding> {
    const ID: &str = "endpoint.region";
    let told = reply.header("x-amz-bucket-region")?.to_owned();
    if told == session.region {
        return Some(Finding::new(
            ID,
            Verdict::Ok,
            format!("The bucket is in {told}, as is configured."),
        ));
    }
    let finding = Finding::new(
        ID,
        Verdict::Failed,
        format!(
            "The bucket is in {told}; configured is {}. The rest was examined with {told}.",
            session.region
        ),
    )
    .because("SCP-REGION", Proof::Exact)
    .cured_by(format!(
        "Set the region to {told} (AWS_REGION, region in the profile, or in the client)."
    ));
    session.region = told;
    Some(finding)
}

/// Who shows himself in an answer.
fn shown(reply: &Reply) -> Option<String> {
    let names = ["server", "via", "x-served-by", "x-cache", "cf-ray"];
    let told: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}: {}", reply.header(name)?)))
        .collect();
    let mut told = told.join(", ");
    if told.contains("cf-ray") {
        told.push_str(", Cloudflare");
    }
    (!told.is_empty()).then_some(told)
}

const SOON_DAYS: i64 = 14;
const NOT_TRUSTED: &str = "If the authority is your own, name it: AWS_CA_BUNDLE (AWS CLI, boto3, this tool), NODE_EXTRA_CA_CERTS (Node), SSL_CERT_FILE; else renew \
     the certificate for this name and serve the whole chain.";
const AUTHORITY_AS_SERVER: &str = "This is a certificate of an authority, which clients in Rust, this one among them, do not take for a server's, although others do: \
     make one with basicConstraints CA:FALSE.";

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        Place::parse(text).expect("an endpoint")
    }

    #[test]
    fn an_endpoint_with_the_bucket_in_it_is_told() {
        for (url, bucket, cause) in [
            ("http://h:9000", Some("b"), None),
            ("http://b.h:9000", Some("b"), Some("HST-BUCKET-TWICE")),
            ("http://h/b", Some("b"), Some("HST-BUCKET-TWICE")),
            ("http://h/s3", Some("b"), None),
            ("http://b.h", None, None),
        ] {
            let found = endpoint(&place(url), bucket);
            assert_eq!(found.cause.map(|(id, _)| id), cause, "{url}");
        }
    }

    #[test]
    fn a_redirect_says_where_to_sign_for() {
        let reply = |status, headers: &[(&str, &str)]| Reply {
            status,
            is_http_1_0: false,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: bytes::Bytes::new(),
        };
        let at = place("http://h");
        let moved = reply(301, &[("x-amz-bucket-region", "eu-west-1")]);
        let found = redirect(&at, &moved, "seen");
        assert_eq!(found.cause.map(|(id, _)| id), Some("RED-301"));
        assert!(found.cure.expect("a cure").contains("eu-west-1"));
        let elsewhere = reply(307, &[("location", "http://b.s3.eu-west-1.example/")]);
        let found = redirect(&at, &elsewhere, "seen");
        assert_eq!(found.cause.map(|(id, _)| id), Some("RED-307"));
        assert!(found.seen.contains("b.s3.eu-west-1.example"), "{}", found.seen);
        let secure = redirect(&at, &reply(301, &[("location", "https://h/")]), "seen");
        assert_eq!(secure.cause, None);
        assert!(secure.cure.expect("a cure").contains("https://"));
        let front = redirect(
            &at,
            &reply(307, &[("location", "https://aws.amazon.com/s3/")]),
            "seen",
        );
        assert_eq!(front.verdict, Verdict::Ok);
    }
}
