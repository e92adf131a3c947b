//! The rounds of every contender in one workload, taken in turns, and what they say together.
//!
//! Keeps true: contenders take turns round by round, so that whatever the machine does meanwhile meets all of them.

use hdrhistogram::Histogram;

use crate::contender::{Contender, Effort, Round};
use crate::drive::latency;
use crate::workload::Workload;

/// What one contender did in one workload.
pub(crate) struct Series {
    pub(crate) workload: Workload,
    pub(crate) name: String,
    pub(crate) is_limit: bool,
    pub(crate) rounds: Vec<Round>,
    /// Why it was not measured to the end.
    pub(crate) fault: Option<String>,
}

/// Measures all of them.
pub(crate) fn measure(
    workload: Workload,
    contenders: &[&Contender],
    effort: &Effort,
    tell: &mut impl FnMut(&str),
) -> Vec<Series> {
    let mut all: Vec<Series> = contenders
        .iter()
        .map(|contender| Series {
            workload,
            name: contender.name(),
            is_limit: contender.is_limit(),
            rounds: Vec::new(),
            fault: contender
                .prepare(workload, effort)
                .err()
                .map(|fault| fault.to_string()),
        })
        .collect();
    for number in 0..effort.rounds {
        for (contender, series) in contenders.iter().zip(&mut all) {
            if series.fault.is_some() {
                continue;
            }
            match contender.round(workload, effort, number) {
                Ok(round) => {
                    tell(&format!(
                        "{workload} round {} {}: {:.1}/s",
                        number + 1,
                        series.name,
                        round.rate
                    ));
                    series.rounds.push(round);
                }
                Err(fault) => series.fault = Some(fault.to_string()),
            }
        }
    }
    for series in all.iter().filter(|series| series.fault.is_some()) {
        tell(&format!(
            "{workload} {} FAILED: {}",
            series.name,
            series.fault.as_deref().unwrap_or_default()
        ));
    }
    all
}

impl Series {
    /// Operations a second: the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.rate)).unwrap_or(0.0)
    }

    /// The slowest and the fastest round; nothing where there was none.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let rates = || self.rounds.iter().map(|round| round.rate);
        let slowest = rates().reduce(f64::min);
        (slowest.unwrap_or(0.0), rates().fold(0.0, f64::max))
    }

    /// Bytes a second: the median of the rounds.
    pub(crate) fn bandwidth(&self) -> f64 {
        let bytes = |round: &Round| round.tally.bytes as f64 / round.tally.seconds.max(f64::MIN_POSITIVE);
        median(self.rounds.iter().map(bytes)).unwrap_or(0.0)
    }

    pub(crate) fn cpu(&self) -> Option<f64> {
        median(self.rounds.iter().filter_map(|round| round.cpu))
    }

    pub(crate) fn written(&self) -> Option<f64> {
        median(self.rounds.iter().filter_map(|round| round.written))
    }

    /// Resident bytes: the median after a round, the most in any.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        let memory = || self.rounds.iter().filter_map(|round| round.memory);
        let now = median(memory().map(|memory| memory.now as f64))?;
        Some((now as u64, memory().map(|memory| memory.peak).max()?))
    }

    /// The latencies of all rounds together.
    pub(crate) fn latency(&self) -> Histogram<u64> {
        let mut all = latency();
        for round in &self.rounds {
            // The bounds are the same everywhere, so this cannot fail.
            let _ = all.add(&round.tally.latency);
        }
        all
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0].into_iter()), Some(3.0));
        assert_eq!(median([9.0, 1.0, 3.0].into_iter()), Some(3.0));
        assert_eq!(median([9.0, 1.0, 3.0, 5.0].into_iter()), Some(4.0));
    }
}
