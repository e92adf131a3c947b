//! The corpus of wrong requests, played through the whole server: what was done to each is held against what is said of it.
//!
//! `conformance/corpus` makes the rows with real clients, and shares nothing with `diagnose`. The truth of a row is what was done to it;
//! it is never taken from an answer. `cargo xtask corpus` prints the score.

mod play;
mod row;
mod score;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use row::Corpus;
use score::Score;

/// Fewest rows with one fault, with two, and with none that could be proven.
const SINGLES_MIN: usize = 400;
const DOUBLES_MIN: usize = 60;
const NEGATIVES_MIN: usize = 60;
/// Causes that are made alone at least twice.
const CAUSES_MIN: usize = 120;

#[test]
fn what_was_done_to_a_request_is_what_is_said_of_it() {
    let corpus = Corpus::read();
    let names: BTreeSet<&str> = corpus.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), corpus.rows.len(), "each row has a name of its own");
    let played = play_all(&corpus);
    let mut score = Score::default();
    for (row, played) in corpus.rows.iter().zip(&played) {
        score.add(row, played);
    }
    for miss in score.misses() {
        println!("{miss}");
    }
    println!("\n{}", score.table());
    let (singles, doubles, negatives) = score.counts();
    assert!(
        singles >= SINGLES_MIN && doubles >= DOUBLES_MIN && negatives >= NEGATIVES_MIN,
        "{singles} {doubles} {negatives}"
    );
    assert!(
        score.causes_made_twice() >= CAUSES_MIN,
        "{}",
        score.causes_made_twice()
    );
    assert_eq!(score.shortcomings(), Vec::<String>::new());
}

#[test]
fn the_tokens_of_the_corpus_are_those_that_its_servers_give() {
    let mut given = BTreeMap::new();
    for server in Corpus::read().servers.values() {
        given.extend(play::tokens(server, TOKENS_TIME));
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&given).expect("texts"));
    let file = Corpus::folder().join("tokens.json");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(&file, &text).expect("writing");
    }
    assert_eq!(fs::read_to_string(&file).expect("the tokens"), text);
}

/// When the rows with tokens arrive.
const TOKENS_TIME: i64 = 1_795_320_001;

/// Several at a time. Each has a server of its own.
fn play_all(corpus: &Corpus) -> Vec<play::Played> {
    let next = AtomicUsize::new(0);
    let played = Mutex::new(Vec::new());
    let work = || {
        while let Some(row) = corpus.rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let server = corpus.servers.get(&row.server).expect("a server of the corpus");
            let answer = play::play(row, server);
            played
                .lock()
                .expect("nobody panics with it")
                .push((row.name.clone(), answer));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut played = played.into_inner().expect("nobody panicked with it");
    let place = |name: &str| corpus.rows.iter().position(|row| row.name == name);
    played.sort_by_key(|(name, _)| place(name));
    played.into_iter().map(|(_, answer)| answer).collect()
}
