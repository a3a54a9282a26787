//! Counts of what the server did, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::problem::Code;

/// Counts since the server began.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    refused: [AtomicU64; Code::ALL.len()],
}

impl Counters {
    /// Counts an answer that is no success.
    pub(crate) fn refused(&self, code: Code) {
        if let Some(index) = Code::ALL.iter().position(|other| *other == code) {
            self.refused[index].fetch_add(1, Ordering::Relaxed);
        }
    }
}
