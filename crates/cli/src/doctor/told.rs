//! What an examination found, as a person reads it: what the path changes on top, then what has to be mended, then what is fine.
//!
//! Keeps true: a terminal has nothing in it to obey, whatever a server answered.

use countersign_doctor::{Finding, Report, Verdict};
use countersign_evidence::harmless;

use crate::terminal::{Ink, Screen};

pub(super) fn told(report: &Report, screen: &Screen) -> String {
    let bucket = report.bucket.as_deref();
    let bucket = bucket.map_or_else(|| "no bucket".to_owned(), |bucket| format!("bucket {bucket}"));
    let mut out = format!(
        "{}, region {}, {bucket}\n",
        harmless(&report.endpoint),
        harmless(&report.region)
    );
    out.push_str(&changes(report, screen));
    let is_trouble = |finding: &&Finding| finding.verdict.is_trouble();
    for finding in report.findings.iter().filter(is_trouble) {
        out.push_str(&trouble(finding, screen));
    }
    let fine: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| !finding.verdict.is_trouble())
        .collect();
    if !fine.is_empty() {
        out.push('\n');
    }
    for finding in fine {
        let ink = match finding.verdict {
            Verdict::Ok => Ink::Green,
            Verdict::Skipped | Verdict::Unknown | Verdict::Warning | Verdict::Failed => Ink::Bold,
        };
        let verdict = screen.paint(&format!("{:8}", finding.verdict.as_str()), ink);
        out.push_str(&format!(
            "{verdict} {:20} {}\n",
            finding.id,
            harmless(&finding.seen)
        ));
        if finding.verdict == Verdict::Unknown {
            out.push_str(&field("cure", finding.cure.as_deref()));
            out.push_str(&field("seen in", probes(finding).as_deref()));
        }
    }
    if report.is_interrupted {
        out.push_str("\nIt was broken off, so this is not all.\n");
    }
    out
}

/// The summary.
fn changes(report: &Report, screen: &Screen) -> String {
    let changes = report.changes();
    let title = screen.paint("What the path in between changes", Ink::Bold);
    if changes.is_empty() {
        return match report.has_probed() {
            true => format!("\n{title}: nothing of what was tried.\n"),
            false => String::new(),
        };
    }
    let mut out = format!("\n{title}\n");
    for changed in changes {
        let sides = match (changed.sent.as_str(), changed.received.as_str()) {
            ("", "") => String::new(),
            ("", received) => format!(": `{}` is added", harmless(received)),
            (sent, "") => format!(": `{}` is lost", harmless(sent)),
            (sent, received) => format!(": `{}` arrives as `{}`", harmless(sent), harmless(received)),
        };
        out.push_str(&format!(
            "  {} ({}, {}){sides}\n",
            changed.title,
            changed.cause,
            changed.proof.as_str()
        ));
    }
    out
}

fn trouble(finding: &Finding, screen: &Screen) -> String {
    let verdict = screen.paint(finding.verdict.as_str(), Ink::Red);
    let mut out = format!("\n{verdict} {}: {}\n", finding.id, harmless(&finding.seen));
    let cause = finding.cause.map(|(id, proof)| {
        let title = finding
            .title()
            .map_or_else(String::new, |title| format!("{title}, "));
        format!("{id} ({title}{})", proof.as_str())
    });
    out.push_str(&field("cause", cause.as_deref()));
    out.push_str(&field("signed", finding.signed.as_deref()));
    out.push_str(&field("received", finding.received.as_deref()));
    out.push_str(&field("cure", finding.cure.as_deref()));
    out.push_str(&field("seen in", probes(finding).as_deref()));
    if let Some((id, _)) = finding.cause {
        out.push_str(&field("more", Some(&format!("countersign explain {id}"))));
    }
    out
}

fn probes(finding: &Finding) -> Option<String> {
    let shown: Vec<&str> = finding
        .probes
        .iter()
        .take(PROBES_SHOWN)
        .map(String::as_str)
        .collect();
    let more = finding.probes.len().saturating_sub(shown.len());
    let text = shown.join("; ");
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(text),
        (false, more) => Some(format!("{text}; and {more} more")),
    }
}

fn field(name: &str, text: Option<&str>) -> String {
    match text {
        None | Some("") => String::new(),
        Some(text) => format!("  {name:9} {}\n", harmless(text)),
    }
}

/// The others are in `--json`.
const PROBES_SHOWN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_doctor::Proof;

    fn report(findings: Vec<Finding>) -> Report {
        Report {
            endpoint: "http://h:9000".to_owned(),
            bucket: Some("b".to_owned()),
            region: "r".to_owned(),
            findings,
            is_interrupted: false,
        }
    }

    #[test]
    fn what_the_path_changes_stands_on_top_and_what_is_fine_below() {
        let mut merged = Finding::new("probe.keys", Verdict::Failed, "Slashes arrive as one.")
            .because("URI-MERGE", Proof::Experiment)
            .cured_by("Keep them.");
        merged.signed = Some("/b/a//b".to_owned());
        merged.received = Some("/b/a/b".to_owned());
        merged.probes = (0..7).map(|n| format!("PUT {n}")).collect();
        let fine = Finding::new("endpoint.url", Verdict::Ok, "The endpoint is fine.");
        let text = told(&report(vec![fine, merged]), &Screen::of(100, false));
        let expected = "http://h:9000, region r, bucket b

What the path in between changes
  Doubled slashes of the path were merged (URI-MERGE, proven by experiment): `/b/a//b` arrives as `/b/a/b`

failed probe.keys: Slashes arrive as one.
  cause     URI-MERGE (Doubled slashes of the path were merged, proven by experiment)
  signed    /b/a//b
  received  /b/a/b
  cure      Keep them.
  seen in   PUT 0; PUT 1; PUT 2; PUT 3; PUT 4; and 2 more
  more      countersign explain URI-MERGE

ok       endpoint.url         The endpoint is fine.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        let mut finding = Finding::new("network.http", Verdict::Failed, "\u{1b}[31mseen").cured_by("\u{9b}x");
        finding.probes = vec!["\u{7}".to_owned()];
        let text = told(&report(vec![finding]), &Screen::of(100, false));
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}
