//! An append-only audit log whose acknowledgements are durable and provable.

mod clock;
mod entropy;
pub mod entry;
mod log;
mod read;
mod seed;
mod seq;
pub mod store;
mod take_over;

pub use bulla_proof as proof;

pub use clock::{Clock, SystemClock, Timestamp, TimestampError};
pub use entropy::{Entropy, SystemEntropy};
pub use entry::{
    AuditCategory, AuditEntry, AuditOutcome, Envelope, Event, EventOptions, InvalidCategory, InvalidOutcome,
    Phase, Redaction, Rejected, Source, Vantage,
};
pub use log::{
    Act, AuditLog, CosignedError, LogBuilder, OpenError, Poison, PoisonCause, Receipt, RecordError, State,
    Ticket, Watermarks,
};
pub use read::{
    Entries, Filter, Filtered, FilteredBack, Follow, InvalidFilter, InvalidMoment, LogReader, Progress,
    ProveError, ReadError, StoredEntry, Verify, VerifyError, parse_moment, verify,
};
pub use seed::{audit_log, init_audit_log, try_audit_log};
pub use seq::Seq;
