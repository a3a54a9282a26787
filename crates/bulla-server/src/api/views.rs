//! What people looked at goes on the record: `view.opened`, once for the same view in a while.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome};
use serde_json::json;

use crate::access::caller::{Caller, cut};
use crate::settings::RecordReads;

/// 5 minutes: paging through one view, or leaving it open, is one act.
const SAME_VIEW: Duration = Duration::from_secs(5 * 60);
/// 4,096 views are remembered; beyond that all are forgotten, and recorded once more at most.
const VIEWS_MAX: usize = 4096;
/// 1 KiB of a query is recorded.
const QUERY_BYTES_MAX: usize = 1024;

#[derive(Debug)]
pub(crate) struct Views {
    log: AuditLog,
    recorded: RecordReads,
    seen: Mutex<HashMap<(String, &'static str, String), Instant>>,
}

impl Views {
    pub(crate) fn new(log: AuditLog, recorded: RecordReads) -> Self {
        Self { log, recorded, seen: Mutex::default() }
    }

    /// Records that `caller` looks at `view`, with what was asked of it.
    pub(crate) fn opened(&self, caller: &Caller, view: &'static str, query: &str, now: Instant) {
        let is_recorded = match self.recorded {
            RecordReads::Nobody => false,
            RecordReads::People => caller.is_person(),
            RecordReads::Everybody => true,
        };
        if !is_recorded || !self.is_new(caller, view, query, now) {
            return;
        }
        let entry = AuditEntry::new(AuditCategory::Audit, format!("view {view}"))
            .event_name("view.opened")
            .principal(&caller.name)
            .actor(caller.actor())
            .outcome(AuditOutcome::Success)
            .detail(json!({"view": view, "query": cut(query, QUERY_BYTES_MAX)}));
        if self.log.submit(entry).is_err() {
            self.log.report_dropped("a view could not be queued", 1);
        }
    }

    fn is_new(&self, caller: &Caller, view: &'static str, query: &str, now: Instant) -> bool {
        let mut seen = self.seen.lock().expect("no panic while held");
        if seen.len() >= VIEWS_MAX {
            seen.clear();
        }
        let key = (caller.fingerprint.clone(), view, query.to_owned());
        let before = seen.insert(key, now);
        before.is_none_or(|before| now.saturating_duration_since(before) >= SAME_VIEW)
    }
}
