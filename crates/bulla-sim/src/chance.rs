//! Time, randomness and choices that repeat themselves.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bulla::{Clock, Entropy, Timestamp};
use fastrand::Rng;

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct SimClock {
    nanos: AtomicU64,
}

/// 2026-11-23T12:00:00Z: any moment will do, it only has to be the same each time.
const BEGINNING: i128 = 1_795_435_200_000_000_000;

impl SimClock {
    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).expect("a simulated step is short");
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(BEGINNING + i128::from(self.nanos.load(Ordering::Relaxed)))
            .expect("simulations do not last for centuries")
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }
}

/// Bytes that follow from a seed.
#[derive(Debug)]
pub struct SimEntropy {
    rng: Mutex<Rng>,
}

impl SimEntropy {
    /// The generator of that seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(Rng::with_seed(seed)) }
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().expect("no panic while held").fill(bytes);
    }
}

/// Where the choices of a workload come from.
#[derive(Debug)]
pub(crate) enum Chance {
    /// From a seed: as many as are asked for.
    Seeded(Rng),
    /// From bytes, each choice from the next ones; when none are left, the first of what there is to choose.
    Given(VecDeque<u8>),
}

impl Chance {
    /// The choices of that seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::Seeded(Rng::with_seed(seed))
    }

    /// The choices that these bytes make: equal beginnings, equal choices.
    pub(crate) fn given(bytes: &[u8]) -> Self {
        Self::Given(bytes.iter().copied().collect())
    }

    /// Whether there is nothing more to choose from.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(self, Self::Given(bytes) if bytes.is_empty())
    }

    /// A number of the range, which is not empty.
    pub(crate) fn number(&mut self, range: Range<u64>) -> u64 {
        match self {
            Self::Seeded(rng) => rng.u64(range),
            Self::Given(bytes) => {
                let count = range.end - range.start;
                let mut number = 0;
                // As few bytes as can tell all numbers apart, so that a changed byte is a changed choice.
                let mut reach = 1_u64;
                while reach < count {
                    reach = reach.saturating_mul(256);
                    number = number << 8 | u64::from(bytes.pop_front().unwrap_or(0));
                }
                range.start + number % count
            }
        }
    }

    /// A small number of the range, which is not empty.
    pub(crate) fn count(&mut self, range: Range<usize>) -> usize {
        let number = self.number(range.start as u64..range.end as u64);
        usize::try_from(number).expect("it is below a usize")
    }

    /// Yes or no.
    pub(crate) fn flip(&mut self) -> bool {
        self.number(0..2) == 1
    }

    /// A seed for what is not worth choosing byte by byte.
    pub(crate) fn seed(&mut self) -> u64 {
        self.number(0..1 << 16)
    }

    /// One of several.
    pub(crate) fn choice<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.count(0..from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_bytes_are_the_choices_and_then_the_first_of_each() {
        let mut chance = Chance::given(&[1, 2, 255, 3, 7]);
        assert!(chance.flip());
        assert_eq!(chance.number(4..24), 4 + 2);
        assert_eq!(chance.count(0..1000), (255 * 256 + 3) % 1000);
        assert!(!chance.is_spent());
        assert_eq!(chance.choice(&['a', 'b']), 'b');
        assert!(chance.is_spent());
        assert_eq!((chance.number(5..9), chance.flip(), chance.seed()), (5, false, 0));
        assert!(!Chance::seeded(1).is_spent());
    }
}
