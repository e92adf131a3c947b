//! The page for people: what was reached, beside whom, on what, and how to measure it again.

use std::fmt::Write;

use super::goals::{Verdict, verdicts};
use super::plots::Plot;
use super::{MIB, OURS, Results, optional};
use crate::flood::{CHEAP_FLOOD, Flood, NO_FLOOD};
use crate::growth::Growth;
use crate::refusals::Explained;
use crate::results::Run;
use crate::stall::Stall;

/// The page as Markdown.
pub(crate) fn text(results: &Results, plots: &[Plot]) -> String {
    let mut out = String::from(OPENING);
    goals(results, &mut out);
    if let Some(run) = &results.run {
        setting(run, &mut out);
    }
    for plot in plots {
        // Writing into memory cannot fail.
        let _ = writeln!(out, "![{}]({})\n", plot.title, plot.file);
    }
    if let Some(run) = &results.run {
        lines(run, &mut out);
    }
    if let Some(growth) = &results.growth {
        grown(growth, &mut out);
    }
    if let Some(stall) = &results.stall {
        stalled(stall, &mut out);
    }
    if let Some(explained) = &results.explained {
        self::explained(explained, &mut out);
    }
    if let Some(flood) = &results.flood {
        flooded(flood, &mut out);
    }
    out.push_str(CLOSING);
    out
}

fn goals(results: &Results, out: &mut String) {
    out.push_str("## What is to be reached, and what is\n\n");
    let peers: Vec<&str> = results
        .run
        .iter()
        .flat_map(|run| &run.stores)
        .map(|store| store.name.as_str())
        .collect();
    let peers: Vec<&str> = peers.into_iter().filter(|name| *name != OURS).collect();
    let mut head = String::from("| work | limit of the machine | ours | to reach | reached |");
    let mut rule = String::from("|---|---|---|---|---|");
    for peer in &peers {
        let _ = write!(head, " {peer} |");
        rule.push_str("---|");
    }
    let _ = writeln!(out, "{head}\n{rule}");
    for Verdict {
        work,
        limit,
        ours,
        reach,
        reached,
        peers: figures,
    } in verdicts(results)
    {
        let reached = match reached {
            Some((figure, true)) => format!("{figure}, reached"),
            Some((figure, false)) => format!("**{figure}, missed**"),
            None => "not measured".to_owned(),
        };
        let _ = write!(out, "| {work} | {limit} | {ours} | {reach} | {reached} |");
        for peer in &peers {
            let figure = figures
                .iter()
                .find(|(name, _)| name == peer)
                .map_or("-", |(_, figure)| figure);
            let _ = write!(out, " {figure} |");
        }
        out.push('\n');
    }
    out.push_str("\nIn brackets: how many times better ours is.\n\n");
}

fn setting(run: &Run, out: &mut String) {
    let setting = &run.setting;
    let machine = &setting.machine;
    let payload = if setting.payload_signed {
        "hashed and signed"
    } else {
        "not signed"
    };
    let _ = writeln!(
        out,
        "## On what\n\n{} cores of {}, {} GiB, Linux {}, {}; clients and servers share it. A core hashes {:.0} MB/s of MD5 and \
         {:.0} MB/s of SHA-256. Load average {:.1} before and {:.1} after; began {}. {} rounds of {} s for each, in turns; payloads \
         {payload}; {} keys in the listed bucket.\n",
        machine.cores,
        machine.processor,
        machine.memory_gib,
        machine.kernel,
        machine.file_system,
        setting.md5 / 1e6,
        setting.sha256 / 1e6,
        setting.load_before,
        setting.load_after,
        setting.began,
        setting.rounds,
        setting.seconds,
        setting.listed
    );
    out.push_str("| store | version | a write that is acknowledged is on the device | memory when idle, MiB |\n|---|---|---|---|\n");
    for store in &run.stores {
        let syncs = match store.syncs {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not known",
        };
        let idle = optional(store.idle_bytes.map(|bytes| bytes as f64 / MIB), 0);
        let _ = writeln!(out, "| {} | {} | {syncs} | {idle} |", store.name, store.version);
    }
    out.push('\n');
}

fn lines(run: &Run, out: &mut String) {
    out.push_str(
        "## All workloads\n\nOperation, size of an object, connections. Operations a second are the median of the rounds; processor time \
         is that of the server for an operation; *written* is bytes written to the device for a byte stored.\n\n\
         | workload | who | operations/s | slowest to fastest round | MiB/s | of the limit | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs | \
         peak MiB | written |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for line in &run.lines {
        if let Some(fault) = &line.fault {
            let fault = fault.replace(['\n', '\r'], " ").replace('|', "/");
            let _ = writeln!(
                out,
                "| {} | {} | failed: {fault} | | | | | | | | | | |",
                line.workload, line.who
            );
            continue;
        }
        let milliseconds = [line.p50, line.p99, line.p999, line.max].map(|value| format!("{value:.2}"));
        let latency = if line.max > 0.0 {
            milliseconds.join(" | ")
        } else {
            "| | | ".to_owned()
        };
        let _ = writeln!(
            out,
            "| {} | {} | {:.1} | {:.1} to {:.1} | {:.1} | {} | {latency} | {} | {} | {} |",
            line.workload,
            if line.is_limit {
                format!("*{}*", line.who)
            } else {
                line.who.clone()
            },
            line.rate,
            line.slowest,
            line.fastest,
            line.bandwidth / MIB,
            optional(line.ratio, 2),
            optional(line.cpu, 1),
            optional(line.peak.map(|peak| peak as f64 / MIB), 0),
            optional(line.written, 2),
        );
    }
    out.push('\n');
}

fn grown(growth: &Growth, out: &mut String) {
    let _ = writeln!(
        out,
        "## As the number of objects grows\n\nObjects of {} bytes in one bucket. Operations a second, in brackets the 99th percentile in \
         ms. *Start* is from `exec` to serving after `kill -9`.\n\n\
         | objects | PUT, 64 connections | GET, 32 | LIST 1,000 keys, 4 | LIST 1,000 prefixes, 4 | start, s | memory, MiB | disk, bytes an \
         object |\n|---|---|---|---|---|---|---|---|",
        growth.object_bytes
    );
    for step in &growth.steps {
        let rates = [&step.put, &step.get, &step.list_keys, &step.list_prefixes];
        let rates = rates.map(|rate| format!("{:.0} ({:.1})", rate.rate, rate.p99));
        let _ = writeln!(
            out,
            "| {} | {} | {:.3} | {:.0} | {:.0} |",
            step.objects,
            rates.join(" | "),
            step.ready_seconds,
            step.resident_bytes as f64 / MIB,
            step.disk_bytes as f64 / step.objects.max(1) as f64
        );
    }
    if let Some(buckets) = &growth.buckets {
        let _ = writeln!(
            out,
            "\n{} buckets: made at {:.0} a second; a list of all of them takes {:.1} ms; PUT over all of them {:.0} a second (99th percentile \
             {:.1} ms).",
            buckets.buckets, buckets.created.rate, buckets.list_ms, buckets.put.rate, buckets.put.p99
        );
    }
    out.push('\n');
}

fn stalled(stall: &Stall, out: &mut String) {
    let _ = writeln!(
        out,
        "## A long run of overwrites and deletes\n\n{:.0} s of `churn/{}/{}` on {} objects, so that old bytes are given up while new ones \
         come: {:.0} operations a second; p50 {:.2}, p99 {:.2}, p99.9 {:.2} ms; the longest operation {:.0} ms; the slowest second {} \
         operations. Device bytes for a byte stored: {}. On disk at the end: {:.0} MiB for {:.0} MiB of objects at most.\n",
        stall.seconds,
        crate::workload::Size(stall.object_bytes),
        stall.connections,
        stall.objects,
        stall.rate,
        stall.p50,
        stall.p99,
        stall.p999,
        stall.max,
        stall.slowest_second,
        stall
            .written
            .map_or_else(|| "not known".to_owned(), |written| format!("{written:.2}")),
        stall.disk_bytes as f64 / MIB,
        (stall.objects * stall.object_bytes as u64) as f64 / MIB
    );
}

fn explained(explained: &Explained, out: &mut String) {
    out.push_str(
        "## What a refusal costs\n\nProcessor time on one core, no socket. Each request has a signature that nothing explains, so that a search goes through \
         everything it may try. Median and 99th percentile over the requests, each figure by itself.\n\n\
         | requests | what is done | p50 µs | p99 µs | p50 bytes hashed | p99 | p50 signatures | p99 | p50, times one verification |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let sets = [
        ("fixtures", Some(&explained.fixtures)),
        ("corpus", explained.corpus.as_ref()),
        ("heads of 32 KiB, made to be dear", Some(&explained.largest)),
    ];
    for (name, refusals) in sets {
        let Some(refusals) = refusals else { continue };
        let rows = [
            ("verified", refusals.verify),
            ("looked at, without a search", refusals.look),
            ("single changes", refusals.singles),
            ("pairs too", refusals.pairs),
        ];
        for (what, spread) in rows {
            let _ = writeln!(
                out,
                "| {} {name} | {what} | {:.1} | {:.1} | {} | {} | {} | {} | {:.0} |",
                refusals.requests,
                spread.p50,
                spread.p99,
                spread.bytes_p50,
                spread.bytes_p99,
                spread.signatures_p50,
                spread.signatures_p99,
                spread.p50 / refusals.verify.p50.max(f64::MIN_POSITIVE)
            );
        }
    }
    out.push_str(
        "\nNo time limit applies here; in the server a search ends after 10 ms of its thread's time, and all of them together get 2 % of \
         one core.\n\n",
    );
}

fn flooded(flood: &Flood, out: &mut String) {
    let _ = writeln!(
        out,
        "## Under a flood of bad requests\n\nOne client sends good requests as fast as they are answered, another one {:.0} bad ones a second; \
         {} rounds of {} s, each with a server that has all of its budget for searches saved up. The ratio is to no flood; against *{CHEAP_FLOOD}*, \
         for which nothing is searched, it shows what searches take from good requests. *Searched* is the share of bad requests whose \
         answer came from a search.\n\n\
         | good requests | bad requests | good a second | ratio | p50 ms | p99 ms | ratio of p99 | bad a second | p50 ms | p99 ms | searched |\n\
         |---|---|---|---|---|---|---|---|---|---|---|",
        flood.bad_rate, flood.rounds, flood.seconds
    );
    for line in &flood.lines {
        let alone = flood
            .lines
            .iter()
            .find(|other| other.good == line.good && other.bad == NO_FLOOD);
        let (rate, p99) = alone.map_or((f64::NAN, f64::NAN), |alone| (alone.rate, alone.p99));
        let _ = writeln!(
            out,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.2} | {:.2} | {:.3} |",
            line.good,
            line.bad,
            line.rate,
            line.rate / rate,
            line.p50,
            line.p99,
            line.p99 / p99,
            line.bad_rate,
            line.bad_p50,
            line.bad_p99,
            line.searched
        );
    }
    out.push('\n');
}

const OPENING: &str = "\
# Benchmarks

Made by `cargo xtask bench`; do not edit. Stores and the limits of the machine are measured in turns, round by round, by one client
that signs each request as an SDK does and checks each answer. A ratio says more than a figure: both sides of it met the same
machine in the same minutes.

";

const CLOSING: &str = "\
## How to measure again

    bench/peers/setup                                  # once: the peers, pinned
    cargo xtask bench full --peer seaweedfs --peer garage --peer s3s-fs
    cargo xtask bench growth --count 10000000
    cargo xtask bench stall --seconds 600
    cargo xtask bench refusals
    cargo xtask bench flood

`cargo xtask bench quick` takes a few minutes. `cargo xtask bench measure put/4KiB/64 get/4KiB/32` measures single workloads and prints
a table. `--endpoint name=http://host:port,ID,SECRET` adds any other store. `--scratch DIR` says which disk is measured.

What to know when reading: client and servers share the cores, so whoever takes less processor time gets more done. Bytes written are
those of the whole device, after a sync, so nothing else should write to it. The limits: *hyper hello* answers 5 bytes from
memory, *hyper from memory* answers as many bytes as the store, *hyper verifying* does so for signatures that match and with the headers
of an object, which is as much as any server on hyper can do; *group-commit log* and *one sync a record* append records of the same
size over zeros past the page cache; *hyper before that log* takes a body, hashes it and answers when it is in such a log, which is as
much as any server on hyper can do; *index* is our own index, read without names, XML or sockets; *MD5 of all cores or disk* is the
hash of one stream on each core, or 1 MiB writes into a new file, whichever is less.
";
