//! What one check found: how it stands, what was seen, the cause where the catalogue has one, and what to change.
//!
//! Not here: how findings are laid out for a person. Keeps true: a text of a finding never holds a secret, a session token or a
//! whole signature; whoever makes one hands in lengths and what is odd, not values.

use countersign_diagnose::{page, title};
use serde_json::{Value, json};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was not tried, and `seen` says why.
    Skipped,
    /// As it should be.
    Ok,
    /// It could not be found out.
    Unknown,
    /// It works, and will not for everybody or for ever.
    Warning,
    /// It does not work.
    Failed,
}

impl Verdict {
    /// The word, in JSON as on a terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Skipped => "skipped",
            Verdict::Ok => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        }
    }

    /// Whether somebody has to do something.
    pub fn is_trouble(self) -> bool {
        matches!(self, Verdict::Warning | Verdict::Failed)
    }
}

/// How a cause was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A request that was signed as if the cause had done its work already was accepted.
    Experiment,
    /// Both sides' texts, or the answer, say so.
    Exact,
    /// By the one thing in which a refused request differs from one that was accepted.
    Difference,
    /// Nothing speaks against it.
    Inferred,
}

impl Proof {
    /// The word, in JSON as on a terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Experiment => "proven by experiment",
            Proof::Exact => "exact",
            Proof::Difference => "by difference",
            Proof::Inferred => "likely",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check: `credentials.source`, `probe.keys`. Stable.
    pub id: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was seen, in sentences.
    pub seen: String,
    /// The id of the catalogue, with how it was found.
    pub cause: Option<(&'static str, Proof)>,
    /// What we signed, where the two sides differ.
    pub signed: Option<String>,
    /// What the server made of what it received.
    pub received: Option<String>,
    /// What to change.
    pub cure: Option<String>,
    /// Which probes show it.
    pub probes: Vec<String>,
}

impl Finding {
    /// A finding without a cause.
    pub fn new(id: &'static str, verdict: Verdict, seen: impl Into<String>) -> Finding {
        Finding {
            id,
            verdict,
            seen: seen.into(),
            cause: None,
            signed: None,
            received: None,
            cure: None,
            probes: Vec::new(),
        }
    }

    /// With what to change.
    #[must_use]
    pub fn cured_by(mut self, cure: impl Into<String>) -> Finding {
        self.cure = Some(cure.into());
        self
    }

    /// With the cause.
    #[must_use]
    pub fn because(mut self, cause: &'static str, proof: Proof) -> Finding {
        self.cause = Some((cause, proof));
        self
    }

    /// The short title of the cause.
    pub fn title(&self) -> Option<&'static str> {
        title(self.cause?.0)
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "verdict": self.verdict.as_str(),
            "seen": self.seen,
            "cause": self.cause.map(|(id, _)| id),
            "proof": self.cause.map(|(_, proof)| proof.as_str()),
            "title": self.title(),
            "signed": self.signed,
            "received": self.received,
            "cure": self.cure,
            "probes": self.probes,
        })
    }
}

/// A cure with the settings of proxies from the page of the cause: of the proxy that shows itself in the answers, else of those that
/// most people have. What the cure says already is not said again.
pub(crate) fn with_settings(cure: Option<String>, cause: &str, shown: Option<&str>) -> Option<String> {
    let said = cure.clone().unwrap_or_default().to_lowercase();
    let settings: Vec<String> = settings(cause, shown)
        .into_iter()
        .filter(|(_, setting)| !said.contains(setting.to_lowercase().trim_start_matches("set: ")))
        .map(|(proxy, setting)| format!("{proxy}: {setting}."))
        .collect();
    let all: Vec<String> = cure
        .into_iter()
        .filter(|cure| !cure.is_empty())
        .chain(settings)
        .collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn settings(cause: &str, shown: Option<&str>) -> Vec<(&'static str, &'static str)> {
    let rows: Vec<(&str, &str)> = page(cause)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(_, setting)| !setting.contains(" | "))
        .map(|(proxy, setting)| (proxy, setting.trim_end_matches('.')))
        .collect();
    let shown = shown.unwrap_or_default().to_ascii_lowercase();
    let of = |is_wanted: &dyn Fn(&str) -> bool| -> Vec<(&'static str, &'static str)> {
        rows.iter()
            .filter(|(proxy, _)| is_wanted(proxy))
            .copied()
            .collect()
    };
    let named = of(&|proxy| shown.contains(&proxy.to_ascii_lowercase()));
    if named.is_empty() {
        return of(&|proxy| USUAL.contains(&proxy));
    }
    named
}

/// What stands in front of most servers.
const USUAL: [&str; 4] = ["nginx", "HAProxy", "Caddy", "Traefik"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_those_of_the_proxy_that_shows_itself() {
        let told = |cure: Option<&str>, shown| {
            with_settings(cure.map(str::to_owned), "HST-PROXY", shown).expect("there are settings")
        };
        let nginx = told(Some("Keep it."), Some("server: nginx/1.22.1"));
        assert_eq!(nginx, "Keep it. nginx: set: proxy_set_header Host $http_host;.");
        let unknown = told(None, Some("server: AmazonS3"));
        for name in ["nginx", "HAProxy", "Caddy"] {
            assert!(unknown.contains(name), "{unknown}");
        }
        let said = "If nginx is in front, set: proxy_set_header Host $http_host;";
        assert_eq!(told(Some(said), Some("server: nginx")), said);
        assert_eq!(with_settings(None, "NO-SUCH", None), None);
    }

    #[test]
    fn only_what_somebody_has_to_mend_is_trouble() {
        for (verdict, is_trouble) in [
            (Verdict::Ok, false),
            (Verdict::Skipped, false),
            (Verdict::Unknown, false),
            (Verdict::Warning, true),
            (Verdict::Failed, true),
        ] {
            assert_eq!(verdict.is_trouble(), is_trouble, "{}", verdict.as_str());
        }
    }
}
