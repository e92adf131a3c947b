//! Plays a row: starts the server that it was made for, at the second when it arrived, and sends it.
//!
//! Not here: judging what comes back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_engine::memory::Memory;
use countersign_identity::{AccessKey, Directory, MasterKeys, Random};
use countersign_server::{Clock, Config, DiagnosisMode, PublicUrl, Real, Server};
use countersign_sigv4::Secret;
use countersign_store::World;
use countersign_types::{BucketName, Moment};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::row::{KeyRow, Kind, Row, ServerRow, SessionRow, bytes};
use crate::http::{Answer, Ask, Connection, Key};
use crate::running::Running;

/// What became of a row.
pub(crate) struct Played {
    pub(crate) status: u16,
    pub(crate) code: String,
    /// The value of `x-countersign-diagnosis`.
    pub(crate) header: String,
    /// What the operator finds in the record; `Null` if nothing is kept of it.
    pub(crate) diagnosis: Value,
}

/// Plays a row against a server of its own, so that nothing another row did is known to it.
pub(crate) fn play(row: &Row, server: &ServerRow) -> Played {
    let stage = Stage::set(row, server);
    if row.truth.kind == Kind::Double {
        // Two changes are searched for from the second failure of a key on, as a client makes that tries again.
        let before = stage.send(
            &with_another_signature(&row.head),
            &with_another_signature(&row.body),
            row,
        );
        assert_ne!(before.status, 200, "{}", row.name);
    }
    let mut answer = stage.send(&row.head, &row.body, row);
    for _ in 1..row.sent {
        answer = stage.send(&row.head, &row.body, row);
    }
    let document = stage.record(&answer);
    Played {
        status: answer.status,
        code: answer.code(),
        header: answer
            .header("x-countersign-diagnosis")
            .unwrap_or_default()
            .to_owned(),
        diagnosis: document.get("diagnosis").cloned().unwrap_or_default(),
    }
}

/// The tokens of the sessions that a server has given out, by access key id.
pub(crate) fn tokens(server: &ServerRow, time: i64) -> BTreeMap<String, String> {
    let stage = Stage::start(time, server);
    let sessions = server.sessions.iter();
    sessions
        .map(|session| (session.access_key_id.clone(), stage.begin(session, time)))
        .collect()
}

struct Stage {
    running: Running,
    clock: Arc<Movable>,
    script: Arc<Script>,
    root: Key,
}

impl Stage {
    fn set(row: &Row, server: &ServerRow) -> Stage {
        let stage = Stage::start(row.time, server);
        stage.furnish(row, server);
        stage
    }

    fn start(time: i64, server: &ServerRow) -> Stage {
        // What is there was there before. A link for one use is refused where the bucket is younger than it.
        let clock = Arc::new(Movable(AtomicI64::new(time - DAY_SECONDS)));
        let script = Arc::new(Script::default());
        let urls = server.public_urls.iter();
        let config = Config {
            diagnosis: DiagnosisMode::Full,
            public_urls: urls.map(|url| PublicUrl::parse(url).expect("a URL")).collect(),
            domains: server.domains.clone(),
            ..Config::in_region(&server.region)
        };
        let (random, timed) = (Arc::clone(&script), Arc::clone(&clock));
        let world = Arc::new(Standing(Arc::clone(&clock)));
        let running = Running::serving_in(Arc::new(Memory::new()), world, async |store| {
            let root = AccessKey {
                access_key_id: server.access_key_id.clone(),
                secret: Secret::new(server.secret.as_str()),
            };
            let master = MasterKeys::new(vec![Zeroizing::new([7; 32])]).expect("a key");
            let accounts = Arc::new(Memory::new());
            let directory = Directory::open(accounts, root, master, random)
                .await
                .expect("a directory");
            let owner = directory.root_account().id;
            let bucket = BucketName::parse(&server.bucket).expect("a name");
            store
                .create_bucket(&bucket, &owner, &config.region)
                .await
                .expect("a bucket");
            Server::new(config, store, directory).by_clock(timed)
        });
        let root = Key {
            access_key_id: server.access_key_id.clone(),
            secret: Secret::new(server.secret.as_str()),
            time,
            region: server.region.clone(),
            ..Key::root()
        };
        clock.0.store(time, Ordering::Relaxed);
        Stage {
            running,
            clock,
            script,
            root,
        }
    }

    /// What the server has beside its root and a bucket.
    fn furnish(&self, row: &Row, server: &ServerRow) {
        if let Some(cors) = &server.cors {
            let ask = Ask::new("PUT", &format!("/{}?cors", server.bucket));
            let checksum = STANDARD.encode(Sha256::digest(cors));
            let ask = ask.header("x-amz-checksum-sha256", &checksum).body(cors.as_str());
            self.done(ask, "s3", row.time);
        }
        if !server.keys.is_empty() {
            self.call("iam", "CreateUser&UserName=ada&Version=2010-05-08", row.time);
        }
        for key in &server.keys {
            self.script.will_draw(key);
            self.call("iam", "CreateAccessKey&UserName=ada&Version=2010-05-08", row.time);
            if key.is_removed {
                let id = &key.access_key_id;
                let form = format!("DeleteAccessKey&UserName=ada&AccessKeyId={id}&Version=2010-05-08");
                self.call("iam", &form, row.time);
            }
        }
        for session in &server.sessions {
            self.begin(session, row.time);
        }
    }

    /// Begins a session as long ago as it says, and gives its token.
    fn begin(&self, session: &SessionRow, time: i64) -> String {
        self.script.will_draw(&KeyRow {
            access_key_id: session.access_key_id.clone(),
            secret: session.secret.clone(),
            is_removed: false,
        });
        let form = format!(
            "GetSessionToken&DurationSeconds={}&Version=2011-06-15",
            session.duration
        );
        let answer = self.call("sts", &form, time - session.begun_before);
        assert_eq!(
            answer.element("AccessKeyId").as_ref(),
            Some(&session.access_key_id)
        );
        answer.element("SessionToken").expect("a token")
    }

    fn call(&self, service: &str, form: &str, time: i64) -> Answer {
        let ask = Ask::new("POST", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("Action={form}"));
        self.done(ask, service, time)
    }

    /// Carried out for the root at that time.
    fn done(&self, ask: Ask, service: &str, time: i64) -> Answer {
        let key = Key {
            time,
            secret: self.root.secret.clone(),
            access_key_id: self.root.access_key_id.clone(),
            ..Key::root()
        };
        let key = if service == "s3" {
            key
        } else {
            key.for_calls(service)
        };
        let back = self.clock.0.swap(time, Ordering::Relaxed);
        let answer = self.running.send(&ask.to(&self.running.host()).sign(&key));
        self.clock.0.store(back, Ordering::Relaxed);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    fn send(&self, head: &str, body: &str, row: &Row) -> Answer {
        let mut connection = Connection::open(self.running.s3);
        connection.send(&bytes(&format!("{head}\r\n\r\n")));
        connection.send(&bytes(body));
        if row.ends_early {
            connection.end_sending();
        }
        connection.answer(row.head.starts_with("HEAD "))
    }

    fn record(&self, answer: &Answer) -> Value {
        let key = Key {
            access_key_id: self.root.access_key_id.clone(),
            secret: self.root.secret.clone(),
            region: self.root.region.clone(),
            time: self.root.time,
            ..Key::admin()
        };
        let path = format!("/api/v1/refusals/{}", answer.request_id());
        let ask = Ask::new("GET", &path)
            .to(&self.running.admin.to_string())
            .sign(&key);
        let answer = Connection::open(self.running.admin).ask(&ask);
        match answer.status {
            200 => serde_json::from_slice(&answer.body).expect("JSON"),
            status => {
                assert_eq!(status, 404, "{}", answer.text());
                Value::Null
            }
        }
    }
}

/// The text with the first digit of the signature in it exchanged; as it is if there is none.
fn with_another_signature(text: &str) -> String {
    let mut digits = text.char_indices().filter(|(_, c)| !c.is_ascii_hexdigit());
    let mut start = 0;
    loop {
        let (end, next) = digits
            .next()
            .map_or((text.len(), text.len()), |(at, c)| (at, at + c.len_utf8()));
        let named = text.get(..start).unwrap_or_default().to_ascii_lowercase();
        // In a header and a query it follows its name, in a form the line of its name.
        let is_named = ["signature=", "x-amz-signature\"\r\n\r\n"]
            .iter()
            .any(|name| named.ends_with(name));
        if is_named && end - start == SIGNATURE_DIGITS {
            let other = if text.get(start..).is_some_and(|rest| rest.starts_with('0')) {
                "1"
            } else {
                "0"
            };
            let mut text = text.to_owned();
            text.replace_range(start..=start, other);
            return text;
        }
        if end == text.len() {
            return text.to_owned();
        }
        start = next;
    }
}

/// A clock that stands until it is moved. No search takes any time by it: what is found must not depend on the machine.
struct Movable(AtomicI64);

impl Clock for Movable {
    fn now(&self) -> Moment {
        Moment::from_seconds(self.0.load(Ordering::Relaxed))
    }

    fn busy(&self) -> Duration {
        Duration::ZERO
    }
}

/// The world of the store, where it is the same time.
struct Standing(Arc<Movable>);

impl World for Standing {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn random(&self) -> [u8; 16] {
        Real::random()
    }

    fn aside(&self, work: Box<dyn FnOnce() + Send>) {
        World::aside(&Real, work);
    }
}

/// Randomness that makes the next key the one of the corpus. Letters are drawn byte by byte, by their place in the alphabet.
#[derive(Default)]
struct Script(Mutex<(VecDeque<u8>, u8)>);

impl Script {
    fn will_draw(&self, key: &KeyRow) {
        let place = |alphabet: &str, letter| {
            let place = alphabet.find(letter).expect("a letter that is drawn");
            u8::try_from(place).expect("a short alphabet")
        };
        let id = key
            .access_key_id
            .chars()
            .skip(4)
            .map(|letter| place(OF_IDS, letter));
        let secret = key.secret.chars().map(|letter| place(OF_SECRETS, letter));
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = id.chain(secret).collect();
    }
}

impl Random for Script {
    fn fill(&self, into: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let ([byte], Some(next)) = (&mut *into, state.0.front().copied()) {
            state.0.pop_front();
            *byte = next;
            return;
        }
        if into.len() > 1 {
            // The same keys every time, or no token of a row could be opened.
            into.fill(0x5a);
            return;
        }
        state.1 = state.1.wrapping_mul(5).wrapping_add(7);
        into.fill(state.1);
    }
}

const SIGNATURE_DIGITS: usize = 64;
const DAY_SECONDS: i64 = 86_400;
const OF_IDS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const OF_SECRETS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
