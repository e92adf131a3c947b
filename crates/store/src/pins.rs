//! Which objects made of parts are being read by this process.
//!
//! The bodies of such an object are opened one after the other, so that a reader of 10,000 parts holds one. What keeps the
//! others in place is the pin: the sweep leaves a pinned generation alone. Readers in other processes are not seen from
//! here; for them replaced parts stay for [`crate::Settings::sweep_after`].

use crate::records::Generation;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many readers each generation has.
#[derive(Default)]
pub(crate) struct Pins(Mutex<HashMap<Generation, usize>>);

/// One reader; ends when dropped.
pub(crate) struct Pin {
    pins: Arc<Pins>,
    generation: Generation,
}

impl Pins {
    pub(crate) fn pin(self: &Arc<Self>, generation: Generation) -> Pin {
        *self.lock().entry(generation).or_default() += 1;
        Pin {
            pins: Arc::clone(self),
            generation,
        }
    }

    pub(crate) fn is_pinned(&self, generation: Generation) -> bool {
        self.lock().contains_key(&generation)
    }

    /// Every change is one step, so a panic elsewhere leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<Generation, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(readers) = pins.get_mut(&self.generation) {
            *readers -= 1;
            if *readers == 0 {
                pins.remove(&self.generation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_pinned_until_its_last_reader_is_gone() {
        let pins = Arc::new(Pins::default());
        let generation = Generation([1; 16]);
        let (first, second) = (pins.pin(generation), pins.pin(generation));
        drop(first);
        assert!(pins.is_pinned(generation));
        drop(second);
        assert!(!pins.is_pinned(generation));
    }
}
