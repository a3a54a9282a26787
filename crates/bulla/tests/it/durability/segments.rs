//! D16 to D18, D27 and D28: the power fails around a new segment, and around sealing an old one.

use super::*;

/// A log whose first segment is full: the next entry begins another.
fn full() -> Driver {
    log_in_segments_of(1, 255)
}

const SEALED: &str = "entries/00000000000000000000.jsonl.zst";
const UNFINISHED: &str = "entries/00000000000000000000.jsonl.zst.tmp";

fn check(mut log: Driver, entries: usize) -> Driver {
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=entries));
    log
}

#[test]
fn lost_new_segment_ends_the_log_at_the_previous_one() {
    let log = lose_power_at(&mut full(), ActKind::SyncFolder, "entries", record, Survival::Nothing);
    assert!(!has(&log.disk, SECOND));
    check(log, 255);
}

#[test]
fn empty_new_segment_is_written_on() {
    let mut log = lose_power_at(&mut full(), ActKind::Append, SECOND, record, Survival::Nothing);
    assert!(has(&log.disk, SECOND) && log.disk.bytes(SECOND).is_empty());
    log.open_and_check().unwrap();
    log.record(40).unwrap();
    assert!(log.disk.bytes(SECOND).starts_with(b"{\"seq\":256,"));
    log.kill(1);
    log.settle().unwrap();
}

#[test]
fn torn_first_line_leaves_an_empty_segment() {
    let log = lose_power_at(&mut full(), ActKind::Sync, SECOND, record, Survival::Everything);
    let torn = log.disk.bytes(SECOND)[..50].to_vec();
    log.disk.tamper(SECOND, &torn);
    let log = check(log, 255);
    assert_eq!(quarantined(&log.disk), [torn]);
    assert!(log.disk.bytes(SECOND).starts_with(b"{\"seq\":256,"));
}

#[test]
fn new_segment_of_a_killed_writer_gets_a_durable_name() {
    let mut log = full();
    log.disk.fail_next(ActKind::SyncFolder, "entries", Fault::PowerFails);
    log.record(40).unwrap_err();
    log.kill(1); // the name is in the cache only
    log.open().unwrap();
    log.record(40).unwrap();
    let mut after = log.aftermath(Survival::Nothing, 1);
    after.settle().unwrap();
    assert_eq!(ids(&after.disk).last().unwrap(), "entry-257", "256 was lost, and nobody was told of it");
}

#[test]
fn unsynced_entries_in_several_segments_are_all_kept() {
    let mut log = full();
    add(&mut log, 600); // none of them is covered by a checkpoint
    let mut after = log.aftermath(Survival::Nothing, 1);
    after.settle().unwrap();
    assert_eq!(ids(&after.disk), numbered(1..=855));
}

#[test]
fn checkpoint_at_the_end_of_a_segment_is_no_edge_case() {
    let mut log = full();
    log.publish().unwrap(); // of size 256
    let log = lose_power_at(&mut log, ActKind::Append, SECOND, record, Survival::Nothing);
    let mut log = check(log, 255);
    log.open_and_check().unwrap();
}

#[test]
fn unfinished_sealed_segment_is_removed() {
    for (kind, survival) in [(ActKind::Append, Survival::Beginning), (ActKind::Rename, Survival::Everything)]
    {
        let mut log = full();
        log.record(40).unwrap();
        let mut log = lose_power_at(&mut log, kind, UNFINISHED, seal, survival);
        if kind == ActKind::Rename {
            // The name is either one: put it back to the temporary one.
            let sealed = log.disk.bytes(SEALED);
            log.disk.lose(SEALED);
            log.disk.tamper(UNFINISHED, &sealed);
        }
        log.open_and_check().unwrap();
        assert!(has(&log.disk, SEGMENT) && !has(&log.disk, UNFINISHED) && !has(&log.disk, SEALED));
        assert_eq!(ids(&log.disk), numbered(1..=256));
        log.seal();
        assert!(has(&log.disk, SEALED) && !has(&log.disk, SEGMENT));
        assert_eq!(ids(&log.disk), numbered(1..=256));
    }
}

#[test]
fn plain_segment_counts_while_both_forms_exist() {
    let mut log = full();
    log.record(40).unwrap();
    log.disk.fail_later(ActKind::Remove, SEGMENT, 1, Fault::PowerFails);
    seal(&mut log).unwrap_err();
    let mut log = log.aftermath(Survival::Nothing, 1);
    assert!(has(&log.disk, SEGMENT) && has(&log.disk, SEALED));
    log.disk.tamper(SEALED, b"not read: the plain one counts");
    log.open_and_check().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=256));
    log.seal();
    assert!(!has(&log.disk, SEGMENT));
    log.close().unwrap();
    log.settle().unwrap();
}

#[test]
fn reader_that_looks_while_a_segment_begins_loses_none() {
    let mut log = full();
    log.disk.hold_next_of(ActKind::SyncFolder, "entries");
    let entry = log.entry(40);
    let ticket = log.log().submit(entry).unwrap();
    assert!(log.disk.await_waiting());
    // The new segment's file is there and not announced yet: reading to the end finds it first.
    let reader = log.log().reader().unwrap().clone();
    assert_eq!(reader.read(0..u64::MAX).count(), 256);
    assert!(reader.get(256).unwrap().is_none());
    log.disk.release();
    ticket.wait_durable().unwrap();
    add(&mut log, 300);
    log.seal();
    log.look().unwrap();
    log.close().unwrap();
    let segments: Vec<String> =
        log.disk.files().into_keys().filter(|name| name.starts_with("entries/")).collect();
    let expected = [SEALED, "entries/00000000000000000256.jsonl.zst", "entries/00000000000000000512.jsonl"];
    assert_eq!(segments, expected, "each segment is sealed once");
    log.settle().unwrap();
}
