//! A process that is killed while it indexes: afterwards every query gives the same answer as the scan.
//!
//! The process is this test binary itself, told by its environment to index until it is killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use bulla::Filter;
use bulla_search::{Order, Search};
use serde_json::json;

use crate::log::{COMES_WITHIN, TestLog, follow, options, scanned, seqs};

/// Names the log that the victim indexes.
const VICTIM: &str = "BULLA_INDEX_VICTIM";
/// How many kills: a few, or as many as this says.
const KILLS: &str = "BULLA_INDEX_KILLS";
/// Queries of which each must be answered as by the scan.
const QUERIES: [&str; 8] = [
    "",
    "act",
    "action:\"act 3\"",
    "outcome:denied OR detail.number:<50",
    "detail.only:id-77",
    "-action:act*",
    "has:detail.number session_id:s1",
    "timestamp:>2020-01-01 \"act 2\"",
];

#[test]
fn the_victim() {
    let Ok(log) = std::env::var(VICTIM) else { return };
    let mut options = options();
    options.commit_interval = Duration::from_millis(1);
    let _index = follow(log.as_ref(), options);
    loop {
        std::thread::park();
    }
}

#[test]
fn after_every_kill_each_query_is_answered_as_by_the_scan() {
    let kills: u64 = std::env::var(KILLS).map_or(5, |text| text.parse().unwrap());
    let log = TestLog::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..kills {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["killed::the_victim", "--exact", "--nocapture"])
            .env(VICTIM, log.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // It is killed at a random moment of its work, which goes on for as long as entries come.
        let rounds = random >> 60;
        for round in 0..=rounds {
            log.record(&records(kill * 1000 + round * 100));
        }
        let a_while = Duration::from_micros((random >> 20) % 50_000);
        a_random_moment_passes(a_while);
        victim.kill().unwrap();
        victim.wait().unwrap();
        is_as_scanned(&log);
    }
    let verdict = bulla::verify(log.path()).unwrap();
    assert!(verdict.is_clean(), "{verdict:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment of a kill is random, not an event that could be waited for"
)]
fn a_random_moment_passes(a_while: Duration) {
    std::thread::sleep(a_while);
}

fn records(from: u64) -> Vec<serde_json::Value> {
    (from..from + 100)
        .map(|number| {
            let outcome = if number % 7 == 0 { "denied" } else { "success" };
            json!({"category": "api", "action": format!("act {}", number % 5), "outcome": outcome,
                "session_id": format!("s{}", number % 3), "detail": {"number": number, "only": format!("id-{number}")}})
        })
        .collect()
}

fn is_as_scanned(log: &TestLog) {
    // What is there at once, and what is there when the index has caught up.
    let index = follow(&log.path(), options());
    let search = Search::with_index(log.reader(), index.clone());
    for _ in 0..2 {
        let view = search.now().unwrap();
        for query in QUERIES {
            let filter: Filter = query.parse().unwrap();
            let expected = scanned(&log.reader(), &filter);
            assert_eq!(seqs(&view, &filter, Order::OldestFirst, 5000), expected, "{query}");
            assert_eq!(view.count(&filter).unwrap().total.value, expected.len() as u64, "{query}");
        }
        assert!(index.wait_complete_to(log.reader().size().unwrap(), COMES_WITHIN), "{:?}", index.status());
    }
    assert_eq!(index.status().rebuilds, 0, "a kill damages nothing");
}
