//! Every refused request goes on the record. Under a flood the first ones of each period have entries of their own,
//! and one entry counts the rest exactly, by reason and address.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use bulla::{AuditEntry, AuditLog, AuditOutcome};
use serde_json::json;

use super::caller::{Caller, peer, recorded_request};
use crate::problem::Problem;

/// 10 seconds: how soon the count of a flood is in the log.
const PERIOD: Duration = Duration::from_secs(10);
/// 20 entries in each period: enough to see what is tried, too few to fill a disk with.
const WHOLE_IN_PERIOD: u64 = 20;
/// 256 pairs of reason and address are counted apart; the others together, under the address `others`.
const COUNTS_MAX: usize = 256;

#[derive(Debug)]
pub(crate) struct Denials {
    log: AuditLog,
    period: Mutex<Period>,
}

#[derive(Debug)]
struct Period {
    began: Instant,
    whole: u64,
    counted: HashMap<(&'static str, String), u64>,
}

impl Denials {
    pub(crate) fn new(log: AuditLog, now: Instant) -> Self {
        let period = Period { began: now, whole: 0, counted: HashMap::new() };
        Self { log, period: Mutex::new(period) }
    }

    /// Records that a request was refused.
    pub(crate) fn record(&self, problem: &Problem, parts: &Parts, caller: Option<&Caller>) {
        let mut period = self.period.lock().expect("no panic while held");
        let is_whole = period.whole < WHOLE_IN_PERIOD;
        if is_whole && self.log.submit(entry(problem, parts, caller)).is_ok() {
            period.whole += 1;
            return;
        }
        let address = peer(parts).map_or_else(|| "unknown".to_owned(), |peer| peer.address.ip().to_string());
        let mut key = (problem.code().as_str(), address);
        if period.counted.len() >= COUNTS_MAX && !period.counted.contains_key(&key) {
            key.1 = "others".to_owned();
        }
        *period.counted.entry(key).or_default() += 1;
    }

    /// Ends the period when it is over, and records what was counted in it.
    pub(crate) fn tick(&self, now: Instant) {
        let mut period = self.period.lock().expect("no panic while held");
        if now.saturating_duration_since(period.began) >= PERIOD {
            self.end(&mut period, now);
        }
    }

    /// Records what was counted so far: the server goes down.
    pub(crate) fn flush(&self) {
        self.end(&mut self.period.lock().expect("no panic while held"), Instant::now());
    }

    fn end(&self, period: &mut Period, now: Instant) {
        if !period.counted.is_empty() {
            // What the queue does not take now stays counted for the next period.
            if self.log.submit(summary(&period.counted)).is_err() {
                return;
            }
            period.counted.clear();
        }
        period.whole = 0;
        period.began = now;
    }
}

fn entry(problem: &Problem, parts: &Parts, caller: Option<&Caller>) -> AuditEntry {
    let request = recorded_request(parts, problem.code().status().as_u16());
    let mut entry = AuditEntry::auth(format!("{} {}", parts.method, request.path.as_deref().unwrap_or("")))
        .event_name("access.denied")
        .outcome(AuditOutcome::Denied)
        .reason(problem.code().as_str(), problem.detail())
        .request(request);
    if let Some(caller) = caller {
        entry = entry.principal(&caller.name).actor(caller.actor());
    }
    entry
}

fn summary(counted: &HashMap<(&'static str, String), u64>) -> AuditEntry {
    let mut rows: Vec<_> = counted.iter().collect();
    rows.sort_by(|one, two| two.1.cmp(one.1).then(one.0.cmp(two.0)));
    let total: u64 = counted.values().sum();
    let rows: Vec<_> = rows
        .into_iter()
        .map(|((code, peer), count)| json!({"code": code, "peer_ip": peer, "count": count}))
        .collect();
    AuditEntry::auth("refused requests, counted")
        .event_name("access.denied.counted")
        .outcome(AuditOutcome::Denied)
        .detail(json!({"count": total, "refused": rows}))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::problem::Code;

    #[tokio::test]
    async fn a_flood_is_counted_exactly() {
        let log = AuditLog::in_memory(1024);
        let start = Instant::now();
        let denials = Denials::new(log.clone(), start);
        let (parts, ()) = Request::builder().uri("/v1/entries").body(()).unwrap().into_parts();
        let problem = Problem::new(Code::Unauthenticated, "no credential");
        (0..1000).for_each(|_| denials.record(&problem, &parts, None));
        denials.tick(start + PERIOD / 2);
        assert_eq!(log.size(), WHOLE_IN_PERIOD, "the period is not over");
        denials.tick(start + PERIOD);
        assert_eq!(log.size(), WHOLE_IN_PERIOD + 1);
        let newest = log.recent(1).await.remove(0);
        assert_eq!(newest.detail.unwrap()["count"], 1000 - WHOLE_IN_PERIOD);
        denials.tick(start + PERIOD * 3);
        assert_eq!(log.size(), WHOLE_IN_PERIOD + 1, "nothing was counted since");
    }
}
