//! What is counted, and how a monitoring system reads it: `GET /metrics` on the admin port, in the OpenMetrics text form.
//!
//! Not here: what to think of the numbers.
//!
//! It keeps true: every label is from a closed set (operations, classes of status, causes, error codes, reasons), so no flood
//! makes the answer longer, and nobody learns a name from it: no bucket, no access key, no address.

use std::sync::atomic::Ordering;
use std::sync::{OnceLock, PoisonError, RwLock};

use http::{HeaderValue, Response, StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use countersign_engine::upkeep::Usage;

use crate::probe::Health;
use crate::record::{Entry, NotWritten};
use crate::respond::Outgoing;
use crate::scrub::Pass;

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    refusals: Family<Labels<2>, Counter>,
    not_written: Family<Labels<1>, Counter>,
    searches_skipped: Family<Labels<1>, Counter>,
    retired_keys_used: Counter,
    writable: Gauge,
    log: Log,
    scrub: Scrub,
}

/// How many requests were answered.
#[derive(Debug, Default)]
struct Requests {
    counters: Family<[(&'static str, &'static str); 2], Counter>,
    /// The same counters by operation and class, found for every request without a hash of their labels. An operation is
    /// added when it is first asked for, so those that are asked for often stand in front.
    by_operation: RwLock<Vec<(&'static str, ByClass)>>,
}

type ByClass = [OnceLock<Counter>; CLASSES.len()];

/// What the storage's log takes.
#[derive(Debug, Default)]
struct Log {
    segments: Gauge,
    bytes: Gauge,
    live_bytes: Gauge,
    segments_given_up: Counter,
    compacted_bytes: Counter,
    checkpoints: Counter,
}

/// What reading everything against its checksums has come to.
#[derive(Debug, Default)]
struct Scrub {
    bytes: Counter,
    rows: Counter,
    running: Gauge,
    damaged: Gauge,
    ended: Gauge,
}

type Labels<const N: usize> = [(&'static str, String); N];

/// Why no cause was searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// The caller, the access key, or everybody together has used up its share.
    Budget,
    /// Other searches were not through in time.
    Busy,
}

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("countersign");
        let requests = Requests::default();
        registry.register(
            "requests",
            "Requests by operation (none: refused before it was known) and class of status",
            requests.counters.clone(),
        );
        let refusals = Family::default();
        registry.register(
            "refusals",
            "Explained refusals by the most specific cause and by S3 error code",
            refusals.clone(),
        );
        let not_written = Family::default();
        registry.register(
            "refusals_not_written",
            "Refusals that were kept in memory and not on disk",
            not_written.clone(),
        );
        let searches_skipped = Family::default();
        registry.register(
            "searches_skipped",
            "Refusals for which no cause was searched",
            searches_skipped.clone(),
        );
        let retired_keys_used = Counter::default();
        registry.register(
            "retired_keys_used",
            "Refused requests that were signed with the secret of an access key that is no longer in use",
            retired_keys_used.clone(),
        );
        let writable = Gauge::default();
        registry.register(
            "storage_writable",
            "1 while the storage takes writes, 0 after a failed sync until the next start",
            writable.clone(),
        );
        let log = Log::register(&mut registry);
        let scrub = Scrub::register(&mut registry);
        let metrics = Metrics {
            registry,
            requests,
            refusals,
            not_written,
            searches_skipped,
            retired_keys_used,
            writable,
            log,
            scrub,
        };
        // Present from the start, so that a rate over them has something to begin with.
        metrics.not_written(NotWritten::QueueFull, 0);
        metrics.not_written(NotWritten::Disk, 0);
        for why in [Skipped::Budget, Skipped::Busy] {
            drop(metrics.searches_skipped.get_or_create(&skipped(why)));
        }
        metrics
    }

    /// An S3 request was answered.
    pub(crate) fn answered(&self, operation: Option<&'static str>, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        self.requests
            .count(operation.unwrap_or("none"), class.min(CLASSES.len() - 1));
    }

    /// A refusal went on record.
    pub(crate) fn refused(&self, entry: &Entry) {
        let labels = [("cause", entry.cause().to_owned()), ("code", entry.code.clone())];
        self.refusals.get_or_create(&labels).inc();
    }

    /// Refusals were not written.
    pub(crate) fn not_written(&self, why: NotWritten, count: u64) {
        let why = match why {
            NotWritten::QueueFull => "queue",
            NotWritten::Disk => "disk",
        };
        self.not_written
            .get_or_create(&[("reason", why.to_owned())])
            .inc_by(count);
    }

    /// A cause was not searched for.
    pub(crate) fn search_skipped(&self, why: Skipped) {
        self.searches_skipped.get_or_create(&skipped(why)).inc();
    }

    /// Somebody signed with a key that is no longer in use.
    pub(crate) fn retired_key_used(&self) {
        self.retired_keys_used.inc();
    }

    /// Whether the storage takes writes.
    pub(crate) fn storage_is(&self, health: Health) {
        self.writable.set(i64::from(health == Health::Good));
    }

    /// What the storage takes, and what became of it since it was opened.
    pub(crate) fn storage_takes(&self, usage: Usage) {
        let gauge = |gauge: &Gauge, value| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        gauge(&self.log.segments, usage.segments);
        gauge(&self.log.bytes, usage.log_bytes);
        gauge(&self.log.live_bytes, usage.live_bytes);
        // Counted where it happens, and only ever more.
        let counter = |counter: &Counter, value| counter.inner().store(value, Ordering::Relaxed);
        counter(&self.log.segments_given_up, usage.segments_given_up);
        counter(&self.log.compacted_bytes, usage.compacted_bytes);
        counter(&self.log.checkpoints, usage.checkpoints);
    }

    /// A step of the scrub was done.
    pub(crate) fn scrubbed(&self, bytes: u64, rows: u64) {
        self.scrub.bytes.inc_by(bytes);
        self.scrub.rows.inc_by(rows);
    }

    /// The running pass has found so much damage.
    pub(crate) fn scrub_found(&self, damaged: u64) {
        let known = self.scrub.damaged.get();
        // What the last pass found stays until this one is through.
        self.scrub
            .damaged
            .set(known.max(i64::try_from(damaged).unwrap_or(i64::MAX)));
    }

    /// A pass begins or is through.
    pub(crate) fn scrub_stands(&self, is_running: bool, last: Option<&Pass>) {
        self.scrub.running.set(i64::from(is_running));
        let Some(last) = last else { return };
        self.scrub
            .damaged
            .set(i64::try_from(last.damaged).unwrap_or(i64::MAX));
        self.scrub
            .ended
            .set(last.ended_at().map_or(0, |ended| ended.seconds()));
    }

    /// The answer to `GET /metrics`.
    pub(crate) fn response(&self) -> Response<Outgoing> {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all text");
        let mut response = Response::new(Outgoing::bytes(text));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Requests {
    fn count(&self, operation: &'static str, class: usize) {
        let count_known = |known: &[(&'static str, ByClass)]| {
            let counters = known.iter().find(|(name, _)| *name == operation);
            let counter = counters.and_then(|(_, by_class)| by_class.get(class).zip(CLASSES.get(class)));
            counter.is_some_and(|(counter, class)| {
                let labels = [("operation", operation), ("status", *class)];
                counter
                    .get_or_init(|| self.counters.get_or_create(&labels).clone())
                    .inc();
                true
            })
        };
        if count_known(&self.by_operation.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.by_operation.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have added it meanwhile.
        if !count_known(&known) {
            known.push((operation, ByClass::default()));
            count_known(&known);
        }
    }
}

impl Log {
    fn register(registry: &mut Registry) -> Log {
        let log = Log::default();
        registry.register("log_segments", "Segments of the log", log.segments.clone());
        registry.register(
            "log_bytes",
            "Bytes written in segments of the log",
            log.bytes.clone(),
        );
        registry.register(
            "log_live_bytes",
            "Bytes of the log that are still needed",
            log.live_bytes.clone(),
        );
        registry.register(
            "log_segments_given_up",
            "Segments of the log given up",
            log.segments_given_up.clone(),
        );
        registry.register(
            "log_compacted_bytes",
            "Bytes written again so that a segment could be given up",
            log.compacted_bytes.clone(),
        );
        registry.register(
            "index_checkpoints",
            "How often the index was made durable",
            log.checkpoints.clone(),
        );
        log
    }
}

impl Scrub {
    fn register(registry: &mut Registry) -> Scrub {
        let scrub = Scrub::default();
        registry.register(
            "scrub_bytes",
            "Bytes read against their checksums by the scrub",
            scrub.bytes.clone(),
        );
        registry.register(
            "scrub_rows",
            "Rows whose bodies were read by the scrub",
            scrub.rows.clone(),
        );
        registry.register("scrub_running", "1 while a scrub runs", scrub.running.clone());
        registry.register(
            "scrub_damaged",
            "What the last scrub found damaged, and the running one so far if that is more",
            scrub.damaged.clone(),
        );
        registry.register(
            "scrub_ended_timestamp_seconds",
            "When the last scrub was through, 0 if none was",
            scrub.ended.clone(),
        );
        scrub
    }
}

fn skipped(why: Skipped) -> Labels<1> {
    let why = match why {
        Skipped::Budget => "budget",
        Skipped::Busy => "busy",
    };
    [("reason", why.to_owned())]
}

/// Classes of status, as labels.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_operation_and_class() {
        let metrics = Metrics::new();
        for (operation, status) in [
            (Some("GetObject"), 200),
            (Some("GetObject"), 206),
            (Some("PutObject"), 200),
            (Some("GetObject"), 404),
            (None, 403),
            (None, 999),
        ] {
            metrics.answered(operation, StatusCode::from_u16(status).expect("a status"));
        }
        let mut text = String::new();
        encode(&mut text, &metrics.registry).expect("text");
        let mut counted: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("countersign_requests_total"))
            .collect();
        counted.sort_unstable();
        assert_eq!(
            counted,
            [
                r#"{operation="GetObject",status="2xx"} 2"#,
                r#"{operation="GetObject",status="4xx"} 1"#,
                r#"{operation="PutObject",status="2xx"} 1"#,
                r#"{operation="none",status="4xx"} 1"#,
                r#"{operation="none",status="5xx"} 1"#,
            ]
        );
    }
}
