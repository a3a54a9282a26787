//! The surface of the module that Bulla replaces: its constructor, its calls, its environment variables, its global.
//!
//! Callers change an import. Where the old module was silently wrong, the same call now returns an error.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::entry::{AuditCategory, AuditEntry, AuditOutcome};
use crate::log::{AuditLog, OpenError, Receipt, RecordError};

/// Entries that a log keeps in memory by default.
const MAX_ENTRIES_DEFAULT: usize = 10_000;

/// Names of each variable, ours first.
const MAX_ENTRIES: [&str; 2] = ["BULLA_MAX_ENTRIES", "CODETETHER_AUDIT_MAX_ENTRIES"];
const LOG_PATH: [&str; 2] = ["BULLA_LOG", "CODETETHER_AUDIT_LOG_PATH"];

impl AuditLog {
    /// A log that keeps `max_entries` (at least 128) in memory and, when there is a `sink`, all of them in that
    /// directory. When the sink is a JSON Lines file of the replaced module, its entries are taken over, once, into
    /// the directory `FILE.bulla` beside it; the file stays as it is.
    ///
    /// A log that cannot be opened is returned all the same, as it always was: every call then returns the error,
    /// and [`AuditLog::open_error`] tells it at once. [`AuditLog::open`] fails instead.
    pub fn new(max_entries: usize, sink: Option<PathBuf>) -> Self {
        let place = sink.as_ref().map_or_else(|| "memory".to_owned(), |sink| sink.display().to_string());
        Self::try_new(max_entries, sink).unwrap_or_else(|error| {
            tracing::error!(%place, %error, "the audit log could not be opened and records nothing");
            Self::not_open(error, place)
        })
    }

    /// As [`AuditLog::new`], but fails when the log cannot be opened.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn try_new(max_entries: usize, sink: Option<PathBuf>) -> Result<Self, OpenError> {
        let Some(sink) = sink else { return Ok(Self::in_memory(max_entries)) };
        if sink.is_file() {
            return crate::take_over::open(&sink, max_entries);
        }
        Self::builder(sink).recent_entries(max_entries).open()
    }

    /// A log by the environment: `BULLA_MAX_ENTRIES` or `CODETETHER_AUDIT_MAX_ENTRIES`, and `BULLA_LOG` or
    /// `CODETETHER_AUDIT_LOG_PATH`. Without a path it is in memory only.
    ///
    /// As with [`AuditLog::new`], a log that cannot be opened, or a value that means nothing, is told by every call.
    pub fn from_env() -> Self {
        Self::try_from_env().unwrap_or_else(|error| {
            tracing::error!(%error, "the audit log could not be opened and records nothing");
            Self::not_open(error, "environment".to_owned())
        })
    }

    /// As [`AuditLog::from_env`], but fails at once.
    ///
    /// # Errors
    /// [`OpenError::Environment`] names the variable whose value means nothing.
    pub fn try_from_env() -> Result<Self, OpenError> {
        let max_entries = match variable(MAX_ENTRIES) {
            Some((name, value)) => value.parse().map_err(|_| OpenError::Environment {
                name,
                value,
                expected: "a number of entries to keep in memory",
            })?,
            None => MAX_ENTRIES_DEFAULT,
        };
        let path = match variable(LOG_PATH) {
            Some((name, value)) if value.is_empty() => {
                let expected = "a path; unset it for a log in memory";
                return Err(OpenError::Environment { name, value, expected });
            }
            found => found.map(|(_, value)| PathBuf::from(value)),
        };
        Self::try_new(max_entries, path)
    }

    /// Records a simple action.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn log(
        &self,
        category: AuditCategory,
        action: impl Into<String>,
        outcome: AuditOutcome,
        principal: Option<String>,
        detail: Option<Value>,
    ) -> Result<Receipt, RecordError> {
        self.log_with_correlation(category, action, outcome, principal, detail, None, None, None, None).await
    }

    /// Records an action with the ids of what it belongs to.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    #[expect(clippy::too_many_arguments, reason = "the replaced module's own signature")]
    pub async fn log_with_correlation(
        &self,
        category: AuditCategory,
        action: impl Into<String>,
        outcome: AuditOutcome,
        principal: Option<String>,
        detail: Option<Value>,
        okr_id: Option<String>,
        okr_run_id: Option<String>,
        relay_id: Option<String>,
        session_id: Option<String>,
    ) -> Result<Receipt, RecordError> {
        let entry = AuditEntry {
            principal,
            outcome,
            detail,
            okr_id,
            okr_run_id,
            relay_id,
            session_id,
            ..AuditEntry::new(category, action)
        };
        self.record(entry).await
    }

    /// The newest entries, newest first, from memory.
    pub async fn recent(&self, limit: usize) -> Vec<AuditEntry> {
        self.newest(limit, |_| true).iter().filter_map(|entry| entry.entry().ok()).collect()
    }

    /// The newest entries of a category, newest first, from memory.
    pub async fn by_category(&self, category: AuditCategory, limit: usize) -> Vec<AuditEntry> {
        let is_of = |line: &[u8]| {
            serde_json::from_slice::<AuditEntry>(line).is_ok_and(|entry| entry.category == category)
        };
        self.newest(limit, is_of).iter().filter_map(|entry| entry.entry().ok()).collect()
    }

    /// Number of entries in the whole log, the log's own included; not only of those in memory.
    pub async fn count(&self) -> usize {
        usize::try_from(self.size()).unwrap_or(usize::MAX)
    }
}

impl Default for AuditLog {
    /// A log in memory with the default number of entries.
    fn default() -> Self {
        Self::in_memory(MAX_ENTRIES_DEFAULT)
    }
}

/// First variable of `names` that is set, with its value.
fn variable(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names
        .into_iter()
        .find_map(|name| std::env::var_os(name).map(|value| (name, value.to_string_lossy().into_owned())))
}

static AUDIT_LOG: OnceLock<AuditLog> = OnceLock::new();

/// Makes `log` the one of this process.
///
/// # Errors
/// Gives the log back when there is one already.
pub fn init_audit_log(log: AuditLog) -> Result<(), AuditLog> {
    AUDIT_LOG.set(log)
}

/// The log of this process.
///
/// # Panics
/// When [`init_audit_log`] was not called before.
pub fn audit_log() -> &'static AuditLog {
    try_audit_log().expect("call init_audit_log at start-up, before audit_log")
}

/// The log of this process, if there is one yet.
pub fn try_audit_log() -> Option<&'static AuditLog> {
    AUDIT_LOG.get()
}
