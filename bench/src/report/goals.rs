//! The figures to reach, and what became of them.
//!
//! Ratios are against a limit that was measured in the same run. A figure that was not measured is said to be so, never left out.

use super::{MIB, OURS, Results};
use crate::results::{Line, Run};
use crate::signatures::Signatures;
use crate::workload::Workload;

/// One line of the table of goals.
pub(crate) struct Verdict {
    pub(crate) work: &'static str,
    /// The denominator, by name and by value.
    pub(crate) limit: String,
    pub(crate) ours: String,
    pub(crate) reach: String,
    /// The figure itself, and whether it is what it should be; `None`: not measured.
    pub(crate) reached: Option<(String, bool)>,
    /// Each peer: its figure, and how many times that ours is better.
    pub(crate) peers: Vec<(String, String)>,
}

/// What is asked of one workload.
struct Goal {
    work: &'static str,
    workload: &'static str,
    asked: Asked,
}

enum Asked {
    /// At least this share of the limit.
    Ratio(f64),
    /// Faster than each peer, nothing else.
    Lead,
    /// At most so many bytes written for one stored.
    Written(f64),
    /// At most so many MiB of memory at any time of the workload.
    Peak(f64),
}

/// Every goal, in order.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let run = results.run.as_ref();
    let mut all: Vec<Verdict> = GOALS.iter().map(|goal| goal.verdict(run)).collect();
    let ours = run.and_then(|run| run.stores.iter().find(|store| store.name == OURS));
    all.push(at_most(
        "memory when idle, MiB",
        48.0,
        ours.and_then(|store| store.idle_bytes)
            .map(|bytes| bytes as f64 / MIB),
        1,
    ));
    all.push(at_most(
        "start to ready, nothing stored, s",
        0.1,
        ours.and_then(|store| store.ready_seconds),
        3,
    ));
    if let Some(run) = run {
        all.extend(signatures(&run.setting.signatures));
    }
    all.push(at_most(
        "device bytes for a byte stored, 4 KiB written over in the long run below, 64 connections",
        2.5,
        results.stall.as_ref().and_then(|stall| stall.written),
        2,
    ));
    let grown = results.growth.as_ref().and_then(|growth| growth.steps.last());
    all.push(at_most(
        "start to ready after `kill -9`, as many objects as in the growth below, s",
        3.0,
        grown.map(|step| step.ready_seconds),
        3,
    ));
    all
}

impl Goal {
    fn verdict(&self, run: Option<&Run>) -> Verdict {
        let workload: Option<Workload> = self.workload.parse().ok();
        let all = run.map_or(&[][..], |run| &run.lines);
        let lines: Vec<&Line> = all
            .iter()
            .filter(|line| Some(line.workload) == workload && line.fault.is_none())
            .collect();
        let ours = lines.iter().find(|line| line.who == OURS);
        let limits = lines.iter().filter(|line| line.is_limit);
        let limits: Vec<String> = limits
            .map(|line| format!("{}: {}", line.who, rate(line)))
            .collect();
        let peers = lines.iter().filter(|line| !line.is_limit && line.who != OURS);
        let figure = |line: &Line| match self.asked {
            Asked::Ratio(_) | Asked::Lead => rate(line),
            Asked::Written(_) => line
                .written
                .map_or_else(|| "-".to_owned(), |written| format!("{written:.2}")),
            Asked::Peak(_) => line
                .peak
                .map_or_else(|| "-".to_owned(), |peak| format!("{:.0} MiB", peak as f64 / MIB)),
        };
        let better = |peer: &Line| {
            let ours = ours?;
            let factor = match self.asked {
                Asked::Ratio(_) | Asked::Lead => ours.rate / peer.rate,
                Asked::Written(_) => peer.written? / ours.written?,
                Asked::Peak(_) => peer.peak? as f64 / ours.peak? as f64,
            };
            factor.is_finite().then_some(factor)
        };
        let peers: Vec<(&Line, Option<f64>)> = peers.map(|peer| (*peer, better(peer))).collect();
        let (reach, reached) = match self.asked {
            Asked::Ratio(least) => {
                let ratio = ours.and_then(|line| line.ratio);
                (
                    format!(">= {least:.2}"),
                    ratio.map(|ratio| (format!("{ratio:.2}"), ratio >= least)),
                )
            }
            Asked::Lead => {
                let least = peers
                    .iter()
                    .filter_map(|(_, factor)| *factor)
                    .fold(f64::INFINITY, f64::min);
                let known = ours.is_some() && least.is_finite();
                (
                    "faster than each".to_owned(),
                    known.then(|| (format!("{least:.2} x"), least > 1.0)),
                )
            }
            Asked::Written(most) => {
                let written = ours.and_then(|line| line.written);
                (
                    format!("<= {most}"),
                    written.map(|written| (format!("{written:.2}"), written <= most)),
                )
            }
            Asked::Peak(most) => {
                let peak = ours.and_then(|line| line.peak).map(|peak| peak as f64 / MIB);
                (
                    format!("<= {most:.0} MiB"),
                    peak.map(|peak| (format!("{peak:.0} MiB"), peak <= most)),
                )
            }
        };
        let told = |(peer, factor): &(&Line, Option<f64>)| {
            let factor = factor.map_or(String::new(), |factor| format!(" ({factor:.1} x)"));
            (peer.who.clone(), format!("{}{factor}", figure(peer)))
        };
        Verdict {
            work: self.work,
            limit: match self.asked {
                Asked::Ratio(_) if !limits.is_empty() => limits.join("; "),
                _ => "-".to_owned(),
            },
            ours: ours.map_or_else(|| "-".to_owned(), |line| figure(line)),
            reach,
            reached,
            peers: peers.iter().map(told).collect(),
        }
    }
}

/// What signatures cost, each against what it cannot do without.
fn signatures(measured: &Signatures) -> Vec<Verdict> {
    let Signatures {
        floor,
        verify,
        singles,
        pairs,
    } = *measured;
    let times = |work, limit: (&str, f64), value: f64, most: f64, most_microseconds: f64| Verdict {
        work,
        limit: format!("{}: {:.2} µs", limit.0, limit.1),
        ours: format!("{value:.2} µs"),
        reach: match most_microseconds {
            most_microseconds if most_microseconds.is_finite() => {
                format!("<= {most} x and <= {:.0} ms", most_microseconds / 1e3)
            }
            _ => format!("<= {most} x"),
        },
        reached: (floor > 0.0).then(|| {
            let factor = value / limit.1;
            (
                format!("{factor:.1} x"),
                factor <= most && value <= most_microseconds,
            )
        }),
        peers: Vec::new(),
    };
    let hashes = ("2 SHA-256 and 1 HMAC of its texts", floor);
    let one = ("one verification", verify);
    vec![
        times("a signature is verified", hashes, verify, 2.0, f64::INFINITY),
        times(
            "a refusal is explained, single changes",
            one,
            singles,
            100.0,
            f64::INFINITY,
        ),
        times("a refusal is explained, pairs too", one, pairs, 3000.0, 10_000.0),
    ]
}

fn at_most(work: &'static str, most: f64, value: Option<f64>, digits: usize) -> Verdict {
    let text = value.map(|value| format!("{value:.digits$}"));
    Verdict {
        work,
        limit: "-".to_owned(),
        ours: text.clone().unwrap_or_else(|| "-".to_owned()),
        reach: format!("<= {most}"),
        reached: text.zip(value).map(|(text, value)| (text, value <= most)),
        peers: Vec::new(),
    }
}

/// Small operations by their number, large ones by their bytes.
fn rate(line: &Line) -> String {
    if line.workload.size >= 1 << 20 {
        format!("{:.0} MiB/s", line.rate * line.workload.size as f64 / MIB)
    } else if line.rate < 10.0 {
        format!("{:.1}/s", line.rate)
    } else {
        format!("{:.0}/s", line.rate)
    }
}

const GOALS: [Goal; 13] = [
    goal("GET 4 KiB, 32 connections", "get/4KiB/32", Asked::Ratio(0.70)),
    goal("PUT 4 KiB, 64 connections", "put/4KiB/64", Asked::Ratio(0.60)),
    goal("PUT 4 KiB, 1 connection", "put/4KiB/1", Asked::Ratio(0.80)),
    goal("GET 16 MiB, 4 connections", "get/16MiB/4", Asked::Ratio(0.85)),
    goal("PUT 16 MiB, 4 connections", "put/16MiB/4", Asked::Ratio(0.80)),
    goal("LIST 1,000 keys", "list-keys/16B/4", Asked::Ratio(0.60)),
    goal(
        "LIST 1,000 common prefixes",
        "list-prefixes/16B/4",
        Asked::Ratio(0.60),
    ),
    goal(
        "DELETE 4 KiB, 64 connections",
        "delete/4KiB/64",
        Asked::Ratio(0.60),
    ),
    goal("DeleteObjects of 1,000", "delete-many/16B/4", Asked::Ratio(0.60)),
    goal("mixed, 64 KiB, 32 connections", "mixed/64KiB/32", Asked::Lead),
    goal(
        "device bytes for a byte stored, PUT 16 MiB, 4 connections",
        "put/16MiB/4",
        Asked::Written(1.05),
    ),
    goal(
        "memory, 64 connections of 64 KiB",
        "put/64KiB/64",
        Asked::Peak(256.0),
    ),
    goal(
        "memory, 16 uploads of 256 MiB at once",
        "put/256MiB/16",
        Asked::Peak(384.0),
    ),
];

const fn goal(work: &'static str, workload: &'static str, asked: Asked) -> Goal {
    Goal {
        work,
        workload,
        asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(who: &str, is_limit: bool, rate: f64, ratio: Option<f64>) -> Line {
        Line {
            workload: "get/4KiB/32".parse().expect("a workload"),
            who: who.to_owned(),
            is_limit,
            rate,
            slowest: rate,
            fastest: rate,
            bandwidth: 0.0,
            ratio,
            p50: 0.0,
            p99: 0.0,
            p999: 0.0,
            max: 0.0,
            cpu: None,
            resident: None,
            peak: None,
            written: None,
            fault: None,
        }
    }

    fn check(ratio: f64, reached: bool) {
        let lines = [
            line("hyper hello", true, 1000.0, None),
            line(OURS, false, 1000.0 * ratio, Some(ratio)),
            line("peer", false, 100.0, Some(0.1)),
        ];
        let run = Run {
            setting: crate::results::Setting::default(),
            stores: Vec::new(),
            lines: lines.to_vec(),
        };
        let verdict = GOALS[0].verdict(Some(&run));
        assert_eq!(verdict.reached, Some((format!("{ratio:.2}"), reached)));
        assert_eq!(verdict.limit, "hyper hello: 1000/s");
        let factor = ratio * 10.0;
        assert_eq!(
            verdict.peers,
            [("peer".to_owned(), format!("100/s ({factor:.1} x)"))]
        );
    }

    #[test]
    fn a_ratio_is_reached_or_missed() {
        check(0.71, true);
        check(0.69, false);
    }

    #[test]
    fn what_was_not_measured_is_neither() {
        let results = Results {
            run: None,
            growth: None,
            stall: None,
            explained: None,
            flood: None,
        };
        let all = verdicts(&results);
        assert!(all.len() > GOALS.len());
        assert!(all.iter().all(|verdict| verdict.reached.is_none()));
    }

    #[test]
    fn every_goal_names_a_workload() {
        for goal in &GOALS {
            assert!(goal.workload.parse::<Workload>().is_ok(), "{}", goal.workload);
        }
    }
}
