//! Runs from many seeds; that a seed repeats a run; that a loss is noticed.
//!
//! `cargo xtask sim` makes more runs: `COUNTERSIGN_SIM_RUNS` and `COUNTERSIGN_SIM_SEED` say how many and from where.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

use countersign_embedded::SyncPoint;
use countersign_simulation::{Report, Size, run};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const RUNS: u64 = 60;

#[test]
fn every_answer_of_every_run_fits_one_order() {
    let chosen = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|number| number.parse::<u64>().unwrap())
    };
    let runs = chosen("COUNTERSIGN_SIM_RUNS").unwrap_or(RUNS);
    let first = chosen("COUNTERSIGN_SIM_SEED").unwrap_or(0);
    let (began, next) = (Instant::now(), AtomicU64::new(first));
    let work = || {
        let mut sum = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + runs {
                return sum;
            }
            let report =
                run(seed, Size::default(), None).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
            sum = and(sum, &report);
            if runs > RUNS && seed % 100 == 0 {
                println!("{:>5} s: seed {seed}", began.elapsed().as_secs());
            }
        }
    };
    let sum = std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().unwrap().get();
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .fold(Report::default(), |sum, worker| and(sum, &worker.join().unwrap()))
    });
    println!(
        "{runs} runs from seed {first}, {:.0} s: {sum:?}",
        began.elapsed().as_secs_f64()
    );
    assert!(sum.operations > runs * 200, "{sum:?}");
    if runs >= RUNS {
        assert!(
            sum.crashes > runs && sum.failed_syncs > 0 && sum.full > 0 && sum.damages_found > 0,
            "{sum:?}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 100..105 {
        let once = || run(seed, Size::default(), None).unwrap();
        assert_eq!(once(), once(), "seed {seed}");
    }
    let traces = [1, 2].map(|seed| run(seed, Size::default(), None).unwrap().trace);
    assert_ne!(traces[0], traces[1]);
}

#[test]
fn a_sync_that_is_left_out_is_missed() {
    for point in [SyncPoint::LogBatch, SyncPoint::LargeFile, SyncPoint::LargeDir] {
        let missed = (0..300).find_map(|seed| run(seed, Size::default(), Some(point)).err());
        let missed = missed.unwrap_or_else(|| panic!("without {point:?} nothing is wrong"));
        println!("without {}: {missed:.200}", point.name());
    }
}

fn and(sum: Report, other: &Report) -> Report {
    Report {
        operations: sum.operations + other.operations,
        crashes: sum.crashes + other.crashes,
        failed_syncs: sum.failed_syncs + other.failed_syncs,
        full: sum.full + other.full,
        damages_found: sum.damages_found + other.damages_found,
        trace: sum.trace ^ other.trace,
    }
}
