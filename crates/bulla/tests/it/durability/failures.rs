//! D29 to D32: a call fails and the power stays. What each fault comes to is one table.

use std::sync::Arc;

use bulla::{AuditLog, RecordError};

use super::*;

const NO_SPACE: Fault = Fault::Fails(Errno::NoSpace);
const HALFWAY: Fault = Fault::FailsHalfway(Errno::NoSpace);
const PERSISTS: Fault = Fault::FailsButPersists(Errno::Io);

/// After a failed call: every later one is refused with the first error, and nothing more is written.
fn check_poisoned(log: &mut Driver, act: &str) {
    let acts = log.disk.acts();
    let entry = log.entry(40);
    let error = log.log().record_blocking(entry).unwrap_err();
    assert!(matches!(error, RecordError::Poisoned(_)), "{error}");
    assert!(error.to_string().contains(act), "{error} does not name {act}");
    let closed = log.log().close_blocking().unwrap_err();
    assert_eq!(closed.to_string(), error.to_string());
    assert_eq!(log.disk.acts(), acts, "nothing is written after a failure");
}

/// Opens in the same boot, then after a power failure: what was shown stays.
fn check_reopened(log: &mut Driver) -> Vec<String> {
    log.kill(1);
    log.open_and_check().unwrap();
    let shown = ids(&log.disk);
    let mut after = log.aftermath(Survival::Nothing, 1);
    after.settle().unwrap();
    assert_eq!(ids(&after.disk), shown);
    shown
}

#[test]
fn failed_write_poisons_the_log() {
    for (fault, kept) in [(NO_SPACE, 2), (HALFWAY, 2), (PERSISTS, 3)] {
        let mut log = log_of(2);
        log.disk.fail_next(ActKind::Append, SEGMENT, fault);
        let error = log.record(40).unwrap_err();
        assert!(matches!(error, RecordError::Poisoned(_)), "{error}");
        check_poisoned(&mut log, "append to segment");
        assert_eq!(check_reopened(&mut log), numbered(1..=kept), "{fault:?}");
    }
}

#[test]
fn failed_sync_poisons_the_log_and_is_not_retried() {
    for (fault, persisted) in [(FAILS, false), (PERSISTS, true)] {
        let mut log = log_of(2);
        log.disk.fail_next(ActKind::Sync, SEGMENT, fault);
        log.record(40).unwrap_err();
        let failed = log.disk.acts();
        check_poisoned(&mut log, "sync segment");
        assert_eq!(log.disk.acts(), failed, "not even a second sync");
        let after = log.aftermath(Survival::Nothing, 1);
        assert_eq!(after.disk.bytes(SEGMENT).windows(7).any(|text| text == b"entry-3"), persisted);
        assert_eq!(check_reopened(&mut log), numbered(1..=3), "the page cache has it: it is made true");
    }
}

#[test]
fn failed_tree_write_loses_no_durable_entry() {
    for fault in [NO_SPACE, HALFWAY, PERSISTS] {
        let mut log = log_of(2);
        log.disk.fail_next(ActKind::Append, "tree/00", fault);
        let error = log.record(40).unwrap_err();
        assert!(error.to_string().contains("may or may not be stored"), "{error}");
        check_poisoned(&mut log, "append to tree/00");
        assert_eq!(check_reopened(&mut log), numbered(1..=3));
    }
}

#[test]
fn failed_publish_loses_no_durable_entry() {
    let acts = [
        (ActKind::Sync, "tree/00", "sync tree/00"),
        (ActKind::SyncFolder, "tree", "sync folder tree"),
        (ActKind::Append, "checkpoints", "append to checkpoints"),
        (ActKind::Sync, "checkpoints", "sync checkpoints"),
        (ActKind::Create, "checkpoint.tmp", "create checkpoint.tmp"),
        (ActKind::Append, "checkpoint.tmp", "write checkpoint.tmp"),
        (ActKind::Sync, "checkpoint.tmp", "sync checkpoint.tmp"),
        (ActKind::Rename, "checkpoint.tmp", "rename checkpoint.tmp"),
        (ActKind::SyncFolder, ".", "sync folder the log"),
    ];
    for (kind, name, words) in acts {
        for fault in [FAILS, HALFWAY, PERSISTS] {
            let mut log = log_of(2);
            log.publish().unwrap();
            log.record(40).unwrap();
            log.disk.fail_next(kind, name, fault);
            log.publish().unwrap_err();
            check_poisoned(&mut log, words);
            assert_eq!(check_reopened(&mut log), numbered(1..=3), "{words}: {fault:?}");
        }
    }
}

const SEALED: &str = "entries/00000000000000000000.jsonl.zst";

#[test]
fn failed_sealing_costs_nothing_but_space() {
    let acts = [
        (ActKind::Create, SEALED),
        (ActKind::Append, SEALED),
        (ActKind::Sync, SEALED),
        (ActKind::Rename, SEALED),
        (ActKind::SyncFolder, "entries"),
    ];
    for (kind, name) in acts {
        for fault in [FAILS, HALFWAY, PERSISTS] {
            let mut log = log_in_segments_of(1, 256);
            log.disk.fail_next(kind, name, fault);
            log.seal();
            assert!(has(&log.disk, SEGMENT), "{kind:?}: {fault:?}");
            let is_begun = log.disk.files().keys().any(|name| name.ends_with(".tmp"));
            assert_eq!(is_begun, kind == ActKind::Rename && fault != PERSISTS, "{kind:?}: {fault:?}");
            log.record(40).unwrap();
            log.look().unwrap();
            log.close().unwrap();
            log.settle().unwrap();
            assert!(has(&log.disk, SEALED) && !has(&log.disk, SEGMENT), "sealed after opening again");
        }
    }
}

#[test]
fn sealing_that_does_not_read_back_keeps_the_plain_segment() {
    let mut log = log_in_segments_of(1, 600);
    let mut lines = log.disk.bytes(SEGMENT);
    let at = lines.windows(7).position(|text| text == b"entry-9").unwrap();
    lines[at + 6] = b'8';
    log.disk.tamper(SEGMENT, &lines);
    log.seal();
    let files = log.disk.files();
    assert!(files.contains_key(SEGMENT) && !files.contains_key(SEALED), "evidence stays as it is");
    assert!(!files.contains_key(SECOND), "the next segment is sealed all the same");
    assert!(!files.keys().any(|name| name.ends_with(".tmp")));
    log.record(40).unwrap();
}

/// What becomes of entry 256, which begins a segment, when the fault meets the act: whether its caller gets a
/// receipt, whether the log stops, and whether the entry is there after opening again.
#[test]
fn what_every_fault_comes_to() {
    use ActKind::{Append, Create, Rename, Sync, SyncFolder};
    use After::{Absent, Present};
    const DELAYED: Fault = Fault::Waits;
    #[derive(Debug, PartialEq)]
    enum After {
        Absent,
        Present,
    }
    let table = [
        // act                       fault     acknowledged poisoned after opening again
        ((Create, "payloads/"), NO_SPACE, false, true, Absent),
        ((Create, "payloads/"), PERSISTS, false, true, Absent),
        ((Append, "payloads/"), HALFWAY, false, true, Absent),
        ((Append, "payloads/"), DELAYED, true, false, Present),
        ((Sync, "payloads/"), FAILS, false, true, Absent),
        ((Sync, "payloads/"), PERSISTS, false, true, Absent),
        ((Sync, "payloads/"), DELAYED, true, false, Present),
        ((Rename, "payloads/"), FAILS, false, true, Absent),
        ((Rename, "payloads/"), PERSISTS, false, true, Absent),
        ((SyncFolder, "payloads/"), FAILS, false, true, Absent),
        ((SyncFolder, "payloads"), PERSISTS, false, true, Absent),
        ((Create, "entries/"), NO_SPACE, false, true, Absent),
        ((Create, "entries/"), PERSISTS, false, true, Absent),
        ((SyncFolder, "entries"), FAILS, false, true, Absent),
        ((SyncFolder, "entries"), PERSISTS, false, true, Absent),
        ((SyncFolder, "entries"), DELAYED, true, false, Present),
        ((Append, "entries/"), NO_SPACE, false, true, Absent),
        ((Append, "entries/"), HALFWAY, false, true, Absent),
        ((Append, "entries/"), PERSISTS, false, true, Present),
        ((Append, "entries/"), DELAYED, true, false, Present),
        ((Sync, "entries/"), FAILS, false, true, Present), // from the page cache: written again
        ((Sync, "entries/"), HALFWAY, false, true, Present),
        ((Sync, "entries/"), PERSISTS, false, true, Present),
        ((Sync, "entries/"), DELAYED, true, false, Present),
        ((Append, "tree/08"), NO_SPACE, false, true, Present),
        ((Append, "tree/00"), HALFWAY, false, true, Present),
        ((Append, "tree/00"), PERSISTS, false, true, Present),
        ((Append, "tree/00"), DELAYED, true, false, Present),
    ];
    println!("covered: {} fault variants", table.len());
    for ((kind, name), fault, acknowledged, poisoned, expected) in table {
        let row = format!("{kind:?} {name} {fault:?}");
        // 254 and 255 are taken in one batch with what completes a row: `tree/08` is written with entry 255.
        let before = if name == "tree/08" { 254 } else { 255 };
        let mut log = log_in_segments_of(1, before);
        log.disk.fail_next(kind, name, fault);
        let entry = log.entry(1).attach("content", "text/plain", b"beside the log".to_vec());
        let id = entry.id.clone();
        let ticket = log.log().submit(entry).unwrap();
        if fault == DELAYED {
            assert!(log.disk.await_waiting(), "{row}");
            log.disk.release();
        }
        let receipt = ticket.wait_durable();
        assert_eq!(receipt.is_ok(), acknowledged, "{row}");
        if let Ok(receipt) = receipt {
            log.model.acknowledge(&id, &receipt);
        }
        assert_eq!(log.record(40).is_err(), poisoned, "{row}");
        let is_there = check_reopened(&mut log).contains(&id);
        assert_eq!(if is_there { Present } else { Absent }, expected, "{row}");
    }
}

#[test]
fn batch_that_waits_behind_a_failing_sync_fails_too() {
    let mut log = log_of(2);
    log.disk.fail_next(ActKind::Sync, SEGMENT, FAILS);
    log.record_flood().unwrap_err();
    assert_eq!(log.model.acknowledged.len(), 2);
    check_poisoned(&mut log, "sync segment");
    let kept = check_reopened(&mut log);
    assert_eq!(kept, numbered(1..=3), "the batch behind it was never written");
}

#[test]
fn callers_who_wait_for_room_are_told() {
    let disk = SimDisk::new(1);
    let log = AuditLog::builder_on(Arc::new(disk.clone())).queue_bytes(1000).open().unwrap();
    let entry = || bulla::AuditEntry::api("x".repeat(900)).outcome(bulla::AuditOutcome::Success);
    disk.fail_next(ActKind::Append, SEGMENT, FAILS);
    disk.hold_next_of(ActKind::Append, SEGMENT);
    let under_way = log.submit(entry()).unwrap();
    assert!(disk.await_waiting());
    let queued = log.submit(entry()).unwrap();
    assert!(matches!(log.submit(entry()), Err(RecordError::QueueFull { .. })));
    std::thread::scope(|scope| {
        let blocked = [(); 3].map(|()| scope.spawn(|| log.record_blocking(entry())));
        let waiting = scope.spawn(|| bulla_sim::block_on(log.record(entry())));
        disk.release();
        for caller in blocked.into_iter().chain([waiting]) {
            assert!(matches!(caller.join().unwrap(), Err(RecordError::Poisoned(_))));
        }
    });
    assert!(matches!(under_way.wait_durable(), Err(RecordError::Poisoned(_))));
    assert!(matches!(queued.wait_durable(), Err(RecordError::Poisoned(_))));
    assert!(matches!(under_way.wait_published(), Err(RecordError::Poisoned(_))));
    assert!(matches!(log.close_blocking(), Err(RecordError::Poisoned(_))));
    drop(log); // does not wait for a writer that has ended
}

#[test]
fn failed_last_checkpoint_is_told_by_close() {
    let mut log = log_of(2);
    log.disk.fail_next(ActKind::Sync, "checkpoints", FAILS);
    let error = log.log().close_blocking().unwrap_err();
    assert!(error.to_string().contains("sync checkpoints"), "{error}");
    check_reopened(&mut log);
}
