//! `countersign scrub` and `countersign rebuild-index`: over a directory that nobody has open, and over one that a server has.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Place, Serving, ask, code, run, stderr, stdout};

const MIB: usize = 1024 * 1024;

/// A body that is found again on disk.
fn body(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..len).map(|_| byte()).collect()
}

fn small() -> Vec<u8> {
    body(1, 10_000)
}

fn large() -> Vec<u8> {
    body(2, 3 * MIB)
}

/// A bucket with a small and a large object, one that was replaced and one that was deleted.
fn fill(place: &Place, server: &Serving) {
    let put =
        |target: &str, body: &[u8]| assert_eq!(ask(place, server, "PUT", target, body).0, 200, "{target}");
    put("/bucket", b"");
    put("/bucket/small", &small());
    put("/bucket/large", &large());
    for target in ["/bucket/replaced", "/bucket/deleted"] {
        put(target, &body(3, 2 * MIB));
    }
    put("/bucket/replaced", b"new");
    assert_eq!(ask(place, server, "DELETE", "/bucket/deleted", b"").0, 204);
}

fn filled() -> Place {
    let place = Place::new();
    let server = place.start();
    fill(&place, &server);
    assert!(server.end_by("TERM").success());
    place
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The file below `log` or `large` that holds a body, and where.
fn find(place: &Place, body: &[u8]) -> (PathBuf, usize) {
    let begin = body.get(..64).expect("long enough");
    let all = ["log", "large"].map(|dir| files_below(&place.data_dir().join(dir)));
    let mut all = all.into_iter().flatten();
    let found = all.find_map(|path| {
        let bytes = fs::read(&path).expect("readable");
        let at = bytes.windows(begin.len()).position(|window| window == begin)?;
        Some((path, at))
    });
    found.expect("it lies somewhere")
}

/// Flips a bit in the middle of a body on disk.
fn damage(place: &Place, body: &[u8]) {
    use std::os::unix::fs::FileExt;
    let (path, at) = find(place, body);
    let place = (at + body.len() / 2) as u64;
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("a file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).expect("within the file");
    byte[0] ^= 1;
    file.write_all_at(&byte, place).expect("written");
    file.sync_all().expect("synced");
}

fn scrub(place: &Place, more: &[&str]) -> std::process::Output {
    let data_dir = place.data_dir_text();
    let mut arguments = vec!["scrub", "--data-dir", &data_dir];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_scrub_of_a_directory_names_the_damaged_objects_and_nothing_else() {
    let place = filled();
    let whole = scrub(&place, &[]);
    assert_eq!(code(&whole), Some(0), "{}{}", stdout(&whole), stderr(&whole));
    assert!(
        stdout(&whole).contains("nothing is damaged"),
        "{}",
        stdout(&whole)
    );
    assert_eq!(stderr(&whole), "", "no progress where there is no terminal");
    damage(&place, &large());
    damage(&place, &small());
    let found = scrub(&place, &[]);
    assert_eq!(code(&found), Some(3), "{}", stderr(&found));
    for part in [
        "damaged: object bucket/large: block",
        "damaged: object bucket/small: block",
        "2 damaged",
    ] {
        assert!(stdout(&found).contains(part), "{part}: {}", stdout(&found));
    }
    assert!(stderr(&found).contains("backup"), "{}", stderr(&found));
    let json: serde_json::Value = serde_json::from_str(&stdout(&scrub(&place, &["--json"]))).expect("JSON");
    let keys = ["/damage/0/objectKey", "/damage/1/objectKey"].map(|at| json.pointer(at).cloned());
    assert_eq!(keys, [Some("large".into()), Some("small".into())], "{json}");
}

#[test]
fn a_damaged_object_is_an_error_that_names_it_and_others_are_read() {
    let place = filled();
    damage(&place, &small());
    let server = place.start();
    let (status, answer) = ask(&place, &server, "GET", "/bucket/small", b"");
    assert_eq!(status, 500);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("InternalError"), "{answer}");
    assert!(ask(&place, &server, "GET", "/bucket/large", b"") == (200, large()));
    assert!(
        place.log().contains("small") && place.log().contains("checksum"),
        "{}",
        place.log()
    );
    // Put again, it is whole.
    assert_eq!(ask(&place, &server, "PUT", "/bucket/small", &small()).0, 200);
    assert!(ask(&place, &server, "GET", "/bucket/small", b"") == (200, small()));
}

#[test]
fn a_scrub_asks_the_server_that_has_the_directory_open() {
    let place = Place::new();
    let mut command = place.serve();
    command.env("COUNTERSIGN_SCRUB_EVERY", "off");
    let server = place.start_with(command);
    fill(&place, &server);
    let url = server.admin_url();
    let whole = scrub(&place, &["--admin-url", &url]);
    assert_eq!(code(&whole), Some(0), "{}{}", stdout(&whole), stderr(&whole));
    damage(&place, &large());
    let found = scrub(&place, &["--admin-url", &url]);
    assert_eq!(code(&found), Some(3), "{}", stderr(&found));
    assert!(stdout(&found).contains("bucket/large"), "{}", stdout(&found));
    assert!(place.log().contains("stored data is damaged"), "{}", place.log());
    // Nobody listens on port 1, and the directory is not to be had.
    let nobody = scrub(&place, &["--admin-url", "http://127.0.0.1:1"]);
    assert_eq!(code(&nobody), Some(1), "{}", stderr(&nobody));
}

#[test]
fn a_server_scrubs_by_itself_when_a_pass_is_due() {
    let place = filled();
    damage(&place, &large());
    let mut command = place.serve();
    command.args(["--scrub-every", "1s", "--scrub-rate", "1000"]);
    let server = place.start_with(command);
    crate::until("it is told", || place.log().contains("stored data is damaged"));
    crate::until("it is kept", || place.data_dir().join("scrub").exists());
    drop(server);
    for wrong in [
        ["--scrub-every", "0d"],
        ["--scrub-every", "often"],
        ["--scrub-rate", "0"],
    ] {
        let refused = place.serve().args(wrong).output().expect("the binary runs");
        assert_eq!(code(&refused), Some(2), "{wrong:?}");
    }
}

#[test]
fn an_index_is_made_anew_and_holds_what_it_held() {
    let place = filled();
    let data_dir = place.data_dir_text();
    let rebuild = |more: &[&str]| {
        let mut arguments = vec!["rebuild-index", "--data-dir", &data_dir];
        arguments.extend(more);
        run(&arguments)
    };
    let told = rebuild(&[]);
    assert_eq!(code(&told), Some(0), "{}", stderr(&told));
    assert!(
        stdout(&told).contains("1 large bodies, 0 of them missing"),
        "{}",
        stdout(&told)
    );
    let server = place.start();
    assert!(ask(&place, &server, "GET", "/bucket/large", b"") == (200, large()));
    assert!(ask(&place, &server, "GET", "/bucket/small", b"") == (200, small()));
    assert_eq!(
        ask(&place, &server, "GET", "/bucket/replaced", b""),
        (200, b"new".to_vec())
    );
    assert_eq!(ask(&place, &server, "GET", "/bucket/deleted", b"").0, 404);
    let in_use = rebuild(&[]);
    assert_eq!(code(&in_use), Some(6), "{}", stderr(&in_use));
    assert!(server.end_by("TERM").success());
    // What is missing is counted, and told by the scrub.
    fs::remove_file(find(&place, &large()).0).expect("removed");
    fs::write(place.data_dir().join("large/01/00000000000fff01"), "left").expect("written");
    let missing = rebuild(&["--json"]);
    assert_eq!(code(&missing), Some(3), "{}", stderr(&missing));
    let json: serde_json::Value = serde_json::from_str(&stdout(&missing)).expect("JSON");
    let count = |name: &str| json.get(name).and_then(serde_json::Value::as_u64);
    assert_eq!(
        (count("bodiesMissing"), count("filesRemoved")),
        (Some(1), Some(1)),
        "{json}"
    );
    assert!(stdout(&scrub(&place, &[])).contains("object bucket/large: large file"));
}

#[test]
fn a_copy_of_a_stopped_directory_is_a_backup_with_its_index_or_without() {
    let place = filled();
    for left_out in [&[][..], &["index", "scrub", "refusals"]] {
        let restored = Place::new();
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .args([place.data_dir(), restored.data_dir()])
            .status();
        assert!(copied.expect("cp runs").success());
        for name in left_out {
            let path = restored.data_dir().join(name);
            let _is_there_or_not = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            assert!(!path.exists());
        }
        let server = restored.start();
        assert!(ask(&restored, &server, "GET", "/bucket/large", b"") == (200, large()));
        assert!(ask(&restored, &server, "GET", "/bucket/small", b"") == (200, small()));
        assert_eq!(ask(&restored, &server, "GET", "/bucket/deleted", b"").0, 404);
        assert_eq!(ask(&restored, &server, "PUT", "/bucket/more", b"more").0, 200);
    }
}
