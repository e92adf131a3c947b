//! Tagged fields after a version byte: the one encoding of all row values.
//!
//! Not here: what the tags mean.

use crate::error::{Error, corrupt};
use bytes::Bytes;
use countersign_types::{Checksum, ChecksumAlgorithm, ChecksumType, Moment};

/// The only version so far.
const VERSION: u8 = 1;

/// The row of an object with a checksum and a few headers.
const ROW_BYTES_USUAL: usize = 192;

/// Writes fields.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new() -> Writer {
        let mut bytes = Vec::with_capacity(ROW_BYTES_USUAL);
        bytes.push(VERSION);
        Writer(bytes)
    }

    pub(super) fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.0.push(tag);
        push_number(&mut self.0, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn number(&mut self, tag: u8, number: u64) {
        self.0.push(tag);
        push_number(&mut self.0, number_bytes(number));
        push_number(&mut self.0, number);
    }

    pub(super) fn moment(&mut self, tag: u8, moment: Moment) {
        self.number(tag, moment.millis().unsigned_abs());
    }

    pub(super) fn text(&mut self, tag: u8, text: Option<&str>) {
        if let Some(text) = text {
            self.bytes(tag, text.as_bytes());
        }
    }

    pub(super) fn checksum(&mut self, tag: u8, checksum: Option<&Checksum>) {
        if let Some(checksum) = checksum {
            self.0.push(tag);
            push_number(&mut self.0, checksum_bytes(checksum));
            push_checksum(&mut self.0, checksum);
        }
    }

    pub(super) fn finish(self) -> Bytes {
        self.0.into()
    }
}

/// Reads fields in the order they were written. `what` names the row in errors.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(value: &'a [u8], what: &'static str) -> Result<Reader<'a>, Error> {
        match value.split_first() {
            Some((&VERSION, rest)) => Ok(Reader { rest, what }),
            Some(_) => Err(corrupt(&format!(
                "{what} is of a version that this program does not know"
            ))),
            None => Err(corrupt(what)),
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, Error> {
        let Some((&tag, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let len = take_number(&mut self.rest).and_then(|len| usize::try_from(len).ok());
        let (bytes, rest) = len
            .and_then(|len| self.rest.split_at_checked(len))
            .ok_or_else(|| corrupt(self.what))?;
        self.rest = rest;
        Ok(Some(Field {
            tag,
            bytes,
            what: self.what,
        }))
    }

    /// A field without which the row means nothing.
    #[inline]
    pub(super) fn need<T>(&self, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| corrupt(self.what))
    }
}

/// One field.
pub(super) struct Field<'a> {
    pub(super) tag: u8,
    pub(super) bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Field<'a> {
    #[inline]
    pub(super) fn number(&self) -> Result<u64, Error> {
        let mut bytes = self.bytes;
        take_number(&mut bytes).ok_or_else(|| corrupt(self.what))
    }

    #[inline]
    pub(super) fn moment(&self) -> Result<Moment, Error> {
        let millis = i64::try_from(self.number()?).map_err(|_| corrupt(self.what))?;
        Ok(Moment::from_millis(millis))
    }

    #[inline]
    pub(super) fn array<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.bytes.try_into().map_err(|_| corrupt(self.what))
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes).map_err(|_| corrupt(self.what))
    }

    pub(super) fn string(&self) -> Result<String, Error> {
        self.text().map(str::to_owned)
    }

    pub(super) fn checksum(&self) -> Result<Checksum, Error> {
        decode_checksum(self.bytes).ok_or_else(|| corrupt(self.what))
    }

    pub(super) fn algorithm(&self) -> Result<ChecksumAlgorithm, Error> {
        algorithm(self.number()?).ok_or_else(|| corrupt(self.what))
    }

    pub(super) fn checksum_type(&self) -> Result<ChecksumType, Error> {
        match self.number()? {
            1 => Ok(ChecksumType::FullObject),
            2 => Ok(ChecksumType::Composite),
            _ => Err(corrupt(self.what)),
        }
    }
}

pub(super) fn push_checksum(to: &mut Vec<u8>, checksum: &Checksum) {
    push_number(to, algorithm_number(checksum.algorithm()));
    to.extend_from_slice(checksum.value());
}

/// How long [`push_checksum`] makes it.
pub(super) fn checksum_bytes(checksum: &Checksum) -> u64 {
    number_bytes(algorithm_number(checksum.algorithm())) + checksum.value().len() as u64
}

pub(super) fn decode_checksum(bytes: &[u8]) -> Option<Checksum> {
    let mut rest = bytes;
    let algorithm = algorithm(take_number(&mut rest)?)?;
    Checksum::new(algorithm, rest)
}

pub(super) const fn algorithm_number(algorithm: ChecksumAlgorithm) -> u64 {
    match algorithm {
        ChecksumAlgorithm::Crc32 => 1,
        ChecksumAlgorithm::Crc32c => 2,
        ChecksumAlgorithm::Crc64Nvme => 3,
        ChecksumAlgorithm::Sha1 => 4,
        ChecksumAlgorithm::Sha256 => 5,
    }
}

pub(super) const fn checksum_type_number(checksum_type: ChecksumType) -> u64 {
    match checksum_type {
        ChecksumType::FullObject => 1,
        ChecksumType::Composite => 2,
    }
}

fn algorithm(number: u64) -> Option<ChecksumAlgorithm> {
    ChecksumAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm_number(*algorithm) == number)
}

pub(super) fn push_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push((number as u8) | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// How long [`push_number`] makes it.
fn number_bytes(number: u64) -> u64 {
    u64::from((u64::BITS - (number | 1).leading_zeros()).div_ceil(7))
}

#[inline]
pub(super) fn take_number(from: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    while shift < u64::BITS {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(number: u64) {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            prop_assert_eq!(bytes.len() as u64, number_bytes(number));
            prop_assert_eq!(take_number(&mut &bytes[..]), Some(number));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            if let Ok(mut reader) = Reader::new(&bytes, "row") {
                while let Ok(Some(field)) = reader.next() {
                    let _ = (field.number().is_ok(), field.text().is_ok(), field.checksum().is_ok());
                }
            }
        }
    }

    #[test]
    fn another_version_is_refused_and_an_unknown_tag_is_not() {
        assert!(Reader::new(&[2], "row").is_err());
        assert!(Reader::new(&[], "row").is_err());
        let mut writer = Writer::new();
        writer.text(250, Some("later"));
        let value = writer.finish();
        let mut reader = Reader::new(&value, "row").expect("version 1");
        assert_eq!(reader.next().expect("whole").map(|f| f.tag), Some(250));
        assert!(reader.next().expect("end").is_none());
        assert!(
            Reader::new(&value[..4], "row")
                .expect("version 1")
                .next()
                .is_err()
        );
    }
}
