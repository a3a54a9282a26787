//! The record: what an entry is, what it may be, and how it becomes bytes.

mod category;
mod context;
mod encode;
#[expect(clippy::module_inception, reason = "the file is named after its noun")]
mod entry;
mod envelope;
mod event;
pub mod limits;
mod outcome;
mod redaction;
mod rewrite;
mod strict;

pub use category::{AuditCategory, CategoryName, InvalidCategory};
pub use context::{
    Actor, Change, Credential, Model, OtherFields, Payload, Reason, Redacted, Request, Target, Tool, Trace,
    Truncation,
};
pub use entry::{Attachment, AuditEntry, VerbatimJson, new_id};
pub use envelope::{Envelope, Source, Vantage};
pub use event::{Event, EventOptions, Rejected};
pub use outcome::{AuditOutcome, InvalidOutcome, Phase};
pub use redaction::Redaction;
pub(crate) use rewrite::PayloadFile;
