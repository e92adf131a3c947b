//! Opening a data directory, and what to say if it does not open: what is wrong, where, and what mends it.
//!
//! Not here: what lies in it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use countersign_embedded::{Embedded, Options};
use countersign_engine::Error;
use countersign_server::Real;

use crate::exit::{Failure, Kind};

/// The usual options. The salt is used for a log that is begun.
pub(crate) fn options() -> Options {
    Options::new(u64::from_ne_bytes(Real::random()))
}

/// Makes the directory if it is missing. What lies in it is readable by its owner only, as the objects are nobody else's
/// business.
pub(crate) fn make(dir: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| {
        refused(
            dir,
            &error.to_string(),
            error.kind() == io::ErrorKind::PermissionDenied,
        )
    })
}

/// True if there is a data directory.
pub(crate) fn exists(dir: &Path) -> bool {
    dir.join("format").exists() || dir.join("log").exists()
}

/// Refuses what is no data directory, so that a mistyped name makes none.
pub(crate) fn expect(dir: &Path) -> Result<(), Failure> {
    if exists(dir) {
        return Ok(());
    }
    // Nobody may look: then opening says why.
    if fs::metadata(dir).is_ok() && fs::read_dir(dir).is_err() {
        return Ok(());
    }
    let why = format!(
        "`{}` is no data directory: name the one that `serve` has with --data-dir",
        dir.display()
    );
    Err(Failure::new(Kind::NotFound, why))
}

/// Opens it.
pub(crate) fn open(dir: &Path, options: &Options) -> Result<Embedded, Failure> {
    Embedded::open(dir, options).map_err(|error| {
        if countersign_embedded::is_in_use(&error) {
            let why = format!(
                "`{}` does not open: {error}: stop that one, or name another directory",
                dir.display()
            );
            return Failure::new(Kind::Conflict, why);
        }
        let is_denied = matches!(&error, Error::Unavailable(why) if why.contains(DENIED));
        refused(dir, &error.to_string(), is_denied)
    })
}

fn refused(dir: &Path, why: &str, is_denied: bool) -> Failure {
    let mut message = format!("`{}` does not open: {why}", dir.display());
    if is_denied && let Some(cure) = denied(dir) {
        message.push_str(&cure);
    } else if why.contains(READ_ONLY) {
        message.push_str(": it lies on a file system that is mounted read-only, and opening writes: mount it for writing, or copy it");
    } else if why.contains(NEWER_FORMAT) {
        message.push_str(": start the version that wrote it, or a later one");
    }
    Failure::new(Kind::Failed, message)
}

/// Whose it is, and who asks.
fn denied(dir: &Path) -> Option<String> {
    let existing = dir.ancestors().find_map(|place| fs::metadata(place).ok())?;
    let me = rustix::process::geteuid().as_raw();
    let owner = existing.uid();
    Some(if owner == me {
        ": its owner may not write to it: chmod u+rwx it and what lies in it".to_owned()
    } else {
        format!(
            ": it belongs to user {owner}, and this process runs as user {me}: run as its owner, or chown -R it"
        )
    })
}

const DENIED: &str = "Permission denied";
const READ_ONLY: &str = "Read-only file system";
const NEWER_FORMAT: &str = "this program knows formats up to";
