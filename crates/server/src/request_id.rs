//! The two ids that every answer carries, so that a person can name a request.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html>: `x-amz-request-id` names the
//! request, `x-amz-id-2` goes with it to the operator's logs.

use std::cell::RefCell;

use crate::clock::Real;

/// Names one request: 16 upper-case hex digits, as AWS writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// A new id.
    pub(crate) fn new() -> RequestId {
        RequestId(hex::encode_upper(AHEAD.with_borrow_mut(Ahead::take)))
    }

    /// Reads an id that somebody asks about.
    pub(crate) fn parse(text: &str) -> Option<RequestId> {
        let is_id = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        is_id.then(|| RequestId(text.to_owned()))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The host id that goes with it. One server has nothing to tell apart, so it repeats the request's id
    /// in the shape that clients expect.
    pub(crate) fn host_id(&self) -> String {
        format!("countersign-{}", self.0.to_ascii_lowercase())
    }
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
        for text in ["", "../../etc/passwd", "0123456789abcdef", "0123456789ABCDEF0"] {
            assert_eq!(RequestId::parse(text), None, "{text}");
        }
    }
}
