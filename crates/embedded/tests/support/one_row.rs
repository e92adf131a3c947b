//! One row in each of several homes, and the files that its engine makes of them.

use bytes::Bytes;
use countersign_engine::world::sim::Sim;
use countersign_engine::world::{Files, Mode};
use countersign_engine::{Body, Change, Class, Home, Put, Row};
use std::path::{Path, PathBuf};

/// The file of a segment.
pub fn log_file(segment: u64) -> PathBuf {
    Path::new("/data/log").join(format!("{segment:010}.log"))
}

/// All that a file holds.
pub fn bytes_of(files: &Sim, path: &Path) -> Vec<u8> {
    let file = files.open(path, Mode::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// A home with this name.
pub fn home(name: &str) -> Home {
    Home(Bytes::copy_from_slice(name.as_bytes()))
}

/// The one row that is written in each home.
pub fn row() -> Row {
    Row {
        class: Class(1),
        suffix: Bytes::from_static(b"row"),
    }
}

/// A change that writes the row.
pub fn put(body: Option<Body>) -> Change {
    let put = Put {
        row: row(),
        value: Bytes::from_static(b"some value"),
        body,
    };
    Change {
        puts: vec![put],
        ..Change::default()
    }
}
