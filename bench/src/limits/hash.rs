//! How fast one core hashes: what a PUT cannot be faster than, if its ETag is an MD5 and its payload is signed.

use std::time::{Duration, Instant};

use md5_many::Md5State;
use sha2::{Digest, Sha256};

use crate::payload::random_bytes;

/// Bytes a second on one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashSpeed {
    pub(crate) md5: f64,
    pub(crate) sha256: f64,
}

pub(crate) fn measure(time: Duration) -> HashSpeed {
    let bytes = random_bytes(1 << 20, 1);
    let (mut md5, mut sha256) = (Md5State::new(), Sha256::new());
    let speed = HashSpeed {
        md5: speed(bytes.len(), time, || md5.update(&bytes)),
        sha256: speed(bytes.len(), time, || sha256.update(&bytes)),
    };
    std::hint::black_box((md5.finalize(), sha256.finalize()));
    speed
}

/// Bytes a second, if each turn takes so many.
fn speed(bytes: usize, time: Duration, mut turn: impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut done = 0;
    while done == 0 || began.elapsed() < time {
        turn();
        done += bytes;
    }
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
