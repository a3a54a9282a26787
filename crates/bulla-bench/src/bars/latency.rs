//! Bar 2: how long an acknowledgement takes with 1, 16, 256 and 1024 entries in flight.

use std::time::{Duration, Instant};

use bulla::{AuditLog, Event};

use super::Bench;
use crate::measure::{Samples, micros, rate, raw_appends};
use crate::report::{Figure, Part};
use crate::workload;

/// Alternations of raw and ours with one in flight, because disks drift.
const ALTERNATIONS: usize = 20;

/// Rounds of each crowd; the one with the median rate counts.
const ROUNDS: usize = 5;

/// Entries in flight, how many are recorded in all, and the rate that is asked for.
const CROWDS: [(usize, usize, Option<f64>); 3] =
    [(16, 40_000, None), (256, 600_000, Some(350_000.0)), (1024, 1_200_000, Some(600_000.0))];

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let log = AuditLog::open(bench.folder.join("latency"))?;
    let line = 370;
    let (mut raw, mut one) = (Samples::default(), Samples::default());
    for _ in 0..ALTERNATIONS {
        let count = bench.count(200);
        raw.extend(raw_appends(&bench.folder.join("raw"), &vec![line; count])?.1);
        one.extend(record_one_by_one(&log, count));
    }
    let (raw_p50, p50) = (raw.percentile(50.0), one.percentile(50.0));
    let p99_max = raw_p50 * 20;
    let ratio = p50.as_secs_f64() / raw_p50.as_secs_f64();
    let mut parts = vec![
        Part::seen("raw append + fdatasync, p99", micros(raw.percentile(99.0)), "us"),
        p99_part(1, one.percentile(99.0), p99_max),
    ];
    for (in_flight, count, asked) in CROWDS {
        let mut rounds: Vec<_> =
            (0..ROUNDS).map(|_| record_together(&log, in_flight, bench.count(count) / ROUNDS)).collect();
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (rate, mut samples) = rounds.swap_remove(ROUNDS / 2);
        let name = format!("{in_flight} in flight, rate");
        parts.push(match asked {
            Some(asked) => Part::asked(name, rate, "entries/s", rate >= asked),
            None => Part::seen(name, rate, "entries/s"),
        });
        parts.push(Part::seen(format!("{in_flight} in flight, p50"), micros(samples.percentile(50.0)), "us"));
        parts.push(p99_part(in_flight, samples.percentile(99.0), p99_max));
    }
    log.close_blocking()?;
    let holds = ratio <= 1.25 && parts.iter().all(|part| part.holds != Some(false));
    Ok(Figure {
        bar: 2,
        value: micros(p50),
        reference: micros(raw_p50),
        ratio,
        holds,
        unit: "us (p50, 1 in flight)",
        what: "acknowledged durable, beside raw append + fdatasync",
        bound: "1 in flight p50 at most 1.25 of raw; 256: 350,000/s; 1024: 600,000/s; p99 at most 20 x raw p50",
        parts,
    })
}

fn p99_part(in_flight: usize, p99: Duration, max: Duration) -> Part {
    Part::asked(format!("{in_flight} in flight, p99"), micros(p99), "us", p99 <= max)
}

fn record_one_by_one(log: &AuditLog, count: usize) -> Samples {
    let mut samples = Samples::default();
    for i in 0..count {
        let entry = workload::entry(i as u64);
        let before = Instant::now();
        log.record_blocking(entry).expect("the log records");
        samples.push(before.elapsed());
    }
    samples
}

/// Tasks that each record one entry after the other.
fn record_together(log: &AuditLog, in_flight: usize, count: usize) -> (f64, Samples) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads start");
    let each = (count / in_flight).max(1);
    let started = Instant::now();
    let samples = runtime.block_on(async {
        let tasks: Vec<_> = (0..in_flight)
            .map(|task| {
                let (log, options) = (log.clone(), log.event_options());
                // Ready before: preparing and serialising it is measured, making it up is not.
                let entry = workload::entry(task as u64);
                tokio::spawn(async move {
                    let mut samples = Samples::default();
                    for _ in 0..each {
                        let before = Instant::now();
                        let event =
                            Event::from_entry(&entry, &options).expect("the workload obeys the rules");
                        log.record_event(event).await.expect("the log records");
                        samples.push(before.elapsed());
                    }
                    samples
                })
            })
            .collect();
        let mut all = Samples::default();
        for task in tasks {
            all.extend(task.await.expect("a task ends"));
        }
        all
    });
    (rate(samples.len(), started.elapsed()), samples)
}
