//! An act with an entry before it and one after it, so that an act that crashes leaves evidence that it began.

use std::time::Instant;

use serde_json::Value;

use super::audit_log::AuditLog;
use super::receipt::{Receipt, RecordError};
use crate::clock::Timestamp;
use crate::entry::{AuditEntry, AuditOutcome, Phase, Reason, new_id};

/// An act under way; see [`AuditLog::begin`].
///
/// Dropped without [`Act::success`], [`Act::failure`], [`Act::denied`] or [`Act::finish`], it is recorded as a
/// failure with the reason `abandoned`, so that the question how it ended is never left open silently.
#[derive(Debug)]
#[must_use = "an act that is dropped at once is recorded as abandoned"]
pub struct Act {
    log: AuditLog,
    began: Receipt,
    started: Instant,
    /// The entry for after the act; taken when it is recorded.
    after: Option<AuditEntry>,
}

impl Act {
    /// Makes the entry before the act.
    pub(crate) fn before(entry: &AuditEntry) -> AuditEntry {
        entry.clone().phase(Phase::Pre).outcome(AuditOutcome::Unknown)
    }

    pub(crate) fn new(log: AuditLog, before: AuditEntry, began: Receipt) -> Self {
        let mut after = before;
        after.cause_id = Some(std::mem::replace(&mut after.id, new_id()));
        after.phase = Phase::Post;
        after.attachments.clear();
        Self { log, began, started: Instant::now(), after: Some(after) }
    }

    /// Receipt of the entry before the act: it was durable before this value existed.
    pub fn began(&self) -> &Receipt {
        &self.began
    }

    /// Records that it did what was asked.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn success(self) -> Result<Receipt, RecordError> {
        self.finish(AuditOutcome::Success, None).await
    }

    /// Records that it did not work, and why.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn failure(mut self, code: &str, message: &str) -> Result<Receipt, RecordError> {
        self.set_reason(code, message);
        self.finish(AuditOutcome::Failure, None).await
    }

    /// Records that it was not allowed, and why.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn denied(mut self, code: &str, message: &str) -> Result<Receipt, RecordError> {
        self.set_reason(code, message);
        self.finish(AuditOutcome::Denied, None).await
    }

    /// Records how it ended; `detail`, if given, takes the place of the one before the act.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn finish(
        mut self,
        outcome: AuditOutcome,
        detail: Option<Value>,
    ) -> Result<Receipt, RecordError> {
        let entry = self.take_after(outcome, detail);
        self.log.record(entry).await
    }

    /// As [`Act::finish`], for code without async.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn finish_blocking(
        mut self,
        outcome: AuditOutcome,
        detail: Option<Value>,
    ) -> Result<Receipt, RecordError> {
        let entry = self.take_after(outcome, detail);
        self.log.record_blocking(entry)
    }

    fn set_reason(&mut self, code: &str, message: &str) {
        if let Some(after) = &mut self.after {
            let reason = Reason {
                code: Some(code.to_owned()),
                message: Some(message.to_owned()),
                ..Reason::default()
            };
            after.reason = Some(Box::new(reason));
        }
    }

    fn take_after(&mut self, outcome: AuditOutcome, detail: Option<Value>) -> AuditEntry {
        let mut entry = self.after.take().expect("an act is finished once").outcome(outcome);
        entry.timestamp = Timestamp::now();
        entry.duration_ms = u64::try_from(self.started.elapsed().as_millis()).ok();
        match detail {
            Some(detail) => entry.detail(detail),
            None => entry,
        }
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        if self.after.is_none() {
            return;
        }
        self.set_reason("abandoned", "the act was dropped before it was finished");
        let entry = self.take_after(AuditOutcome::Failure, None);
        // A destructor cannot wait: what the queue does not take is counted and said in the log.
        if self.log.submit(entry).is_err() {
            self.log.report_dropped("an abandoned act could not be queued", 1);
        }
    }
}
