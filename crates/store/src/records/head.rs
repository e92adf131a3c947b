//! The head row: what an object is, without its bytes and without its list of parts. Listings read only these.
//!
//! INVARIANT: at most about 4 KiB, and 8 KiB more with the longest list of access: user metadata has at most 2 KiB, other texts come
//! from a request's head.

use super::Generation;
use super::acl::{read_access, write_access};
use super::fields::{Field, Reader, Writer, checksum_type_number};
use crate::error::{Error, Result};
use crate::model::ObjectInfo;
use bytes::Bytes;
use countersign_types::{Checksum, ChecksumType, Etag, Moment, ObjectAccess, ObjectMetadata};

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) generation: Generation,
    pub(crate) size: u64,
    pub(crate) etag: Etag,
    pub(crate) modified: Moment,
    pub(crate) checksum: Option<(Checksum, ChecksumType)>,
    /// How many manifest rows there are; `None`: the object's bytes are this row's body (or there are none).
    pub(crate) manifest_rows: Option<u16>,
    /// Who owns it, and its list. Nothing is written of the usual ones.
    pub(crate) access: ObjectAccess,
    pub(crate) metadata: ObjectMetadata,
}

impl Head {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.bytes(GENERATION, &self.generation.0);
        to.number(SIZE, self.size);
        to.bytes(ETAG_MD5, self.etag.md5());
        if let Some(parts) = self.etag.parts() {
            to.number(ETAG_PARTS, parts.into());
        }
        to.moment(MODIFIED, self.modified);
        if let Some((checksum, checksum_type)) = &self.checksum {
            to.checksum(CHECKSUM, Some(checksum));
            to.number(CHECKSUM_TYPE, checksum_type_number(*checksum_type));
        }
        if let Some(rows) = self.manifest_rows {
            to.number(MANIFEST_ROWS, rows.into());
        }
        write_access(&mut to, &self.access);
        write_metadata(&mut to, &self.metadata);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<Head> {
        let mut reader = Reader::new(value, "the row of an object")?;
        let (mut generation, mut size, mut md5, mut modified) = (None, None, None, None);
        let (mut parts, mut checksum, mut checksum_type, mut manifest_rows) = (None, None, None, None);
        let (mut access, mut metadata) = (ObjectAccess::default(), ObjectMetadata::default());
        while let Some(field) = reader.next()? {
            match field.tag {
                GENERATION => generation = Some(Generation(field.array()?)),
                SIZE => size = Some(field.number()?),
                ETAG_MD5 => md5 = Some(field.array()?),
                ETAG_PARTS => parts = Some(reader.need(u16::try_from(field.number()?).ok())?),
                MODIFIED => modified = Some(field.moment()?),
                CHECKSUM => checksum = Some(field.checksum()?),
                CHECKSUM_TYPE => checksum_type = Some(field.checksum_type()?),
                MANIFEST_ROWS => manifest_rows = Some(reader.need(u16::try_from(field.number()?).ok())?),
                _ if read_access(&field, &mut access)? => {}
                _ => read_metadata(&field, &mut metadata)?,
            }
        }
        let md5 = reader.need(md5)?;
        Ok(Head {
            generation: reader.need(generation)?,
            size: reader.need(size)?,
            etag: parts.map_or(Etag::whole(md5), |parts| Etag::of_parts(md5, parts)),
            modified: reader.need(modified)?,
            checksum: checksum.zip(checksum_type),
            manifest_rows,
            access,
            metadata,
        })
    }

    pub(crate) fn into_info(self) -> ObjectInfo {
        let (checksum, checksum_type) = self.checksum.unzip();
        ObjectInfo {
            metadata: self.metadata,
            access: self.access,
            size: self.size,
            etag: self.etag,
            last_modified: self.modified,
            checksum,
            checksum_type,
            parts: self.etag.parts(),
            part: None,
        }
    }
}

pub(super) fn write_metadata(to: &mut Writer, metadata: &ObjectMetadata) {
    to.text(CONTENT_TYPE, metadata.content_type.as_deref());
    to.text(CONTENT_ENCODING, metadata.content_encoding.as_deref());
    to.text(CONTENT_DISPOSITION, metadata.content_disposition.as_deref());
    to.text(CONTENT_LANGUAGE, metadata.content_language.as_deref());
    to.text(CACHE_CONTROL, metadata.cache_control.as_deref());
    to.text(EXPIRES, metadata.expires.as_deref());
    to.text(STORAGE_CLASS, metadata.storage_class.as_deref());
    to.text(WEBSITE_REDIRECT, metadata.website_redirect.as_deref());
    for (name, value) in &metadata.user {
        to.text(USER_NAME, Some(name));
        to.text(USER_VALUE, Some(value));
    }
}

/// Takes a field if it is one of metadata; others are left out.
pub(super) fn read_metadata(field: &Field<'_>, metadata: &mut ObjectMetadata) -> Result<(), Error> {
    let slot = match field.tag {
        CONTENT_TYPE => &mut metadata.content_type,
        CONTENT_ENCODING => &mut metadata.content_encoding,
        CONTENT_DISPOSITION => &mut metadata.content_disposition,
        CONTENT_LANGUAGE => &mut metadata.content_language,
        CACHE_CONTROL => &mut metadata.cache_control,
        EXPIRES => &mut metadata.expires,
        STORAGE_CLASS => &mut metadata.storage_class,
        WEBSITE_REDIRECT => &mut metadata.website_redirect,
        USER_NAME => {
            metadata.user.push((field.string()?, String::new()));
            return Ok(());
        }
        USER_VALUE => {
            if let Some((_, value)) = metadata.user.last_mut() {
                *value = field.string()?;
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    *slot = Some(field.string()?);
    Ok(())
}

// Tags 1 to 31 belong to the row itself, 32 and up to metadata (which upload rows carry, too). 9 to 11 are those of `acl`.
const GENERATION: u8 = 1;
const SIZE: u8 = 2;
const ETAG_MD5: u8 = 3;
const ETAG_PARTS: u8 = 4;
const MODIFIED: u8 = 5;
const CHECKSUM: u8 = 6;
const CHECKSUM_TYPE: u8 = 7;
const MANIFEST_ROWS: u8 = 8;
const CONTENT_TYPE: u8 = 32;
const CONTENT_ENCODING: u8 = 33;
const CONTENT_DISPOSITION: u8 = 34;
const CONTENT_LANGUAGE: u8 = 35;
const CACHE_CONTROL: u8 = 36;
const EXPIRES: u8 = 37;
const STORAGE_CLASS: u8 = 38;
const WEBSITE_REDIRECT: u8 = 39;
const USER_NAME: u8 = 40;
const USER_VALUE: u8 = 41;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::{AclPermission, ChecksumAlgorithm, Grant};

    #[test]
    fn a_head_reads_back_and_stays_small() {
        let text = |text: &str| Some(text.to_owned());
        let head = Head {
            generation: Generation([7; 16]),
            size: u64::MAX,
            etag: Etag::of_parts([9; 16], 10_000),
            modified: Moment::from_millis(1_700_000_000_123),
            checksum: Checksum::new(ChecksumAlgorithm::Sha256, &[3; 32])
                .map(|c| (c, ChecksumType::Composite)),
            manifest_rows: Some(11),
            access: ObjectAccess::default(),
            metadata: ObjectMetadata {
                content_type: text("text/plain"),
                content_encoding: text("gzip"),
                content_disposition: text("inline"),
                content_language: text("en"),
                cache_control: text(""),
                expires: text("soon"),
                storage_class: text("STANDARD_IA"),
                website_redirect: text("/x"),
                user: vec![
                    ("a".repeat(1000), "b".repeat(1000)),
                    ("empty".into(), String::new()),
                ],
            },
        };
        let value = head.encode();
        assert!(value.len() < 4096, "{}", value.len());
        assert_eq!(Head::decode(&value).expect("reads back"), head);
        for len in 0..value.len().min(48) {
            assert!(Head::decode(&value[..len]).is_err(), "{len}");
        }
        let grant = Grant::to_account(&"c".repeat(64), AclPermission::FullControl);
        let listed = Head {
            access: ObjectAccess {
                owner: Some("999988887777".to_owned()),
                grants: Some(vec![grant; Grant::MAX]),
            },
            ..head
        };
        let value = listed.encode();
        assert!(value.len() < 4096 + 8192, "{}", value.len());
        assert_eq!(Head::decode(&value).expect("reads back"), listed);
    }
}
