//! Two evaluators, one answer: what the index finds is what a look at every line finds.

use bulla_search::Order;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::generated;
use crate::log::{TestLog, scanned, seqs};

/// 200 records in a log, 400 queries to each log.
const RECORDS: usize = 200;
const QUERIES: usize = 400;
/// Logs, which are dear: each has an index of its own.
const LOGS: u32 = 6;

#[test]
fn the_index_and_a_look_at_every_line_agree() {
    let records = proptest::collection::vec(generated::record(), RECORDS);
    let queries = proptest::collection::vec(generated::filter(), QUERIES);
    let found = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::with_cases(LOGS)
    });
    let agreed = runner.run(&(records, queries), |(records, queries)| {
        let log = TestLog::new();
        // In three pieces, with an index that is opened again for each.
        for piece in records.chunks(RECORDS / 3 + 1) {
            log.record(piece);
            drop(log.index());
        }
        let (with, _) = log.views();
        let reader = log.reader();
        for filter in &queries {
            let expected = scanned(&reader, filter);
            found.set(found.get() + expected.len());
            prop_assert_eq!(seqs(&with, filter, Order::OldestFirst, 7), expected.clone(), "{}", filter);
            let mut newest: Vec<u64> = expected.clone();
            newest.reverse();
            prop_assert_eq!(seqs(&with, filter, Order::NewestFirst, 1000), newest, "{}", filter);
            let counted = with.count(filter).unwrap();
            prop_assert_eq!(counted.total.value, expected.len() as u64, "{}", filter);
            prop_assert!(counted.total.is_exact && counted.complete_to_seq == with.size());
        }
        Ok(())
    });
    agreed.unwrap();
    assert!(found.get() > 1000, "queries meet entries: {}", found.get());
}
