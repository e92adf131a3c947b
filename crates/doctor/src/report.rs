//! All findings of one examination, and on top of them what the path in between changes.

use serde_json::{Value, json};

use crate::finding::{Finding, Proof, Verdict};

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The endpoint.
    pub endpoint: String,
    /// The bucket that was written into.
    pub bucket: Option<String>,
    /// The region that works, or the configured one.
    pub region: String,
    /// The findings, in the order in which they were made.
    pub findings: Vec<Finding>,
    /// Whether somebody ended it early.
    pub is_interrupted: bool,
}

/// Something that arrives otherwise than it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The cause in the catalogue.
    pub cause: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How it was found.
    pub proof: Proof,
    /// What was sent.
    pub sent: String,
    /// What arrives.
    pub received: String,
}

impl Report {
    /// The worst that was found.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.verdict);
        let trouble = verdicts.filter(|verdict| verdict.is_trouble());
        trouble.max().unwrap_or(Verdict::Ok)
    }

    /// What the path in between changes.
    pub fn changes(&self) -> Vec<Changed> {
        let of_way = self.findings.iter().filter(|finding| {
            let is_probe = finding.id.starts_with("probe.") || finding.id == "signed.plain";
            is_probe && finding.verdict != Verdict::Unknown
        });
        of_way
            .filter_map(|finding| {
                let (cause, proof) = finding.cause?;
                // What an answer shows of what is stored was not changed on the way there.
                let is_of_answer =
                    proof == Proof::Exact && finding.signed.is_none() && finding.received.is_none();
                if is_of_answer {
                    return None;
                }
                OF_THE_WAY
                    .iter()
                    .any(|kind| cause.starts_with(kind))
                    .then(|| Changed {
                        cause,
                        title: finding.title().unwrap_or_default(),
                        proof,
                        sent: finding.signed.clone().unwrap_or_default(),
                        received: finding.received.clone().unwrap_or_default(),
                    })
            })
            .collect()
    }

    /// Whether anything was sent that could have been changed.
    pub fn has_probed(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.id == "probe.plain" && finding.verdict == Verdict::Ok)
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        let changed = |changed: &Changed| json!({ "cause": changed.cause, "title": changed.title, "proof": changed.proof.as_str(), "sent": changed.sent, "received": changed.received });
        json!({
            "version": 1,
            "endpoint": self.endpoint,
            "bucket": self.bucket,
            "region": self.region,
            "verdict": self.verdict().as_str(),
            "interrupted": self.is_interrupted,
            "changes": self.changes().iter().map(changed).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(Finding::document).collect::<Vec<_>>(),
        })
    }
}

/// What causes of the way begin with; the others are the client's, the clock's, or the server's.
const OF_THE_WAY: [&str; 6] = ["HST-", "HDR-", "URI-", "QRY-", "MTH-", "PAY-CE"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_path_changes_is_drawn_from_what_probes_found() {
        let of = |id, verdict, cause| {
            let mut finding = Finding::new(id, verdict, "seen").because(cause, Proof::Exact);
            finding.received = Some("x".to_owned());
            finding
        };
        let stored = Finding::new("probe.bodies", Verdict::Warning, "seen").because("PAY-CE", Proof::Exact);
        let report = Report {
            endpoint: "http://h".to_owned(),
            bucket: None,
            region: "r".to_owned(),
            findings: vec![
                of("signed.plain", Verdict::Failed, "HST-PROXY"),
                of("probe.keys", Verdict::Failed, "SRV-CANON"),
                of("probe.headers", Verdict::Warning, "HDR-UA"),
                of("credentials.shape", Verdict::Warning, "SEC-SPACE"),
                of("endpoint.url", Verdict::Warning, "HST-BUCKET-TWICE"),
                stored,
            ],
            is_interrupted: false,
        };
        let causes: Vec<&str> = report.changes().iter().map(|changed| changed.cause).collect();
        assert_eq!(causes, ["HST-PROXY", "HDR-UA"]);
        assert_eq!(report.verdict(), Verdict::Failed);
        assert_eq!(report.document()["changes"][0]["cause"], "HST-PROXY");
    }

    #[test]
    fn what_is_unknown_or_skipped_is_no_trouble() {
        let report = Report {
            endpoint: String::new(),
            bucket: None,
            region: String::new(),
            findings: vec![
                Finding::new("clock.ntp", Verdict::Unknown, ""),
                Finding::new("probe.more", Verdict::Skipped, ""),
            ],
            is_interrupted: false,
        };
        assert_eq!(report.verdict(), Verdict::Ok);
    }
}
