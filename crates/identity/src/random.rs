//! Unpredictable bytes, handed in so that tests repeat.

/// Gives unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills all of it.
    fn fill(&self, into: &mut [u8]);
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system gives randomness");
    }
}

/// So many bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}
