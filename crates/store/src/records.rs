//! What rows hold, as bytes.
//!
//! Every value is a version byte and then fields: a tag byte, a length (LEB128) and that many bytes. Numbers are LEB128.
//! A reader leaves out tags that it does not know, so a field can be added without a new version; a field that older
//! readers must not miss needs one. Tags are never used for something else.
//!
//! Not here: where a row lies (`layout`).

mod acl;
mod cors;
mod fields;
mod head;
mod once;
mod parts;
mod small;

pub(crate) use cors::{decode_cors_rules, encode_cors_rules};
pub(crate) use head::Head;
pub(crate) use once::LinkUse;
pub(crate) use parts::{ManifestPart, PartRecord, decode_manifest_row, encode_manifest_rows};
pub(crate) use small::{
    AccountRecord, BucketRecord, Counter, Garbage, GarbageKind, PartsMark, PolicyRecord, UploadRecord,
};

use countersign_types::UploadId;

/// What tells one incarnation of an object from all others. Grows with time; of an object made of parts it is the
/// upload's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Generation(pub(crate) [u8; 16]);

impl Generation {
    pub(crate) fn hex(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn parse(text: &[u8]) -> Option<Generation> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Generation(bytes))
    }

    pub(crate) fn of_upload(upload_id: &UploadId) -> Generation {
        Generation::parse(upload_id.as_str().as_bytes()).expect("an upload id is 32 hex digits")
    }

    pub(crate) fn upload_id(self) -> UploadId {
        UploadId::from_bytes(self.0)
    }
}
