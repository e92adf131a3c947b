//! The two ids that every answer carries, so that a person can name a request.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html>: `x-amz-request-id` names the
//! request, `x-amz-id-2` goes with it to the operator's logs.

use std::cell::RefCell;
use std::fmt;

use crate::clock::Real;

/// Names one request: 16 upper-case hex digits, as AWS writes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId([u8; DIGITS]);

/// Goes with a request's id.
pub struct HostId([u8; HOST_BYTES]);

impl RequestId {
    /// A new id.
    pub(crate) fn new() -> RequestId {
        let mut digits = [0; DIGITS];
        hex::encode_to_slice(AHEAD.with_borrow_mut(Ahead::take), &mut digits).expect("two digits a byte");
        digits.make_ascii_uppercase();
        RequestId(digits)
    }

    /// Reads an id that somebody asks about.
    pub(crate) fn parse(text: &str) -> Option<RequestId> {
        let digits = <[u8; DIGITS]>::try_from(text.as_bytes()).ok()?;
        let is_id = digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        is_id.then_some(RequestId(digits))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The host id that goes with it. One server has nothing to tell apart, so it repeats the request's id
    /// in the shape that clients expect.
    pub fn host_id(&self) -> HostId {
        let mut text = [0; HOST_BYTES];
        let (name, digits) = text.split_at_mut(HOST_NAME.len());
        name.copy_from_slice(HOST_NAME);
        digits.copy_from_slice(&self.0);
        digits.make_ascii_lowercase();
        HostId(text)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HostId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("ids are plain ASCII")
}

thread_local! {
    /// Asking the system for each would cost more than the rest of an id.
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { ids: [[0; 8]; AHEAD_MAX], left: 0 }) };
}

/// Random numbers for the next ids of one thread.
struct Ahead {
    ids: [[u8; 8]; AHEAD_MAX],
    left: usize,
}

impl Ahead {
    fn take(&mut self) -> [u8; 8] {
        if self.left == 0 {
            let random = Real::random::<{ 8 * AHEAD_MAX }>();
            let (ids, _) = random.as_chunks();
            self.ids.copy_from_slice(ids);
            self.left = AHEAD_MAX;
        }
        self.left -= 1;
        self.ids.get(self.left).copied().unwrap_or_default()
    }
}

/// How many are asked for at once.
const AHEAD_MAX: usize = 64;
const DIGITS: usize = 16;
const HOST_NAME: &[u8] = b"countersign-";
const HOST_BYTES: usize = HOST_NAME.len() + DIGITS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_twice() {
        let ids: std::collections::HashSet<RequestId> =
            (0..3 * AHEAD_MAX).map(|_| RequestId::new()).collect();
        assert_eq!(ids.len(), 3 * AHEAD_MAX);
    }

    #[test]
    fn an_id_reads_back_and_nothing_else_does() {
        let id = RequestId::new();
        assert_eq!(RequestId::parse(id.as_str()), Some(id));
        let id = RequestId::parse("0123456789ABCDEF").expect("an id");
        assert_eq!(id.as_str(), "0123456789ABCDEF");
        assert_eq!(id.host_id().as_str(), "countersign-0123456789abcdef");
        for text in ["", "../../etc/passwd", "0123456789abcdef", "0123456789ABCDEF0"] {
            assert_eq!(RequestId::parse(text), None, "{text}");
        }
    }
}
