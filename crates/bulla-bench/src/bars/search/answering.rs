//! Bar 11: questions to 10 million entries, warm.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bulla::{Filter, LogReader};
use bulla_search::{INDEX_DIRECTORY, Index, IndexOptions, Order, PageLimits, Search, View, facets_default};

use super::Bench;
use crate::measure::Samples;
use crate::report::{Figure, Part};

/// Filters of three terms each.
const FILTERS: [&str; 5] = [
    "outcome:failure category:tool_execution labels.host:host-17",
    "outcome:failure category:tool_execution has:tool.name",
    "category:api -outcome:success labels.host:host-5*",
    "session_id:* category:tool_execution duration_ms:>2500",
    "outcome:success category:api \"s3 amazonaws\"",
];
/// 40 questions of each kind and filter.
const ROUNDS: usize = 40;
/// Entries of a page.
const PAGE: PageLimits = PageLimits { entries: 100, bytes: 8 << 20, time: Duration::from_secs(60) };

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let directory = bench.real_log()?;
    let log = LogReader::open(directory)?;
    let size = log.size()?;
    let index = Index::follow(directory.join(INDEX_DIRECTORY), log.clone(), IndexOptions::default())?;
    ensure!(index.wait_complete_to(size, Duration::from_secs(7200)), "the index ends: {:?}", index.status());
    let view = Search::with_index(log, Arc::new(index)).now()?;
    let mut pages = Samples::default();
    let mut counted = Samples::default();
    let mut parts = Vec::new();
    for text in FILTERS {
        let filter: Filter = text.parse()?;
        let (mut of_pages, mut of_counts) = measure_filter(&view, &filter)?;
        let matches = view.count(&filter)?.total.value;
        let (page, count) = (millis(of_pages.percentile(50.0)), millis(of_counts.percentile(50.0)));
        parts.push(Part::seen(format!("{text}: matches"), number(matches), ""));
        parts.push(Part::asked(format!("{text}: newest 100"), page, "ms (p50)", page <= 10.0));
        parts.push(Part::asked(format!("{text}: histogram and facets"), count, "ms (p50)", count <= 150.0));
        pages.extend(of_pages);
        counted.extend(of_counts);
    }
    parts.push(point(&view, "a nested id that is there once", &format!("labels.only:only-{:x}", size / 3))?);
    let session = view.facets(&Filter::new(), &["session_id".to_owned()], 1)?.facets.remove(0).values;
    if let Some(session) = session.first() {
        parts.push(point(
            &view,
            "the newest 100 of a session",
            &format!("session_id:\"{}\"", session.value),
        )?);
    }
    parts.push(every_page(&view)?);
    parts.push(Part::seen("entries", number(size), ""));
    let (page, count) = (millis(pages.percentile(50.0)), millis(counted.percentile(50.0)));
    Ok(Figure {
        bar: 11,
        value: page,
        reference: 10.0,
        ratio: page / 10.0,
        holds: page <= 10.0 && count <= 150.0,
        unit: "ms (p50)",
        what: "newest 100 of a filter of three terms; histogram and eight facets of the same",
        bound: "at most 10 ms; 150 ms",
        parts,
    })
}

fn measure_filter(view: &View, filter: &Filter) -> anyhow::Result<(Samples, Samples)> {
    let (mut pages, mut counts) = (Samples::default(), Samples::default());
    let fields = facets_default().map(str::to_owned);
    for _ in 0..ROUNDS {
        let before = Instant::now();
        view.page(filter, Order::NewestFirst, view.all(), PAGE)?;
        pages.push(before.elapsed());
        let before = Instant::now();
        view.histogram(filter, 60)?;
        view.facets(filter, &fields, 10)?;
        counts.push(before.elapsed());
    }
    Ok((pages, counts))
}

fn point(view: &View, what: &str, query: &str) -> anyhow::Result<Part> {
    let (filter, mut samples) = (query.parse::<Filter>()?, Samples::default());
    for _ in 0..ROUNDS {
        let before = Instant::now();
        let page = view.page(&filter, Order::NewestFirst, view.all(), PAGE)?;
        samples.push(before.elapsed());
        ensure!(!page.entries.is_empty(), "{query} finds something");
    }
    let p50 = millis(samples.percentile(50.0));
    Ok(Part::asked(what, p50, "ms (p50)", p50 <= 10.0))
}

/// Pages through a query that matches half of the log, and through its count.
fn every_page(view: &View) -> anyhow::Result<Part> {
    let filter: Filter = "category:tool_execution".parse()?;
    let limits = PageLimits { entries: 10_000, bytes: usize::MAX, ..PAGE };
    let (before, mut rest, mut sum) = (Instant::now(), view.all(), 0);
    while !rest.is_empty() {
        let page = view.page(&filter, Order::NewestFirst, rest, limits)?;
        sum += page.entries.len() as u64;
        rest = page.rest;
    }
    let elapsed = before.elapsed();
    let holds = sum == view.count(&filter)?.total.value;
    Ok(Part::asked(
        "all pages of category:tool_execution, sum equals count",
        elapsed.as_secs_f64(),
        "s",
        holds,
    ))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
