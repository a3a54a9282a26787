//! What the watchers find goes on the record as entries of the log about itself. One that the queue does not take now
//! is tried again; nothing waits for it.

use std::collections::VecDeque;
use std::sync::Mutex;

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, RecordError};
use serde_json::Value;

/// 64 alarms may wait for room: watchers speak on changes only.
const WAITING_MAX: usize = 64;

#[derive(Debug)]
pub(crate) struct Alarms {
    log: AuditLog,
    waiting: Mutex<VecDeque<AuditEntry>>,
}

impl Alarms {
    pub(crate) fn new(log: AuditLog) -> Self {
        Self { log, waiting: Mutex::default() }
    }

    /// Records that something is wrong.
    pub(crate) fn raise(&self, name: &str, detail: Value) {
        self.record(name, AuditOutcome::Failure, detail);
    }

    /// Records that it is right again.
    pub(crate) fn clear(&self, name: &str, detail: Value) {
        self.record(name, AuditOutcome::Success, detail);
    }

    fn record(&self, name: &str, outcome: AuditOutcome, detail: Value) {
        let entry = AuditEntry::new(AuditCategory::Audit, name)
            .event_name(name)
            .principal("bulla")
            .outcome(outcome)
            .detail(detail);
        let mut waiting = self.waiting.lock().expect("no panic while held");
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
            self.log.report_dropped("an alarm of the server could not be queued", 1);
        }
        waiting.push_back(entry);
        self.send(&mut waiting);
    }

    /// Tries again what the queue had no room for.
    pub(crate) fn retry(&self) {
        self.send(&mut self.waiting.lock().expect("no panic while held"));
    }

    fn send(&self, waiting: &mut VecDeque<AuditEntry>) {
        while let Some(entry) = waiting.front() {
            match self.log.submit(entry.clone()) {
                Ok(_) => {}
                Err(RecordError::QueueFull { .. }) => return,
                Err(error) => tracing::error!(alarm = entry.action, %error, "an alarm cannot be recorded"),
            }
            waiting.pop_front();
        }
    }
}
