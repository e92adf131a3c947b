//! The small rows: a bucket, a counter, an upload, the mark of an object made of parts, and what is to be swept.

use super::Generation;
use super::fields::{Reader, Writer, algorithm_number, checksum_type_number};
use super::head::{read_metadata, write_metadata};
use crate::error::Result;
use bytes::Bytes;
use countersign_types::{ChecksumAlgorithm, ChecksumType, Moment, ObjectMetadata};

/// A bucket, as the directory in the system's space knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketRecord<'a> {
    pub(crate) space: u64,
    pub(crate) created: Moment,
    pub(crate) owner: &'a str,
    pub(crate) region: &'a str,
}

impl<'a> BucketRecord<'a> {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.number(1, self.space);
        to.moment(2, self.created);
        to.text(3, Some(self.owner));
        to.text(4, Some(self.region));
        to.finish()
    }

    pub(crate) fn decode(value: &'a [u8]) -> Result<BucketRecord<'a>> {
        let mut reader = Reader::new(value, "the row of a bucket")?;
        let (mut space, mut created, mut owner, mut region) = (None, None, None, None);
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => space = Some(field.number()?),
                2 => created = Some(field.moment()?),
                3 => owner = Some(field.text()?),
                4 => region = Some(field.text()?),
                _ => {}
            }
        }
        Ok(BucketRecord {
            space: reader.need(space)?,
            created: reader.need(created)?,
            owner: reader.need(owner)?,
            region: reader.need(region)?,
        })
    }
}

/// The last number that was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter(pub(crate) u64);

impl Counter {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.number(1, self.0);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<Counter> {
        let mut reader = Reader::new(value, "a counter")?;
        let mut number = None;
        while let Some(field) = reader.next()? {
            if field.tag == 1 {
                number = Some(field.number()?);
            }
        }
        Ok(Counter(reader.need(number)?))
    }
}

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadRecord {
    pub(crate) initiated: Moment,
    /// Set by a Complete before it reads the parts; whoever writes a part takes it back, and that Complete starts over.
    pub(crate) is_frozen: bool,
    /// How often parts were written to the frozen upload, so that no two states of the row are alike.
    pub(crate) thaws: u64,
    pub(crate) checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    pub(crate) metadata: ObjectMetadata,
}

impl UploadRecord {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.moment(1, self.initiated);
        to.number(2, self.is_frozen.into());
        to.number(3, self.thaws);
        if let Some((algorithm, checksum_type)) = self.checksum {
            to.number(4, algorithm_number(algorithm));
            to.number(5, checksum_type_number(checksum_type));
        }
        write_metadata(&mut to, &self.metadata);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<UploadRecord> {
        let mut reader = Reader::new(value, "the row of an upload")?;
        let (mut initiated, mut is_frozen, mut thaws) = (None, false, 0);
        let (mut algorithm, mut checksum_type) = (None, None);
        let mut metadata = ObjectMetadata::default();
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => initiated = Some(field.moment()?),
                2 => is_frozen = field.number()? != 0,
                3 => thaws = field.number()?,
                4 => algorithm = Some(field.algorithm()?),
                5 => checksum_type = Some(field.checksum_type()?),
                _ => read_metadata(&field, &mut metadata)?,
            }
        }
        Ok(UploadRecord {
            initiated: reader.need(initiated)?,
            is_frozen,
            thaws,
            checksum: algorithm.zip(checksum_type),
            metadata,
        })
    }
}

/// Says that the home's object is made of parts, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartsMark(pub(crate) Generation);

impl PartsMark {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.bytes(1, &self.0.0);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<PartsMark> {
        let mut reader = Reader::new(value, "the mark of an object made of parts")?;
        let mut generation = None;
        while let Some(field) = reader.next()? {
            if field.tag == 1 {
                generation = Some(Generation(field.array()?));
            }
        }
        Ok(PartsMark(reader.need(generation)?))
    }
}

/// What of a generation is to be swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GarbageKind {
    /// Everything: the upload was aborted, or the object is replaced or deleted.
    All,
    /// Parts that were uploaded and that Complete did not name.
    Unused,
}

/// Names what is to be swept, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Garbage {
    pub(crate) kind: GarbageKind,
    pub(crate) due: Moment,
}

impl Garbage {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.number(1, if self.kind == GarbageKind::All { 1 } else { 2 });
        to.moment(2, self.due);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<Garbage> {
        let mut reader = Reader::new(value, "a row of the sweep")?;
        let (mut kind, mut due) = (None, None);
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => kind = garbage_kind(field.number()?),
                2 => due = Some(field.moment()?),
                _ => {}
            }
        }
        Ok(Garbage {
            kind: reader.need(kind)?,
            due: reader.need(due)?,
        })
    }
}

fn garbage_kind(number: u64) -> Option<GarbageKind> {
    match number {
        1 => Some(GarbageKind::All),
        2 => Some(GarbageKind::Unused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rows_read_back() {
        let bucket = BucketRecord {
            space: 7,
            created: Moment::from_seconds(9),
            owner: "ann",
            region: "us-east-1",
        };
        assert_eq!(BucketRecord::decode(&bucket.encode()).expect("bucket"), bucket);
        assert_eq!(
            Counter::decode(&Counter(300).encode()).expect("counter"),
            Counter(300)
        );
        let upload = UploadRecord {
            initiated: Moment::from_seconds(9),
            is_frozen: true,
            thaws: 4,
            checksum: Some((ChecksumAlgorithm::Crc32c, ChecksumType::Composite)),
            metadata: ObjectMetadata {
                user: vec![("a".into(), "b".into())],
                ..ObjectMetadata::default()
            },
        };
        assert_eq!(UploadRecord::decode(&upload.encode()).expect("upload"), upload);
        let mark = PartsMark(Generation([3; 16]));
        assert_eq!(PartsMark::decode(&mark.encode()).expect("mark"), mark);
        for kind in [GarbageKind::All, GarbageKind::Unused] {
            let garbage = Garbage {
                kind,
                due: Moment::from_seconds(1),
            };
            assert_eq!(Garbage::decode(&garbage.encode()).expect("garbage"), garbage);
        }
        assert!(Garbage::decode(&[1, 1, 1, 9]).is_err());
    }
}
