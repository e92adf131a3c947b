//! Good requests while another client sends bad ones: how many are answered, and how long they take, against no flood at all and
//! against a flood of refusals for which nothing is searched.
//!
//! Each round has a server of its own, so that what may be saved up for searches is there in full whenever a flood begins.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_sigv4::timestamp_text;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::client::{Job, Set, Task};
use crate::connection::Connection;
use crate::drive::{alone, drive, latency};
use crate::endpoint::Endpoint;
use crate::payload::Random;
use crate::process::Server;
use crate::series::median;
use crate::workload::{Kind, Workload};

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flood {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    /// Bad requests a second that were sent, if they were answered that fast.
    pub(crate) bad_rate: f64,
    pub(crate) lines: Vec<Line>,
}

/// Good requests of one kind under bad ones of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) good: Workload,
    pub(crate) bad: String,
    /// Good requests a second, the median of the rounds, and milliseconds over all rounds.
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Bad requests a second that were answered, their milliseconds, and the share of them for which a cause was searched.
    pub(crate) bad_rate: f64,
    pub(crate) bad_p50: f64,
    pub(crate) bad_p99: f64,
    pub(crate) searched: f64,
}

/// How long, and how many.
pub(crate) struct Plan {
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    /// Of each client.
    pub(crate) connections: usize,
    /// Bad requests a second.
    pub(crate) bad_rate: f64,
}

/// Who is flooded.
pub(crate) enum Against<'a> {
    /// A server that runs already, in all rounds.
    Running(&'a Endpoint),
    /// One of this binary for each round.
    Binary { binary: &'a Path, scratch: &'a Path },
}

/// What the other client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    Nothing,
    /// An access key that nobody has: a refusal without a search.
    UnknownKeys,
    /// One request, again and again.
    Repeated,
    /// Other requests each time, from one address.
    OneAddress,
    /// The same, each from an address of its own.
    Addresses,
    /// The same, with as much signed as may be searched in pairs.
    Long,
    /// The same from this machine, which has no bucket of its own.
    Here,
}

const ALL: [Bad; 7] = [
    Bad::Nothing,
    Bad::UnknownKeys,
    Bad::Repeated,
    Bad::OneAddress,
    Bad::Addresses,
    Bad::Long,
    Bad::Here,
];

impl Bad {
    fn name(self) -> &'static str {
        match self {
            Bad::Nothing => NO_FLOOD,
            Bad::UnknownKeys => CHEAP_FLOOD,
            Bad::Repeated => "one request, repeated",
            Bad::OneAddress => "from one address",
            Bad::Addresses => "from many addresses",
            Bad::Long => "from many addresses, 8 KiB signed",
            Bad::Here => "from the same machine",
        }
    }

    /// Writes the request with this number.
    fn request(self, endpoint: &Endpoint, number: u64, out: &mut String) {
        let mut random = Random(number);
        let number = if self == Bad::Repeated { 0 } else { number };
        let signature: String = (0..4).fold(String::new(), |mut digits, _| {
            let _ = write!(digits, "{:016x}", random.next());
            digits
        });
        let signature = if self == Bad::Repeated {
            "5".repeat(64)
        } else {
            signature
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Repeated is what is the same to the second, so the minute has to do.
        let seconds = now.as_secs() / 60 * 60;
        let timestamp = timestamp_text(i64::try_from(seconds).unwrap_or_default());
        let date = timestamp.get(..8).unwrap_or_default();
        let credentials = &endpoint.credentials;
        let id = match self {
            Bad::UnknownKeys => "AKIANOBODYHASTHISKEY",
            _ => credentials.access_key_id.as_str(),
        };
        let (long_name, long) = match self {
            Bad::Long => (
                ";x-amz-meta-long",
                format!("x-amz-meta-long: {}\r\n", "x".repeat(LONG_BYTES)),
            ),
            _ => ("", String::new()),
        };
        let from = match self {
            Bad::Addresses | Bad::Long => format!("x-forwarded-for: {}\r\n", address(number)),
            Bad::OneAddress => "x-forwarded-for: 198.51.100.7\r\n".to_owned(),
            Bad::Nothing | Bad::UnknownKeys | Bad::Repeated | Bad::Here => String::new(),
        };
        out.clear();
        let _ = write!(
            out,
            "GET /countersign-bench/flood/{number:012} HTTP/1.1\r\nhost: {}\r\nx-amz-date: {timestamp}\r\n\
             x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n{long}{from}authorization: AWS4-HMAC-SHA256 \
             Credential={id}/{date}/{}/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date{long_name}, \
             Signature={signature}\r\n\r\n",
            credentials.host, credentials.region
        );
    }
}

/// One of many addresses that are nobody's.
fn address(number: u64) -> String {
    let [.., a, b, c] = number.to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

/// What the other client saw.
struct Seen {
    answered: u64,
    searched: u64,
    latency: Histogram<u64>,
    seconds: f64,
}

/// Measures every kind of flood. `keep` gets what there is after each round.
pub(crate) fn run(
    against: &Against<'_>,
    plan: &Plan,
    keep: &mut impl FnMut(&Flood) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut all: Vec<(Workload, Bad, Vec<Round>)> = Vec::new();
    for round in 0..plan.rounds {
        for kind in [Kind::Get, Kind::Put] {
            let good = Workload {
                kind,
                size: OBJECT_BYTES,
                connections: plan.connections,
            };
            for bad in ALL {
                let measured = match against {
                    Against::Running(endpoint) => measure(endpoint, plan, good, bad)?,
                    Against::Binary { binary, scratch } => {
                        let directory = scratch.join(format!("{}-{round}-{bad:?}", kind.name()));
                        let trusting = ["--trusted-proxy", "127.0.0.0/8"];
                        let server = Server::ours_with("countersign", binary, &directory, &trusting)?;
                        let measured = measure(&server.endpoint, plan, good, bad);
                        drop(server);
                        // A run takes little of the disk.
                        let _ = std::fs::remove_dir_all(directory);
                        measured?
                    }
                };
                eprintln!(
                    "{good} {}: {:.0}/s, {:.0} bad ones/s",
                    bad.name(),
                    measured.good.per_second(),
                    measured.bad.rate()
                );
                match all.iter_mut().find(|(of, under, _)| *of == good && *under == bad) {
                    Some((_, _, rounds)) => rounds.push(measured),
                    None => all.push((good, bad, vec![measured])),
                }
            }
        }
        keep(&Flood {
            rounds: round + 1,
            seconds: plan.time.as_secs_f64(),
            bad_rate: plan.bad_rate,
            lines: all
                .iter()
                .map(|(good, bad, rounds)| line(*good, *bad, rounds))
                .collect(),
        })?;
    }
    Ok(())
}

/// What both clients saw in one round.
struct Round {
    good: crate::drive::Tally,
    bad: Seen,
}

fn line(good: Workload, bad: Bad, rounds: &[Round]) -> Line {
    let (mut of_good, mut of_bad) = (latency(), latency());
    for round in rounds {
        // The bounds are the same everywhere, so this cannot fail.
        let _ = of_good.add(&round.good.latency);
        let _ = of_bad.add(&round.bad.latency);
    }
    let milliseconds = |of: &Histogram<u64>, quantile| of.value_at_quantile(quantile) as f64 / 1e6;
    let answered: u64 = rounds.iter().map(|round| round.bad.answered).sum();
    let searched: u64 = rounds.iter().map(|round| round.bad.searched).sum();
    Line {
        good,
        bad: bad.name().to_owned(),
        rate: median(rounds.iter().map(|round| round.good.per_second())).unwrap_or_default(),
        p50: milliseconds(&of_good, 0.5),
        p99: milliseconds(&of_good, 0.99),
        bad_rate: median(rounds.iter().map(|round| round.bad.rate())).unwrap_or_default(),
        bad_p50: milliseconds(&of_bad, 0.5),
        bad_p99: milliseconds(&of_bad, 0.99),
        searched: searched as f64 / answered.max(1) as f64,
    }
}

fn measure(endpoint: &Endpoint, plan: &Plan, good: Workload, bad: Bad) -> Result<Round, Fault> {
    let job = |task: Task, prefix: &str, seed: u64| {
        let set = Set {
            prefix: prefix.to_owned(),
            seed,
            objects: OBJECTS,
            bodies: OBJECTS,
        };
        Arc::new(Job::new(endpoint, good, task, set, true))
    };
    let fill = job(Task::Fill, "set", 1);
    alone(&fill, async |client| client.create_bucket().await)?;
    if good.kind == Kind::Get {
        drive(&fill, None)?;
    }
    let measured = match good.kind {
        Kind::Put => job(Task::Measure, "new", 2),
        _ => job(Task::Measure, "set", 1),
    };
    let is_over = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let flood = scope.spawn(|| flood(endpoint, plan, bad, &is_over));
        let good = drive(&measured, Some(plan.time));
        is_over.store(true, Ordering::SeqCst);
        let bad = flood.join();
        let bad = bad.unwrap_or_else(|_| Err(Fault::new("the client that floods panicked")));
        Ok(Round {
            good: good?,
            bad: bad?,
        })
    })
}

/// Sends bad requests at the rate of the plan until it is over. An answer that is no refusal is a fault.
fn flood(endpoint: &Endpoint, plan: &Plan, bad: Bad, is_over: &Arc<AtomicBool>) -> Result<Seen, Fault> {
    let began = Instant::now();
    let mut seen = Seen {
        answered: 0,
        searched: 0,
        latency: latency(),
        seconds: 0.0,
    };
    if bad == Bad::Nothing {
        return Ok(seen);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new(format!("the client does not start: {error}")))?;
    let schedule = Arc::new(Schedule {
        endpoint: endpoint.clone(),
        bad,
        began,
        pause: Duration::from_secs_f64(1.0 / plan.bad_rate.max(1.0)),
        next: AtomicU64::new(0),
        is_over: Arc::clone(is_over),
    });
    let all: Vec<(bool, Duration)> = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..plan.connections {
            tasks.spawn(connection(Arc::clone(&schedule)));
        }
        let mut all = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            all.extend(ended.map_err(|_| Fault::new("a client panicked"))??);
        }
        Ok::<_, Fault>(all)
    })?;
    for (is_searched, took) in all {
        seen.answered += 1;
        seen.searched += u64::from(is_searched);
        seen.latency
            .saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
    seen.seconds = began.elapsed().as_secs_f64();
    Ok(seen)
}

/// Which bad request is sent when.
struct Schedule {
    endpoint: Endpoint,
    bad: Bad,
    began: Instant,
    pause: Duration,
    next: AtomicU64,
    is_over: Arc<AtomicBool>,
}

/// One connection that sends what is due; of each answer whether there was a search and how long it took.
async fn connection(schedule: Arc<Schedule>) -> Result<Vec<(bool, Duration)>, Fault> {
    let mut seen = Vec::new();
    let mut connection = Connection::new(schedule.endpoint.peer);
    let mut request = String::new();
    while !schedule.is_over.load(Ordering::SeqCst) {
        let number = schedule.next.fetch_add(1, Ordering::Relaxed);
        let due = schedule
            .pause
            .saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
        tokio::time::sleep_until((schedule.began + due).into()).await;
        schedule.bad.request(&schedule.endpoint, number, &mut request);
        let sent = Instant::now();
        let answer = connection.exchange(&[request.as_bytes()], false, |_| {}).await;
        let answer = answer.map_err(|error| Fault::new(format!("a bad request: {error}")))?;
        if answer.status != 403 {
            return Err(Fault::new(format!(
                "a bad request was answered {}",
                answer.status
            )));
        }
        let diagnosis = answer.diagnosis.unwrap_or_default();
        seen.push((diagnosis.contains("proven"), sent.elapsed()));
    }
    Ok(seen)
}

impl Seen {
    fn rate(&self) -> f64 {
        if self.seconds > 0.0 {
            self.answered as f64 / self.seconds
        } else {
            0.0
        }
    }
}

/// The name of the round without any.
pub(crate) const NO_FLOOD: &str = "none";
/// The name of the flood for which nothing is searched.
pub(crate) const CHEAP_FLOOD: &str = "unknown keys";

/// Of good requests.
const OBJECT_BYTES: usize = 4 * 1024;
const OBJECTS: u64 = 200;

/// With the rest of the request a little less than the longest canonical request that is searched in pairs.
const LONG_BYTES: usize = 7_800;
