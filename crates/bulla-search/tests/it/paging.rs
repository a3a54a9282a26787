//! Pages: in order, without a gap, however they are cut and whatever is added meanwhile.

use bulla::Filter;
use bulla_search::{Order, PageLimits, Search};
use serde_json::json;

use crate::log::{LIMITS, TestLog, scanned, seqs};

fn numbered(from: u64, to: u64) -> Vec<serde_json::Value> {
    (from..to)
        .map(|number| {
            json!({"category": "api", "action": format!("act {}", number % 3), "outcome": "success",
                "detail": {"number": number, "only": format!("id-{number}")}})
        })
        .collect()
}

#[test]
fn the_sum_of_pages_is_the_count_without_a_cap() {
    let log = TestLog::of(&numbered(0, 30_000));
    let (with, without) = log.views();
    for query in ["", "action:\"act 1\"", "detail.number:>=29990", "act"] {
        let filter: Filter = query.parse().unwrap();
        let expected = scanned(&log.reader(), &filter);
        assert_eq!(with.count(&filter).unwrap().total.value, expected.len() as u64);
        for view in [&with, &without] {
            assert_eq!(seqs(view, &filter, Order::OldestFirst, 997), expected, "{query}");
        }
    }
}

#[test]
fn an_id_that_is_there_once_is_found_in_one_step() {
    let log = TestLog::of(&numbered(0, 20_000));
    let (with, _) = log.views();
    let filter = Filter::new().field("detail.only", "id-12345");
    let page = with.page(&filter, Order::NewestFirst, with.all(), LIMITS).unwrap();
    assert_eq!(page.entries.len(), 1);
    assert!(page.rest.is_empty(), "nothing is left to look at: {:?}", page.rest);
    assert_eq!(page.scanned, with.size());
}

#[test]
fn a_page_ends_behind_the_entry_that_passes_the_bytes() {
    let log = TestLog::of(&numbered(0, 500));
    let (with, without) = log.views();
    for view in [with, without] {
        let limits = PageLimits { bytes: 1000, ..LIMITS };
        let page = view.page(&Filter::new(), Order::NewestFirst, view.all(), limits).unwrap();
        let bytes: usize = page.entries.iter().map(|entry| entry.line().len()).sum();
        let last = page.entries.last().unwrap();
        assert!(bytes >= 1000 && bytes - last.line().len() < 1000);
        assert_eq!(page.rest, 0..last.seq().get());
    }
}

#[test]
fn pages_go_on_where_they_were_while_the_log_grows() {
    let log = TestLog::of(&numbered(0, 1000));
    let index = log.index();
    let search = Search::with_index(log.reader(), index.clone());
    let filter: Filter = "act".parse().unwrap();
    let first = search.now().unwrap();
    let expected: Vec<u64> = scanned(&log.reader(), &filter).into_iter().rev().collect();
    let (mut rest, mut found) = (first.all(), Vec::new());
    while !rest.is_empty() {
        let page = search.now().unwrap().page(&filter, Order::NewestFirst, rest, LIMITS).unwrap();
        found.extend(page.entries.iter().map(|entry| entry.seq().get()));
        rest = page.rest;
        log.record(&numbered(0, 20));
    }
    assert_eq!(found, expected, "what came later is not in it, and nothing is in it twice");
}
