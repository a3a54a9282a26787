//! Bar 6: opening a log of 10 million entries, and memory while writing to it at full rate.

use std::time::{Duration, Instant};

use bulla::AuditLog;

use super::Bench;
use crate::fill;
use crate::report::{Figure, Part};

/// 64 MiB.
const RESIDENT_MAX: u64 = 64 * 1024 * 1024;
/// 50 ms.
const OPEN_MAX: Duration = Duration::from_millis(50);
/// Openings; the median counts.
const OPENINGS: usize = 9;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let small = bench.folder.join("small");
    let writing = bench.count(1_000_000);
    let on_small = fill::in_own_process(&small, writing)?.resident_max;
    let big = bench.big_log()?;
    let on_big = fill::in_own_process(&big, writing)?.resident_max;
    let small_open = open_time(&small)?;
    let open = open_time(&big)?;
    let entries = bulla::LogReader::open(&big)?.size()?;
    let is_small_enough = on_small.max(on_big) <= RESIDENT_MAX;
    Ok(Figure {
        bar: 6,
        value: millis(open),
        reference: millis(OPEN_MAX),
        ratio: millis(open) / millis(OPEN_MAX),
        holds: open <= OPEN_MAX && is_small_enough,
        unit: "ms",
        what: "open a log of 10 million entries (until log.opened is durable)",
        bound: "at most 50 ms; resident memory at most 64 MiB at full rate, whatever the log's size",
        parts: vec![
            Part::seen("entries", number(entries), ""),
            Part::seen("open a log of a tenth of that", millis(small_open), "ms"),
            Part::asked("resident, writing to a new log", mib(on_small), "MiB", on_small <= RESIDENT_MAX),
            Part::asked("resident, writing to the large log", mib(on_big), "MiB", on_big <= RESIDENT_MAX),
        ],
    })
}

fn open_time(directory: &std::path::Path) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..OPENINGS {
        let before = Instant::now();
        let log = AuditLog::open(directory)?;
        times.push(before.elapsed());
        log.close_blocking()?;
    }
    times.sort_unstable();
    Ok(times[OPENINGS / 2])
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    number(bytes) / (1024.0 * 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
