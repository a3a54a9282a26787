//! Rules by which requests are not recorded, and the exact count of those, which is recorded instead.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::request::Parts;
use serde_json::json;

use super::requests::Requests;
use crate::capture::recorder::Recorder;
use crate::entry::{AuditCategory, AuditEntry, AuditOutcome};
use crate::log::RecordError;

/// When the counts of a rule are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reporting {
    /// At so many skipped requests.
    pub(super) count: u64,
    /// At the first skipped request that is so long after the last report.
    pub(super) interval: Duration,
}

impl Default for Reporting {
    /// A thousand, or a minute.
    fn default() -> Self {
        Self { count: 1000, interval: Duration::from_secs(60) }
    }
}

/// A rule: one in so many of these requests is recorded, the others are counted.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    requests: Requests,
    /// One in how many is recorded; 0 for none.
    pub(super) one_in: u64,
    seen: AtomicU64,
    skipped: AtomicU64,
    since: Mutex<Instant>,
    recorder: Recorder,
}

impl Rule {
    pub(super) fn new(name: String, requests: Requests, one_in: u64, recorder: Recorder) -> Self {
        let since = Mutex::new(Instant::now());
        Self { name, requests, one_in, seen: AtomicU64::new(0), skipped: AtomicU64::new(0), since, recorder }
    }

    /// Whether the next such request is recorded.
    fn keeps_next(&self) -> bool {
        let seen = self.seen.fetch_add(1, Relaxed);
        self.one_in > 0 && seen.is_multiple_of(self.one_in)
    }

    /// Counts a request that is not recorded.
    pub(super) fn skip(&self, reporting: Reporting) {
        let skipped = self.skipped.fetch_add(1, Relaxed) + 1;
        let is_due = skipped >= reporting.count.max(1)
            || self.since.lock().expect("no panic while held").elapsed() >= reporting.interval;
        if is_due {
            // What is not written stays counted, and the next one tries again.
            let _ = self.report();
        }
    }

    /// Writes the count so far.
    pub(super) fn report(&self) -> Result<(), RecordError> {
        let mut since = self.since.lock().expect("no panic while held");
        let count = self.skipped.swap(0, Relaxed);
        if count == 0 {
            return Ok(());
        }
        let elapsed = since.elapsed();
        let written = self.recorder.try_submit(self.entry(count, elapsed));
        match written {
            Ok(_) => *since = Instant::now(),
            Err(_) => drop(self.skipped.fetch_add(count, Relaxed)),
        }
        written.map(drop)
    }

    fn entry(&self, count: u64, elapsed: Duration) -> AuditEntry {
        AuditEntry::new(AuditCategory::Audit, "requests.skipped")
            .event_name("requests.skipped")
            .principal("bulla")
            .outcome(AuditOutcome::Success)
            .duration(elapsed)
            .detail(json!({"count": count, "rule": self.name, "one_in": self.one_in}))
    }
}

impl Drop for Rule {
    /// The last clone of the layer and its services is gone.
    fn drop(&mut self) {
        if let Err(error) = self.report() {
            self.recorder.lose(&error, self.skipped.load(Relaxed));
        }
    }
}

/// What the rules say of a request before it is answered.
#[derive(Debug)]
pub(super) enum Plan {
    /// It is recorded.
    Record,
    /// It is recorded, as one for many.
    Sample(Arc<Rule>),
    /// It is not recorded.
    Skip(Arc<Rule>),
    /// The first of these that its status fits decides.
    ByStatus(Vec<Arc<Rule>>),
}

/// The first rule that fits decides.
pub(super) fn plan(rules: &[Arc<Rule>], head: &Parts) -> Plan {
    let mut candidates = Vec::new();
    for rule in rules.iter().filter(|rule| rule.requests.has_head(head)) {
        let is_last = !rule.requests.needs_status();
        candidates.push(rule.clone());
        if is_last {
            break;
        }
    }
    match candidates.as_slice() {
        [] => Plan::Record,
        [rule] if !rule.requests.needs_status() => decided(rule),
        _ => Plan::ByStatus(candidates),
    }
}

/// What the rules say now that the status is known.
pub(super) fn by_status(candidates: &[Arc<Rule>], status: StatusCode) -> Plan {
    candidates.iter().find(|rule| rule.requests.has_status(status)).map_or(Plan::Record, decided)
}

fn decided(rule: &Arc<Rule>) -> Plan {
    if rule.keeps_next() { Plan::Sample(rule.clone()) } else { Plan::Skip(rule.clone()) }
}
