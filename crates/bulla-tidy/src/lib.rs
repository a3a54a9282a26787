//! Checks the source tree against the architecture.
//!
//! Each rule is a function from text to [`Finding`]s and carries a test that plants a violation, so that no rule
//! can pass by being blind. `tests/it` runs all of them over the real tree. This crate is never published.

pub mod arrows;
pub mod finding;
pub mod habits;
pub mod paths;
pub mod rooms;
pub mod rust_code;
pub mod shape;
pub mod tree;

pub use finding::Finding;
pub use tree::{SourceFile, SourceTree};
