//! Histograms, facets and sessions: with an index and without one they are the same, and they are right.

use std::collections::BTreeMap;

use bulla::Filter;
use bulla_search::{Facet, ValueCounter, facets_default};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::generated;
use crate::log::{LIMITS, TestLog, scanned};

fn random_log(records: usize) -> TestLog {
    let mut runner = TestRunner::deterministic();
    let records =
        proptest::collection::vec(generated::record(), records).new_tree(&mut runner).unwrap().current();
    TestLog::of(&records)
}

fn filters() -> Vec<Filter> {
    [
        "",
        "outcome:denied",
        "has:detail.a",
        "deploy OR alice",
        "-category:api duration_ms:>1",
        "action:nowhere",
    ]
    .map(|query| query.parse().unwrap())
    .to_vec()
}

#[test]
fn histograms_are_the_same_with_an_index_and_without() {
    let log = random_log(600);
    let (with, without) = log.views();
    for filter in filters() {
        for buckets in [1, 3, 60, 1000] {
            let histogram = with.histogram(&filter, buckets).unwrap();
            assert_eq!(histogram, without.histogram(&filter, buckets).unwrap(), "{filter}");
            let sum: u64 = histogram.buckets.iter().map(bulla_search::Bucket::count).sum();
            assert_eq!(sum, scanned(&log.reader(), &filter).len() as u64, "{filter}");
            assert_eq!(histogram.counted.total.value, sum);
        }
    }
}

#[test]
fn facets_are_the_same_with_an_index_and_without() {
    let log = random_log(900);
    let (with, without) = log.views();
    let mut fields: Vec<String> = facets_default().map(str::to_owned).to_vec();
    fields.extend(
        [
            "detail",
            "detail.a",
            "detail.list",
            "detail.a.b",
            "custom",
            "tool.name",
            "duration_ms",
            "timestamp",
            "nowhere",
        ]
        .map(str::to_owned),
    );
    for filter in filters() {
        for limit in [3, 1000] {
            let found = with.facets(&filter, &fields, limit).unwrap();
            let expected = without.facets(&filter, &fields, limit).unwrap();
            for (found, expected) in found.facets.iter().zip(&expected.facets) {
                assert_eq!(without_long_texts(found), without_long_texts(expected), "{filter}");
            }
            assert_eq!(found.counted, expected.counted);
        }
    }
}

/// Two long texts with one beginning look alike; what is shown of them is enough for people.
fn without_long_texts(facet: &Facet) -> Facet {
    let mut facet = facet.clone();
    if facet.values.iter().any(|value| value.value.ends_with('…')) {
        facet.values.clear();
        facet.other = 0;
    }
    facet
}

#[test]
fn a_facet_counts_values_entries_without_one_and_the_rest() {
    let record = |principal: Option<&str>, tags: Value| json!({"category": "api", "action": "x", "outcome": "success", "principal": principal, "detail": {"tags": tags}});
    let mut records = vec![record(Some("bob"), json!(["a", "b", "a"])), record(None, json!([1, 1.0, true]))];
    records.extend((0..300).map(|_| record(Some("alice"), json!("a"))));
    records.push(record(Some("carol"), Value::Null));
    let log = TestLog::of(&records);
    let (with, without) = log.views();
    let fields = ["principal".to_owned(), "detail.tags".to_owned()];
    for view in [&with, &without] {
        let facets = view.facets(&"action:x".parse().unwrap(), &fields, 2).unwrap().facets;
        let shown = |facet: &Facet| -> Vec<(String, u64)> {
            facet.values.iter().map(|value| (value.value.clone(), value.count)).collect()
        };
        assert_eq!(shown(&facets[0]), [("alice".to_owned(), 300), ("bob".to_owned(), 1)]);
        assert_eq!((facets[0].other, facets[0].missing, facets[0].is_exact), (1, 1, true));
        assert_eq!(shown(&facets[1]), [("a".to_owned(), 301), ("1".to_owned(), 1)]);
        assert_eq!((facets[1].other, facets[1].missing), (2, 1), "b and true; carol");
        // Who reads the lines alone comes to the same.
        for (field, facet) in fields.iter().zip(facets) {
            let mut counter = ValueCounter::of(field);
            let mut entries = log.reader().filter("action:x".parse().unwrap(), 0..u64::MAX);
            while let Some(entry) = entries.next().transpose().unwrap() {
                counter.add(entry.line());
            }
            assert_eq!(counter.facet(2), facet);
        }
    }
}

#[test]
fn sessions_come_by_their_newest_match_each_once() {
    let record = |session: Option<&str>, outcome: &str| {
        json!({"category": "tool_execution", "action": "tool:bash", "outcome": outcome, "session_id": session,
            "principal": "alice", "tool": {"name": "bash"}})
    };
    let mut records = Vec::new();
    for round in 0..4 {
        for session in 0..30 {
            let outcome = if session % 3 == 0 && round == 1 { "denied" } else { "success" };
            records.push(record(Some(&format!("s{session}")), outcome));
            records.push(record(None, "success"));
        }
    }
    let log = TestLog::of(&records);
    let (with, without) = log.views();
    for (query, expected) in [("", 30), ("outcome:denied", 10), ("session_id:s7", 1), ("action:none", 0)] {
        let filter: Filter = query.parse().unwrap();
        let mut pages = Vec::new();
        for view in [&with, &without] {
            let (mut rest, mut all) = (view.all(), Vec::new());
            while !rest.is_empty() {
                let page = view.sessions(&filter, rest, 7, LIMITS).unwrap();
                all.extend(page.sessions);
                rest = page.rest;
            }
            pages.push(all);
        }
        assert_eq!(pages[0], pages[1], "{query}");
        let ids: Vec<&str> = pages[0].iter().map(|session| session.session_id.as_str()).collect();
        assert_eq!(ids.len(), expected, "{query}: {ids:?}");
        assert!(pages[0].windows(2).all(|pair| pair[0].last_seq > pair[1].last_seq), "{query}");
        for session in &pages[0] {
            assert_eq!((session.entries, session.calls, session.is_partial), (4, 4, false));
            let number: u64 = session.session_id[1..].parse().unwrap();
            let denied = u64::from(number.is_multiple_of(3));
            assert_eq!(session.outcomes, [4 - denied, 0, denied, 0]);
        }
    }
}

#[test]
fn what_is_not_indexed_yet_is_in_every_answer() {
    let log = random_log(200);
    let index = log.index();
    let search = bulla_search::Search::with_index(log.reader(), index.clone());
    index.close();
    let more = random_records(100);
    log.record(&more);
    let view = search.now().unwrap();
    assert!(view.indexed_to_seq().unwrap() < view.size(), "the end is not in the index");
    let without = bulla_search::Search::without_index(log.reader()).now().unwrap();
    for filter in filters() {
        assert_eq!(view.count(&filter).unwrap(), without.count(&filter).unwrap(), "{filter}");
        assert_eq!(view.histogram(&filter, 10).unwrap(), without.histogram(&filter, 10).unwrap());
        let fields = ["outcome".to_owned(), "detail.list".to_owned()];
        let (a, b) =
            (view.facets(&filter, &fields, 100).unwrap(), without.facets(&filter, &fields, 100).unwrap());
        assert_eq!(a.facets[0], b.facets[0]);
        assert_eq!(without_long_texts(&a.facets[1]), without_long_texts(&b.facets[1]));
        for order in [bulla_search::Order::NewestFirst, bulla_search::Order::OldestFirst] {
            let mut expected = scanned(&log.reader(), &filter);
            if order == bulla_search::Order::NewestFirst {
                expected.reverse();
            }
            assert_eq!(crate::log::seqs(&view, &filter, order, 9), expected, "{filter}");
        }
    }
}

fn random_records(count: usize) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    proptest::collection::vec(generated::record(), count).new_tree(&mut runner).unwrap().current()
}

#[test]
fn a_session_is_found_by_the_beginning_of_its_id() {
    let record = |session: &str| json!({"category": "api", "action": "x", "outcome": "success", "session_id": session});
    let log = TestLog::of(&[record("abc-1"), record("abd-2"), record("abc-1")]);
    let (with, without) = log.views();
    for view in [with, without] {
        let filter = Filter::new().field_prefix("session_id", "ab");
        let (sessions, is_cut) = view.entries_of_sessions(&filter, 100, LIMITS).unwrap();
        let sizes: BTreeMap<&str, usize> =
            sessions.iter().map(|(id, entries)| (id.as_str(), entries.len())).collect();
        assert_eq!((sizes, is_cut), (BTreeMap::from([("abc-1", 2), ("abd-2", 1)]), false));
        assert!(view.entries_of_sessions(&filter, 2, LIMITS).unwrap().1, "cut");
    }
}
