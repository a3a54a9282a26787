//! Bar 4: a plain stand-in for the module that Bulla replaces, with 8 tasks writing JSON Lines.
//!
//! Per record the stand-in does what that module did: open the file for append, write the JSON, write a newline, push
//! into a locked ring. It syncs nothing.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bulla::{AuditEntry, AuditLog};
use tokio::io::AsyncWriteExt;
use tokio::sync::RwLock;

use super::Bench;
use crate::measure::rate;
use crate::report::{Figure, Part};
use crate::workload;

const TASKS: usize = 8;
/// Entries that a task has under way before it waits.
const WINDOW: usize = 4096;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let file = bench.folder.join("replaced.jsonl");
    let count = bench.count(80_000) / TASKS * TASKS;
    let theirs = runtime.block_on(write_with_stand_in(&file, count));
    let text = std::fs::read(&file)?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parsed = lines.filter(|line| serde_json::from_slice::<AuditEntry>(line).is_ok()).count();
    let count_ours = bench.count(1_000_000) / TASKS * TASKS;
    let log = AuditLog::open(bench.folder.join("replacing"))?;
    let ours = runtime.block_on(write_with_bulla(&log, count_ours));
    let waiting = runtime.block_on(record_each(&log, bench.count(80_000) / TASKS));
    log.close_blocking()?;
    Ok(Figure {
        bar: 4,
        value: ours,
        reference: theirs,
        ratio: ours / theirs,
        holds: ours >= 10.0 * theirs,
        unit: "entries/s",
        what: "8 tasks, all entries durable at the end, beside the replaced module's way (never durable)",
        bound: "at least 10 x its rate",
        parts: vec![
            Part::seen("lines of the stand-in's file that parse", percent(parsed, count), "% of its entries"),
            Part::seen("8 tasks that each await every entry, durable", waiting, "entries/s"),
        ],
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64 * 100.0
}

/// The stand-in.
#[derive(Clone)]
struct StandIn {
    ring: Arc<RwLock<VecDeque<AuditEntry>>>,
    file: PathBuf,
}

impl StandIn {
    async fn record(&self, entry: AuditEntry) {
        let line = serde_json::to_string(&entry).expect("an entry is JSON");
        let opened = tokio::fs::OpenOptions::new().create(true).append(true).open(&self.file).await;
        if let Ok(mut file) = opened {
            // Errors are ignored, as they were.
            let _ = file.write_all(line.as_bytes()).await;
            let _ = file.write_all(b"\n").await;
        }
        let mut ring = self.ring.write().await;
        ring.push_back(entry);
        while ring.len() > 10_000 {
            ring.pop_front();
        }
    }
}

async fn write_with_stand_in(file: &Path, count: usize) -> f64 {
    let log = StandIn { ring: Arc::default(), file: file.to_owned() };
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                for i in 0..count / TASKS {
                    log.record(workload::entry((task * count + i) as u64)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    rate(count, started.elapsed())
}

/// Tasks that submit, and wait for the oldest when they have enough under way.
async fn write_with_bulla(log: &AuditLog, count: usize) -> f64 {
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut under_way = VecDeque::with_capacity(WINDOW);
                for i in 0..count / TASKS {
                    if under_way.len() == WINDOW {
                        let oldest: bulla::Ticket = under_way.pop_front().expect("the window is full");
                        oldest.durable().await.expect("it becomes durable");
                    }
                    let entry = workload::entry((task * count + i) as u64);
                    under_way.push_back(log.submit(entry).expect("eight windows fit in the queue"));
                }
                for ticket in under_way {
                    ticket.durable().await.expect("it becomes durable");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    rate(count, started.elapsed())
}

async fn record_each(log: &AuditLog, each: usize) -> f64 {
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                for i in 0..each {
                    log.record(workload::entry((task * each + i) as u64)).await.expect("the log records");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    rate(each * TASKS, started.elapsed())
}
