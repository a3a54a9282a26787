//! The door from capture to the log: submits, never waits, and lets no loss go uncounted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::entry::{AuditEntry, Event, EventOptions, Rejected, Truncation};
use crate::log::{AuditLog, RecordError, Ticket};

/// Called with the error of each entry that was lost.
pub(super) type OnError = Arc<dyn Fn(&RecordError) + Send + Sync>;

/// Where a layer's entries go.
#[derive(Clone)]
pub(super) struct Recorder {
    log: AuditLog,
    /// Taken once: making them allocates.
    options: Arc<EventOptions>,
    /// What the log says of entries that it had no room for.
    reason: &'static str,
    lost: Arc<AtomicU64>,
    pub(super) on_error: Option<OnError>,
    /// Whether each entry is also said as one `tracing` event, as all entries of this crate are.
    is_echoed: bool,
}

impl Recorder {
    pub(super) fn new(log: AuditLog, reason: &'static str, is_echoed: bool) -> Self {
        let options = Arc::new(log.event_options());
        Self { log, options, reason, lost: Arc::default(), on_error: None, is_echoed }
    }

    /// Entries that were lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// The counter itself.
    #[cfg(feature = "tracing")]
    pub(super) fn lost_counter(&self) -> Arc<AtomicU64> {
        self.lost.clone()
    }

    /// Queues an entry. One that is too long or otherwise refused is queued without its free-form parts. One that
    /// cannot be queued is lost, and counted.
    pub(super) fn submit(&self, entry: AuditEntry) -> Result<Ticket, RecordError> {
        self.try_submit(entry).inspect_err(|error| self.lose(error, 1))
    }

    /// As [`Recorder::submit`], but the caller keeps what is not taken, so nothing is lost yet.
    pub(super) fn try_submit(&self, mut entry: AuditEntry) -> Result<Ticket, RecordError> {
        if self.is_echoed {
            self.log.trace(&entry);
        }
        let event = match Event::from_entry(&entry, &self.options) {
            Ok(event) => event,
            Err(rejected) => {
                strip(&mut entry, &rejected);
                Event::from_entry(&entry, &self.options)?
            }
        };
        self.log.submit_event(event)
    }

    /// Counts entries that are not in the log: in the log itself where it can still say so, else as an error of the
    /// program.
    pub(super) fn lose(&self, error: &RecordError, count: u64) {
        let lost = self.lost.fetch_add(count, Relaxed) + count;
        if let Some(on_error) = &self.on_error {
            on_error(error);
        }
        match error {
            RecordError::QueueFull { .. } | RecordError::Rejected(_) => {
                self.log.report_dropped(self.reason, count);
            }
            // One line per doubling: a log that is down must not flood the others.
            _ if lost.is_power_of_two() => {
                ::tracing::error!(lost, %error, "audit entries are lost");
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("log", &self.log).field("lost", &self.lost()).finish_non_exhaustive()
    }
}

/// Takes away what may be large or malformed, and says so.
fn strip(entry: &mut AuditEntry, rejected: &Rejected) {
    entry.detail = Some(serde_json::json!({"left_out": rejected.to_string()}));
    entry.verbatim_detail = None;
    entry.labels.clear();
    entry.changes.clear();
    entry.targets.clear();
    entry.attachments.clear();
    entry.other.clear();
    entry.actor = None;
    entry.truncated.push(Truncation { path: "/detail".to_owned(), ..Truncation::default() });
}
