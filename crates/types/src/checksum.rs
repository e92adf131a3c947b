//! The checksums that S3 keeps beside an object.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Which checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC), 4 bytes.
    Crc32,
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes.
    Crc64Nvme,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
}

impl ChecksumAlgorithm {
    /// All of them, in the order AWS lists them.
    pub const ALL: [ChecksumAlgorithm; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// AWS's name, as in `x-amz-checksum-algorithm` and in XML.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header (and trailer) that carries the value.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Length of the value in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Reads AWS's name; case does not matter, as at AWS.
    pub fn parse(name: &str) -> Option<ChecksumAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// Finds the algorithm whose header this is (lower-case name).
    pub fn of_header(header: &str) -> Option<ChecksumAlgorithm> {
        Self::ALL.into_iter().find(|a| a.header() == header)
    }
}

/// How the checksum of a multipart object was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChecksumType {
    /// Over all bytes of the object.
    FullObject,
    /// Over the checksums of the parts; written with `-N`.
    Composite,
}

impl ChecksumType {
    /// AWS's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    /// Reads AWS's name.
    pub fn parse(name: &str) -> Option<ChecksumType> {
        [Self::FullObject, Self::Composite]
            .into_iter()
            .find(|t| t.name() == name)
    }
}

/// One checksum: the algorithm and its value, of exactly the algorithm's length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    /// Zero behind the algorithm's length.
    value: [u8; BYTES_MAX],
}

/// The longest value, of SHA-256.
const BYTES_MAX: usize = 32;

impl Checksum {
    /// From raw bytes; `None` if the length is not the algorithm's.
    pub fn new(algorithm: ChecksumAlgorithm, value: &[u8]) -> Option<Checksum> {
        if value.len() != algorithm.bytes() {
            return None;
        }
        let mut bytes = [0; BYTES_MAX];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(Checksum {
            algorithm,
            value: bytes,
        })
    }

    /// From base64 text, as headers and XML carry it.
    pub fn parse(algorithm: ChecksumAlgorithm, text: &str) -> Option<Checksum> {
        STANDARD
            .decode(text)
            .ok()
            .and_then(|value| Checksum::new(algorithm, &value))
    }

    /// Which checksum.
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// The raw bytes.
    pub fn value(&self) -> &[u8] {
        self.value.get(..self.algorithm.bytes()).unwrap_or_default()
    }

    /// The value in base64.
    pub fn encode(&self) -> String {
        STANDARD.encode(self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_has_exactly_its_algorithms_length() {
        let crc = Checksum::parse(ChecksumAlgorithm::Crc32, "AAAAAA==").expect("four bytes");
        assert_eq!(crc.value(), [0; 4]);
        assert_eq!(crc.encode(), "AAAAAA==");
        for algorithm in ChecksumAlgorithm::ALL {
            let value = vec![7; algorithm.bytes()];
            let checksum = Checksum::new(algorithm, &value).expect("as long as it must be");
            assert_eq!(checksum.value(), value);
            assert_eq!(Checksum::new(algorithm, &[7; 33]), None);
        }
        assert_eq!(Checksum::parse(ChecksumAlgorithm::Crc64Nvme, "AAAAAA=="), None);
        assert_eq!(Checksum::parse(ChecksumAlgorithm::Crc32, "not base64"), None);
    }

    #[test]
    fn names_and_headers_read_back() {
        for algorithm in ChecksumAlgorithm::ALL {
            assert_eq!(ChecksumAlgorithm::parse(algorithm.name()), Some(algorithm));
            assert_eq!(
                ChecksumAlgorithm::parse(&algorithm.name().to_lowercase()),
                Some(algorithm)
            );
            assert_eq!(ChecksumAlgorithm::of_header(algorithm.header()), Some(algorithm));
        }
        assert_eq!(ChecksumAlgorithm::parse("MD5"), None);
    }
}
