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
/// Causes that are not made alone at least twice, and why. Beside another one they are.
const NOT_ALONE: &[(&str, &str)] = &[(
    "TOK-ENCODING",
    "no token of this server holds a letter that is encoded, so it is made of tokens that are none of this server's",
)];

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
    println!("\n{}\n{}", score.table(), score.gaps());
    let (singles, doubles, negatives) = score.counts();
    assert!(
        singles >= SINGLES_MIN && doubles >= DOUBLES_MIN && negatives >= NEGATIVES_MIN,
        "{singles} {doubles} {negatives}"
    );
    let not_alone: Vec<&str> = NOT_ALONE.iter().map(|(id, _)| *id).collect();
    assert_eq!(score.not_made_twice(), not_alone, "{NOT_ALONE:?}");
    assert_eq!(score.not_made_beside(&not_alone), Vec::<&str>::new());
    assert_eq!(score.shortcomings(), Vec::<String>::new());
    documented(&score.table());
}

/// The score stands in the documentation as it is.
fn documented(table: &str) {
    let file = Corpus::folder().join("../../docs/diagnosis.md");
    let text = fs::read_to_string(&file).expect("the page");
    let (before, rest) = text.split_once(SCORE_BEGINS).expect("where the score begins");
    let (_, after) = rest.split_once(SCORE_ENDS).expect("where the score ends");
    let whole = format!("{before}{SCORE_BEGINS}\n\n```text\n{table}```\n\n{SCORE_ENDS}{after}");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(&file, &whole).expect("writing");
    }
    let now = fs::read_to_string(&file).expect("the page");
    assert!(
        now == whole,
        "docs/diagnosis.md has another score; COUNTERSIGN_BLESS=1 writes it"
    );
}

const SCORE_BEGINS: &str = "<!-- score: begin; written by COUNTERSIGN_BLESS=1 cargo xtask corpus -->";
const SCORE_ENDS: &str = "<!-- score: end -->";

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
