//! Bar 1: durable, hashed, signed entries per second, beside a thread that only writes and syncs the same bytes.

use std::time::{Duration, Instant};

use bulla::{AuditEntry, AuditLog, Ticket};

use super::Bench;
use crate::disk::NotingDisk;
use crate::measure::{processor_time, rate, raw_appends};
use crate::report::{Figure, Part};
use crate::workload;

/// Threads that submit; more than there are cores, as in a server.
const SUBMITTERS: usize = 8;
/// Entries that one submitter has under way before it waits for the oldest.
const WINDOW: usize = 4096;
/// Entries that each submitter has ready.
const READY: usize = 4096;
/// Rounds; the median ratio counts, because disks drift.
const ROUNDS: usize = 3;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let count = bench.count(2_000_000) / SUBMITTERS * SUBMITTERS;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        rounds.push(measure_round(bench, round, count)?);
    }
    rounds.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let median = &rounds[ROUNDS / 2];
    let best = rounds.iter().map(|round| round.ours).fold(0.0, f64::max);
    Ok(Figure {
        bar: 1,
        value: median.ours,
        reference: median.raw,
        ratio: median.ratio(),
        holds: median.ratio() >= 0.75 && best >= 600_000.0,
        unit: "entries/s",
        what: "durable, hashed, signed entries per second, 8 submitters (serialising included)",
        bound: "at least 0.75 of raw, and 600,000/s on an idle machine",
        parts: vec![
            Part::seen("entries per round", number(count), ""),
            Part::seen("best round", best, "entries/s"),
            Part::seen("bytes per line", median.bytes_per_line, "B"),
            Part::seen("processor time per entry, submitters included", median.processor_nanos, "ns"),
            Part::seen("mean write", median.mean_write, "B"),
            Part::seen("raw bytes per second", median.raw * median.bytes_per_line, "B/s"),
        ],
    })
}

struct Round {
    ours: f64,
    raw: f64,
    bytes_per_line: f64,
    /// Processor time per entry, submitters and all else, in nanoseconds.
    processor_nanos: f64,
    mean_write: f64,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.ours / self.raw
    }
}

fn measure_round(bench: &Bench, round: usize, count: usize) -> anyhow::Result<Round> {
    let directory = bench.folder.join(format!("throughput-{round}"));
    let disk = NotingDisk::new(directory.clone());
    let log = AuditLog::builder_on(disk.clone()).open()?;
    let before = disk.sizes().len();
    let processor = processor_time();
    let elapsed = submit_all(&log, count);
    let processor = processor_time() - processor;
    log.close_blocking()?;
    let sizes = disk.sizes().split_off(before);
    let (raw, _) = raw_appends(&bench.folder.join("raw"), &sizes)?;
    std::fs::remove_dir_all(directory)?;
    let bytes: usize = sizes.iter().sum();
    Ok(Round {
        ours: rate(count, elapsed),
        raw: rate(count, raw),
        bytes_per_line: number(bytes) / number(count),
        processor_nanos: processor.as_secs_f64() * 1e9 / number(count),
        mean_write: number(bytes) / number(sizes.len()),
    })
}

/// Time until the last entry of all submitters is durable. Each submitter has entries ready and gives them again and
/// again: preparing and serialising them is measured, making them up is not.
fn submit_all(log: &AuditLog, count: usize) -> Duration {
    let entries: Vec<Vec<AuditEntry>> = (0..SUBMITTERS)
        .map(|submitter| (0..READY).map(|i| workload::entry((submitter * READY + i) as u64)).collect())
        .collect();
    let entries = &entries;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for entries in entries {
            scope.spawn(move || {
                let mut under_way = std::collections::VecDeque::<Ticket>::with_capacity(WINDOW);
                let options = log.event_options();
                for entry in entries.iter().cycle().take(count / SUBMITTERS) {
                    let event =
                        bulla::Event::from_entry(entry, &options).expect("the workload obeys the rules");
                    under_way.push_back(log.submit_event_blocking(event).expect("the log takes it"));
                    if under_way.len() == WINDOW {
                        let oldest = under_way.pop_front().expect("the window is full");
                        oldest.wait_durable().expect("it becomes durable");
                    }
                }
                for ticket in under_way {
                    ticket.wait_durable().expect("it becomes durable");
                }
            });
        }
    });
    started.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
