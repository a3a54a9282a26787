//! How many entries there were when, by outcome.

use std::collections::VecDeque;

use bulla::query::{Leaf, leaves, time_of};
use bulla::{AuditOutcome, Filter, Timestamp};
use tantivy::DocId;
use tantivy::columnar::Column;

use super::tally::Tally;
use super::{AskError, Counted, Total, View};
use crate::index::Part;

/// Outcomes in the order in which they are counted.
pub const OUTCOMES: [AuditOutcome; 4] =
    [AuditOutcome::Success, AuditOutcome::Failure, AuditOutcome::Denied, AuditOutcome::Unknown];

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Widths of a bucket, in nanoseconds. Each is a multiple of the one before, so that narrow buckets become wide ones.
const WIDTHS: [i64; 17] = [
    SECOND / 1000,
    SECOND / 100,
    SECOND / 10,
    SECOND,
    5 * SECOND,
    15 * SECOND,
    60 * SECOND,
    5 * 60 * SECOND,
    15 * 60 * SECOND,
    HOUR,
    6 * HOUR,
    DAY,
    7 * DAY,
    28 * DAY,
    364 * DAY,
    10 * 364 * DAY,
    100 * 364 * DAY,
];

/// Entries of one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment.
    pub start: Timestamp,
    /// Entries by outcome, in the order of [`OUTCOMES`].
    pub outcomes: [u64; 4],
}

impl Bucket {
    /// All entries.
    pub fn count(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// Entries over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// Width of a bucket, in milliseconds.
    pub interval_ms: u64,
    /// Buckets with entries, oldest first.
    pub buckets: Vec<Bucket>,
    /// How many entries, and how far was looked.
    pub counted: Counted,
}

impl View {
    /// Entries that match, by `timestamp` and outcome, in at most so many buckets.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn histogram(&self, filter: &Filter, buckets: usize) -> Result<Histogram, AskError> {
        let mut tally = Times::new(buckets.max(1));
        let looked = self.tally(filter, &mut tally)?;
        let width = WIDTHS[tally.width];
        let buckets: Vec<Bucket> = tally.buckets().collect();
        let value = buckets.iter().map(Bucket::count).sum();
        Ok(Histogram {
            interval_ms: (width / 1_000_000) as u64,
            buckets,
            counted: Counted {
                total: Total { value, is_exact: looked.is_whole() },
                complete_to_seq: looked.complete_to_seq,
            },
        })
    }
}

/// Counts by moment, in buckets that grow wider when the span does.
struct Times {
    max: usize,
    /// Which of [`WIDTHS`].
    width: usize,
    /// Number of the first bucket: its start is this many widths from 1970.
    first: i64,
    counts: VecDeque<[u64; 4]>,
    part: Option<PartTimes>,
}

/// Columns of the part that is being counted.
struct PartTimes {
    times: Column<i64>,
    outcomes: Option<Column<u64>>,
    /// Place in [`OUTCOMES`] of each value of the column.
    places: Vec<usize>,
    times_of_docs: Vec<Option<i64>>,
    outcomes_of_docs: Vec<Option<u64>>,
}

impl Times {
    fn new(max: usize) -> Self {
        Self { max, width: 0, first: 0, counts: VecDeque::new(), part: None }
    }

    fn add(&mut self, nanos: i64, outcome: usize) {
        loop {
            let bucket = nanos.div_euclid(WIDTHS[self.width]);
            if self.counts.is_empty() {
                self.first = bucket;
                self.counts.push_back([0; 4]);
            }
            let last = self.first + self.counts.len() as i64 - 1;
            let span = (last.max(bucket) - self.first.min(bucket)) as u64 + 1;
            if span > self.max as u64 && self.width + 1 < WIDTHS.len() {
                self.widen();
                continue;
            }
            while bucket < self.first {
                self.counts.push_front([0; 4]);
                self.first -= 1;
            }
            let at = (bucket - self.first) as usize;
            if at >= self.counts.len() {
                self.counts.resize(at + 1, [0; 4]);
            }
            self.counts[at][outcome] += 1;
            return;
        }
    }

    fn widen(&mut self) {
        let factor = WIDTHS[self.width + 1] / WIDTHS[self.width];
        let first = self.first.div_euclid(factor);
        let mut counts: VecDeque<[u64; 4]> = VecDeque::new();
        for (bucket, count) in (self.first..).zip(&self.counts) {
            let at = (bucket.div_euclid(factor) - first) as usize;
            counts.resize(counts.len().max(at + 1), [0; 4]);
            counts[at].iter_mut().zip(count).for_each(|(sum, part)| *sum += part);
        }
        (self.width, self.first, self.counts) = (self.width + 1, first, counts);
    }

    fn buckets(&self) -> impl Iterator<Item = Bucket> {
        let width = i128::from(WIDTHS[self.width]);
        let with_start = (i128::from(self.first)..).zip(&self.counts);
        with_start.filter(|(_, outcomes)| outcomes.iter().any(|count| *count > 0)).map(
            move |(bucket, outcomes)| Bucket {
                // The first bucket may begin before all that a timestamp can say.
                start: Timestamp::from_unix_nanos(bucket * width).unwrap_or(Timestamp::UNIX_EPOCH),
                outcomes: *outcomes,
            },
        )
    }
}

/// The place of an outcome in [`OUTCOMES`]; that of `unknown` for any other word.
pub(super) fn place(outcome: &str) -> usize {
    let place = OUTCOMES.iter().position(|known| known.as_str() == outcome);
    place.unwrap_or(OUTCOMES.len() - 1)
}

impl Tally for Times {
    fn begin(&mut self, part: &Part) -> Result<(), AskError> {
        let fields = part.reader.fast_fields();
        let outcomes = fields.str("outcome")?;
        let mut places = Vec::new();
        if let Some(outcomes) = &outcomes {
            let mut text = String::new();
            for ord in 0..outcomes.num_terms() as u64 {
                text.clear();
                outcomes.ord_to_str(ord, &mut text)?;
                places.push(place(&text));
            }
        }
        self.part = Some(PartTimes {
            times: fields.i64("timestamp")?,
            outcomes: outcomes.map(|column| column.ords().clone()),
            places,
            times_of_docs: Vec::new(),
            outcomes_of_docs: Vec::new(),
        });
        Ok(())
    }

    fn docs(&mut self, docs: &[DocId]) -> Result<(), AskError> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        part.times_of_docs.clear();
        part.times_of_docs.resize(docs.len(), None);
        part.times.first_vals(docs, &mut part.times_of_docs);
        part.outcomes_of_docs.clear();
        part.outcomes_of_docs.resize(docs.len(), None);
        if let Some(outcomes) = &part.outcomes {
            outcomes.first_vals(docs, &mut part.outcomes_of_docs);
        }
        for (time, outcome) in part.times_of_docs.iter().zip(&part.outcomes_of_docs) {
            let place = outcome.map_or(OUTCOMES.len() - 1, |ord| part.places[ord as usize]);
            self.add(time.unwrap_or_default(), place);
        }
        self.part = Some(part);
        Ok(())
    }

    fn line(&mut self, line: &[u8]) {
        let (mut time, mut outcome) = (0, OUTCOMES.len() - 1);
        // A line that is no entry does not match anything but the filter that all match.
        drop(leaves(line, |path, leaf| match (path, leaf) {
            ("timestamp", Leaf::Text(text)) => time = time_of(text).unwrap_or_default(),
            ("outcome", Leaf::Text(text)) => outcome = place(text),
            _ => {}
        }));
        self.add(time, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(max: usize, nanos: &[i64]) -> Vec<(i64, u64)> {
        let mut times = Times::new(max);
        nanos.iter().for_each(|nanos| times.add(*nanos, 0));
        times.buckets().map(|bucket| (bucket.start.unix_nanos() as i64, bucket.count())).collect()
    }

    #[test]
    fn each_width_is_a_multiple_of_the_one_before() {
        assert!(WIDTHS.windows(2).all(|pair| pair[1] % pair[0] == 0));
    }

    #[test]
    fn buckets_are_as_narrow_as_their_number_allows() {
        assert_eq!(times(10, &[]), []);
        assert_eq!(times(10, &[5, 6, 1_000_000]), [(0, 2), (1_000_000, 1)]);
        assert_eq!(times(2, &[0, HOUR - 1, HOUR]), [(0, 2), (HOUR, 1)]);
        assert_eq!(times(1, &[0, SECOND - 1]), [(0, 2)]);
        assert_eq!(times(3, &[-1, 1]), [(-1_000_000, 1), (0, 1)]);
    }

    #[test]
    fn nothing_is_lost_in_whatever_order_moments_come() {
        let mut nanos: Vec<i64> = (0..500).map(|n: i64| n * n * 7_919_000_000 - 3 * DAY).collect();
        let sorted = times(60, &nanos);
        nanos.reverse();
        assert_eq!(times(60, &nanos), sorted);
        nanos.rotate_left(123);
        assert_eq!(times(60, &nanos), sorted);
        assert!(sorted.len() <= 60 && sorted.len() > 5);
        assert_eq!(sorted.iter().map(|(_, count)| count).sum::<u64>(), 500);
    }

    #[test]
    fn all_of_time_is_a_few_buckets() {
        assert!(times(60, &[i64::MIN, 0, i64::MAX]).len() == 3);
    }
}
