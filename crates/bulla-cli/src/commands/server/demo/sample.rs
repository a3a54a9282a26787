//! The sample: everything that happened in a made-up company in the last day, in the order of its times.

use std::collections::BTreeMap;
use std::time::Duration;

use bulla::{AuditCategory, AuditEntry, AuditOutcome, Source, Timestamp, Vantage};
use serde_json::json;

use super::dice::Dice;
use super::{agents, company};

/// 26 hours: "yesterday, at this time" has something before and after it.
pub(super) const SPAN: Duration = Duration::from_secs(26 * 60 * 60);

/// What every made-up entry bears.
pub(super) const LABEL: (&str, &str) = ("demo", "sample data, made up");

/// A made-up entry and where it is said to come from.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(super) source: Option<Source>,
    pub(super) entry: AuditEntry,
}

/// All entries, by time.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    now: Timestamp,
    pub(super) dice: Dice,
    made: Vec<Made>,
    losses: Vec<Loss>,
}

impl Sample {
    /// The sample as it is when it ends at `now`. The same seed tells the same story.
    pub(crate) fn new(now: Timestamp, seed: u64) -> Self {
        let mut sample = Self { now, dice: Dice::new(seed), made: Vec::new(), losses: Vec::new() };
        company::happen(&mut sample);
        agents::happen(&mut sample);
        sample.put_in_order();
        sample
    }

    pub(super) fn entries(&self) -> &[Made] {
        &self.made
    }

    /// The moment so long before the end.
    pub(super) fn ago(&self, seconds: u64) -> Timestamp {
        self.now.saturating_sub(Duration::from_secs(seconds))
    }

    /// Adds an entry that `emitter` reported; returns its id, by which others name it as their cause.
    pub(super) fn add(&mut self, emitter: &'static str, at: Timestamp, entry: AuditEntry) -> String {
        // Imported is what it is: nobody observed a made-up event.
        let source = Source {
            id: Some(format!("demo/{emitter}")),
            instance: Some("sample".to_owned()),
            seq: None,
            transport: Some("demo".to_owned()),
            peer: None,
            vantage: Some(Vantage::Imported),
        };
        self.push(Some(source), at, entry)
    }

    /// Adds an entry that the recorder itself would make.
    pub(super) fn add_own(&mut self, at: Timestamp, entry: AuditEntry) -> String {
        self.push(None, at, entry)
    }

    /// Lets an emitter lose so many records before its first one after `at`.
    pub(super) fn lose(&mut self, emitter: &'static str, at: Timestamp, count: u64) {
        self.losses.push(Loss { emitter, at, count });
    }

    fn push(&mut self, source: Option<Source>, at: Timestamp, entry: AuditEntry) -> String {
        let id = format!("demo-{:05}", self.made.len());
        let entry = entry.id(&id).at(at).label(LABEL.0, LABEL.1);
        self.made.push(Made { source, entry });
        id
    }

    /// Sorts by time, and gives each emitter's records its own numbers; what is lost becomes a gap and its entry.
    fn put_in_order(&mut self) {
        self.made.sort_by_key(|made| made.entry.timestamp);
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        let mut losses = std::mem::take(&mut self.losses);
        let mut gaps = Vec::new();
        for Made { source, entry } in &mut self.made {
            let Some(Source { id: Some(id), instance, seq, .. }) = source else { continue };
            let number = next.entry(id.clone()).or_default();
            let is_here =
                |loss: &Loss| id.strip_prefix("demo/") == Some(loss.emitter) && entry.timestamp >= loss.at;
            if let Some(index) = losses.iter().position(is_here) {
                let loss = losses.remove(index);
                gaps.push(gap(id, instance.as_deref(), *number, loss.count, entry.timestamp));
                *number += loss.count;
            }
            *seq = Some(*number);
            *number += 1;
        }
        for (at, entry) in gaps {
            self.add_own(at, entry);
        }
        self.made.sort_by_key(|made| made.entry.timestamp);
    }
}

/// Records that never came.
#[derive(Debug, Clone)]
struct Loss {
    emitter: &'static str,
    at: Timestamp,
    count: u64,
}

/// The entry that a server makes of a counter that skips, ten seconds after it noticed.
fn gap(
    id: &str,
    instance: Option<&str>,
    from: u64,
    count: u64,
    noticed: Timestamp,
) -> (Timestamp, AuditEntry) {
    let entry = AuditEntry::new(AuditCategory::Audit, "gap.detected")
        .event_name("gap.detected")
        .principal("bulla")
        .outcome(AuditOutcome::Failure)
        .reason("gap", "the emitter's own counter skips these numbers: those records never came")
        .detail(json!({
            "source": id, "instance": instance, "from": from, "to": from + count - 1, "missing": count,
        }));
    (noticed.saturating_add(Duration::from_secs(10)), entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        Sample::new("2026-11-24T00:03:00Z".parse().unwrap(), 1)
    }

    #[test]
    fn the_same_seed_tells_the_same_story_and_another_tells_another() {
        let told = |seed| format!("{:?}", Sample::new(Timestamp::UNIX_EPOCH, seed).made);
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
    }

    #[test]
    fn a_few_thousand_entries_of_the_last_day_each_say_that_they_are_made_up() {
        let sample = sample();
        assert!((2_000..6_000).contains(&sample.made.len()), "{}", sample.made.len());
        for Made { source, entry } in &sample.made {
            assert_eq!(entry.labels.get(LABEL.0).map(String::as_str), Some(LABEL.1), "{}", entry.action);
            assert!(entry.timestamp <= sample.now && entry.timestamp >= sample.now.saturating_sub(SPAN));
            let vantage = source.as_ref().map(|source| source.vantage);
            assert!(vantage.is_none_or(|vantage| vantage == Some(Vantage::Imported)), "nobody observed it");
        }
    }

    #[test]
    fn counters_skip_only_what_a_gap_entry_names() {
        let sample = sample();
        let mut next: BTreeMap<&str, u64> = BTreeMap::new();
        let mut missing = Vec::new();
        for source in sample.made.iter().filter_map(|made| made.source.as_ref()) {
            let (id, seq) = (source.id.as_deref().unwrap(), source.seq.unwrap());
            let expected = next.insert(id, seq + 1).unwrap_or(0);
            if seq != expected {
                missing.push(json!([id, expected, seq - 1]));
            }
        }
        let gaps = sample.made.iter().filter(|made| made.entry.action == "gap.detected");
        let details = gaps.map(|made| made.entry.detail.clone().unwrap());
        let told: Vec<_> = details.map(|gap| json!([gap["source"], gap["from"], gap["to"]])).collect();
        assert_eq!(told, missing);
        assert_eq!(told.len(), 1);
    }
}
