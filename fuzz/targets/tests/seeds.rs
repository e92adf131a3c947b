//! Every target runs over its seeds, and over what a fixed random walk makes of them.
//!
//! The walk is the same on every run, so a failure repeats; it is longer when `COUNTERSIGN_SLOW` is set.

use countersign_fuzz_targets::TARGETS;
use std::path::Path;

/// Steps from each seed.
const STEPS: u32 = 200;
const STEPS_SLOW: u32 = 2_000;

#[test]
fn every_target_holds_over_its_seeds_and_their_neighbours() {
    let steps = if std::env::var_os("COUNTERSIGN_SLOW").is_some() {
        STEPS_SLOW
    } else {
        STEPS
    };
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 2, "{name} has too few seeds");
        target(b"");
        for (at, seed) in seeds.iter().enumerate() {
            target(seed);
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (at as u64 + 1));
            let mut walker = seed.clone();
            for step in 0..steps {
                // Far from the seed almost everything is refused early, so the walk returns to it often.
                if step % 8 == 0 {
                    walker.clone_from(seed);
                }
                random.change(&mut walker, &seeds);
                target(&walker);
            }
        }
    }
}

#[test]
fn every_folder_of_seeds_belongs_to_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            TARGETS.iter().any(|(target, _)| name == *target),
            "{name:?} has no target"
        );
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a target has a folder of seeds")
        .map(|entry| entry.expect("an entry of the folder").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).expect("a seed can be read"))
        .collect()
}

/// A small generator (xorshift); its numbers need not be good, only always the same.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    /// One small change: a byte, a removal, a doubling, an odd byte, a piece of another seed.
    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.next(input.len() + 1);
        let end = (at + self.next(16) + 1).min(input.len());
        match self.next(5) {
            0 if at < input.len() => input[at] ^= 1 << self.next(8),
            1 if at < end => drop(input.drain(at..end)),
            2 if at < end => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            3 => {
                let odd = [
                    0, b'\r', b'\n', b'%', b'+', b'/', b'?', b'&', b'=', b'"', b'<', b';', b' ', 0x7f, 0xff,
                ];
                input.insert(at, odd[self.next(odd.len())]);
            }
            _ => {
                let other = &seeds[self.next(seeds.len())];
                let from = self.next(other.len() + 1);
                let piece = other[from..(from + self.next(64)).min(other.len())].to_vec();
                input.splice(at..end.max(at), piece);
            }
        }
    }
}
