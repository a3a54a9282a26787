//! A writer that begins a new segment every few kilobytes, which the command has no option for: this test binary
//! itself, started again. It prints receipts as `bulla record` does, and ends with 2 when it fails.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bulla::{AuditEntry, AuditLog, AuditOutcome, Entropy, LogBuilder, Receipt, Ticket};

const TEST: &str = "faults::small_segments::the_writer_process";
const LOG: &str = "BULLA_TEST_WRITER_LOG";
const TASK: &str = "BULLA_TEST_WRITER_TASK";

/// Entries that wait at a time in [`Pace::Flood`].
const BURST: u64 = 128;

/// What the process does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    pub(super) segment_bytes: u64,
    /// 0 stands for no end.
    pub(super) entries: u64,
    pub(super) seal: bool,
    pub(super) pace: Pace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it goes.
    Flood,
    /// Each after the one before is durable, with a payload now and then, and the same system calls in each run.
    OneByOne,
}

/// The process that does it.
pub(super) fn command(log: &Path, task: Task) -> Command {
    let Task { segment_bytes, entries, seal, pace } = task;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", TEST, "--nocapture", "--test-threads=1"]);
    command.env(LOG, log).env(TASK, format!("{segment_bytes} {entries} {seal} {pace:?}"));
    command
}

fn parse(task: &str) -> Task {
    let words: Vec<&str> = task.split(' ').collect();
    Task {
        segment_bytes: words[0].parse().unwrap(),
        entries: words[1].parse().unwrap(),
        seal: words[2] == "true",
        pace: if words[3] == "Flood" { Pace::Flood } else { Pace::OneByOne },
    }
}

#[test]
#[ignore = "it is the process that other tests start"]
fn the_writer_process() {
    let (Some(log), Ok(task)) = (std::env::var_os(LOG), std::env::var(TASK)) else { return };
    // The harness has begun a line.
    std::io::stdout().write_all(b"\n").unwrap();
    if let Err(error) = write(log.into(), parse(&task)) {
        std::io::stderr().write_all(format!("bulla: {error}\n").as_bytes()).unwrap();
        std::process::exit(2);
    }
}

fn write(log: PathBuf, task: Task) -> Result<(), String> {
    let builder = AuditLog::builder(log).segment_bytes(task.segment_bytes).seal(task.seal);
    match task.pace {
        Pace::Flood => flood(&builder.open().map_err(words)?, task),
        Pace::OneByOne => one_by_one(builder, task),
    }
}

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}

fn entry(number: u64) -> AuditEntry {
    // Text that hardly compresses, of some length or other.
    let word = |i: u64| format!("{:016x}", (number * 31 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let text: String = (0..number % 5 * 5).map(word).collect();
    let detail = serde_json::json!({ "number": number, "text": text });
    AuditEntry::api(format!("n{number}")).outcome(AuditOutcome::Success).detail(detail)
}

fn flood(log: &AuditLog, task: Task) -> Result<(), String> {
    let end = if task.entries == 0 { u64::MAX } else { task.entries };
    let mut next = 0;
    while next < end {
        let burst = next..end.min(next + BURST);
        next = burst.end;
        let tickets: Vec<_> =
            burst.map(|number| log.submit(entry(number))).collect::<Result<_, _>>().map_err(words)?;
        let receipts: Vec<_> =
            tickets.iter().map(Ticket::wait_durable).collect::<Result<_, _>>().map_err(words)?;
        print(&receipts)?;
    }
    if task.seal {
        log.wait_sealed();
    }
    log.close_blocking().map_err(words)
}

/// Bytes that everybody can guess.
#[derive(Debug)]
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn one_by_one(builder: LogBuilder, task: Task) -> Result<(), String> {
    let hour = std::time::Duration::from_secs(3600);
    let log = builder.publish_interval(hour).entropy(Arc::new(Zeros)).open().map_err(words)?;
    for number in 0..task.entries {
        let entry = match number % 4 {
            1 => entry(number).attach("content", "text/plain", format!("payload {number}").into_bytes()),
            _ => entry(number),
        };
        print(&[log.record_blocking(entry).map_err(words)?])?;
    }
    if task.seal {
        log.wait_sealed();
    }
    log.close_blocking().map_err(words)
}

fn print(receipts: &[Receipt]) -> Result<(), String> {
    let lines: String = receipts
        .iter()
        .map(|receipt| format!("#{}  durable  -  leaf {}\n", receipt.seq(), receipt.leaf_hash().to_base64()))
        .collect();
    // One write of whole lines: the pipe keeps what was written when the process dies.
    std::io::stdout().lock().write_all(lines.as_bytes()).map_err(words)
}
