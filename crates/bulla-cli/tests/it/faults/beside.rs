//! Readers and verifiers beside a writer at full rate, in processes of their own: never a false alarm, and memory that
//! does not grow with the log.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use bulla::LogReader;

use super::is_long;
use super::law::Promised;
use super::process::{Feed, Writer, bulla, until};
use super::small_segments::{self, Pace, Task};

/// 96 MiB: what verification may take, whatever the size of the log.
const RESIDENT_BYTES_MAX: u64 = 96 << 20;

/// 8 MiB: how much more it may take for a log ten times as large; allocators are not exact.
const GROWTH_BYTES_MAX: u64 = 8 << 20;

/// Memory that a process has had at most, as far as the system still tells.
fn resident_bytes(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    // Until it has its own name it still has the memory of the process that started it.
    status.starts_with("Name:\tbulla\n").then_some(())?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().strip_suffix(" kB")?.parse::<u64>().unwrap() * 1024)
}

/// Waits for the verifier, gives its exit code and the most memory that it was seen to have.
fn watch(child: &mut Child) -> (Option<i32>, u64) {
    let (mut peak, mut status) = (0, None);
    let has_ended = until(|| {
        peak = peak.max(resident_bytes(child.id()).unwrap_or(0));
        status = child.try_wait().unwrap();
        status.is_some()
    });
    if !has_ended {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    (status.and_then(|status| status.code()), peak)
}

/// Runs `bulla verify`, which must find nothing; gives the most memory that it had.
fn verify(log: &Path) -> u64 {
    let mut command = bulla(log, &["verify"]);
    let report = tempfile::NamedTempFile::new().unwrap();
    command.stdout(report.reopen().unwrap()).stderr(Stdio::null());
    let (code, peak) = watch(&mut command.spawn().unwrap());
    assert_eq!(code, Some(0), "{}", std::fs::read_to_string(report.path()).unwrap());
    peak
}

/// Verifies and reads in this process until the writer is done; gives how often.
fn read_beside(log: &Path, is_done: &AtomicBool) -> u64 {
    let reader = LogReader::open(log).unwrap();
    let (mut rounds, mut next) = (0, 0);
    while !is_done.load(Ordering::Relaxed) {
        let verdict = bulla::verify(log).unwrap();
        assert!(verdict.is_clean(), "{verdict}: {:#?}", verdict.findings);
        let size = reader.size().unwrap();
        assert!(size >= next, "a log of {next} entries has shrunk to {size}");
        for entry in reader.read(next..size) {
            assert_eq!(entry.unwrap().seq().get(), next);
            next += 1;
        }
        assert_eq!(next, size, "entries below the end are there");
        rounds += 1;
    }
    rounds
}

#[test]
fn verifiers_beside_a_writer_at_full_rate_never_raise_a_false_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let mut promised = Promised::nothing(&folder.path().join("audit"));
    promised.go_on().unwrap();
    let entries = if is_long() { 1_000_000 } else { 40_000 };
    let task = Task { segment_bytes: 200_000, entries, seal: true, pace: Pace::Flood };
    let writer = Writer::start(small_segments::command(&promised.log, task), Feed::Empty);
    let is_done = AtomicBool::new(false);
    let (mut by_command, mut peak) = (0_u64, 0);
    let (written, in_process) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let written = writer.end_within_the_hour();
            is_done.store(true, Ordering::Relaxed);
            written
        });
        let reading = scope.spawn(|| read_beside(&promised.log, &is_done));
        while !is_done.load(Ordering::Relaxed) {
            peak = peak.max(verify(&promised.log));
            by_command += 1;
        }
        (writing.join().unwrap(), reading.join().unwrap())
    });
    assert_eq!((written.code(), written.acknowledged.len() as u64), (Some(0), entries), "{}", written.err);
    assert!(by_command > 0 && in_process > 0);
    assert!(peak < RESIDENT_BYTES_MAX, "verification took {peak} bytes");
    promised.hold(written.acknowledged).unwrap();
    promised.read_from(0).unwrap();
    println!("covered: {} verifications beside a writer", by_command + in_process);
    println!(
        "{by_command} by the command, {in_process} in one process; at most {} KiB resident",
        peak / 1024
    );
}

#[test]
fn verification_of_a_log_ten_times_as_large_takes_no_more_memory() {
    let folder = tempfile::tempdir().unwrap();
    let peak_of = |name: &str, entries: u64| {
        let log = folder.path().join(name);
        let task = Task { segment_bytes: 4 << 20, entries, seal: true, pace: Pace::Flood };
        let written = Writer::start(small_segments::command(&log, task), Feed::Empty).end_within_the_hour();
        assert_eq!(written.code(), Some(0), "{}", written.err);
        // Short runs are over between two looks: the most that is seen in several of them counts.
        (0..5).map(|_| verify(&log)).max().unwrap()
    };
    let entries = if is_long() { 100_000 } else { 5_000 };
    let (small, large) = (peak_of("small", entries), peak_of("large", 10 * entries));
    println!("{} KiB for {entries} entries, {} KiB for ten times as many", small / 1024, large / 1024);
    assert!(large < RESIDENT_BYTES_MAX, "verification took {large} bytes");
    // A small log is over before its memory is seen; a larger one is not.
    assert!(!is_long() || large < small + GROWTH_BYTES_MAX, "{small} bytes, then {large} bytes");
}
