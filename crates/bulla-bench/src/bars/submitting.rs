//! Bar 3: what `submit` costs the caller's thread.

use std::time::Instant;

use bulla::AuditLog;

use super::Bench;
use crate::measure::{Samples, micros};
use crate::report::{Figure, Part};
use crate::workload;

/// Entries that are submitted in one go, then awaited, so that the queue never fills.
const BURST: usize = 2000;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let log = AuditLog::open(bench.folder.join("submitting"))?;
    let mut samples = Samples::default();
    let mut empty = Samples::default();
    for burst in 0..bench.count(200) {
        let entries: Vec<_> = (0..BURST).map(|i| workload::entry((burst * BURST + i) as u64)).collect();
        let mut tickets = Vec::with_capacity(BURST);
        for entry in entries {
            let before = Instant::now();
            tickets.push(log.submit(entry)?);
            samples.push(before.elapsed());
            let before = Instant::now();
            empty.push(before.elapsed());
        }
        for ticket in tickets {
            ticket.wait_durable()?;
        }
    }
    log.close_blocking()?;
    let (p50, p99) = (samples.percentile(50.0), samples.percentile(99.0));
    Ok(Figure {
        bar: 3,
        value: micros(p50),
        reference: 1.0,
        ratio: micros(p50),
        holds: micros(p50) <= 1.0 && micros(p99) <= 5.0,
        unit: "us (p50)",
        what: "submit on the caller's thread, serialisation included",
        bound: "p50 at most 1 us, p99 at most 5 us",
        parts: vec![
            Part::asked("p99", micros(p99), "us", micros(p99) <= 5.0),
            Part::seen("p99.9", micros(samples.percentile(99.9)), "us"),
            Part::seen("reading the clock twice, p50, included above", micros(empty.percentile(50.0)), "us"),
        ],
    })
}
