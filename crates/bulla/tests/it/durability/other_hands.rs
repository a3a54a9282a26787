//! D52 to D55: another hand is at the files while the log is being written.

use std::time::Duration;

use bulla::store::{Disk, FileChange, Misplaced};
use bulla::{AuditEntry, AuditLog, AuditOutcome, RecordError};

use super::*;

fn misplaced(log: &Driver) -> Vec<(String, FileChange)> {
    let found = log.log().check_files().unwrap();
    found.into_iter().map(|Misplaced { file, change }| (file, change)).collect()
}

#[test]
fn nothing_is_acknowledged_that_went_to_a_removed_or_cut_segment() {
    for (hand, words) in [
        ((|disk| disk.lose(SEGMENT)) as fn(&SimDisk), "it was removed by another hand"),
        (|disk| disk.tamper(SEGMENT, b""), "it was cut by another hand"),
        (|disk| disk.tamper(SEGMENT, &vec![b'x'; 1 << 16]), "it was written to by another hand"),
    ] {
        let mut log = log_of(3);
        hand(&log.disk);
        let error = log.record(40).unwrap_err();
        assert!(matches!(error, RecordError::Poisoned(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains(SEGMENT), "{error}");
    }
}

#[test]
fn segment_that_is_removed_during_its_sync_acknowledges_nothing() {
    let mut log = log_of(3);
    log.disk.hold_next_of(ActKind::Sync, SEGMENT);
    let entry = log.entry(40);
    let ticket = log.log().submit(entry).unwrap();
    assert!(log.disk.await_waiting());
    log.disk.lose(SEGMENT);
    log.disk.release();
    let error = ticket.wait_durable().unwrap_err();
    assert!(error.to_string().contains("it was removed by another hand"), "{error}");
}

#[test]
fn segment_under_another_name_poisons_the_log_when_it_is_looked_for() {
    let mut log = log_of(3);
    log.disk.rename(SEGMENT, "entries/elsewhere").unwrap();
    assert_eq!(misplaced(&log), [(SEGMENT.to_owned(), FileChange::Removed)]);
    let error = log.record(40).unwrap_err();
    assert!(error.to_string().contains("it was removed by another hand"), "{error}");
    assert!(log.log().refusal().is_some());
}

#[test]
fn other_files_are_named_and_the_log_goes_on() {
    let mut log = log_of(300);
    log.publish().unwrap();
    assert_eq!(misplaced(&log), []);
    for name in ["tree/00", "tree/08", "checkpoint", "checkpoints", "log.json"] {
        log.disk.lose(name);
    }
    let gone = misplaced(&log);
    let named: Vec<_> = gone.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(named, ["tree/00", "tree/08", "checkpoints", "checkpoint", "log.json"]);
    assert!(gone.iter().all(|(_, change)| *change == FileChange::Removed));
    log.record(40).unwrap();
    assert!(log.log().refusal().is_none());
}

#[test]
fn history_is_known_to_its_end_in_a_new_log_and_in_one_that_was_opened_again() {
    for sessions in 1..3 {
        let mut log = log_of(3);
        for _ in 1..sessions {
            log.close().unwrap();
            log.open().unwrap();
        }
        log.record(40).unwrap();
        log.publish().unwrap();
        assert_eq!(misplaced(&log), [], "{sessions}");
        let history = log.disk.bytes("checkpoints");
        log.disk.tamper("checkpoints", &history[..history.len() - 1]);
        assert_eq!(misplaced(&log), [("checkpoints".to_owned(), FileChange::Cut)], "{sessions}");
    }
}

#[test]
fn cut_and_changed_files_are_told_apart() {
    let mut log = log_of(3);
    log.publish().unwrap();
    let (row, json) = (log.disk.bytes("tree/00"), log.disk.bytes("log.json"));
    log.disk.tamper("tree/00", &row[..32]);
    log.disk.tamper("checkpoint", b"no checkpoint");
    log.disk.tamper("log.json", &String::from_utf8(json).unwrap().replace("sim.", "sin.").into_bytes());
    assert_eq!(
        misplaced(&log),
        [
            ("tree/00".to_owned(), FileChange::Cut),
            ("checkpoint".to_owned(), FileChange::Changed),
            ("log.json".to_owned(), FileChange::Changed),
        ]
    );
    log.disk.tamper("tree/00", &row);
    log.record(40).unwrap();
    log.publish().unwrap();
    assert_eq!(misplaced(&log), [("log.json".to_owned(), FileChange::Changed)], "a new checkpoint is there");
}

#[test]
fn removed_tree_is_made_again_at_the_next_opening() {
    let mut log = log_of(300);
    log.disk.lose("tree/00");
    add(&mut log, 10);
    assert_eq!(misplaced(&log), [("tree/00".to_owned(), FileChange::Removed)]);
    log.close().unwrap();
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=310));
}

#[test]
fn log_that_rolls_and_seals_is_never_accused() {
    let folder = tempfile::tempdir().unwrap();
    let builder = AuditLog::builder(folder.path().join("log"));
    let log = builder.segment_bytes(1).publish_interval(Duration::from_millis(1)).open().unwrap();
    for _ in 0..20 {
        let entries = (0..100).map(|_| AuditEntry::api("a").outcome(AuditOutcome::Success));
        bulla_sim::block_on(log.record_many(entries)).unwrap();
        assert_eq!(log.check_files().unwrap(), []);
    }
    log.wait_sealed();
    assert_eq!(log.check_files().unwrap(), []);
    let bytes = log.activity().appended_bytes;
    let stored: usize = log.read(0..u64::MAX).unwrap().map(|entry| entry.unwrap().line().len() + 1).sum();
    assert_eq!(bytes, stored as u64);
    log.close_blocking().unwrap();
    assert_eq!(log.check_files().unwrap(), [], "another writer may have it now");
}
