//! Verification of logs that nobody touched: never an accusation.

use std::path::Path;

use bulla::{AuditEntry, AuditLog, AuditOutcome, Verify, verify};
use serde_json::json;

fn entry(action: &str) -> AuditEntry {
    AuditEntry::api(action).principal("alice").outcome(AuditOutcome::Success)
}

/// A closed log with `entries` of the caller's, and one that says that it was opened and one that it was closed.
fn write(path: &Path, segment_bytes: u64, entries: u64) -> AuditLog {
    let log = AuditLog::builder(path).segment_bytes(segment_bytes).open().unwrap();
    let tickets: Vec<_> = (0..entries).map(|i| log.submit(entry(&i.to_string())).unwrap()).collect();
    for ticket in tickets {
        ticket.wait_durable().unwrap();
    }
    log
}

#[track_caller]
fn assert_clean(path: &Path, entries: u64) {
    for threads in [1, 3] {
        let verdict = Verify::of(path).threads(threads.try_into().unwrap()).run().unwrap();
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!((verdict.size.get(), verdict.not_covered), (entries, None));
    }
}

#[test]
fn untouched_logs_of_all_sizes_are_clean() {
    for entries in [0, 1, 253, 254, 255, 256, 600, 3000] {
        for segment_bytes in [1, 60_000, 64 << 20] {
            let folder = tempfile::tempdir().unwrap();
            let log = write(folder.path(), segment_bytes, entries);
            log.wait_sealed();
            log.close_blocking().unwrap();
            assert_clean(folder.path(), entries + 2);
        }
    }
}

#[test]
fn reopened_logs_are_clean() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..5 {
        write(folder.path(), 60_000, 200).close_blocking().unwrap();
        assert_clean(folder.path(), round * 202);
    }
}

#[test]
fn entries_after_the_newest_checkpoint_are_not_covered_yet() {
    let folder = tempfile::tempdir().unwrap();
    let interval = std::time::Duration::from_secs(3600);
    let log = AuditLog::builder(folder.path()).publish_interval(interval).open().unwrap();
    for i in 0..10 {
        log.record_blocking(entry(&i.to_string())).unwrap();
    }
    let verdict = verify(folder.path()).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((verdict.size.get(), verdict.not_covered), (0, Some(0..11)));
}

#[test]
fn payloads_are_verified_with_the_entries_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path()).unwrap();
    for i in 0..300 {
        let entry = entry("attach").detail(json!({"text": "payload".repeat(3000)}));
        log.submit(entry.attach("core", "application/octet-stream", vec![i as u8; 9])).unwrap();
    }
    log.close_blocking().unwrap();
    assert_clean(folder.path(), 302);
}

#[test]
fn a_line_repeated_behind_the_end_is_no_entry_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    write(&path, u64::MAX, 20).close_blocking().unwrap();
    let segment = path.join("entries/00000000000000000000.jsonl");
    let whole = std::fs::read(&segment).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    for (seq, line) in (0_u64..).zip(&lines) {
        std::fs::write(&segment, [whole.as_slice(), line].concat()).unwrap();
        let verdict = verify(&path).unwrap();
        let finding = verdict.findings.first().unwrap_or_else(|| panic!("line {seq}: {verdict}"));
        assert_eq!(finding.kind, bulla::proof::FindingKind::LineDuplicated, "{verdict}");
        assert_eq!((finding.first_seq, finding.end_seq), (Some(seq), Some(seq + 1)));
        let start = whole.len() as u64;
        assert_eq!(finding.bytes, Some(start..start + line.len() as u64 - 1));
    }
    // What is torn, or bears the next number, may be on its way.
    for tail in [b"{\"seq\":22,".as_slice(), b"\0\0\0\0", &lines[0][..50]] {
        std::fs::write(&segment, [whole.as_slice(), tail].concat()).unwrap();
        assert!(verify(&path).unwrap().is_clean());
    }
}
