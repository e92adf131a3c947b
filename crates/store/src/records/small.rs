//! The small rows: a bucket, a counter, an upload, the mark of an object made of parts, and what is to be swept.

use super::Generation;
use super::acl::{read_access, read_grant, write_access, write_grants};
use super::fields::{Reader, Writer, algorithm_number, checksum_type_number};
use super::head::{read_metadata, write_metadata};
use crate::access::Access;
use crate::error::{Result, corrupt};
use bytes::Bytes;
use countersign_types::{
    ChecksumAlgorithm, ChecksumType, Grant, Moment, ObjectAccess, ObjectMetadata, ObjectOwnership,
    PublicAccessBlock,
};

/// A bucket, as the directory in the system's space knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketRecord<'a> {
    pub(crate) space: u64,
    pub(crate) created: Moment,
    pub(crate) owner: &'a str,
    pub(crate) region: &'a str,
    /// Absent until something was set, so that most buckets have the row that they always had.
    pub(crate) access: Access,
}

impl<'a> BucketRecord<'a> {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.number(1, self.space);
        to.moment(2, self.created);
        to.text(3, Some(self.owner));
        to.text(4, Some(self.region));
        if self.access != Access::default() {
            to.number(5, self.access.revision);
            to.number(6, access_bits(&self.access));
        }
        write_grants(&mut to, self.access.grants.as_deref());
        to.finish()
    }

    pub(crate) fn decode(value: &'a [u8]) -> Result<BucketRecord<'a>> {
        let mut reader = Reader::new(value, BUCKET_ROW)?;
        let (mut space, mut created, mut owner, mut region) = (None, None, None, None);
        let (mut revision, mut bits, mut grants) = (0, 0, None);
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => space = Some(field.number()?),
                2 => created = Some(field.moment()?),
                3 => owner = Some(field.text()?),
                4 => region = Some(field.text()?),
                5 => revision = field.number()?,
                6 => bits = field.number()?,
                _ => read_grant(&field, &mut grants)?,
            }
        }
        Ok(BucketRecord {
            space: reader.need(space)?,
            created: reader.need(created)?,
            owner: reader.need(owner)?,
            region: reader.need(region)?,
            access: access(revision, bits, grants)?,
        })
    }
}

const BUCKET_ROW: &str = "the row of a bucket";

const HAS_POLICY: u64 = 1;
const LACKS_OWNERSHIP_CONTROLS: u64 = 2;
const HAS_PUBLIC_ACCESS_BLOCK: u64 = 4;
const BLOCK_PUBLIC_ACLS: u64 = 8;
const IGNORE_PUBLIC_ACLS: u64 = 16;
const BLOCK_PUBLIC_POLICY: u64 = 32;
const RESTRICT_PUBLIC_BUCKETS: u64 = 64;
const OBJECT_WRITER: u64 = 128;
const BUCKET_OWNER_PREFERRED: u64 = 256;
/// What no bit above stands for.
const UNKNOWN: u64 = !511;

fn access_bits(access: &Access) -> u64 {
    let block = block_bits(access.public_access_block);
    let ownership = match access.ownership {
        None => LACKS_OWNERSHIP_CONTROLS,
        Some(ObjectOwnership::BucketOwnerEnforced) => 0,
        Some(ObjectOwnership::BucketOwnerPreferred) => BUCKET_OWNER_PREFERRED,
        Some(ObjectOwnership::ObjectWriter) => OBJECT_WRITER,
    };
    let policy = if access.has_policy { HAS_POLICY } else { 0 };
    policy | block | ownership
}

fn block_bits(block: Option<PublicAccessBlock>) -> u64 {
    let has_block = block.is_some();
    let block = block.unwrap_or_default();
    let bits = [
        (has_block, HAS_PUBLIC_ACCESS_BLOCK),
        (block.block_public_acls, BLOCK_PUBLIC_ACLS),
        (block.ignore_public_acls, IGNORE_PUBLIC_ACLS),
        (block.block_public_policy, BLOCK_PUBLIC_POLICY),
        (block.restrict_public_buckets, RESTRICT_PUBLIC_BUCKETS),
    ];
    bits.iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, bit)| bit)
        .sum()
}

/// A bit that is not known could keep somebody out, so a row that has one is not read.
fn access(revision: u64, bits: u64, grants: Option<Vec<Grant>>) -> Result<Access> {
    let has = |bit: u64| bits & bit != 0;
    let ownership = match (
        has(LACKS_OWNERSHIP_CONTROLS),
        has(OBJECT_WRITER),
        has(BUCKET_OWNER_PREFERRED),
    ) {
        (false, false, false) => Some(ObjectOwnership::BucketOwnerEnforced),
        (true, false, false) => None,
        (false, true, false) => Some(ObjectOwnership::ObjectWriter),
        (false, false, true) => Some(ObjectOwnership::BucketOwnerPreferred),
        _ => return Err(corrupt(BUCKET_ROW)),
    };
    if bits & UNKNOWN != 0 {
        return Err(corrupt(BUCKET_ROW));
    }
    Ok(Access {
        revision,
        has_policy: has(HAS_POLICY),
        public_access_block: block(bits),
        ownership,
        grants,
    })
}

fn block(bits: u64) -> Option<PublicAccessBlock> {
    let has = |bit: u64| bits & bit != 0;
    let block = PublicAccessBlock {
        block_public_acls: has(BLOCK_PUBLIC_ACLS),
        ignore_public_acls: has(IGNORE_PUBLIC_ACLS),
        block_public_policy: has(BLOCK_PUBLIC_POLICY),
        restrict_public_buckets: has(RESTRICT_PUBLIC_BUCKETS),
    };
    has(HAS_PUBLIC_ACCESS_BLOCK).then_some(block)
}

/// What is set for all buckets of an account: a public access block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountRecord(pub(crate) Option<PublicAccessBlock>);

impl AccountRecord {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.number(1, block_bits(self.0));
        to.finish()
    }

    /// As in the row of a bucket, a bit that is not known could keep somebody out.
    pub(crate) fn decode(value: &[u8]) -> Result<AccountRecord> {
        const ROW: &str = "what is set for the buckets of an account";
        const KNOWN: u64 = HAS_PUBLIC_ACCESS_BLOCK
            | BLOCK_PUBLIC_ACLS
            | IGNORE_PUBLIC_ACLS
            | BLOCK_PUBLIC_POLICY
            | RESTRICT_PUBLIC_BUCKETS;
        let mut reader = Reader::new(value, ROW)?;
        let mut bits = None;
        while let Some(field) = reader.next()? {
            if field.tag == 1 {
                bits = Some(field.number()?);
            }
        }
        match reader.need(bits)? {
            bits if bits & !KNOWN == 0 => Ok(AccountRecord(block(bits))),
            _ => Err(corrupt(ROW)),
        }
    }
}

/// The policy of a bucket, as it was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PolicyRecord<'a>(pub(crate) &'a [u8]);

impl<'a> PolicyRecord<'a> {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.bytes(1, self.0);
        to.finish()
    }

    pub(crate) fn decode(value: &'a [u8]) -> Result<PolicyRecord<'a>> {
        let mut reader = Reader::new(value, "the policy of a bucket")?;
        let mut document = None;
        while let Some(field) = reader.next()? {
            if field.tag == 1 {
                document = Some(field.bytes);
            }
        }
        Ok(PolicyRecord(reader.need(document)?))
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
    /// The account that began it, if it is not the bucket's.
    pub(crate) initiator: Option<String>,
    /// Who will own the object, and its list.
    pub(crate) access: ObjectAccess,
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
        to.text(6, self.initiator.as_deref());
        write_access(&mut to, &self.access);
        write_metadata(&mut to, &self.metadata);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<UploadRecord> {
        let mut reader = Reader::new(value, "the row of an upload")?;
        let (mut initiated, mut is_frozen, mut thaws) = (None, false, 0);
        let (mut algorithm, mut checksum_type, mut initiator) = (None, None, None);
        let (mut access, mut metadata) = (ObjectAccess::default(), ObjectMetadata::default());
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => initiated = Some(field.moment()?),
                2 => is_frozen = field.number()? != 0,
                3 => thaws = field.number()?,
                4 => algorithm = Some(field.algorithm()?),
                5 => checksum_type = Some(field.checksum_type()?),
                6 => initiator = Some(field.string()?),
                _ if read_access(&field, &mut access)? => {}
                _ => read_metadata(&field, &mut metadata)?,
            }
        }
        Ok(UploadRecord {
            initiated: reader.need(initiated)?,
            is_frozen,
            thaws,
            checksum: algorithm.zip(checksum_type),
            initiator,
            access,
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
    use countersign_types::{AclPermission, Group};

    #[test]
    fn small_rows_read_back() {
        let bucket = BucketRecord {
            space: 7,
            created: Moment::from_seconds(9),
            owner: "ann",
            region: "us-east-1",
            access: Access::default(),
        };
        assert_eq!(BucketRecord::decode(&bucket.encode()).expect("bucket"), bucket);
        let policy = PolicyRecord(b"{}");
        assert_eq!(PolicyRecord::decode(&policy.encode()).expect("policy"), policy);
        assert_eq!(
            Counter::decode(&Counter(300).encode()).expect("counter"),
            Counter(300)
        );
        let upload = UploadRecord {
            initiated: Moment::from_seconds(9),
            is_frozen: true,
            thaws: 4,
            checksum: Some((ChecksumAlgorithm::Crc32c, ChecksumType::Composite)),
            initiator: Some("bob".to_owned()),
            access: ObjectAccess {
                owner: Some("bob".to_owned()),
                grants: Some(Vec::new()),
            },
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

    #[test]
    fn every_setting_of_a_bucket_reads_back_and_an_unknown_one_is_not_passed_over() {
        let bucket = |access| BucketRecord {
            space: 7,
            created: Moment::from_seconds(9),
            owner: "ann",
            region: "us-east-1",
            access,
        };
        let block = |at: u64| PublicAccessBlock {
            block_public_acls: at == 0,
            ignore_public_acls: at == 1,
            block_public_policy: at == 2,
            restrict_public_buckets: at == 3,
        };
        let blocks = (0..5).map(|at| Some(block(at))).chain([None]);
        for (revision, public_access_block) in (1..).zip(blocks) {
            assert_eq!(
                AccountRecord::decode(&AccountRecord(public_access_block).encode()).expect("an account"),
                AccountRecord(public_access_block)
            );
            let ownerships = ObjectOwnership::ALL.map(Some).into_iter().chain([None]);
            for (has_policy, ownership) in [true, false, true, false].into_iter().zip(ownerships) {
                let bucket = bucket(Access {
                    revision,
                    has_policy,
                    public_access_block,
                    ownership,
                    grants: has_policy.then(|| vec![Grant::to_group(Group::AllUsers, AclPermission::Read)]),
                });
                assert_eq!(BucketRecord::decode(&bucket.encode()).expect("bucket"), bucket);
            }
        }
        let row = bucket(Access::default()).encode().to_vec();
        for bits in [[0x80, 4], [0x82, 1], [0x80, 3]] {
            let mut row = row.clone();
            row.extend([6, 2]);
            row.extend(bits);
            assert!(BucketRecord::decode(&row).is_err(), "{bits:?}");
        }
        assert!(AccountRecord::decode(&[1, 1, 1, 2]).is_err());
    }
}
