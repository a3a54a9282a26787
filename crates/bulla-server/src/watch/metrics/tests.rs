//! Every metric has a line in the manual, and the manual names no other.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::watch::counters::{Answered, Counters};

const MANUAL: &str = include_str!("../../../../../docs/operation.md");

/// Names that the sources register, as Prometheus shows them, without what it appends to counters and histograms.
fn registered() -> BTreeSet<String> {
    let mut registry = super::Registry::with_prefix("bulla");
    let mut found = super::Found {
        space: Some(crate::watch::disk::Space { free_bytes: 1, total_bytes: 2 }),
        time_left: Some(Duration::ZERO),
        published: Some((1, std::time::Instant::now())),
        ..super::Found::default()
    };
    found.scrub.running = Some(bulla::Progress::default());
    found.scrub.last = Some(crate::watch::health::Run {
        ended_at: bulla::Timestamp::now(),
        took: Duration::ZERO,
        findings: 0,
    });
    super::build(&mut registry);
    let (counters, took) = (Counters::default(), Duration::ZERO);
    counters.answered(&Answered { method: "GET", route: "/".to_owned(), status: "2xx" }, took);
    counters.appended(bulla::State::Durable, took);
    counters.register(&mut registry);
    super::log(&mut registry, &bulla::AuditLog::in_memory(128), 0);
    super::sources(&mut registry, &[]);
    super::disk(&mut registry, &found);
    super::wholeness(&mut registry, &found);
    super::scrub(&mut registry, &found.scrub);
    let mut text = String::new();
    super::text::encode(&mut text, &registry).unwrap();
    // Those of `limits` and `index` need a running server; tests/it asks one.
    let limits = [
        "bulla_queue_limit_bytes",
        "bulla_connections",
        "bulla_connections_limit",
        "bulla_followers",
        "bulla_index_entries",
        "bulla_index_lag_entries",
        "bulla_index_stopped",
        "bulla_index_rebuilds",
    ];
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    types.chain(limits).map(str::to_owned).collect()
}

/// Names in the first column of the manual's tables.
fn documented() -> BTreeSet<String> {
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `bulla_")?.split(['`', '{']).next());
    let names = rows.map(|name| format!("bulla_{name}"));
    names.map(|name| name.trim_end_matches("_total").trim_end_matches("_info").to_owned()).collect()
}

#[test]
fn the_manual_has_every_metric_and_no_other() {
    assert_eq!(documented(), registered());
}
