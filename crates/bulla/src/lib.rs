//! An append-only audit log whose acknowledgements are durable and provable.

mod clock;
mod entropy;
pub mod entry;
mod seq;
pub mod store;

pub use clock::{Clock, SystemClock, Timestamp, TimestampError};
pub use entropy::{Entropy, SystemEntropy};
pub use entry::{
    AuditCategory, AuditEntry, AuditOutcome, Envelope, Event, EventOptions, InvalidCategory, InvalidOutcome,
    Phase, Redaction, Rejected, Source, Vantage,
};
pub use seq::Seq;
