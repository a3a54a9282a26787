//! Every system call by which a real process reaches the disk, made to fail, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::is_long;
use super::law::Promised;
use super::process::{BOUND, Feed, Writer, bulla, line};
use super::small_segments::{self, Pace, Task};
use super::strace::{self, Position, Traced};

/// EINTR is no failure: whoever meets it may try again.
const ERRORS: [&str; 3] = ["EIO", "ENOSPC", "EINTR"];

/// Work under sabotage: what it starts from, and the process.
struct Case {
    name: &'static str,
    folder: TempDir,
    /// The log before the process, if there is one.
    before: Option<PathBuf>,
    stdin: PathBuf,
    command: Command,
    is_the_command: bool,
}

impl Case {
    fn new(name: &'static str, lines: u64, command: impl Fn(&Path) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stdin = folder.path().join("stdin");
        std::fs::write(&stdin, (0..lines).map(line).collect::<String>()).unwrap();
        let command = command(&folder.path().join("audit"));
        let is_the_command = command.get_program() == env!("CARGO_BIN_EXE_bulla");
        Self { name, folder, before: None, stdin, command, is_the_command }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    /// What is in the log now is what each run begins with.
    fn begins_here(mut self) -> Self {
        let before = self.folder.path().join("before");
        std::fs::rename(self.log(), &before).unwrap();
        self.before = Some(before);
        self
    }

    /// The log as it was before, with the receipts of what is in it.
    fn reset(&self) {
        if self.log().exists() {
            std::fs::remove_dir_all(self.log()).unwrap();
        }
        if let Some(before) = &self.before {
            copy(before, &self.log());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    assert_eq!(std::fs::metadata(to).unwrap().permissions().mode() & 0o007, 0);
}

fn new_log() -> Case {
    Case::new("a new log", 3, |log| bulla(log, &["record", "-"]))
}

/// A killed writer's log with a torn line, a torn note and unfinished files.
fn torn_log() -> Case {
    let case = Case::new("a torn log", 3, |log| bulla(log, &["record", "-"]));
    let mut promised = Promised::nothing(&case.log());
    promised.go_on().unwrap();
    let mut writer = Writer::start(bulla(&case.log(), &["record", "-"]), Feed::Held(20));
    assert_eq!(writer.await_receipts(20, BOUND), 20);
    writer.kill();
    let append = |name: &str, bytes: &[u8]| {
        let path = case.log().join(name);
        let whole = std::fs::read(&path).unwrap_or_default();
        std::fs::write(path, [&whole[..], bytes].concat()).unwrap();
    };
    append("entries/00000000000000000000.jsonl", b"{\"seq\":");
    append("checkpoints", b"bulla.local/\n9");
    append("checkpoint.tmp", b"half");
    case.begins_here()
}

/// Entries, payloads, a roll-over, sealing, a checkpoint, with segments of 256 entries.
fn rolling_log() -> Case {
    let task = |entries, seal| Task { segment_bytes: 1, entries, seal, pace: Pace::OneByOne };
    let case = Case::new("a log that rolls over", 0, |log| small_segments::command(log, task(8, true)));
    let filled = Writer::start(small_segments::command(&case.log(), task(247, false)), Feed::Empty).end();
    assert_eq!(filled.code(), Some(0), "{}", filled.err);
    case.begins_here()
}

/// Ended well, or with a message and 2; every receipt is behind a sync; and then the law.
fn check(case: &Case, position: &Position, traced: &Traced) -> Result<(), String> {
    let err = &traced.err;
    let is_told = err.contains("bulla: ") && err.contains(": ") && !err.contains("panicked");
    match traced.status.code() {
        Some(0) => {}
        Some(2) if is_told => {}
        _ => return Err(format!("ended with {}: {err}", traced.status)),
    }
    check_receipts_are_behind_syncs(case, position, traced)?;
    let mut promised = Promised::nothing(&case.log());
    promised.hold(traced.acknowledged.clone())
}

/// Where the traced file is a segment: the bytes of each acknowledged line were written, and then synced.
fn check_receipts_are_behind_syncs(case: &Case, position: &Position, traced: &Traced) -> Result<(), String> {
    let Ok(segment) = std::fs::read(&position.path) else { return Ok(()) };
    let name = position.path.file_name().unwrap().to_string_lossy().into_owned();
    let Some(base) = name.strip_suffix(".jsonl") else { return Ok(()) };
    let before = case.before.as_ref().map(|before| before.join("entries").join(&name));
    let before = before.and_then(|path| std::fs::metadata(path).ok()).map_or(0, |about| about.len());
    let durable = traced.durable_end(before);
    let (mut end, mut seq) = (0_u64, base.parse::<u64>().unwrap());
    for line in segment.split_inclusive(|byte| *byte == b'\n') {
        end += line.len() as u64;
        if traced.acknowledged.contains_key(&seq) && end > durable {
            return Err(format!("#{seq} ends at byte {end} and was acknowledged when {durable} were synced"));
        }
        seq += 1;
    }
    Ok(())
}

/// All positions, or some of each kind.
fn chosen(positions: Vec<Position>) -> Vec<(Position, &'static str)> {
    if is_long() {
        let all = positions.into_iter().flat_map(|position| ERRORS.map(|error| (position.clone(), error)));
        return all.collect();
    }
    let mut kinds: BTreeMap<String, Vec<Position>> = BTreeMap::new();
    for position in positions {
        kinds.entry(position.call.clone()).or_default().push(position);
    }
    let some = kinds.into_values().enumerate().flat_map(|(kind, positions)| {
        let picks = [0, positions.len() / 2, positions.len() - 1].into_iter().collect::<BTreeSet<_>>();
        let picks: Vec<_> = picks.into_iter().map(|at| positions[at].clone()).collect();
        picks.into_iter().enumerate().map(move |(at, position)| (position, ERRORS[(kind + at) % 2]))
    });
    some.collect()
}

fn fail_calls_of(case: &Case) {
    case.reset();
    let (whole, mut positions) = strace::positions(case.folder.path(), &case.command, &case.stdin);
    // Receipts of the small writer are printed by the test harness too, whose failures are its own.
    positions.retain(|position| case.is_the_command || position.path.starts_with(case.log()));
    assert_eq!(whole.status.code(), Some(0), "{}", whole.err);
    assert!(!whole.acknowledged.is_empty() && positions.len() > 50, "{}", whole.calls);
    let count = positions.len();
    let (mut injected, mut went_on, mut missed) = (BTreeMap::<String, u64>::new(), 0, 0);
    let mut broken = Vec::new();
    for (position, error) in chosen(positions) {
        case.reset();
        let traced = strace::fail(case.folder.path(), &case.command, &case.stdin, &position, error);
        // Batches are as large as the disk is slow: a call may not come in every run.
        if traced.injected() == 0 {
            missed += 1;
        }
        *injected.entry(position.call.clone()).or_default() += traced.injected() as u64;
        went_on += u64::from(traced.status.code() == Some(0));
        if let Err(error_text) = check(case, &position, &traced) {
            broken.push(format!("{position:?} {error}: {error_text}\n{}{}", traced.err, traced.calls));
        }
    }
    let sum: u64 = injected.values().sum();
    println!("covered: {sum} injected syscalls");
    println!("{}: {count} positions; {injected:?}; {went_on} went on, {missed} not reached", case.name);
    assert!(broken.is_empty(), "{} broken in {}:\n{}", broken.len(), case.name, broken.join("\n"));
    assert!(sum > 20);
}

#[test]
fn every_call_that_fails_while_a_log_is_made_is_told_and_survived() {
    if strace::is_possible() {
        fail_calls_of(&new_log());
    }
}

#[test]
fn every_call_that_fails_while_a_torn_log_is_opened_is_told_and_survived() {
    if strace::is_possible() {
        fail_calls_of(&torn_log());
    }
}

#[test]
fn every_call_that_fails_while_a_log_rolls_over_and_is_sealed_is_told_and_survived() {
    if strace::is_possible() {
        fail_calls_of(&rolling_log());
    }
}
