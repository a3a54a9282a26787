//! Damaged copies of a log, each with what verification must say of it. Tests and the bench share them.
//!
//! Everything here writes into log directories behind the log's back, and panics when it cannot.

mod cases;
mod directory;
mod expected;
mod original;

pub use cases::{Case, cases};
pub use directory::{Directory, Place};
pub use expected::{Expected, unmet};
pub use original::{Original, Shape};
