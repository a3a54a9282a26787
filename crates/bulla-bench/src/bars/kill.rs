//! Bar 8: killed at random under load, again and again: every acknowledged entry is there, every line is whole.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bulla::{AuditLog, LogReader};

use super::Bench;
use crate::measure::{Samples, micros};
use crate::report::{Figure, Part};
use crate::workload;

/// Kills on one log before the next one is begun, so that no log grows without need.
const KILLS_PER_LOG: usize = 50;
/// Threads of the process that is killed.
const SUBMITTERS: usize = 8;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let kills = bench.count(500);
    let (mut lost, mut unparsable, mut acknowledged) = (0_u64, 0_u64, 0_u64);
    let mut reopenings = Samples::default();
    for kill in 0..kills {
        let directory = bench.folder.join(format!("kill-{}", kill / KILLS_PER_LOG));
        let receipts = kill_one(&directory, kill)?;
        acknowledged += receipts.len() as u64;
        let before = Instant::now();
        let log = AuditLog::open(&directory).with_context(|| format!("reopen after kill {kill}"))?;
        reopenings.push(before.elapsed());
        lost += lost_of(&log, &receipts)?;
        log.close_blocking()?;
        if kill % KILLS_PER_LOG == KILLS_PER_LOG - 1 || kill + 1 == kills {
            unparsable += unparsable_in(&directory)?;
            std::fs::remove_dir_all(&directory)?;
        }
    }
    let slowest = reopenings.percentile(100.0);
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    let number = |count: u64| count as f64;
    Ok(Figure {
        bar: 8,
        value: number(lost),
        reference: 0.0,
        ratio: 0.0,
        holds: lost == 0 && unparsable == 0 && acknowledged > 0 && slowest <= Duration::from_secs(1),
        unit: "acknowledged entries lost",
        what: "kill -9 at random under load",
        bound: "0 lost, 0 unparsable lines, every reopening at most 1 s",
        parts: vec![
            Part::seen("kills", number(kills as u64), ""),
            Part::seen("acknowledged entries looked up again", number(acknowledged), ""),
            Part::asked("unparsable lines", number(unparsable), "", unparsable == 0),
            Part::seen("reopening, p50", micros(reopenings.percentile(50.0)) / 1e3, "ms"),
            Part::asked("reopening, slowest", micros(slowest) / 1e3, "ms", slowest <= Duration::from_secs(1)),
        ],
    })
}

/// A receipt that the process printed before it was killed: number and leaf hash.
type Acknowledged = (u64, String);

/// Starts the process, lets it record for a while, kills it; gives what it acknowledged.
fn kill_one(directory: &Path, kill: usize) -> anyhow::Result<Vec<Acknowledged>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--victim")
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .context("start the process to be killed")?;
    let output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let reader = std::thread::spawn(move || {
        let whole = |line: &String| line.len() > 64 && line.contains(' ');
        let lines = output.lines().map_while(Result::ok).filter(whole);
        lines.filter_map(|line| parse(&line)).collect::<Vec<_>>()
    });
    // From before the log is open to well under load; the steps never fall into one rhythm with anything.
    let wait = Duration::from_micros(2_000 + (kill as u64).wrapping_mul(7_919_331) % 150_000);
    let (_never, timer) = std::sync::mpsc::channel::<()>();
    let _ = timer.recv_timeout(wait);
    child.kill()?;
    child.wait()?;
    reader.join().map_err(|_| anyhow::anyhow!("the reader of receipts panicked"))
}

fn parse(line: &str) -> Option<Acknowledged> {
    let (seq, leaf) = line.split_once(' ')?;
    (leaf.len() == 64).then_some((seq.parse().ok()?, leaf.to_owned()))
}

/// Acknowledged entries that are not there, or not as they were.
fn lost_of(log: &AuditLog, receipts: &[Acknowledged]) -> anyhow::Result<u64> {
    let Some(first) = receipts.iter().map(|(seq, _)| *seq).min() else { return Ok(0) };
    let stored: std::collections::HashMap<u64, String> = log
        .read(first..u64::MAX)?
        .map(|entry| entry.map(|entry| (entry.seq().get(), entry.leaf_hash().to_string())))
        .collect::<Result<_, _>>()?;
    Ok(receipts.iter().filter(|(seq, leaf)| stored.get(seq) != Some(leaf)).count() as u64)
}

fn unparsable_in(directory: &Path) -> anyhow::Result<u64> {
    let reader = LogReader::open(directory)?;
    let size = reader.size()?;
    let (mut whole, mut entries) = (0, reader.read(0..size));
    while let Some((_, line)) = entries.next_line()? {
        ensure!(line.ends_with(b"}"), "a line is cut");
        whole += u64::from(serde_json::from_slice::<bulla::AuditEntry>(line).is_ok());
    }
    Ok(size - whole)
}

/// The process that is killed: records as fast as it can, prints each receipt once it has it.
pub(crate) fn victim(directory: &Path) -> anyhow::Result<()> {
    let log = AuditLog::open(directory)?;
    std::thread::scope(|scope| {
        for submitter in 0..SUBMITTERS as u64 {
            let log = &log;
            scope.spawn(move || {
                for burst in 0.. {
                    let first = (submitter << 40) + burst * 64;
                    let tickets: Vec<_> = (first..first + 64)
                        .map(|i| log.submit(workload::entry(i)))
                        .collect::<Result<_, _>>()
                        .expect("eight bursts fit in the queue");
                    let mut text = String::new();
                    for ticket in tickets {
                        let receipt = ticket.wait_durable().expect("it becomes durable");
                        text.push_str(&format!("{} {}\n", receipt.seq(), receipt.leaf_hash()));
                    }
                    // One write of whole lines: the pipe keeps what was written when the process dies.
                    if std::io::stdout().lock().write_all(text.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(())
}
