//! The end of a server, wanted or not: what was acknowledged is there afterwards.

use crate::{Place, Serving, ask};

fn put(place: &Place, server: &Serving, large: &[u8]) {
    assert_eq!(ask(place, server, "PUT", "/bucket", b"").0, 200);
    assert_eq!(ask(place, server, "PUT", "/bucket/small", b"hello").0, 200);
    assert_eq!(ask(place, server, "PUT", "/bucket/large", large).0, 200);
    assert_eq!(ask(place, server, "PUT", "/bucket/gone", b"bye").0, 200);
    assert_eq!(ask(place, server, "DELETE", "/bucket/gone", b"").0, 204);
}

fn check(place: &Place, large: &[u8]) {
    let server = place.start();
    assert_eq!(
        ask(place, &server, "GET", "/bucket/small", b""),
        (200, b"hello".to_vec())
    );
    let (status, body) = ask(place, &server, "GET", "/bucket/large", b"");
    assert!(status == 200 && body == large);
    assert_eq!(ask(place, &server, "GET", "/bucket/gone", b"").0, 404);
}

fn large() -> Vec<u8> {
    (0..500_000u64).flat_map(u64::to_be_bytes).collect()
}

#[test]
fn a_signal_ends_it_cleanly_and_what_was_put_is_there_again() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let server = place.start();
        put(&place, &server, &large());
        assert_eq!(server.end_by(signal).code(), Some(0), "{}", place.log());
        check(&place, &large());
    }
}

#[test]
fn what_was_put_survives_a_kill() {
    let place = Place::new();
    let server = place.start();
    put(&place, &server, &large());
    server.kill();
    check(&place, &large());
}
