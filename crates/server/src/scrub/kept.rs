//! A pass as it is told and kept: a small file, replaced as a whole.
//!
//! Not here: when. A file that cannot be read is as good as none: the pass begins anew.

use std::fs;
use std::io;
use std::path::Path;

use countersign_store::{RowOwner, RowRole};
use countersign_types::Moment;
use serde::{Deserialize, Serialize};

/// What outlives a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The pass that is not through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) running: Option<Pass>,
    /// The last one that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Pass>,
}

/// One reading of everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pass {
    /// When it began.
    started: String,
    /// When it was through.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Rows whose bodies were read.
    pub(crate) rows: u64,
    /// How much damage was found.
    pub(crate) damaged: u64,
    /// The first of it.
    damage: Vec<Damaged>,
    /// Where it stands: the engine's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<String>,
    /// Why it does not get on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

/// Something damaged, by the names that S3 knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Damaged {
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bucket: Option<String>,
    /// The object key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_key: Option<String>,
    /// The number of the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<u16>,
    /// What it is: `object`, `part`, `upload-part`, `leftover`, `internal`, `log`.
    kind: String,
    /// What is wrong, and where it lies on disk.
    pub(crate) what: String,
}

impl Damaged {
    pub(super) fn new(owner: Option<RowOwner>, what: String) -> Damaged {
        let Some(owner) = owner else {
            return Damaged {
                bucket: None,
                object_key: None,
                part: None,
                kind: "log".to_owned(),
                what,
            };
        };
        let (kind, part) = match owner.role {
            RowRole::Object => ("object", None),
            RowRole::Part(number) => ("part", Some(number)),
            RowRole::UploadPart(number) => ("upload-part", Some(number)),
            RowRole::Leftover => ("leftover", None),
            RowRole::Internal => ("internal", None),
        };
        Damaged {
            bucket: owner.bucket.map(|bucket| bucket.to_string()),
            object_key: owner.object_key.map(|key| key.to_string()),
            part: part.map(|number| number.get()),
            kind: kind.to_owned(),
            what,
        }
    }
}

impl Pass {
    pub(super) fn begin(now: Moment) -> Pass {
        Pass {
            started: now.iso8601_seconds(),
            ..Pass::default()
        }
    }

    pub(super) fn end(&mut self, now: Moment) {
        self.ended = Some(now.iso8601_seconds());
        (self.position, self.trouble) = (None, None);
    }

    pub(super) fn note(&mut self, bytes: u64, rows: u64, damage: Vec<Damaged>) {
        self.bytes += bytes;
        self.rows += rows;
        self.damaged += damage.len() as u64;
        let room = DAMAGE_LISTED_MAX.saturating_sub(self.damage.len());
        self.damage.extend(damage.into_iter().take(room));
        self.trouble = None;
    }

    pub(super) fn started_at(&self) -> Option<Moment> {
        Moment::parse_iso8601(&self.started)
    }

    pub(crate) fn ended_at(&self) -> Option<Moment> {
        Moment::parse_iso8601(self.ended.as_deref()?)
    }
}

pub(super) fn read(path: &Path) -> Kept {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Kept::default(),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "what the last scrub found cannot be read");
            return Kept::default();
        }
    };
    serde_json::from_slice(&text).unwrap_or_default()
}

pub(super) fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(kept)?)?;
    fs::rename(new, path)
}

/// Most damage that is listed one by one.
const DAMAGE_LISTED_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_a_damaged_file_is_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("scrub");
        assert!(read(&path).running.is_none());
        let mut pass = Pass::begin(Moment::from_millis(1000));
        pass.position = Some("row 03".to_owned());
        pass.note(5, 6, vec![Damaged::new(None, "batch 7".to_owned())]);
        let kept = Kept {
            running: Some(pass),
            last: None,
        };
        write(&path, &kept).expect("written");
        let found = read(&path).running.expect("kept");
        assert_eq!((found.bytes, found.rows, found.damaged), (5, 6, 1));
        assert_eq!(found.position.as_deref(), Some("row 03"));
        assert_eq!(found.started_at(), Some(Moment::from_millis(1000)));
        fs::write(&path, "{\"running\":").expect("written");
        assert!(read(&path).running.is_none());
    }

    #[test]
    fn the_list_of_damage_is_bounded_and_the_count_is_not() {
        let mut pass = Pass::begin(Moment::from_millis(0));
        for _ in 0..=DAMAGE_LISTED_MAX {
            pass.note(0, 1, vec![Damaged::new(None, "batch 7".to_owned())]);
        }
        assert_eq!(pass.damage.len(), DAMAGE_LISTED_MAX);
        assert_eq!(pass.damaged, DAMAGE_LISTED_MAX as u64 + 1);
    }
}
