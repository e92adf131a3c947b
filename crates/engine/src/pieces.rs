//! Pieces of a large body: of one length, and aligned so that a disk can take them from where they lie.
//!
//! Not here: who receives a body, and where its pieces go.

use bytes::{Bytes, BytesMut};

/// How long each piece of a staged body but the last should be. Whole ones that lie aligned are taken without copying.
pub const PIECE_BYTES: usize = 1024 * 1024;

/// Where pieces lie, at multiples of this.
pub const PIECE_ALIGNMENT: usize = 4096;

/// Makes pieces of bytes as they come.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Empty, or with room for the rest of a piece.
    piece: BytesMut,
}

impl Pieces {
    /// Takes bytes off the front of `bytes` until there is a whole piece. `None`: all are taken, and it is not whole yet.
    pub fn next(&mut self, bytes: &mut Bytes) -> Option<Bytes> {
        if self.piece.is_empty() && bytes.len() >= PIECE_BYTES && is_aligned(bytes) {
            return Some(bytes.split_to(PIECE_BYTES));
        }
        if !bytes.is_empty() && self.piece.capacity() == 0 {
            self.piece = aligned_room(PIECE_BYTES);
        }
        let missing = PIECE_BYTES - self.piece.len();
        self.piece
            .extend_from_slice(&bytes.split_to(missing.min(bytes.len())));
        (self.piece.len() == PIECE_BYTES).then(|| std::mem::take(&mut self.piece).freeze())
    }

    /// What is left at the end, less than a piece.
    pub fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.piece).freeze()
    }
}

/// True if a disk can take the bytes from where they lie.
pub fn is_aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().align_offset(PIECE_ALIGNMENT) == 0
}

/// Room for so many bytes, aligned as long as there are no more of them.
pub fn aligned_room(bytes: usize) -> BytesMut {
    let mut room = BytesMut::with_capacity(bytes + PIECE_ALIGNMENT);
    let before = room.as_ptr().align_offset(PIECE_ALIGNMENT);
    // An allocator that cannot tell costs a copy later, nothing else.
    room.resize(before.min(PIECE_ALIGNMENT), 0);
    let _ = room.split();
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(len: usize) -> Bytes {
        (0..len)
            .map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8)
            .collect()
    }

    #[test]
    fn pieces_are_whole_and_aligned_whatever_comes() {
        for step in [
            1000,
            4096,
            300_001,
            PIECE_BYTES,
            2 * PIECE_BYTES + 1,
            9 * PIECE_BYTES,
        ] {
            let body = pattern(3 * PIECE_BYTES + 77);
            let mut pieces = Pieces::default();
            let mut all = BytesMut::new();
            for start in (0..body.len()).step_by(step) {
                let mut bytes = body.slice(start..body.len().min(start + step));
                while let Some(piece) = pieces.next(&mut bytes) {
                    assert_eq!(piece.len(), PIECE_BYTES);
                    assert!(is_aligned(&piece), "a piece of {step} bytes each");
                    all.extend_from_slice(&piece);
                }
                assert!(bytes.is_empty());
            }
            let rest = pieces.rest();
            assert_eq!(rest.len(), 77);
            assert!(is_aligned(&rest));
            all.extend_from_slice(&rest);
            assert!(all == body, "pieces of {step} bytes each");
            assert!(pieces.rest().is_empty());
        }
    }

    #[test]
    fn a_whole_piece_that_lies_aligned_is_not_copied() {
        let mut pieces = Pieces::default();
        let first = pieces.next(&mut pattern(PIECE_BYTES)).expect("a whole piece");
        let (place, mut bytes) = (first.as_ptr(), first);
        let again = Pieces::default().next(&mut bytes).expect("a whole piece");
        assert_eq!(again.as_ptr(), place);
    }
}
