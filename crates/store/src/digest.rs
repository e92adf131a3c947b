//! Hashes over a body while it streams by, and checksums made of checksums.
//!
//! Not here: where the bytes come from and what the hashes are compared with (`receive`).

pub(crate) mod beside;

use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType};
use crc_fast::CrcAlgorithm;
use md5_many::Md5State;
use sha2::Digest as _;

/// How the checksum of a multipart object is made if the client does not say.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>: CRC-64/NVME exists only over
/// the full object, SHA only over the parts, the others default to the parts.
pub const fn default_checksum_type(algorithm: ChecksumAlgorithm) -> ChecksumType {
    match algorithm {
        ChecksumAlgorithm::Crc64Nvme => ChecksumType::FullObject,
        ChecksumAlgorithm::Crc32
        | ChecksumAlgorithm::Crc32c
        | ChecksumAlgorithm::Sha1
        | ChecksumAlgorithm::Sha256 => ChecksumType::Composite,
    }
}

/// Whether a multipart object can have such a checksum.
pub(crate) const fn is_supported(algorithm: ChecksumAlgorithm, checksum_type: ChecksumType) -> bool {
    match (algorithm, checksum_type) {
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite)
        | (ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256, ChecksumType::FullObject) => false,
        (
            ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c,
            ChecksumType::FullObject | ChecksumType::Composite,
        )
        | (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject)
        | (ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256, ChecksumType::Composite) => true,
    }
}

/// What is computed over a body: always MD5, SHA-256 on demand, and some checksums.
pub(crate) struct Digests {
    md5: Md5State,
    sha256: Option<sha2::Sha256>,
    checksums: Vec<Hasher>,
}

/// The results.
pub(crate) struct Digested {
    pub(crate) md5: [u8; 16],
    pub(crate) sha256: Option<[u8; 32]>,
    checksums: Vec<Checksum>,
}

impl Digests {
    pub(crate) fn new(needs_sha256: bool, algorithms: &[ChecksumAlgorithm]) -> Digests {
        let needs_sha256 = needs_sha256 || algorithms.contains(&ChecksumAlgorithm::Sha256);
        let mut checksums: Vec<Hasher> = Vec::new();
        for algorithm in algorithms {
            let is_there = checksums.iter().any(|hasher| hasher.algorithm() == *algorithm);
            // SHA-256 of the payload hash and of the checksum are the same.
            if !is_there && *algorithm != ChecksumAlgorithm::Sha256 {
                checksums.push(Hasher::new(*algorithm));
            }
        }
        Digests {
            md5: Md5State::new(),
            sha256: needs_sha256.then(sha2::Sha256::new),
            checksums,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.update_all_but_md5(bytes);
    }

    fn update_all_but_md5(&mut self, bytes: &[u8]) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        for hasher in &mut self.checksums {
            hasher.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Digested {
        let sha256 = self.sha256.map(|hash| hash.finalize().into());
        let as_checksum = sha256.and_then(|hash: [u8; 32]| Checksum::new(ChecksumAlgorithm::Sha256, &hash));
        Digested {
            md5: self.md5.finalize(),
            sha256,
            checksums: self
                .checksums
                .into_iter()
                .map(Hasher::finish)
                .chain(as_checksum)
                .collect(),
        }
    }
}

impl Digested {
    /// A checksum that was asked for.
    pub(crate) fn checksum(&self, algorithm: ChecksumAlgorithm) -> Option<&Checksum> {
        self.checksums
            .iter()
            .find(|checksum| checksum.algorithm() == algorithm)
    }
}

/// One checksum over bytes.
pub(crate) enum Hasher {
    Crc(ChecksumAlgorithm, crc_fast::Digest),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Hasher {
        match (algorithm, crc(algorithm)) {
            (_, Some(crc)) => Hasher::Crc(algorithm, crc_fast::Digest::new(crc)),
            (ChecksumAlgorithm::Sha1, None) => Hasher::Sha1(sha1::Sha1::new()),
            (_, None) => Hasher::Sha256(sha2::Sha256::new()),
        }
    }

    fn algorithm(&self) -> ChecksumAlgorithm {
        match self {
            Hasher::Crc(algorithm, _) => *algorithm,
            Hasher::Sha1(_) => ChecksumAlgorithm::Sha1,
            Hasher::Sha256(_) => ChecksumAlgorithm::Sha256,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Crc(_, digest) => digest.update(bytes),
            Hasher::Sha1(digest) => digest.update(bytes),
            Hasher::Sha256(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Checksum {
        let algorithm = self.algorithm();
        match self {
            Hasher::Crc(_, digest) => crc_checksum(algorithm, digest.finalize()),
            Hasher::Sha1(digest) => Checksum::new(algorithm, &digest.finalize()),
            Hasher::Sha256(digest) => Checksum::new(algorithm, &digest.finalize()),
        }
        .expect("a hash has its algorithm's length")
    }
}

/// The checksum of a multipart object from those of its parts and their sizes; `None` if a part's is of another
/// algorithm or the algorithm cannot be used so.
pub fn combine_checksums(
    algorithm: ChecksumAlgorithm,
    checksum_type: ChecksumType,
    parts: &[(&Checksum, u64)],
) -> Option<Checksum> {
    if !is_supported(algorithm, checksum_type) || parts.iter().any(|(part, _)| part.algorithm() != algorithm)
    {
        return None;
    }
    match checksum_type {
        ChecksumType::Composite => {
            let mut hasher = Hasher::new(algorithm);
            parts.iter().for_each(|(part, _)| hasher.update(part.value()));
            Some(hasher.finish())
        }
        ChecksumType::FullObject => {
            let crc = crc(algorithm)?;
            let mut whole = crc_fast::checksum(crc, b"");
            let mut append: Option<Append> = None;
            let mut size_before = None;
            for (part, size) in parts {
                let is_repeated = size_before == Some(*size);
                if is_repeated && append.as_ref().is_none_or(|append| append.size != *size) {
                    append = Some(Append::new(crc, algorithm, *size));
                }
                whole = match &append {
                    Some(append) if is_repeated => append.apply(whole, crc_value(part)),
                    _ => crc_fast::checksum_combine(crc, whole, crc_value(part), *size),
                };
                size_before = Some(*size);
            }
            crc_checksum(algorithm, whole)
        }
    }
}

/// What appending bytes of one size does to a CRC: a linear map, kept as its value for each bit.
///
/// A single combination costs about 100,000 operations, most of them for the size, and the parts of a large object are of
/// one size; so 10,000 of them would keep a thread busy for a second.
struct Append {
    size: u64,
    nothing: u64,
    bits: Vec<u64>,
}

impl Append {
    fn new(crc: CrcAlgorithm, algorithm: ChecksumAlgorithm, size: u64) -> Append {
        let of = |before: u64| crc_fast::checksum_combine(crc, before, 0, size);
        let nothing = of(0);
        Append {
            size,
            nothing,
            bits: (0..algorithm.bytes() * 8)
                .map(|bit| of(1 << bit) ^ nothing)
                .collect(),
        }
    }

    fn apply(&self, before: u64, appended: u64) -> u64 {
        let set = self
            .bits
            .iter()
            .enumerate()
            .filter(|(bit, _)| before >> bit & 1 == 1);
        set.fold(self.nothing ^ appended, |sum, (_, value)| sum ^ value)
    }
}

fn crc(algorithm: ChecksumAlgorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => None,
    }
}

/// The low bytes of a CRC, big-endian, as S3 writes them.
fn crc_checksum(algorithm: ChecksumAlgorithm, crc: u64) -> Option<Checksum> {
    let bytes = crc.to_be_bytes();
    let from = bytes.len().checked_sub(algorithm.bytes())?;
    Checksum::new(algorithm, bytes.get(from..)?)
}

fn crc_value(checksum: &Checksum) -> u64 {
    checksum
        .value()
        .iter()
        .fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn checksum(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn checksums_are_the_published_ones() {
        for (algorithm, expected) in [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (
                ChecksumAlgorithm::Sha1,
                "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
            ),
            (
                ChecksumAlgorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
        ] {
            assert_eq!(
                hex::encode(checksum(algorithm, b"123456789").value()),
                expected,
                "{algorithm:?}"
            );
        }
    }

    #[test]
    fn all_digests_run_beside_each_other() {
        let mut digests = Digests::new(false, &ChecksumAlgorithm::ALL);
        digests.update(b"1234");
        digests.update(b"");
        digests.update(b"56789");
        let digested = digests.finish();
        assert_eq!(hex::encode(digested.md5), "25f9e794323b453885f5181f1b624d0b");
        for algorithm in ChecksumAlgorithm::ALL {
            assert_eq!(
                digested.checksum(algorithm),
                Some(&checksum(algorithm, b"123456789"))
            );
        }
        assert!(Digests::new(false, &[]).finish().sha256.is_none());
    }

    proptest! {
        #[test]
        fn md5_is_what_another_implementation_says(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6)
        ) {
            let mut digests = Digests::new(false, &[]);
            pieces.iter().for_each(|piece| digests.update(piece));
            let expected: [u8; 16] = md5::Md5::digest(pieces.concat()).into();
            prop_assert_eq!(digests.finish().md5, expected);
        }
    }

    proptest! {
        #[test]
        fn the_full_checksum_of_parts_is_that_of_their_bytes(
            // Of few sizes, so that neighbours are often alike.
            parts in prop::collection::vec(
                prop::sample::select(vec![0, 1, 300]).prop_flat_map(|len| prop::collection::vec(any::<u8>(), len)),
                1..9,
            )
        ) {
            for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64Nvme] {
                let checksums: Vec<Checksum> = parts.iter().map(|part| checksum(algorithm, part)).collect();
                let sized: Vec<(&Checksum, u64)> =
                    checksums.iter().zip(&parts).map(|(c, part)| (c, part.len() as u64)).collect();
                prop_assert_eq!(
                    combine_checksums(algorithm, ChecksumType::FullObject, &sized),
                    Some(checksum(algorithm, &parts.concat()))
                );
            }
        }
    }

    #[test]
    fn the_composite_checksum_is_taken_over_the_parts_checksums() {
        let algorithm = ChecksumAlgorithm::Sha256;
        let (a, b) = (checksum(algorithm, b"a"), checksum(algorithm, b"b"));
        let expected = checksum(algorithm, &[a.value(), b.value()].concat());
        let combine =
            |checksum_type, parts: &[(&Checksum, u64)]| combine_checksums(algorithm, checksum_type, parts);
        assert_eq!(
            combine(ChecksumType::Composite, &[(&a, 1), (&b, 1)]),
            Some(expected)
        );
        assert_eq!(combine(ChecksumType::FullObject, &[(&a, 1)]), None);
        let other = checksum(ChecksumAlgorithm::Sha1, b"b");
        assert_eq!(combine(ChecksumType::Composite, &[(&a, 1), (&other, 1)]), None);
    }
}
