//! Starting a server: the root key, the buckets, and what stands in the way of a start.

use std::fs;
use std::net::TcpListener;

use crate::{Place, ask, code, mode, run, stderr};

#[test]
fn the_first_start_makes_a_root_key_for_its_owner_only_and_does_not_print_the_secret() {
    let place = Place::new();
    let server = place.start();
    let path = place.data_dir().join("root-credentials");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&place.data_dir()), 0o700);
    let (id, secret) = place.credentials();
    assert_eq!((id.len(), secret.len()), (20, 40));
    assert!(
        server.banner.contains(&id) && server.banner.contains(&path.display().to_string()),
        "{}",
        server.banner
    );
    assert!(!server.banner.contains(&secret), "this is no terminal");
    assert_eq!(ask(&place, &server, "GET", "/", b"").0, 200);
    drop(server);

    let again = place.start();
    assert_eq!(
        place.credentials(),
        (id.clone(), secret.clone()),
        "made once only"
    );
    assert!(
        again.banner.contains(&id) && !again.banner.contains(&secret),
        "{}",
        again.banner
    );
    assert_eq!(ask(&place, &again, "GET", "/", b"").0, 200);
    drop(again);
    assert!(!place.log().contains(&secret));
}

#[test]
fn a_log_that_is_no_terminal_has_no_colours_and_tells_of_this_program_only() {
    let place = Place::new();
    let server = place.start();
    assert!(server.end_by("TERM").success());
    let log = place.log();
    assert!(log.contains("stopping"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    assert!(!log.contains("fjall") && !log.contains("lsm_tree"), "{log}");
}

#[test]
fn buckets_that_are_asked_for_exist() {
    let place = Place::new();
    for _ in 0..2 {
        let mut command = place.serve();
        command.env("COUNTERSIGN_BUCKETS", "first,second");
        let server = place.start_with(command);
        assert_eq!(ask(&place, &server, "HEAD", "/first", b"").0, 200);
        assert_eq!(ask(&place, &server, "HEAD", "/second", b"").0, 200);
        assert_eq!(ask(&place, &server, "HEAD", "/third", b"").0, 404);
    }
    let refused = place
        .serve()
        .env("COUNTERSIGN_BUCKETS", "NO")
        .output()
        .expect("the binary runs");
    assert_eq!(code(&refused), Some(2), "{}", stderr(&refused));
}

#[test]
fn a_root_key_of_which_half_is_given_is_a_mistake() {
    for (name, value) in [
        ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "someone"),
        ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", "secret-enough"),
        ("MINIO_ROOT_USER", "someone"),
    ] {
        let place = Place::new();
        let refused = place.serve().env(name, value).output().expect("the binary runs");
        assert_eq!(code(&refused), Some(2), "{name}");
        let told = stderr(&refused);
        assert!(told.contains(name) && !told.contains("secret-enough"), "{told}");
        assert!(
            !place.data_dir().join("root-credentials").exists(),
            "nothing is made instead"
        );
    }
}

#[test]
fn a_root_key_from_the_environment_is_used_and_not_kept() {
    let place = Place::new();
    let mut command = place.serve();
    command.env("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "someone");
    command.env("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", "secret-enough");
    let server = place.start_with(command);
    assert!(
        server.banner.contains("someone") && !server.banner.contains("secret-enough"),
        "{}",
        server.banner
    );
    assert!(!place.data_dir().join("root-credentials").exists());
    fs::write(
        place.data_dir().join("root-credentials"),
        "[default]\naws_access_key_id = someone\naws_secret_access_key = secret-enough\n",
    )
    .expect("written");
    assert_eq!(ask(&place, &server, "GET", "/", b"").0, 200);
}

#[test]
fn a_port_in_use_is_a_conflict() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for which in ["--listen", "--admin-listen"] {
        let place = Place::new();
        let other = if which == "--listen" {
            "--admin-listen"
        } else {
            "--listen"
        };
        let refused = run(&[
            "serve",
            "--data-dir",
            &place.data_dir_text(),
            which,
            &address,
            other,
            "127.0.0.1:0",
        ]);
        assert_eq!(code(&refused), Some(6), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(&address));
    }
}

#[test]
fn one_data_directory_has_one_server() {
    let place = Place::new();
    let server = place.start();
    let second = place.serve().output().expect("the binary runs");
    assert_eq!(code(&second), Some(6), "{}", stderr(&second));
    assert!(stderr(&second).contains("another process"), "{}", stderr(&second));
    assert_eq!(
        ask(&place, &server, "GET", "/", b"").0,
        200,
        "the first does not mind"
    );
    server.kill();
    // The lock goes with its holder.
    assert_eq!(ask(&place, &place.start(), "GET", "/", b"").0, 200);
}

#[test]
fn flags_that_mean_nothing_are_a_mistake() {
    for arguments in [
        &["serve", "--listen", "nonsense"][..],
        &["serve", "--diagnosis", "loud"],
        &["serve", "--public-url", "s3.example.com"],
        &["serve", "--trusted-proxy", "10.0.0.0/33"],
        &["serve", "--engine", "paper"],
        &["no-such-command"],
        &["serve", "--no-such-flag"],
    ] {
        let refused = run(arguments);
        assert_eq!(code(&refused), Some(2), "{arguments:?}: {}", stderr(&refused));
    }
}
