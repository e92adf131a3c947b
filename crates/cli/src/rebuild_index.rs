//! `countersign rebuild-index`: throws the index away and makes it anew from the log alone.
//!
//! Not here: how (the engine does it, also by itself when it finds the index damaged).

use std::path::PathBuf;
use std::sync::Mutex;

use countersign_embedded::{Options, Progress as Told};
use countersign_engine::upkeep::{Census, Upkeep};
use serde_json::json;

use crate::data_dir;
use crate::exit::{Failure, Kind};
use crate::scrub::{Progress, size};

/// Whose index.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The data directory; no server may have it open.
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        default_value = "countersign-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// Print what is there now as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes the index anew, and fails if bodies are missing.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let dir = arguments.data_dir;
    data_dir::expect(&dir)?;
    let shown = Mutex::new((Progress::begin(), 0));
    let progress = Told::to(move |bytes| {
        if let Ok(mut shown) = shown.lock() {
            shown.1 += bytes;
            let read = shown.1;
            shown.0.show(read, None, 0);
        }
    });
    let options = Options {
        rebuild_index: true,
        progress,
        ..data_dir::options()
    };
    let engine = data_dir::open(&dir, &options)?;
    Progress::begin().end();
    let failed = |why: String| Failure::new(Kind::Failed, format!("`{}`: {why}", dir.display()));
    let runtime = tokio::runtime::Builder::new_multi_thread().build();
    let census = runtime
        .map_err(|error| failed(error.to_string()))?
        .block_on(engine.census())
        .map_err(|error| failed(error.to_string()))?;
    let recovery = engine.recovery();
    let Census {
        spaces,
        rows,
        large_bodies,
        body_bytes,
        missing,
        missing_count,
        ..
    } = &census;
    let (batches, orphans) = (recovery.batches_replayed, recovery.orphans_removed);
    let torn = recovery.torn_bytes;
    if arguments.json {
        let told = json!({
            "batches": batches,
            "tornBytes": torn,
            "spaces": spaces,
            "rows": rows,
            "largeBodies": large_bodies,
            "bodyBytes": body_bytes,
            "filesRemoved": orphans,
            "bodiesMissing": missing_count,
        });
        println!("{told}");
    } else {
        println!("the index was made anew from {batches} batches of the log");
        println!("  {spaces} spaces, {rows} rows, bodies of {}", size(*body_bytes));
        println!("  {large_bodies} large bodies, {missing_count} of them missing");
        println!("  {orphans} files of large bodies belonged to no row and were removed");
        if torn > 0 {
            println!("  {torn} bytes at the log's end belonged to no whole batch and were cut off");
        }
    }
    if *missing_count == 0 {
        return Ok(());
    }
    let first = missing
        .first()
        .map(|damage| damage.what.as_str())
        .unwrap_or_default();
    let why = format!(
        "{missing_count} bodies are missing (the first: {first}): `countersign scrub` names their objects"
    );
    Err(Failure::new(Kind::Unhealthy, why))
}
