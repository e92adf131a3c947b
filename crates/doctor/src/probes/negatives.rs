//! Requests that must be refused: who accepts one of them lets others in as well.
//!
//! Each is a request that was accepted, with one thing wrong. Nothing is said of servers that take nobody's signature at all.

use crate::draft::{Auth, Body};
use crate::finding::{Finding, Proof, Verdict};
use crate::scribe::Written;
use crate::session::Session;

pub(super) async fn run(session: &Session<'_>) -> Vec<Finding> {
    const ID: &str = "probe.refusals";
    let all = all(session);
    let count = all.len();
    let (mut accepted, mut unanswered) = (Vec::new(), Vec::new());
    for (about, written) in all {
        let exchange = session.send(&session.service_name(), written).await;
        match &exchange.reply {
            Ok(reply) if reply.is_success() => accepted.push(about.to_owned()),
            Ok(_) => {}
            Err(_) => unanswered.push(about.to_owned()),
        }
    }
    let mut findings = Vec::new();
    let refused = count - accepted.len() - unanswered.len();
    if refused > 0 {
        let seen = format!("{refused} of {count} requests that must be refused are refused.");
        findings.push(Finding::new(ID, Verdict::Ok, seen));
    }
    if !accepted.is_empty() {
        let mut finding = Finding::new(
            ID,
            Verdict::Failed,
            "Requests are accepted that AWS refuses, so a signature does not protect here what it protects there.",
        )
        .because("SRV-ACCEPTS", Proof::Experiment)
        .cured_by("If a cache stands in between, keep S3 out of it: it hands answers to whoever asks. Else report it to whoever makes the server, or what signs again in front of it.");
        finding.probes = accepted;
        findings.push(finding);
    }
    if !unanswered.is_empty() {
        let mut finding = Finding::new(ID, Verdict::Unknown, "Some of them got no answer at all.");
        finding.probes = unanswered;
        findings.push(finding);
    }
    findings.push(nobody(session).await);
    findings
}

fn all(session: &Session<'_>) -> Vec<(&'static str, Written)> {
    let scribe = session.scribe();
    let write = |draft| scribe.write(&draft, &session.bends);
    let link = Auth::Link { age: 0, expires: 300 };
    let get = || session.object("GET", "plain.html");
    let mut wrong = write(get());
    for (name, value) in &mut wrong.outgoing.headers {
        if name == "authorization" {
            turn_last_digit(value);
        }
    }
    let mut other_method = write(session.object("GET", "refused-method").auth(link));
    session.will_make(&format!("{}refused-method", session.prefix));
    other_method.outgoing.method = "PUT";
    other_method.outgoing.body = "not for this method".into();
    let mut prolonged = write(get().auth(Auth::Link {
        age: 600,
        expires: 60,
    }));
    prolonged.outgoing.target = prolonged
        .outgoing
        .target
        .replace("X-Amz-Expires=60&", "X-Amz-Expires=86400&");
    let mut body = write(session.put("refused-body", "the body that is signed"));
    body.outgoing.body = "another of this size...".into();
    let mut chunk = write(
        session
            .object("PUT", "refused-chunk")
            .body(Body::Chunks("the chunk that is signed".into())),
    );
    let text = String::from_utf8_lossy(&chunk.outgoing.body).replace("is signed", "is forged");
    chunk.outgoing.body = text.into_bytes().into();
    let old = crate::scribe::Scribe {
        time: scribe.time.saturating_sub(OLD_SECONDS),
        ..session.scribe()
    };
    let unsigned = session
        .put("refused-header", "with a header that is not signed")
        .beside("x-amz-meta-forged", "1");
    vec![
        ("a wrong signature", wrong),
        ("an x-amz-meta- header that is not signed", write(unsigned)),
        (
            "a link that expired",
            write(get().auth(Auth::Link {
                age: 600,
                expires: 60,
            })),
        ),
        ("an expired link with a longer lifetime written in", prolonged),
        ("a link for another method", other_method),
        ("a signature of an hour ago", old.write(&get(), &session.bends)),
        ("another body than the one signed", body),
        ("another chunk than the one signed", chunk),
    ]
}

/// Whether somebody without any signature may read what was just written.
async fn nobody(session: &Session<'_>) -> Finding {
    const ID: &str = "probe.public";
    let exchange = session
        .attempt(&session.object("GET", "plain.html").auth(Auth::Nobody))
        .await;
    if exchange.is_success() {
        return Finding::new(ID, Verdict::Warning, "Everybody may read this bucket: a request without a signature got the object.")
            .cured_by("If that is not meant, take the bucket policy back that allows it, or turn on the public access block.");
    }
    Finding::new(ID, Verdict::Ok, "A request without a signature is refused.")
}

fn turn_last_digit(value: &mut [u8]) {
    if let Some(last) = value.last_mut() {
        *last = if *last == b'0' { b'1' } else { b'0' };
    }
}

/// More than the quarter of an hour that is forgiven.
const OLD_SECONDS: i64 = 3600;
