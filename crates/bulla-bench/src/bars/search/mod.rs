//! The index: how fast it answers, and how fast it follows.

pub(super) mod answering;
pub(super) mod following;

use super::Bench;
