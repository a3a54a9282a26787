//! An append-only audit log whose acknowledgements are durable and provable.
//!
//! # In five lines
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("audit");
//! use bulla::{AuditEntry, AuditLog, AuditOutcome::Success};
//!
//! let log = AuditLog::open(directory)?;
//! let entry = AuditEntry::tool("bash").principal("alice").outcome(Success);
//! let receipt = log.record(entry).await?; // on disk and synced when this returns
//! let proof = log.prove(receipt.seq()).await?; // anyone can check it with the log's public key
//! # let stored = log.get(receipt.seq())?.ok_or("stored")?;
//! # let key = log.reader()?.identity().vkey.parse()?;
//! # assert!(proof.check(stored.line(), &bulla::proof::Policy::log_key(key))?.is_clean());
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! # Recording
//!
//! [`AuditLog::open`] opens a directory, or makes a log in it. [`AuditLog`] is cheap to clone and works under any async
//! runtime or none; one thread of its own writes.
//!
//! | call | returns when | when there is no room |
//! |---|---|---|
//! | [`record`](AuditLog::record), [`record_blocking`](AuditLog::record_blocking), [`record_many`](AuditLog::record_many) | the entry is durable | waits |
//! | [`submit`](AuditLog::submit) | at once, with a [`Ticket`] | refuses: [`RecordError::QueueFull`] |
//! | [`begin`](AuditLog::begin) | an entry *before* the act is durable; the [`Act`] records how it ended | waits |
//!
//! An [`AuditEntry`] is what the emitter claims; the [`Envelope`] is what the log itself knows (number, time of
//! recording, source) and no emitter can set. Secrets under well-known keys are removed before anything is stored, and
//! the entry says so ([`Redaction`]). Long strings of `detail` and attachments lie beside the log as payloads. JSON of
//! others is stored as it stands through [`Event::from_json`].
//!
//! # What an acknowledgement means
//!
//! A [`Receipt`] names the entry's number, its leaf hash, and a [`State`] that was true before the receipt existed:
//! `durable` (no crash takes the entry away), `published` (a signed checkpoint covers it), `witnessed` (others
//! cosigned that checkpoint). After a failed write or sync the log is poisoned: it refuses until it is opened again,
//! because only opening distrusts the page cache. Nothing is lost silently: overflow is an error, and what somebody had
//! to drop is said in the log ([`AuditLog::report_dropped`]).
//!
//! # Reading
//!
//! [`LogReader`] reads any log directory without its lock, also while another process writes it; [`AuditLog`] offers the
//! same ([`read`](AuditLog::read), [`get`](AuditLog::get), [`find`](AuditLog::find), [`filter`](AuditLog::filter),
//! [`follow`](AuditLog::follow)). The stored line is the truth: [`StoredEntry::line`] gives its exact bytes.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("audit");
//! use bulla::{AuditEntry, AuditLog, AuditOutcome, LogReader};
//!
//! let log = AuditLog::open(&directory)?;
//! log.record_blocking(AuditEntry::auth("login").principal("mallory").outcome(AuditOutcome::Denied))?;
//!
//! let reader = LogReader::open(&directory)?; // as another process would
//! let denied = reader.filter("outcome:denied".parse()?, 0..u64::MAX).count();
//! assert_eq!(denied, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Capture
//!
//! With the feature `tower`, `capture::tower::AuditLayer` records every request of axum, tonic or another tower service,
//! however it ends. With the feature `tracing`, `capture::tracing::AuditLayer` makes entries of events and spans of the
//! target `audit`. Both are off by default.
//!
//! # Checking
//!
//! [`verify`] and [`Verify`] check the whole log: every line, every hash, every checkpoint. What is wrong is a
//! [`Verdict`](proof::Verdict), which is data; an error means that it could not be found out. [`proof`] is the crate
//! with the formats (RFC 6962 trees, C2SP tiles, notes, checkpoints and proofs), without files or clocks.
//!
//! # The module that this replaces
//!
//! Its names are here and behave as they did, with guarantees: [`AuditLog::new`], [`AuditLog::from_env`],
//! [`AuditLog::log`], [`AuditLog::recent`], [`init_audit_log`] and the rest; see `CODETETHER_AUDIT_LOG_PATH` at
//! [`AuditLog::from_env`].

#[cfg(any(feature = "tower", feature = "tracing"))]
pub mod capture;
mod clock;
mod entropy;
pub mod entry;
mod log;
pub mod query;
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
    Act, Activity, AuditLog, CosignedError, LogBuilder, OpenError, Poison, PoisonCause, Receipt, RecordError,
    State, Ticket, Watermarks,
};
pub use query::{Filter, InvalidFilter, InvalidMoment, parse_moment};
pub use read::{
    CheckpointsBack, Entries, Filtered, FilteredBack, Follow, LogReader, NotStored, Progress, ProveError,
    PublishedNote, ReadError, StoredEntry, Verify, VerifyError, verify,
};
pub use seed::{audit_log, init_audit_log, try_audit_log};
pub use seq::Seq;
