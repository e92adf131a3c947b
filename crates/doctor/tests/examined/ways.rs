//! Each thing that a way can change is named, whether the server shows what it compared with or not, and everything is cleaned up.

use countersign_doctor::{Finding, Proof, Report, Verdict};

use crate::scene::{Front, Passing, Returning, Scene, Silent};

fn troubles(report: &Report) -> Vec<&Finding> {
    let all = report.findings.iter();
    all.filter(|finding| finding.verdict.is_trouble()).collect()
}

/// That the way changes just this, and that it is proven by experiment.
async fn check(
    about: &str,
    expected: &[&str],
    request: fn(&mut Passing) -> Option<Returning>,
    change: fn(&mut countersign_doctor::Asked, &str),
) {
    for is_silent in [false, true] {
        let scene = Scene {
            change,
            ..Scene::of(Front::changing(request, is_silent))
        };
        let (report, left) = scene.watched(&Silent, std::future::pending()).await;
        let told: Vec<(&str, Proof)> = report
            .changes()
            .iter()
            .map(|changed| (changed.cause, changed.proof))
            .collect();
        let expected: Vec<(&str, Proof)> = expected.iter().map(|id| (*id, Proof::Experiment)).collect();
        assert_eq!(
            told,
            expected,
            "{about}, silent: {is_silent}: {:#?}",
            troubles(&report)
        );
        assert_eq!(left, [""; 0], "{about}");
        assert_eq!(report.verdict(), Verdict::Failed, "{about}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_changes_nothing_is_fine() {
    for is_silent in [false, true] {
        let front = Front {
            is_silent,
            ..Front::clear()
        };
        let (report, left) = Scene::of(front).watched(&Silent, std::future::pending()).await;
        assert_eq!(troubles(&report), [] as [&Finding; 0]);
        assert_eq!((report.verdict(), report.changes()), (Verdict::Ok, Vec::new()));
        assert!(report.has_probed() && left.is_empty(), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_host_is_named() {
    let to_upstream = |passing: &mut Passing| {
        let upstream = passing.upstream.clone();
        passing.set("host", Some(&upstream));
        None
    };
    check("host", &["HST-PROXY"], to_upstream, |asked, inner| {
        asked.upstream_hosts = vec![inner.to_owned()]
    })
    .await;
    let without_port = |passing: &mut Passing| {
        passing.set("host", Some("127.0.0.1"));
        None
    };
    check("port", &["HST-PORT-MISSING"], without_port, |_, _| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_path_is_named() {
    let cut = |passing: &mut Passing| {
        passing.path = passing
            .path
            .strip_prefix("/s3")
            .unwrap_or(&passing.path)
            .to_owned();
        None
    };
    check("prefix", &["HST-PREFIX"], cut, |asked, _| {
        asked.place.base_path = "/s3".to_owned()
    })
    .await;
    // Each key shows one of these; none hides another.
    let changes = |passing: &mut Passing| {
        for (sent, received) in [
            ("/a//b", "/a/b"),
            ("/./", "/"),
            ("/a/../", "/"),
            ("ABC-Def", "abc-def"),
            ("folder/", "folder"),
            ("e%CC%81", "%C3%A9"),
        ] {
            passing.path = passing.path.replace(sent, received);
        }
        None
    };
    let expected = ["URI-CASE", "URI-NFC", "URI-MERGE", "URI-DOTS", "URI-TRAILSLASH"];
    check("path", &expected, changes, |_, _| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_method_or_header_is_named() {
    let changes = |passing: &mut Passing| {
        if passing.method == "HEAD" && passing.has("authorization") {
            "GET".clone_into(&mut passing.method);
        }
        passing.set("accept-encoding", Some("identity"));
        passing.set("x-amz-meta-about", None);
        for (name, value) in &mut passing.headers {
            if name == "content-type" && value.starts_with(b"text/plain;") && passing.method == "PUT" {
                *value = b"text/plain".to_vec();
            }
        }
        None
    };
    let expected = ["MTH-PROXY", "HDR-AE", "HDR-CT-CHARSET", "HDR-MISSING"];
    check("method and headers", &expected, changes, |_, _| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_back_otherwise_is_told() {
    let front = Front {
        answer: |returning| {
            let text = String::from_utf8_lossy(&returning.body).into_owned();
            returning.body = text
                .replace("<p>countersign doctor</p>", "<p>minified</p>")
                .into();
        },
        ..Front::clear()
    };
    let report = Scene::of(front).examined().await;
    let told = troubles(&report);
    assert!(
        told.iter()
            .any(|finding| finding.id == "probe.plain" && finding.seen.contains("another one than was sent")),
        "{told:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_for_a_proxy_is_told_with_its_setting() {
    let refuse = |passing: &mut Passing| {
        (passing.body.len() > 1024 * 1024).then(|| Returning {
            status: 413,
            headers: vec![("server".to_owned(), "nginx/1.22.1".to_owned())],
            body: "<html>Request Entity Too Large</html>".into(),
        })
    };
    let report = Scene::of(Front::changing(refuse, false)).examined().await;
    let told = troubles(&report);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0]
            .cure
            .as_deref()
            .is_some_and(|cure| cure.contains("client_max_body_size 0")),
        "{told:#?}"
    );
}
