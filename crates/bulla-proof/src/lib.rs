//! Temporary.
extern crate alloc;
mod hash;
pub use hash::*;
