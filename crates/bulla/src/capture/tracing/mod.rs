//! A layer for tracing-subscriber: events and spans of `target: "audit"` become entries.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("audit");
//! use bulla::AuditLog;
//! use bulla::capture::tracing::AuditLayer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let log = AuditLog::open(directory)?;
//! let audit = AuditLayer::new(log.clone());
//! let counts = audit.counts();
//! let subscriber = tracing_subscriber::registry().with(audit.filtered());
//! # tracing::subscriber::with_default(subscriber, || {
//! assert!(counts.is_heard()); // at start-up: nothing stands between the macros and the log
//!
//! let session = tracing::info_span!(target: "audit", "session", principal = "alice", session_id = "s-9");
//! session.in_scope(|| {
//!     tracing::info!(target: "audit", category = "auth", action = "login", outcome = "success", auth.method = "key");
//! });
//! # drop(session);
//! # });
//! log.close_blocking()?;
//! # assert_eq!(counts.recorded(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # This is best effort
//! A log macro returns nothing, so it cannot say that its entry was lost, and it does not wait until the entry is
//! durable. What is lost is counted ([`Counts::lost`]), told to [`AuditLayer::on_error`], and said in the log where that
//! is still possible. Where an act must not happen unrecorded, call [`AuditLog::begin`](crate::AuditLog::begin) or
//! [`record`](crate::AuditLog::record), which return errors.
//!
//! # So that no setting switches it off
//! [`AuditLayer::filtered`] gives the layer a filter of its own. `RUST_LOG` must then be read by the filter of another
//! layer (`fmt::layer().with_filter(EnvFilter::from_default_env())`), not by one that is added with `.with(…)`: that one
//! stands before every layer and would drop audit events. Cargo features such as `release_max_level_warn` of `tracing`
//! remove macros when the program is built, before any layer. [`Counts::is_heard`] finds out both.
//!
//! # From fields to entries
//! | field | becomes |
//! |---|---|
//! | `category`, `action`, `outcome`, `principal`, `session_id`, `event_name`, `phase`, `cause_id`, `correlation_id`, `okr_id`, `okr_run_id`, `relay_id`, `duration_ms`, `id` | the entry's field of that name |
//! | `actor.…`, `request.…`, `trace.…`, `tool.…`, `model.…`, `reason.…` | that part of the entry: `request.status_code = 404` |
//! | `labels.…` | a label |
//! | the message | `action`, or `detail.message` where there is a field `action` |
//! | anything else, also below `detail.` | `detail`, nested by the dots: `auth.method` is `{"auth":{"method":…}}` |
//!
//! Numbers and booleans stay what they are. A value that its field cannot take (an outcome that is none, a status that
//! is no number, the log's own category `audit`) is kept in `detail`. Nesting lets the log's redaction see the names of
//! secrets: `db.password` is removed as `password` is.
//!
//! Where no `outcome` is stated, it is `failure` at level `ERROR` and `success` otherwise, and `reason.code` says
//! `outcome_not_stated`.
//!
//! # Spans
//! A span of the target becomes one entry when it closes: its name is the action unless a field says otherwise, all
//! values recorded until then count, and `duration_ms` is the time it was open. A panic that closes it makes it a failure
//! with the reason `panicked`, unless an outcome was recorded. What happens inside a span names its entry as `cause_id`,
//! and takes from it, the nearest first, who and in what flow: `principal`, `session_id`, `correlation_id`, `okr_id`,
//! `okr_run_id`, `relay_id`, `actor.…`, `request.…`, `trace.…` and `labels.…`. Other fields describe the span's own act and
//! are not taken over. A span of the target `audit::context` becomes no entry and only gives its fields.
//!
//! # No recursion
//! Every entry that is recorded by other means also emits one `tracing` event, of a target below `bulla`: it is not
//! captured. Entries of this layer emit none, and nothing that is said on a thread while it records is captured.

mod fields;
mod filter;
mod layer;
mod mapping;

pub use filter::AuditFilter;
pub use layer::{AuditLayer, Counts};
