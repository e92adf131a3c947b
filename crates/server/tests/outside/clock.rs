//! A server that goes by the clock that it is given: what requests of another day are judged with.

use std::sync::Arc;
use std::time::Duration;

use countersign_engine::memory::Memory;
use countersign_identity::{AccessKey, Directory};
use countersign_server::{Clock, Config, Server};
use countersign_sigv4::Secret;
use countersign_types::Moment;

use crate::http::{ACCESS_KEY_ID, Ask, Key, SECRET};
use crate::running::Running;

/// Stands at one second, and no search takes any time by it.
#[derive(Clone, Copy)]
pub(crate) struct Stopped(pub(crate) i64);

impl Clock for Stopped {
    fn now(&self) -> Moment {
        Moment::from_seconds(self.0)
    }

    fn busy(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn a_request_is_judged_by_the_clock_that_the_server_was_given() {
    const THEN: i64 = 1_369_353_600;
    let server = Running::serving(Arc::new(Memory::new()), async |store| {
        let root = AccessKey {
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret: Secret::new(SECRET),
        };
        let server = Server::new(Config::in_region("us-east-1"), store, Directory::of_root(root));
        server.by_clock(Arc::new(Stopped(THEN)))
    });
    let ask = |time| {
        let ask = Ask::new("GET", "/").to(&server.host());
        server.send(&ask.sign(&Key { time, ..Key::root() }))
    };
    assert_eq!(ask(THEN).status, 200);
    assert_eq!(ask(THEN - 900).status, 200);
    ask(THEN - 901).is(403, "RequestTimeTooSkewed");
    ask(crate::http::now()).is(403, "RequestTimeTooSkewed");
}
