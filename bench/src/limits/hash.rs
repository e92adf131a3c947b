//! How fast one core hashes: what a PUT cannot be faster than, if its ETag is an MD5 and its payload is signed.

use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::payload::random_bytes;

/// Bytes a second on one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashSpeed {
    pub(crate) md5: f64,
    pub(crate) sha256: f64,
}

pub(crate) fn measure(time: Duration) -> HashSpeed {
    let bytes = random_bytes(1 << 20, 1);
    HashSpeed {
        md5: speed::<Md5>(&bytes, time),
        sha256: speed::<Sha256>(&bytes, time),
    }
}

fn speed<D: Digest>(bytes: &[u8], time: Duration) -> f64 {
    let began = Instant::now();
    let mut hash = D::new();
    let mut done = 0;
    while began.elapsed() < time {
        hash.update(bytes);
        done += bytes.len();
    }
    std::hint::black_box(hash.finalize());
    done as f64 / began.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hashes_get_something_done() {
        let speed = measure(Duration::from_millis(5));
        assert!(speed.md5 > 0.0 && speed.sha256 > 0.0);
    }
}
