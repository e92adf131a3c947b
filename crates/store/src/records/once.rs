//! The row of a link that is good for one use and was used.

use super::Generation;
use super::fields::{Reader, Writer};
use crate::error::Result;
use bytes::Bytes;
use countersign_types::Moment;

/// That a link was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkUse {
    /// When.
    pub(crate) at: Moment,
    /// When nobody needs to know any more.
    pub(crate) due: Moment,
    /// Tells this use from every other; of a write it is the generation of the object.
    pub(crate) by: Generation,
}

impl LinkUse {
    pub(crate) fn encode(self) -> Bytes {
        let mut to = Writer::new();
        to.moment(1, self.at);
        to.moment(2, self.due);
        to.bytes(3, &self.by.0);
        to.finish()
    }

    pub(crate) fn decode(value: &[u8]) -> Result<LinkUse> {
        let mut reader = Reader::new(value, "the row of a used link")?;
        let (mut at, mut due, mut by) = (None, None, None);
        while let Some(field) = reader.next()? {
            match field.tag {
                1 => at = Some(field.moment()?),
                2 => due = Some(field.moment()?),
                3 => by = Some(Generation(field.array()?)),
                _ => {}
            }
        }
        Ok(LinkUse {
            at: reader.need(at)?,
            due: reader.need(due)?,
            by: reader.need(by)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_reads_back() {
        let used = LinkUse {
            at: Moment::from_millis(1_700_000_000_123),
            due: Moment::from_seconds(1_700_086_400),
            by: Generation([7; 16]),
        };
        assert_eq!(LinkUse::decode(&used.encode()).expect("a use"), used);
        assert!(LinkUse::decode(&[1, 1, 1, 9]).is_err());
    }
}
