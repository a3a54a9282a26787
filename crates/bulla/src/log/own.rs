//! The log's own entries: `category: audit`, written by the log about itself, never about such an entry. Their ids
//! come from the log's clock and entropy, as all that the log makes up does.

use serde_json::{Value, json};

use super::write::queue::Dropped;
use crate::clock::Timestamp;
use crate::entropy::Entropy;
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
pub(crate) fn body(mut entry: AuditEntry, entropy: &dyn Entropy) -> Vec<u8> {
    entry.id = id(entry.timestamp, entropy);
    let event =
        Event::from_entry(&entry, &EventOptions::default()).expect("own entries obey the record's rules");
    event.body().to_vec()
}

/// A UUIDv7 of that time; 1970 for times before it.
fn id(at: Timestamp, entropy: &dyn Entropy) -> String {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(at.unix_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().hyphenated().to_string()
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
