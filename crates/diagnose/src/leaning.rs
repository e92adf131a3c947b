//! What the server remembers of an access key moves what is tried first, and what is called likely where nothing is proven.
//!
//! Not here: the remembering. Keeps true: a memory proves nothing and rules nothing out, it only moves weights; without one every
//! weight stays as its rule has it.

use crate::key::Lately;
use crate::scene::Scene;

/// How long ago something verified and still says that it would verify now.
const LATELY_SECONDS: i64 = 3_600;
/// Refusals after which a client counts as one that never gets it right.
const FAILURES_MIN: u32 = 3;
/// The largest weight.
const WEIGHT_MAX: u32 = 1_000;

/// One thing that is remembered, and which causes it makes more or less likely.
struct Leaning {
    holds: fn(&Memory<'_>) -> bool,
    /// Beginnings of ids, and what becomes of their weight, in percent.
    moves: &'static [(&'static str, u32)],
}

struct Memory<'a> {
    lately: &'a Lately,
    now: i64,
    is_write: bool,
}

impl Memory<'_> {
    fn is_recent(&self, at: Option<i64>) -> bool {
        at.is_some_and(|at| self.now.saturating_sub(at) <= LATELY_SECONDS)
    }
}

const LEANINGS: [Leaning; 6] = [
    // This client has the right secret, so this request differs from its others: in its path, above all. Unless it is another program
    // beside it that was set up wrongly.
    Leaning {
        holds: |memory| memory.is_recent(memory.lately.verified_here),
        moves: &[("URI-", 110), ("HDR-NONASCII", 110)],
    },
    // The key is in good use, only not by this client: rather something on its way than the key.
    Leaning {
        holds: |memory| {
            memory.is_recent(memory.lately.verified_elsewhere)
                && !memory.is_recent(memory.lately.verified_here)
        },
        moves: &[("SEC-", 90)],
    },
    // Nobody ever signed with it rightly: it was copied wrongly.
    Leaning {
        holds: |memory| memory.lately.is_unused,
        moves: &[("SEC-", 150)],
    },
    Leaning {
        holds: |memory| memory.lately.is_rotated && !memory.is_recent(memory.lately.verified_here),
        moves: &[("SEC-ROTATED", 150), ("SEC-WRONG", 130)],
    },
    // Whatever this client does is refused: its key, its idea of where we are, or what stands between.
    Leaning {
        holds: |memory| {
            let Lately { reads, writes, .. } = memory.lately;
            let has_verified = reads.has_verified || writes.has_verified;
            !has_verified && reads.refused > 0 && reads.refused.saturating_add(writes.refused) >= FAILURES_MIN
        },
        moves: &[("SEC-", 130), ("HST-", 130), ("SCP-", 130)],
    },
    // It reads, and cannot write: what only an upload carries.
    Leaning {
        holds: |memory| {
            let Lately { reads, writes, .. } = memory.lately;
            memory.is_write && reads.has_verified && !writes.has_verified
        },
        moves: &[
            ("HDR-CT-", 120),
            ("HDR-EXPECT", 120),
            ("HDR-CL", 120),
            ("PAY-", 120),
            ("STR-", 120),
            ("SEC-", 90),
        ],
    },
];

/// The weight of a cause, 1 to 1000, after what is remembered has moved it.
pub(crate) fn weighed(weight: u32, id: &str, scene: &Scene<'_>) -> u32 {
    let memory = Memory {
        lately: &scene.case.server.key.lately,
        now: scene.case.server.now,
        is_write: matches!(scene.case.request.method, "PUT" | "POST"),
    };
    let moved = LEANINGS
        .iter()
        .filter(|leaning| (leaning.holds)(&memory))
        .flat_map(|leaning| leaning.moves)
        .filter(|(beginning, _)| id.starts_with(beginning))
        .fold(weight, |weight, (_, percent)| {
            weight.saturating_mul(*percent) / 100
        });
    moved.clamp(1, WEIGHT_MAX)
}

/// How long ago this client signed rightly with the key, if that was lately.
pub(crate) fn verified_here(scene: &Scene<'_>) -> Option<u64> {
    ago(scene, scene.case.server.key.lately.verified_here)
}

/// The same of any other client.
pub(crate) fn verified_elsewhere(scene: &Scene<'_>) -> Option<u64> {
    ago(scene, scene.case.server.key.lately.verified_elsewhere)
}

fn ago(scene: &Scene<'_>, at: Option<i64>) -> Option<u64> {
    let seconds = scene.case.server.now.saturating_sub(at?);
    (seconds <= LATELY_SECONDS).then(|| u64::try_from(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use countersign_sigv4::{PathRule, Request};

    use super::*;
    use crate::case::{Case, Fault, ServerFacts, Transport};
    use crate::diagnosis::Otherwise;
    use crate::key::{KeyFacts, Outcomes};

    const NOW: i64 = 1_000_000;

    /// Asks in a scene of which only this is remembered.
    fn in_scene(lately: Lately, method: &str, ask: impl FnOnce(&Scene<'_>)) {
        let server = ServerFacts {
            now: NOW,
            key: KeyFacts {
                lately,
                ..KeyFacts::default()
            },
            ..ServerFacts::default()
        };
        let case = Case {
            request: Request {
                method,
                path: b"/",
                query: None,
                headers: &[],
            },
            claim: None,
            fault: Fault::UnknownAccessKeyId,
            secret: None,
            rule: PathRule::S3,
            server: &server,
            transport: Transport::default(),
            body: None,
            form: None,
        };
        ask(&Scene::new(&case, None, Otherwise::Unknown));
    }

    fn check(lately: Lately, method: &str, expected: &[(&str, u32)]) {
        in_scene(lately, method, |scene| {
            for (id, weight) in expected {
                assert_eq!(weighed(400, id, scene), *weight, "{id}: {lately:?}");
            }
        });
    }

    #[test]
    fn without_a_memory_nothing_moves() {
        check(
            Lately::default(),
            "PUT",
            &[("SEC-WRONG", 400), ("URI-RAW", 400), ("PAY-CE", 400)],
        );
    }

    #[test]
    fn a_client_that_signed_rightly_has_the_right_secret_for_an_hour() {
        let lately = |ago| Lately {
            verified_here: Some(NOW - ago),
            ..Lately::default()
        };
        let moved = [("SEC-WRONG", 400), ("URI-RAW", 440), ("HST-PROXY", 400)];
        check(lately(LATELY_SECONDS), "GET", &moved);
        check(lately(LATELY_SECONDS + 1), "GET", &[("URI-RAW", 400)]);
        // What was remembered in the future, by a clock that was set back, counts as now.
        check(lately(-5), "GET", &moved);
    }

    #[test]
    fn a_key_in_use_elsewhere_is_rather_right_and_one_never_used_rather_wrong() {
        let elsewhere = Lately {
            verified_elsewhere: Some(NOW - 60),
            ..Lately::default()
        };
        check(elsewhere, "GET", &[("SEC-WRONG", 360), ("URI-RAW", 400)]);
        let unused = Lately {
            is_unused: true,
            ..Lately::default()
        };
        check(unused, "GET", &[("SEC-NEWLINE", 600), ("HST-PROXY", 400)]);
        let rotated = Lately {
            is_rotated: true,
            ..Lately::default()
        };
        check(
            rotated,
            "GET",
            &[("SEC-ROTATED", 600), ("SEC-WRONG", 520), ("SEC-SPACE", 400)],
        );
    }

    #[test]
    fn what_fails_of_a_client_says_where_to_look() {
        let refused = |reads, writes| Lately {
            reads: Outcomes {
                has_verified: false,
                refused: reads,
            },
            writes: Outcomes {
                has_verified: false,
                refused: writes,
            },
            ..Lately::default()
        };
        check(
            refused(1, 2),
            "GET",
            &[("SEC-WRONG", 520), ("SCP-REGION-KEY", 520), ("URI-RAW", 400)],
        );
        check(refused(0, 5), "PUT", &[("SEC-WRONG", 400)]);
        let only_writes = Lately {
            reads: Outcomes {
                has_verified: true,
                refused: 0,
            },
            ..refused(0, 1)
        };
        check(
            only_writes,
            "PUT",
            &[("HDR-CT-CHANGED", 480), ("PAY-CE", 480), ("SEC-WRONG", 360)],
        );
        check(only_writes, "GET", &[("HDR-CT-CHANGED", 400), ("SEC-WRONG", 400)]);
    }

    #[test]
    fn no_weight_leaves_its_bounds() {
        let lately = Lately {
            is_unused: true,
            ..Lately::default()
        };
        in_scene(lately, "GET", |scene| {
            assert_eq!(weighed(1_000, "SEC-WRONG", scene), WEIGHT_MAX);
            assert_eq!(weighed(u32::MAX, "SEC-WRONG", scene), WEIGHT_MAX);
            assert_eq!(weighed(0, "SEC-WRONG", scene), 1);
        });
    }
}
