//! D14 and D15: what opening does before it believes or cuts anything.

use super::*;

/// Two acknowledged entries and a torn third.
fn torn() -> (Driver, Vec<u8>) {
    let mut log = log_of(2);
    let log = lose_power_at(&mut log, ActKind::Sync, SEGMENT, record, Survival::Everything);
    let whole = log.disk.bytes(SEGMENT);
    let start = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    log.disk.tamper(SEGMENT, &whole[..start + 60]);
    (log, whole[start..start + 60].to_vec())
}

#[test]
fn cut_bytes_are_quarantined_before_they_are_cut() {
    let (mut log, torn) = torn();
    let open = |log: &mut Driver| log.open().map_err(|error| error.to_string());
    let mut after = lose_power_at(&mut log, ActKind::Cut, SEGMENT, open, Survival::Nothing);
    assert!(after.disk.bytes(SEGMENT).ends_with(&torn), "not cut yet");
    assert_eq!(quarantined(&after.disk), std::slice::from_ref(&torn), "but safe already");
    after.settle().unwrap();
    assert_eq!(quarantined(&after.disk), [torn]);
    let kept = position(&after.disk, ActKind::SyncFolder, "quarantine");
    assert!(kept < position(&after.disk, ActKind::Cut, SEGMENT));
}

#[test]
fn evidence_in_quarantine_is_never_replaced() {
    let (mut log, torn) = torn();
    log.open_and_check().unwrap();
    let cut_at = recovery(&log)["cut"][0]["offset"].as_u64().unwrap() as usize;
    log.kill(1);
    // Another tear in the same place, as a batch that is written there may leave it.
    let whole = log.disk.bytes(SEGMENT);
    log.disk.tamper(SEGMENT, &whole[..cut_at + 30]);
    log.open().unwrap();
    let mut kept = quarantined(&log.disk);
    kept.sort_unstable_by_key(Vec::len);
    assert_eq!(kept, [whole[cut_at..cut_at + 30].to_vec(), torn]);
}

#[test]
fn kept_tail_is_written_again_before_it_counts() {
    for persists in [FAILS, Fault::FailsHalfway(Errno::Io)] {
        let mut log = log_of(2);
        log.disk.fail_next(ActKind::Sync, SEGMENT, persists);
        log.record(40).unwrap_err();
        log.kill(1); // the page cache shows the whole line and believes that it is on disk
        log.open_and_check().unwrap();
        assert_eq!(ids(&log.disk), numbered(1..=3), "shown to readers now");
        let mut after = log.aftermath(Survival::Nothing, 1);
        after.settle().unwrap();
        assert_eq!(ids(&after.disk), numbered(1..=3));
    }
}

#[test]
fn kept_note_is_written_again_before_it_counts() {
    let mut log = log_of(2);
    log.disk.fail_next(ActKind::Sync, "checkpoints", FAILS);
    log.publish().unwrap_err();
    log.kill(1);
    log.open_and_check().unwrap();
    log.publish().unwrap();
    let mut after = log.aftermath(Survival::Nothing, 1);
    after.settle().unwrap();
}

#[test]
fn opening_says_whether_the_log_was_closed() {
    let check = |prepare: fn(&mut Driver), clean: bool| {
        let mut log = log_of(2);
        prepare(&mut log);
        log.open().unwrap();
        let report = recovery(&log);
        assert_eq!(report["clean"], clean, "{report}");
        assert!(report.get("unfinished_removed").is_none() && report.get("cut").is_none(), "{report}");
    };
    check(|log| log.close().unwrap(), true);
    check(|log| log.kill(1), false);
    // Everything is signed for, and still nobody closed it.
    check(
        |log| {
            log.publish().unwrap();
            log.kill(1);
        },
        false,
    );
}

#[test]
fn unfinished_files_are_removed_and_named() {
    let mut log = log_of(2);
    log.close().unwrap();
    log.disk.tamper("checkpoint.tmp", b"half");
    log.open().unwrap();
    assert_eq!(recovery(&log)["unfinished_removed"], serde_json::json!(["checkpoint.tmp"]));
    assert!(!has(&log.disk, "checkpoint.tmp"));
}

#[test]
fn a_tail_longer_than_what_is_in_doubt_stays_as_it_is() {
    let mut log = log_of(0);
    for _ in 0..170 {
        log.record(60_000).unwrap();
    }
    log.kill(1);
    let before = log.disk.bytes(SEGMENT);
    assert!(before.len() > 2 * (4 << 20) + 2 * 65_536, "longer than two batches");
    log.open_and_check().unwrap();
    assert!(log.disk.bytes(SEGMENT).starts_with(&before));
    let trace = log.disk.trace();
    let written_again = trace.iter().find(|act| act.kind == ActKind::Rewrite && act.name == SEGMENT).unwrap();
    assert_eq!(written_again.bytes, 2 * (4 * 1024 * 1024 + 65_536), "two batches and two lines");
}
