//! A data directory that does not open: what is wrong, where, and what mends it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::{Place, code, countersign, run, stderr};

#[test]
fn a_later_format_is_told_with_its_version() {
    let place = Place::new();
    drop(place.start());
    let file = place.data_dir().join("format");
    fs::write(&file, "countersign data directory\nformat 7\nsomething\n").expect("written");
    let before = fs::read(&file).expect("readable");
    for command in ["serve", "scrub", "rebuild-index"] {
        let refused = run(&[command, "--data-dir", &place.data_dir_text()]);
        assert_eq!(code(&refused), Some(1), "{command}");
        for part in ["format 7", "formats up to 1", "later one", &place.data_dir_text()] {
            assert!(stderr(&refused).contains(part), "{part}: {}", stderr(&refused));
        }
    }
    assert_eq!(fs::read(&file).expect("readable"), before, "it is left alone");
}

#[test]
fn what_is_no_data_directory_is_not_made_one_by_a_tool() {
    let place = Place::new();
    let empty = place.dir.path().join("empty");
    fs::create_dir(&empty).expect("made");
    for dir in [empty, place.dir.path().join("mistyped")] {
        let before = dir.exists();
        let text = dir.display().to_string();
        let refused = run(&["rebuild-index", "--data-dir", &text]);
        assert_eq!(code(&refused), Some(5), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(&text), "{}", stderr(&refused));
        assert_eq!(dir.exists(), before);
        assert!(!dir.join("log").exists());
    }
}

#[test]
fn a_file_in_the_way_is_told() {
    let place = Place::new();
    let file = place.dir.path().join("file");
    fs::write(&file, "in the way").expect("written");
    for dir in [file.clone(), file.join("below")] {
        let text = dir.display().to_string();
        let refused = run(&["serve", "--data-dir", &text]);
        assert_eq!(code(&refused), Some(1), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(&text), "{}", stderr(&refused));
    }
}

#[test]
fn a_directory_of_another_user_is_told_with_both_and_the_cure() {
    let place = Place::new();
    drop(place.start());
    // Nobody can be kept out of a place that root asks for; so another user asks. Without root, only the owner can.
    let is_root = is_root_asking();
    let bin = place.dir.path().join("countersign");
    fs::copy(env!("CARGO_BIN_EXE_countersign"), &bin).expect("copied");
    open_up(place.dir.path(), 0o755);
    let denied = |mode: u32| {
        open_up(&place.data_dir(), mode);
        let arguments = ["serve", "--data-dir", &place.data_dir_text()];
        let mut command = countersign(&arguments);
        if is_root {
            command = std::process::Command::new(&bin);
            command.args(arguments).env_clear().uid(NOBODY).gid(NOBODY);
        }
        let refused = command.output().expect("the binary runs");
        assert_eq!(code(&refused), Some(1), "{}", stderr(&refused));
        stderr(&refused)
    };
    for mode in [0o000, 0o500] {
        let told = denied(mode);
        assert!(
            told.contains(&place.data_dir_text()) && told.contains("Permission denied"),
            "{told}"
        );
        let cure = if is_root {
            "user 65534: run as its owner, or chown"
        } else {
            "chmod u+rwx"
        };
        assert!(told.contains(cure), "{told}");
    }
    open_up(&place.data_dir(), 0o700);
}

fn is_root_asking() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").expect("Linux").uid() == 0
}

fn open_up(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

const NOBODY: u32 = 65534;
