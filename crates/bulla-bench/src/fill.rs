//! Writes many entries at full rate in a process of its own, so that its memory can be told apart.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use bulla::AuditLog;
use serde::{Deserialize, Serialize};

use crate::{measure, workload};

/// Threads that submit.
const SUBMITTERS: usize = 4;
/// Entries that each has under way.
const WINDOW: usize = 4096;

/// What the process found out about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Filled {
    /// Greatest resident memory while it wrote, in bytes.
    pub(crate) resident_max: u64,
}

/// Runs the process: writes `count` entries to the log in `directory`, and waits until full segments are sealed.
pub(crate) fn in_own_process(directory: &Path, count: usize) -> anyhow::Result<Filled> {
    run_process(directory, count, &[])
}

/// As [`in_own_process`], but leaves all segments plain.
pub(crate) fn plain_in_own_process(directory: &Path, count: usize) -> anyhow::Result<Filled> {
    run_process(directory, count, &["--plain"])
}

fn run_process(directory: &Path, count: usize, more: &[&str]) -> anyhow::Result<Filled> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--fill")
        .arg(directory)
        .arg("--entries")
        .arg(count.to_string())
        .args(more)
        .output()
        .context("run the process that writes")?;
    ensure!(
        output.status.success(),
        "the process that writes failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What that process does.
pub(crate) fn run(directory: &Path, count: usize, seal: bool) -> anyhow::Result<()> {
    let log = AuditLog::builder(directory).seal(seal).open()?;
    std::thread::scope(|scope| {
        for submitter in 0..SUBMITTERS {
            let log = &log;
            scope.spawn(move || {
                let options = log.event_options();
                let numbers = submitter * count / SUBMITTERS..(submitter + 1) * count / SUBMITTERS;
                record_all(log, numbers, |number| {
                    bulla::Event::from_entry(&workload::entry(number), &options).expect("it obeys the rules")
                });
            });
        }
    });
    let resident_max = measure::resident_max()?;
    log.wait_sealed();
    log.close_blocking()?;
    crate::report::print_text(&serde_json::to_string(&Filled { resident_max })?);
    Ok(())
}

/// Records the entries that `make` makes of numbers, with a window of them under way.
pub(crate) fn record_all(
    log: &AuditLog,
    numbers: impl IntoIterator<Item = usize>,
    make: impl Fn(u64) -> bulla::Event,
) {
    let mut under_way = VecDeque::<bulla::Ticket>::with_capacity(WINDOW);
    for number in numbers {
        under_way.push_back(log.submit_event_blocking(make(number as u64)).expect("the log takes it"));
        if under_way.len() == WINDOW {
            under_way.pop_front().expect("the window is full").wait_durable().expect("it becomes durable");
        }
    }
    for ticket in under_way {
        ticket.wait_durable().expect("it becomes durable");
    }
}
