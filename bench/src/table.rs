//! What was measured, as a table for people.

use std::fmt::Write;

use crate::series::Series;

/// One line for each contender, workloads apart. Ratios are against the limit of the workload.
pub(crate) fn text(all: &[Series]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<22} {:<26} {:>10} {:>23} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12} {:>7}",
        "workload",
        "who",
        "ops/s",
        "slowest..fastest",
        "MiB/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "cpu us",
        "RSS/peak MiB",
        "written"
    );
    for series in all {
        if let Some(fault) = &series.fault {
            let _ = writeln!(
                out,
                "{:<22} {:<26} FAILED: {fault}",
                series.workload.to_string(),
                series.name
            );
            continue;
        }
        let (slowest, fastest) = series.spread();
        let latency = series.latency();
        let milliseconds = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1e6;
        let memory = series
            .memory()
            .map(|(now, peak)| format!("{}/{}", now >> 20, peak >> 20));
        let _ = writeln!(
            out,
            "{:<22} {:<26} {:>10.1} {:>23} {:>8.1} {:>6} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9} {:>12} {:>7}",
            series.workload.to_string(),
            series.name,
            series.rate(),
            format!("{slowest:.1}..{fastest:.1}"),
            series.bandwidth() / f64::from(1 << 20),
            ratio(series, all).map_or(String::new(), |ratio| format!("{ratio:.3}")),
            milliseconds(0.5),
            milliseconds(0.99),
            milliseconds(0.999),
            latency.max() as f64 / 1e6,
            series
                .cpu()
                .map_or(String::new(), |cpu| format!("{:.1}", cpu * 1e6)),
            memory.unwrap_or_default(),
            series
                .written()
                .map_or(String::new(), |written| format!("{written:.2}")),
        );
    }
    out
}

/// How much of the limit of the same workload a store reaches.
pub(crate) fn ratio(series: &Series, all: &[Series]) -> Option<f64> {
    let same =
        |other: &&Series| other.workload == series.workload && other.is_limit && !other.rounds.is_empty();
    let limit = all
        .iter()
        .filter(same)
        .map(Series::rate)
        .fold(f64::INFINITY, f64::min);
    (!series.is_limit && limit.is_finite() && limit > 0.0).then(|| series.rate() / limit)
}
