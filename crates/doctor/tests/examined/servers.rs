//! What is wrong with key, region, clock or server, and that nothing is left behind however an examination ends.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_doctor::{Proof, Report, Verdict, Watch};
use tokio::sync::Notify;

use crate::scene::{
    Front, Passing, Returning, SECRET, Scene, Silent, TOKEN, refusal_with_token, sign_again, source,
    temporary,
};

fn causes(report: &Report) -> Vec<(&str, &str)> {
    let all = report
        .findings
        .iter()
        .filter(|finding| finding.verdict.is_trouble());
    all.map(|finding| (finding.id, finding.cause.map_or("", |(id, _)| id)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_region_is_told_and_the_rest_is_examined_with_the_right_one() {
    let scene = Scene {
        change: |asked, _| asked.region = "eu-west-1".to_owned(),
        ..Scene::of(Front::clear())
    };
    let report = scene.examined().await;
    assert_eq!(causes(&report), [("endpoint.region", "SCP-REGION")]);
    assert_eq!(report.region, "us-east-1");
    assert!(report.has_probed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_told_and_nothing_is_tried_with_it() {
    let scene = |is_silent| Scene {
        change: |asked, _| asked.sources = vec![source("another/secret/of/the/tests/that/is/40.")],
        ..Scene::of(Front::changing(|_| None, is_silent))
    };
    let report = scene(false).examined().await;
    assert_eq!(causes(&report), [("signed.plain", "SEC-WRONG")]);
    // Without the server's text there is no telling it from a change on the way.
    let report = scene(true).examined().await;
    assert_eq!(causes(&report), [("signed.plain", "")]);
    assert!(!report.has_probed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_token_that_arrives_otherwise_is_not_told() {
    // Another one, the same with a blank in front of it, and none; that the token stands in no report is held for every scene.
    let changes: [fn(&mut Passing) -> Option<Returning>; 3] = [
        |passing| Some(refusal_with_token(passing, &TOKEN.replace('+', " "))),
        |passing| Some(refusal_with_token(passing, &format!("  {TOKEN}"))),
        |passing| Some(refusal_with_token(passing, "")),
    ];
    for change in changes {
        let scene = Scene {
            change: |asked, _| asked.sources = vec![temporary(SECRET, Some(TOKEN))],
            ..Scene::of(Front::changing(change, false))
        };
        let report = scene.examined().await;
        let plain = report
            .findings
            .iter()
            .find(|finding| finding.id == "signed.plain");
        let plain = plain.unwrap_or_else(|| unreachable!("{:?}", causes(&report)));
        assert_eq!(plain.verdict, Verdict::Failed, "{plain:?}");
        assert!(
            plain.signed.as_deref().is_none_or(|text| text == "***"),
            "{plain:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_is_told_and_the_rest_is_examined_by_the_servers() {
    let scene = Scene {
        ahead: 5000,
        ..Scene::of(Front::clear())
    };
    let report = scene.examined().await;
    assert_eq!(causes(&report), [("clock.server", "CLK-SKEW")]);
    assert!(report.has_probed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_again_for_everybody_accepts_what_must_be_refused() {
    let gateway = |passing: &mut Passing| {
        let is_stream = passing
            .headers
            .iter()
            .any(|(_, value)| value.starts_with(b"STREAMING-"));
        let is_link = passing
            .query
            .as_deref()
            .is_some_and(|query| query.contains("X-Amz-Signature"));
        if passing.has("authorization") && !is_stream && !is_link {
            sign_again(passing, 0);
        }
        None
    };
    let report = Scene::of(Front::changing(gateway, true)).examined().await;
    let found = report
        .findings
        .iter()
        .find(|finding| finding.cause == Some(("SRV-ACCEPTS", Proof::Experiment)));
    let found = found.unwrap_or_else(|| unreachable!("{:?}", causes(&report)));
    for name in [
        "a wrong signature",
        "a signature of an hour ago",
        "another body than the one signed",
    ] {
        assert!(
            found.probes.iter().any(|probe| probe == name),
            "{name}: {:?}",
            found.probes
        );
    }
    for name in ["a link that expired", "another chunk than the one signed"] {
        assert!(
            !found.probes.iter().any(|probe| probe == name),
            "{name}: {:?}",
            found.probes
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_writes_the_same_in_another_way_is_to_be_mended_itself() {
    // Its signature is of the text that it shows, which no client makes; so all that has parentheses is refused.
    let front = Front {
        request: |passing| {
            if passing.path.contains("%28") && passing.has("authorization") {
                for (name, value) in &mut passing.headers {
                    if name == "authorization" {
                        *value = String::from_utf8_lossy(value)
                            .replace("Signature=", "Signature=0")
                            .into_bytes();
                        value.pop();
                    }
                }
            }
            None
        },
        answer: |returning| {
            let text = String::from_utf8_lossy(&returning.body).into_owned();
            if text.contains("<CanonicalRequest>") {
                returning.body = text.replace("%28", "(").replace("%29", ")").into();
            }
        },
        is_silent: false,
    };
    let report = Scene::of(front).examined().await;
    let found = report
        .findings
        .iter()
        .find(|finding| finding.id == "probe.keys" && finding.verdict.is_trouble());
    let found = found.expect("parentheses are refused");
    assert_eq!(found.cause, Some(("SRV-CANON", Proof::Exact)));
    assert!(
        found
            .received
            .as_deref()
            .is_some_and(|received| received.ends_with("a(1)")),
        "{found:?}"
    );
    assert_eq!(report.changes(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_deleted_is_listed() {
    let keep = |passing: &mut Passing| {
        let is_deletion = passing.method == "DELETE" || passing.query.as_deref() == Some("delete=");
        is_deletion.then(|| Returning::refusal(403, "AccessDenied"))
    };
    let (report, left) = Scene::of(Front::changing(keep, false))
        .watched(&Silent, std::future::pending())
        .await;
    let found = report
        .findings
        .iter()
        .find(|finding| finding.id == "cleanup")
        .expect("it is told");
    assert_eq!(found.verdict, Verdict::Failed);
    assert!(!left.is_empty());
    assert_eq!(found.probes.len(), left.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_single_deletions_are_changed_all_go_at_once() {
    let refuse = |passing: &mut Passing| {
        (passing.method == "DELETE").then(|| Returning::refusal(405, "MethodNotAllowed"))
    };
    let (report, left) = Scene::of(Front::changing(refuse, false))
        .watched(&Silent, std::future::pending())
        .await;
    assert_eq!(left, [""; 0]);
    assert_eq!(causes(&report), []);
}

/// Says when so many steps were done.
struct After {
    steps: AtomicUsize,
    limit: usize,
    reached: Notify,
}

impl Watch for After {
    fn step(&self, _: &str) {
        if self.steps.fetch_add(1, Ordering::Relaxed) == self.limit {
            self.reached.notify_one();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_breaks_it_off_finds_nothing_left_behind() {
    for limit in [2, 12, 40, 90] {
        let watch = After {
            steps: AtomicUsize::new(0),
            limit,
            reached: Notify::new(),
        };
        let scene = Scene::of(Front::clear());
        let (report, left) = scene.watched(&watch, watch.reached.notified()).await;
        assert!(report.is_interrupted, "{limit}");
        assert_eq!(left, [""; 0], "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bucket_nothing_is_written() {
    let write = |passing: &mut Passing| {
        let is_writing = !matches!(passing.method.as_str(), "GET" | "HEAD");
        is_writing.then(|| unreachable!("{} {}", passing.method, passing.path))
    };
    let scene = Scene {
        change: |asked, _| asked.bucket = None,
        ..Scene::of(Front::changing(write, false))
    };
    let report = scene.examined().await;
    assert_eq!(causes(&report), []);
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.id == "signed.plain" && finding.verdict == Verdict::Ok)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_not_there_and_a_place_where_nobody_listens_are_told() {
    let scene = Scene {
        change: |asked, _| asked.bucket = Some("no-such-bucket".to_owned()),
        ..Scene::of(Front::clear())
    };
    assert_eq!(causes(&scene.examined().await), [("signed.plain", "")]);
    let scene = Scene {
        change: |asked, _| asked.place.port = 1,
        ..Scene::of(Front::clear())
    };
    assert_eq!(causes(&scene.examined().await), [("network.tcp", "")]);
}
