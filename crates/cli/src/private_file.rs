//! Files that hold secrets: readable by their owner only, whole or not there.
//!
//! Not here: what stands in them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a file whole or not at all, and on the disk before anybody relies on what is in it.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    // The mask of the process may have taken bits away, also from the owner.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(directory) => fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether others than its owner may read a file; `false` if that cannot be told.
pub(crate) fn is_exposed(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owners_and_takes_the_place_of_what_was_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        fs::write(&path, "older and longer").expect("written");
        fs::write(path.with_extension("new"), "left behind").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(is_exposed(&path));
        write(&path, "text").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("readable"), "text");
        assert!(!is_exposed(&path));
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 1);
        assert!(!is_exposed(&dir.path().join("missing")));
    }
}
