//! What it costs to explain refused requests: those of the fixtures of `diagnose`, each with a signature that nothing explains, and the
//! dearest that a head of the largest size can be made.
//!
//! Not here: whether the explanation is right. Without a match a search goes through everything it may try.
//!
//! Keeps true: the time of a request is processor time, and the least of several tries, since anything that disturbs only adds.

use std::fs;
use std::path::Path;

use countersign_diagnose::{Budget, Case, Diagnosis, Fault as Refused, ServerFacts, Transport, diagnose};
use countersign_sigv4::{
    Expected, PathRule, Refusal, Request, Secret, SigningKey, claim, parse_timestamp, verify,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Fault;

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Explained {
    pub(crate) fixtures: Refusals,
    /// `None` if there is no corpus in the tree.
    pub(crate) corpus: Option<Refusals>,
    pub(crate) largest: Refusals,
}

impl Explained {
    pub(crate) fn measure() -> Result<Explained, Fault> {
        let fixtures = of_fixtures(Path::new(FIXTURES))?;
        Ok(Explained {
            fixtures: Refusals::measure(&fixtures),
            corpus: None,
            largest: Refusals::measure(&largest()),
        })
    }
}

/// What many requests cost, each figure by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refusals {
    /// Of how many requests.
    pub(crate) requests: usize,
    /// A request is read and its signature compared.
    pub(crate) verify: Spread,
    /// What it shows by itself.
    pub(crate) look: Spread,
    /// One change at a time.
    pub(crate) singles: Spread,
    /// The same, with changes in pairs.
    pub(crate) pairs: Spread,
}

/// One figure over many requests.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Bytes hashed.
    pub(crate) bytes_p50: u64,
    pub(crate) bytes_p99: u64,
    /// Signatures computed.
    pub(crate) signatures_p50: u64,
    pub(crate) signatures_p99: u64,
}

/// A request as it arrived, whose signature is wrong.
struct Wrong {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    server: ServerFacts,
    http_1_0: bool,
}

impl Refusals {
    /// Measures all of them.
    fn measure(all: &[Wrong]) -> Refusals {
        let costs: Vec<Costs> = all.iter().filter_map(Wrong::costs).collect();
        let spread = |of: fn(&Costs) -> Cost| {
            let costs: Vec<Cost> = costs.iter().map(of).collect();
            Spread::of(&costs)
        };
        Refusals {
            requests: costs.len(),
            verify: spread(|costs| costs.verify),
            look: spread(|costs| costs.look),
            singles: spread(|costs| costs.singles),
            pairs: spread(|costs| costs.pairs),
        }
    }
}

/// What one request costs.
struct Costs {
    verify: Cost,
    look: Cost,
    singles: Cost,
    pairs: Cost,
}

#[derive(Clone, Copy)]
struct Cost {
    microseconds: f64,
    bytes: u64,
    signatures: u64,
}

impl Spread {
    fn of(costs: &[Cost]) -> Spread {
        let at = |quantile: f64, of: fn(&Cost) -> f64| {
            let mut values: Vec<f64> = costs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            let place = (quantile * values.len().saturating_sub(1) as f64).round() as usize;
            values.get(place).copied().unwrap_or_default()
        };
        let both = |of: fn(&Cost) -> f64| (at(0.5, of), at(0.99, of));
        let (p50, p99) = both(|cost| cost.microseconds);
        let (bytes_p50, bytes_p99) = both(|cost| cost.bytes as f64);
        let (signatures_p50, signatures_p99) = both(|cost| cost.signatures as f64);
        Spread {
            p50,
            p99,
            bytes_p50: bytes_p50 as u64,
            bytes_p99: bytes_p99 as u64,
            signatures_p50: signatures_p50 as u64,
            signatures_p99: signatures_p99 as u64,
        }
    }
}

impl Wrong {
    /// Reads a request as the fixtures write it down. The place for its signature gets one that nothing explains.
    fn parse(text: &str, server: ServerFacts) -> Option<Wrong> {
        let text = text.replace("{signature}", &"5".repeat(64));
        let head = text.split("\n\n").next()?;
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), unescape(value.trim_start())))
        };
        Some(Wrong {
            method: method.to_owned(),
            path: path.as_bytes().to_vec(),
            query: query.map(|query| query.as_bytes().to_vec()),
            headers: lines.map(header).collect::<Option<_>>()?,
            server,
            http_1_0: version == "HTTP/1.0",
        })
    }

    /// `None` if it is refused before anything is searched for.
    fn costs(&self) -> Option<Costs> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let request = Request {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
        };
        let claimed = claim(&request).ok().flatten()?;
        let secret = Secret::new("a secret that signed nothing of it, as long as any");
        let signing_key = SigningKey::derive(&secret, &claimed.scope);
        let expected = Expected {
            region: &self.server.region,
            service: &self.server.service,
            now: self.server.now,
        };
        let refusal = claimed.check(&request, &expected).err();
        let refusal = refusal.unwrap_or(Refusal::SignatureMismatch);
        let case = Case {
            request,
            claim: Some(&claimed),
            fault: Refused::Refused(&refusal),
            secret: Some(&secret),
            rule: PathRule::S3,
            server: &self.server,
            transport: Transport {
                http_1_0: self.http_1_0,
                ..Transport::default()
            },
            body: None,
            form: None,
        };
        let explain = |budget: fn() -> Budget<'static>| {
            let (diagnosis, microseconds) = least(|| diagnose(&case, budget()));
            Cost::of(&diagnosis, microseconds)
        };
        let singles = explain(|| Budget::singles(&|| true));
        if singles.signatures == 0 {
            return None;
        }
        let (trace, microseconds) = least(|| {
            let claimed = claim(&request).ok().flatten();
            claimed.map(|claimed| verify(&request, &claimed, PathRule::S3, &signing_key).trace)
        });
        let length = trace.map_or(0, |trace| {
            trace.canonical_request.len() + trace.string_to_sign.len()
        });
        Some(Costs {
            verify: Cost {
                microseconds,
                bytes: length as u64,
                signatures: 1,
            },
            look: explain(Budget::none),
            singles,
            pairs: explain(|| Budget::full(&|| true)),
        })
    }
}

impl Cost {
    fn of(diagnosis: &Diagnosis, microseconds: f64) -> Cost {
        let tried = diagnosis.tried;
        Cost {
            microseconds,
            bytes: tried.hashed_bytes,
            signatures: u64::from(tried.singles) + u64::from(tried.pairs),
        }
    }
}

/// What comes of it, and the least processor time that it takes in microseconds.
fn least<T>(mut work: impl FnMut() -> T) -> (T, f64) {
    let mut of = |times: u32| {
        let began = busy();
        for _ in 1..times {
            std::hint::black_box(work());
        }
        let out = std::hint::black_box(work());
        (out, (busy() - began) / f64::from(times))
    };
    // Reading the clock takes a part of the time that short work does, so that is done several times at once.
    let (_, once) = of(1);
    let times = (TRY_MICROSECONDS_MIN / once.max(0.1)).clamp(1.0, 100.0) as u32;
    let mut best = of(times);
    for _ in 1..TRIES {
        let next = of(times);
        best.1 = best.1.min(next.1);
    }
    best
}

/// How long this thread has kept a processor busy, in microseconds: what others do on the machine meanwhile is not in it.
fn busy() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The requests of the fixtures in a folder, forms, preflights and unknown keys aside.
fn of_fixtures(folder: &Path) -> Result<Vec<Wrong>, Fault> {
    let fault =
        |path: &Path, error: &dyn std::fmt::Display| Fault::new(format!("`{}`: {error}", path.display()));
    let mut cases: Vec<_> = fs::read_dir(folder)
        .map_err(|error| fault(folder, &error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let mut all = Vec::new();
    for case in cases {
        let read = |name: &str| {
            let path = case.join(name);
            fs::read_to_string(&path).map_err(|error| fault(&path, &error))
        };
        let context: Value =
            serde_json::from_str(&read("context.json")?).map_err(|error| fault(&case, &error))?;
        let is_other = ["policy", "form", "cors", "unknown_key", "link_used"];
        if is_other.iter().any(|name| context.get(name).is_some()) {
            continue;
        }
        let request = read("request.http")?;
        let wrong = Wrong::parse(&request, facts(&context));
        all.push(wrong.ok_or_else(|| fault(&case, &"no request can be read out of it"))?);
    }
    Ok(all)
}

/// Heads of the largest size that the server takes, each dear in another way.
fn largest() -> Vec<Wrong> {
    let server = facts(&Value::Null);
    let path = |piece: &str| {
        (
            format!("/bucket{}", piece.repeat(HEAD_BYTES / piece.len())),
            String::new(),
        )
    };
    let header = |names: usize, piece: &str| {
        let value = piece.repeat(HEAD_BYTES / names / piece.len());
        let lines = (0..names).map(|n| format!("x-amz-meta-{n:02}: {value}b\n"));
        ("/bucket/k".to_owned(), lines.collect::<String>())
    };
    let query = |piece: &str, count: usize| (format!("/bucket/k?{}", piece.repeat(count)), String::new());
    let forwarded = |name: &str, piece: &str| {
        let value = piece.repeat(HEAD_BYTES / piece.len());
        ("/bucket/k".to_owned(), format!("{name}: {value}\n"))
    };
    let all = [
        path("/a"),
        path("//"),
        path("/%25%2F"),
        path("/+~e\u{301}"),
        header(1, "a"),
        header(1, "a "),
        header(60, "a  b"),
        header(8, "\u{e4}"),
        header(60, "=?UTF-8?B?YQ==?= "),
        query("a=b%2525+c&", 500),
        query("utm_source=x&", 500),
        query("a&", 500),
        forwarded("x-forwarded-host", "a.b,"),
        forwarded("forwarded", "host=a;"),
        forwarded("user-agent", "a "),
        forwarded("via", "1.1 a, "),
    ];
    let text = |(target, lines): &(String, String)| {
        let names = lines.lines().filter_map(|line| line.split(':').next());
        let mut signed: Vec<&str> = names
            .chain(["host", "x-amz-content-sha256", "x-amz-date"])
            .collect();
        signed.sort_unstable();
        format!(
            "GET {target} HTTP/1.1\nhost: s3.example.com\nx-amz-content-sha256: UNSIGNED-PAYLOAD\n\
             x-amz-date: 20261122T035900Z\nauthorization: AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE000000001/20261122/us-east-1/s3/aws4_request, SignedHeaders={}, \
             Signature={{signature}}\n{lines}",
            signed.join(";")
        )
    };
    let parsed = all.iter().map(|parts| Wrong::parse(&text(parts), server.clone()));
    parsed.flatten().collect()
}

/// What the server knows, as a fixture says it.
fn facts(context: &Value) -> ServerFacts {
    let text = |name: &str| context.get(name).and_then(Value::as_str);
    let items = |name: &str| context.get(name).and_then(Value::as_array).into_iter().flatten();
    let texts = |name: &str| items(name).filter_map(Value::as_str).map(str::to_owned).collect();
    let ports = items("listen_ports").filter_map(|port| u16::try_from(port.as_u64()?).ok());
    ServerFacts {
        region: text("region").unwrap_or("us-east-1").to_owned(),
        service: "s3".to_owned(),
        public_names: texts("public_names"),
        domains: texts("domains"),
        listen_ports: ports.collect(),
        seen_hosts: texts("seen_hosts"),
        now: parse_timestamp(text("now").unwrap_or("20261122T040000Z")).unwrap_or_default(),
        ..ServerFacts::default()
    }
}

/// `\xNN` stands for one byte, for not every value is UTF-8.
fn unescape(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let digits = piece
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(digits);
        bytes.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
    }
    bytes
}

/// Where the fixtures lie.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/diagnose/fixtures");

/// How often a request is tried.
const TRIES: u32 = 3;
/// How long one try takes at least.
const TRY_MICROSECONDS_MIN: f64 = 50.0;

/// What a head of 32 KiB has room for beside what every request needs.
const HEAD_BYTES: usize = 31 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixtures_are_read_and_searched_for_in_vain() {
        let all = of_fixtures(Path::new(FIXTURES)).expect("they are read");
        let some: Vec<Wrong> = all.into_iter().step_by(40).collect();
        let measured = Refusals::measure(&some);
        assert!(measured.requests > 3, "{measured:?}");
        let Refusals {
            verify,
            look,
            singles,
            pairs,
            ..
        } = measured;
        assert_eq!((verify.signatures_p50, look.signatures_p99), (1, 0));
        assert!(singles.signatures_p50 > 20 && pairs.signatures_p50 > singles.signatures_p50);
        assert!(pairs.bytes_p50 > singles.bytes_p50 && pairs.p99 >= pairs.p50);
    }

    #[test]
    fn the_largest_heads_are_searched_for_too() {
        let all = largest();
        assert_eq!(all.len(), 16);
        for wrong in all.iter().step_by(5) {
            assert!(
                wrong.costs().is_some(),
                "{}",
                String::from_utf8_lossy(&wrong.path)
            );
        }
    }

    #[test]
    fn percentiles_are_of_each_figure_by_itself() {
        let cost = |n: u64| Cost {
            microseconds: n as f64,
            bytes: 1000 - n,
            signatures: 7,
        };
        let spread = Spread::of(&(0..=100).map(cost).collect::<Vec<_>>());
        assert_eq!((spread.p50, spread.p99), (50.0, 99.0));
        assert_eq!((spread.bytes_p50, spread.bytes_p99), (950, 999));
        assert_eq!((spread.signatures_p50, spread.signatures_p99), (7, 7));
    }
}
