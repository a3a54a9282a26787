//! What came from each source, and what did not: an emitter that counts its records (`source.seq`) and skips a number
//! has lost something, and the log says so in an entry `gap.detected`.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// 10 seconds: requests of one emitter may overtake each other by so much without a gap being told.
const GRACE: Duration = Duration::from_secs(10);
/// 4,096 pairs of source and instance; the one silent for longest is forgotten.
const SOURCES_MAX: usize = 4096;
/// 256 missing ranges of one instance are followed apart; beyond that the oldest is told at once.
const MISSING_MAX: usize = 256;

/// What came from one instance of a source since the server began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SourceCounts {
    /// `source.id`.
    pub(crate) source: String,
    /// `source.instance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance: Option<String>,
    /// Records that are in the log.
    pub(crate) recorded: u64,
    /// Records that came again.
    pub(crate) duplicates: u64,
    /// Records that broke a rule.
    pub(crate) rejected: u64,
    /// Numbers of the emitter's counter that never came.
    pub(crate) missing: u64,
    /// The next number of the emitter's counter, when it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_seq: Option<u64>,
}

/// What one request brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    pub(crate) recorded: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: u64,
}

impl Brought {
    pub(crate) fn total(self) -> u64 {
        self.recorded + self.duplicates + self.rejected
    }
}

#[derive(Debug)]
struct Instance {
    counts: SourceCounts,
    /// Ranges that did not come yet, and since when that is known.
    missing: BTreeMap<u64, (u64, Instant)>,
    heard: Instant,
}

type Name = (String, Option<String>);

#[derive(Debug, Default)]
pub(crate) struct Sources {
    instances: Mutex<HashMap<Name, Instance>>,
}

impl Sources {
    /// Takes note of what a request brought; `first_seq` is the emitter's counter at its first record.
    pub(crate) fn brought(
        &self,
        (source, instance): (&str, Option<&str>),
        first_seq: Option<u64>,
        brought: Brought,
        now: Instant,
    ) {
        if brought.total() == 0 {
            return;
        }
        let mut instances = self.instances.lock().expect("no panic while held");
        let instance = find(&mut instances, source, instance, now);
        instance.heard = now;
        instance.counts.recorded += brought.recorded;
        instance.counts.duplicates += brought.duplicates;
        instance.counts.rejected += brought.rejected;
        if let Some(first) = first_seq {
            instance.came(first..first.saturating_add(brought.total()), now);
        }
    }

    /// Takes note that a gap is in the log already.
    pub(crate) fn is_told(&self, (source, instance): (&str, Option<&str>), gap: Range<u64>, now: Instant) {
        let mut instances = self.instances.lock().expect("no panic while held");
        let instance = find(&mut instances, source, instance, now);
        instance.counts.missing += gap.end.saturating_sub(gap.start);
        remove(&mut instance.missing, gap);
    }

    /// Records the gaps that are older than the grace for requests that overtake each other.
    pub(crate) fn tick(&self, log: &AuditLog, now: Instant) {
        let mut instances = self.instances.lock().expect("no panic while held");
        for instance in instances.values_mut() {
            for gap in instance.due(now) {
                // What the queue does not take is tried again with the next tick.
                if log.submit(gap_entry(&instance.counts, &gap)).is_err() {
                    return;
                }
                instance.counts.missing += gap.end - gap.start;
                instance.missing.remove(&gap.start);
            }
        }
    }

    /// Begins to count anew; what was told of the past was for the counters of the emitters only.
    pub(crate) fn forget_counts(&self) {
        for instance in self.instances.lock().expect("no panic while held").values_mut() {
            let counts = &mut instance.counts;
            (counts.recorded, counts.duplicates, counts.rejected, counts.missing) = (0, 0, 0, 0);
        }
    }

    /// Every instance, by source and name.
    pub(crate) fn counts(&self) -> Vec<SourceCounts> {
        let instances = self.instances.lock().expect("no panic while held");
        let mut counts: Vec<_> = instances.values().map(|instance| instance.counts.clone()).collect();
        counts.sort_by(|one, two| (&one.source, &one.instance).cmp(&(&two.source, &two.instance)));
        counts
    }
}

fn find<'a>(
    instances: &'a mut HashMap<Name, Instance>,
    source: &str,
    instance: Option<&str>,
    now: Instant,
) -> &'a mut Instance {
    let key = (source.to_owned(), instance.map(str::to_owned));
    if instances.len() >= SOURCES_MAX && !instances.contains_key(&key) {
        let silent = instances.iter().min_by_key(|(_, instance)| instance.heard).map(|(key, _)| key.clone());
        silent.map(|key| instances.remove(&key));
    }
    instances.entry(key.clone()).or_insert_with(|| Instance {
        counts: SourceCounts { source: key.0, instance: key.1, ..SourceCounts::default() },
        missing: BTreeMap::new(),
        heard: now,
    })
}

impl Instance {
    /// Numbers that came; what lies between them and those before is missing until it comes.
    fn came(&mut self, numbers: Range<u64>, now: Instant) {
        let next = self.counts.next_seq.unwrap_or(numbers.start);
        if numbers.start > next {
            self.missing.insert(next, (numbers.start, now));
        }
        self.counts.next_seq = Some(next.max(numbers.end));
        remove(&mut self.missing, numbers);
    }

    /// Gaps to tell now: those that had their time, and the oldest of too many.
    fn due(&self, now: Instant) -> Vec<Range<u64>> {
        let surplus = self.missing.len().saturating_sub(MISSING_MAX);
        let is_due =
            |index: usize, since: Instant| index < surplus || now.saturating_duration_since(since) >= GRACE;
        let ranges = self.missing.iter().enumerate();
        ranges
            .filter(|(index, (_, (_, since)))| is_due(*index, *since))
            .map(|(_, (from, (to, _)))| *from..*to)
            .collect()
    }
}

/// Takes a range out of disjoint ranges.
fn remove(ranges: &mut BTreeMap<u64, (u64, Instant)>, gone: Range<u64>) {
    let before = ranges.range(..gone.end);
    let touched: Vec<_> = before
        .filter(|(_, (to, _))| *to > gone.start)
        .map(|(from, (to, since))| (*from, *to, *since))
        .collect();
    for (from, to, since) in touched {
        ranges.remove(&from);
        if from < gone.start {
            ranges.insert(from, (gone.start, since));
        }
        if to > gone.end {
            ranges.insert(gone.end, (to, since));
        }
    }
}

fn gap_entry(counts: &SourceCounts, gap: &Range<u64>) -> AuditEntry {
    AuditEntry::new(AuditCategory::Audit, "gap.detected")
        .event_name("gap.detected")
        .principal("bulla")
        .outcome(AuditOutcome::Failure)
        .reason("gap", "the emitter's own counter skips these numbers: those records never came")
        .detail(json!({
            "source": counts.source,
            "instance": counts.instance,
            "from": gap.start,
            "to": gap.end - 1,
            "missing": gap.end - gap.start,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (&str, Option<&str>) = ("agent", Some("host-1"));

    fn brings(sources: &Sources, first: u64, count: u64, now: Instant) {
        let brought = Brought { recorded: count, ..Brought::default() };
        sources.brought(ONE, Some(first), brought, now);
    }

    #[tokio::test]
    async fn a_skipped_number_becomes_one_entry_after_the_grace() {
        let (sources, log, now) = (Sources::default(), AuditLog::in_memory(128), Instant::now());
        brings(&sources, 7, 3, now);
        brings(&sources, 15, 1, now);
        sources.tick(&log, now + GRACE / 2);
        assert_eq!(log.size(), 0);
        sources.tick(&log, now + GRACE);
        sources.tick(&log, now + GRACE * 2);
        assert_eq!(log.size(), 1);
        let detail = log.recent(1).await.remove(0).detail.unwrap();
        assert_eq!((&detail["from"], &detail["to"], &detail["missing"]), (&json!(10), &json!(14), &json!(5)));
        let counts = &sources.counts()[0];
        assert_eq!((counts.recorded, counts.missing, counts.next_seq), (4, 5, Some(16)));
    }

    #[tokio::test]
    async fn requests_that_overtake_each_other_leave_no_gap_and_half_a_gap_is_told_as_half() {
        let (sources, log, now) = (Sources::default(), AuditLog::in_memory(128), Instant::now());
        brings(&sources, 0, 10, now);
        brings(&sources, 30, 10, now);
        brings(&sources, 10, 20, now);
        brings(&sources, 50, 1, now);
        brings(&sources, 42, 3, now);
        sources.tick(&log, now + GRACE);
        let gaps: Vec<_> = log.recent(9).await.into_iter().map(|entry| entry.detail.unwrap()).collect();
        let mut ranges: Vec<_> = gaps.iter().map(|gap| (gap["from"].as_u64(), gap["to"].as_u64())).collect();
        ranges.sort_unstable();
        assert_eq!(ranges, [(Some(40), Some(41)), (Some(45), Some(49))]);
    }

    #[test]
    fn a_gap_that_the_log_tells_already_is_not_told_again() {
        let (sources, log, now) = (Sources::default(), AuditLog::in_memory(128), Instant::now());
        brings(&sources, 0, 1, now);
        brings(&sources, 5, 1, now);
        sources.is_told(ONE, 1..5, now);
        sources.tick(&log, now + GRACE);
        assert_eq!((log.size(), sources.counts()[0].missing), (0, 4));
    }

    #[test]
    fn the_number_of_sources_and_of_missing_ranges_is_bounded() {
        let (sources, log, now) = (Sources::default(), AuditLog::in_memory(4096), Instant::now());
        let brought = Brought { recorded: 1, ..Brought::default() };
        for source in 0..=SOURCES_MAX {
            let at = now + Duration::from_nanos(source as u64);
            sources.brought((&source.to_string(), None), None, brought, at);
        }
        assert_eq!(sources.counts().len(), SOURCES_MAX);
        let later = now + Duration::from_secs(1);
        for number in 0..=MISSING_MAX as u64 + 1 {
            brings(&sources, number * 2, 1, later);
        }
        sources.tick(&log, later);
        assert_eq!(log.size(), 1, "the oldest of too many is told at once");
    }
}
