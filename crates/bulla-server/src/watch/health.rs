//! Whether the log can be written, whether it verifies, and why not.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::problem::{Code, Problem};

/// What the watchers found last.
#[derive(Debug, Default)]
pub(crate) struct Health {
    disk_is_full: AtomicBool,
}

impl Health {
    /// Whether new entries may be taken.
    ///
    /// # Errors
    /// [`Code::DiskLow`] when what is left of the disk is kept for saying so.
    pub(crate) fn may_record(&self) -> Result<(), Problem> {
        if self.disk_is_full.load(Ordering::Relaxed) {
            let detail = "the disk of the log is nearly full; make room, or lower disk.refuse_bytes";
            return Err(Problem::new(Code::DiskLow, detail));
        }
        Ok(())
    }
}
