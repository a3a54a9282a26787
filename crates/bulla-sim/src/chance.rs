//! Time and randomness that repeat themselves.

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
