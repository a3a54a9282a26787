//! The log engine: one handle for many callers, one writer, group commit, checkpoints.

mod act;
mod audit_log;
mod engine;
pub(crate) mod import_cursor;
mod memory;
mod open;
mod options;
mod own;
pub(crate) mod poison;
mod receipt;
mod settled;
pub(crate) mod watermarks;
mod write;

pub use act::Act;
pub use audit_log::AuditLog;
pub use engine::{Activity, CosignedError};
pub use open::OpenError;
pub use options::LogBuilder;
pub use poison::{Poison, PoisonCause};
pub use receipt::{Receipt, RecordError, State, Ticket};
pub use watermarks::Watermarks;

use crate::entry::Rejected;
