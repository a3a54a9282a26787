//! The log's own entries: `category: audit`, written by the log about itself, never about such an entry.

use serde_json::{Value, json};

use super::write::queue::Dropped;
use crate::clock::Timestamp;
use crate::entry::{AuditCategory, AuditEntry, AuditOutcome, Event, EventOptions};

/// An entry of the log about itself.
pub(crate) fn entry(name: &str, outcome: AuditOutcome, now: Timestamp, detail: Value) -> AuditEntry {
    AuditEntry::new(AuditCategory::Audit, name)
        .event_name(name)
        .at(now)
        .principal("bulla")
        .outcome(outcome)
        .detail(detail)
}

/// Stored form of an own entry, ready for its prefix.
pub(crate) fn body(entry: &AuditEntry) -> Vec<u8> {
    let event =
        Event::from_entry(entry, &EventOptions::default()).expect("own entries obey the record's rules");
    event.body().to_vec()
}

pub(crate) fn log_opened(origin: &str, vkey: &str, now: Timestamp, recovery: &Value) -> AuditEntry {
    let detail = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "origin": origin,
        "vkey": vkey,
        "pid": std::process::id(),
        "recovery": recovery,
    });
    entry("log.opened", AuditOutcome::Success, now, detail)
}

pub(crate) fn log_closed(now: Timestamp, entries: u64) -> AuditEntry {
    entry("log.closed", AuditOutcome::Success, now, json!({"entries": entries}))
}

pub(crate) fn entries_dropped(now: Timestamp, dropped: &Dropped) -> AuditEntry {
    let detail = json!({"count": dropped.count, "reason": dropped.reason});
    entry("entries.dropped", AuditOutcome::Failure, now, detail)
}

pub(crate) fn clock_stepped(from: Timestamp, to: Timestamp, step_ms: i128) -> AuditEntry {
    let detail = json!({"from": from, "to": to, "step_ms": i64::try_from(step_ms).unwrap_or(i64::MAX)});
    entry("clock.stepped", AuditOutcome::Success, to, detail)
}

pub(crate) fn heartbeat(now: Timestamp, entries: u64) -> AuditEntry {
    entry("heartbeat", AuditOutcome::Success, now, json!({"entries": entries}))
}
