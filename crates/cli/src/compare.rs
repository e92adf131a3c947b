//! `countersign compare A B`: two requests, one that works and one that does not, held against each other in what is signed.
//!
//! Not here: reading them (`countersign_evidence`).

use countersign_evidence::{Comparison, Line, compare, harmless};
use serde_json::json;

use crate::exit::{Failure, Kind};
use crate::explain;
use crate::terminal::{Ink, Screen, print};

/// What to compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What is at hand of the one: a file as for `explain`, or a URL.
    #[arg(value_name = "FILE|URL")]
    left: String,
    /// What is at hand of the other.
    #[arg(value_name = "FILE|URL")]
    right: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the lines of both canonical requests, those that differ marked.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let signed = |subject: &str| {
        let evidence = explain::evidence(subject)?;
        let why = || {
            Failure::new(
                Kind::NotFound,
                format!("`{subject}` does not show what was signed"),
            )
        };
        evidence.signed().ok_or_else(why)
    };
    let comparison = compare(&signed(&arguments.left)?, &signed(&arguments.right)?);
    if arguments.json {
        let line = |line: &Line| json!({ "what": line.what, "left": line.left, "right": line.right, "same": line.is_same() });
        let lines: Vec<_> = comparison.lines.iter().map(line).collect();
        return print(&format!("{}\n", json!({ "version": 1, "lines": lines })));
    }
    print(&told(&comparison, &Screen::of_stdout()))
}

fn told(comparison: &Comparison, screen: &Screen) -> String {
    let mut out = String::new();
    for line in &comparison.lines {
        if line.is_same() {
            let text = line.left.as_deref().unwrap_or_default();
            out.push_str(&format!("  {:<24} {}\n", line.what, harmless(text)));
            continue;
        }
        for (mark, ink, side) in [('-', Ink::Red, &line.left), ('+', Ink::Green, &line.right)] {
            let Some(side) = side else { continue };
            let text = format!("{mark} {:<24} {}", line.what, harmless(side));
            out.push_str(&format!("{}\n", screen.paint(&text, ink)));
        }
    }
    out.push('\n');
    out.push_str(&match comparison.first_difference() {
        None => "Both sign the same, so it is the secret, or what was changed on the way, that differs.\n"
            .to_owned(),
        Some(line) => format!("They differ first in: {}. {}\n", line.what, meaning(line)),
    });
    out
}

/// What a difference in this line usually means.
fn meaning(line: &Line) -> String {
    let text = match line.what.as_str() {
        "method" => "A link or signature is good for one method only.",
        "path" => "Look at the key's encoding, at the bucket (in the path or in the host), and at slashes.",
        "query" => "Look at parameters that were added or lost after signing, and at their encoding.",
        "header host" => {
            "The clients use different endpoints, or one of them signs the port and the other does not."
        }
        "header x-amz-date" => {
            "Each request has its own time; this alone explains nothing. Look at the lines below."
        }
        "signed headers" => "Different headers are signed.",
        "payload" => "One signs a hash of the body, the other UNSIGNED-PAYLOAD, a stream, or another body.",
        what => {
            let name = what.trim_start_matches("header ");
            return format!("The header {name} has different values, or only one of them signs it.");
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::CanonicalText;

    #[test]
    fn lines_that_differ_are_marked_and_explained() {
        let text = |host: &str| {
            let text = format!("GET\n/k\n\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
            CanonicalText::parse(&text).expect("a canonical request")
        };
        let comparison = compare(&text("one"), &text("t\u{1b}[31mwo"));
        let plain = told(&comparison, &Screen::of(80, false));
        assert!(
            plain.contains("- header host") && plain.contains("+ header host"),
            "{plain}"
        );
        assert!(
            !plain.contains('\u{1b}') && plain.contains("differ first in: header host"),
            "{plain}"
        );
        assert!(told(&comparison, &Screen::of(80, true)).contains('\u{1b}'));
        assert!(
            told(&compare(&text("one"), &text("one")), &Screen::of(80, false)).contains("Both sign the same")
        );
    }
}
