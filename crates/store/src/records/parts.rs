//! Rows of parts: one part of an upload, and the list of parts that an object is made of.

use super::fields::{
    Reader, Writer, checksum_bytes, decode_checksum, push_checksum, push_number, take_number,
};
use crate::error::{Result, corrupt};
use bytes::Bytes;
use countersign_engine::limits::ROW_BYTES_MAX;
use countersign_types::{Checksum, Etag, Moment, PartNumber};

/// A part as it was uploaded. Its body, if it has any bytes, belongs to the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartRecord {
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) modified: Moment,
    pub(crate) checksum: Option<Checksum>,
}

impl PartRecord {
    pub(crate) fn etag(&self) -> Etag {
        Etag::whole(self.md5)
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.number(SIZE, self.size);
        to.bytes(MD5, &self.md5);
        to.moment(MODIFIED, self.modified);
        to.checksum(CHECKSUM, self.checksum.as_ref());
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<PartRecord> {
        let mut reader = Reader::new(value, "the row of a part")?;
        let (mut size, mut md5, mut modified, mut checksum) = (None, None, None, None);
        while let Some(field) = reader.next()? {
            match field.tag {
                SIZE => size = Some(field.number()?),
                MD5 => md5 = Some(field.array()?),
                MODIFIED => modified = Some(field.moment()?),
                CHECKSUM => checksum = Some(field.checksum()?),
                _ => {}
            }
        }
        Ok(PartRecord {
            size: reader.need(size)?,
            md5: reader.need(md5)?,
            modified: reader.need(modified)?,
            checksum,
        })
    }
}

/// One part of an object: the number names its row, the checksum is shown to whoever asks for the part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestPart {
    pub(crate) number: PartNumber,
    pub(crate) size: u64,
    pub(crate) checksum: Option<Checksum>,
}

/// The list of parts, in rows that each lie within the contract's limit.
pub(crate) fn encode_manifest_rows(parts: &[ManifestPart]) -> Vec<Bytes> {
    let mut rows = Vec::new();
    let mut list = Vec::new();
    for part in parts {
        let mut entry = Vec::with_capacity(48);
        push_number(&mut entry, part.number.get().into());
        push_number(&mut entry, part.size);
        push_number(&mut entry, part.checksum.as_ref().map_or(0, checksum_bytes));
        if let Some(checksum) = &part.checksum {
            push_checksum(&mut entry, checksum);
        }
        if list.len() + entry.len() > LIST_BYTES_MAX {
            rows.push(manifest_row(&list));
            list.clear();
        }
        list.extend(entry);
    }
    rows.push(manifest_row(&list));
    rows
}

/// Reads one of these rows.
pub(crate) fn decode_manifest_row(value: &[u8]) -> Result<Vec<ManifestPart>> {
    let mut reader = Reader::new(value, MANIFEST)?;
    let mut parts = Vec::new();
    while let Some(field) = reader.next()? {
        let mut list = if field.tag == LIST { field.bytes } else { &[] };
        while !list.is_empty() {
            parts.push(take_part(&mut list).ok_or_else(|| corrupt(MANIFEST))?);
        }
    }
    Ok(parts)
}

fn manifest_row(list: &[u8]) -> Bytes {
    let mut to = Writer::new();
    to.bytes(LIST, list);
    to.finish()
}

fn take_part(list: &mut &[u8]) -> Option<ManifestPart> {
    let number = PartNumber::new(u32::try_from(take_number(list)?).ok()?)?;
    let size = take_number(list)?;
    let len = usize::try_from(take_number(list)?).ok()?;
    let (checksum, rest) = list.split_at_checked(len)?;
    *list = rest;
    let checksum = match checksum {
        [] => None,
        bytes => Some(decode_checksum(bytes)?),
    };
    Some(ManifestPart {
        number,
        size,
        checksum,
    })
}

const MANIFEST: &str = "the list of an object's parts";
/// Leaves room for the version, the tag and the length.
const LIST_BYTES_MAX: usize = ROW_BYTES_MAX - 16;
const SIZE: u8 = 1;
const MD5: u8 = 2;
const MODIFIED: u8 = 3;
const CHECKSUM: u8 = 4;
const LIST: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_types::ChecksumAlgorithm;

    #[test]
    fn ten_thousand_parts_lie_in_a_few_rows_within_the_limit() {
        let parts: Vec<ManifestPart> = (1..=10_000)
            .map(|number| ManifestPart {
                number: PartNumber::new(number).expect("valid"),
                size: 5 << 30,
                checksum: Checksum::new(ChecksumAlgorithm::Sha256, &[7; 32]),
            })
            .collect();
        let rows = encode_manifest_rows(&parts);
        assert!(rows.len() <= 10, "{}", rows.len());
        assert!(rows.iter().all(|row| row.len() <= ROW_BYTES_MAX));
        let read: Vec<ManifestPart> = rows
            .iter()
            .flat_map(|row| decode_manifest_row(row).expect("reads back"))
            .collect();
        assert_eq!(read, parts);
    }

    #[test]
    fn a_part_reads_back() {
        let part = PartRecord {
            size: 0,
            md5: [1; 16],
            modified: Moment::from_seconds(5),
            checksum: Checksum::new(ChecksumAlgorithm::Crc32, &[1, 2, 3, 4]),
        };
        assert_eq!(PartRecord::decode(&part.encode()).expect("reads back"), part);
        assert!(decode_manifest_row(&[1, 1, 1, 7]).is_err());
    }
}
