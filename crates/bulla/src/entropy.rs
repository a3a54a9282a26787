//! Randomness, taken in as an argument: keys and salts.

use std::fmt;

/// Where the log gets its random bytes from. Simulations bring their own.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with bytes that nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
