//! D1 to D11: the power fails around a batch.

use super::*;

/// Three acknowledged entries, and a batch of three whose sync never returned. All its bytes are there; gives also
/// how many are synced.
fn unsynced_batch() -> (Driver, usize) {
    let mut log = log_of(2);
    // The batch comes in two: entry 3 alone, acknowledged, then 4 to 6.
    log.disk.fail_later(ActKind::Sync, SEGMENT, 1, Fault::PowerFails);
    log.record_batch(3, 40).unwrap_err();
    let synced = log.disk.durable_bytes(SEGMENT).len();
    let log = log.aftermath(Survival::Everything, 1);
    assert_eq!(log.model.acknowledged.len(), 3);
    (log, synced)
}

/// Starts of the lines that were not synced, and the end of the file.
fn unsynced_lines(log: &Driver, synced: usize) -> Vec<usize> {
    let bytes = log.disk.bytes(SEGMENT);
    let ends = (synced..bytes.len()).filter(|at| bytes[*at] == b'\n').map(|at| at + 1);
    std::iter::once(synced).chain(ends).collect()
}

/// Opens the log with other bytes in its segment: `kept` entries are there, `torn` is in quarantine.
fn check_tail(log: &Driver, bytes: &[u8], kept: usize, torn: &[u8]) {
    let mut log = log.fork(2);
    log.disk.tamper(SEGMENT, bytes);
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=kept));
    let expected: Vec<Vec<u8>> = if torn.is_empty() { vec![] } else { vec![torn.to_vec()] };
    assert_eq!(quarantined(&log.disk), expected);
}

#[test]
fn unwritten_batch_leaves_no_trace() {
    let mut log = log_of(3);
    let mut log = lose_power_at(&mut log, ActKind::Append, SEGMENT, record, Survival::Nothing);
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=3));
    assert!(quarantined(&log.disk).is_empty());
}

#[test]
fn torn_tail_is_cut_at_the_last_whole_line() {
    let (log, synced) = unsynced_batch();
    let (whole, lines) = (log.disk.bytes(SEGMENT), unsynced_lines(&log, synced));
    for (number, line) in lines.windows(2).enumerate() {
        let inside = [line[0] + 1, line[0] + 30, line[0] + 100, line[1] - 2];
        for cut in inside {
            check_tail(&log, &whole[..cut], 3 + number, &whole[line[0]..cut]);
        }
    }
}

#[test]
fn zeroed_tail_is_cut_and_quarantined() {
    let (log, synced) = unsynced_batch();
    let (whole, lines) = (log.disk.bytes(SEGMENT), unsynced_lines(&log, synced));
    for (from, kept) in
        [(lines[0], 3), (lines[0] + 1, 3), (lines[1], 4), (lines[2] + 50, 5), (lines[3] - 1, 5)]
    {
        let mut bytes = whole.clone();
        bytes[from..].fill(0);
        check_tail(&log, &bytes, kept, &bytes[lines[kept - 3]..]);
    }
}

#[test]
fn whole_lines_after_a_hole_are_cut_with_it() {
    let (log, synced) = unsynced_batch();
    let (whole, lines) = (log.disk.bytes(SEGMENT), unsynced_lines(&log, synced));
    for (hole, kept) in
        [(lines[0]..lines[1], 3), (lines[0] + 9..lines[0] + 10, 3), (lines[1] + 80..lines[1] + 90, 4)]
    {
        let mut bytes = whole.clone();
        bytes[hole].fill(0);
        check_tail(&log, &bytes, kept, &bytes[lines[kept - 3]..]);
    }
}

#[test]
fn line_without_its_newline_is_torn() {
    let (log, synced) = unsynced_batch();
    let (whole, lines) = (log.disk.bytes(SEGMENT), unsynced_lines(&log, synced));
    check_tail(&log, &whole[..lines[1] - 1], 3, &whole[lines[0]..lines[1] - 1]);
    check_tail(&log, &whole[..lines[3] - 1], 5, &whole[lines[2]..lines[3] - 1]);
}

#[test]
fn whole_unacknowledged_lines_are_kept() {
    let (log, synced) = unsynced_batch();
    let (whole, lines) = (log.disk.bytes(SEGMENT), unsynced_lines(&log, synced));
    check_tail(&log, &whole, 6, &[]);
    check_tail(&log, &whole[..lines[1]], 4, &[]);
}

/// Entries whose lines are synced; their hashes are only in the cache. None is covered by a checkpoint.
fn uncovered(entries: usize) -> Driver {
    let mut log = log_of(entries);
    log.kill(1);
    log
}

fn check_hashes_are_made_again(mut log: Driver, entries: usize) {
    log.settle().unwrap(); // compares every row with the lines
    assert_eq!(ids(&log.disk), numbered(1..=entries));
}

#[test]
fn synced_lines_without_hashes_are_hashed_at_open() {
    let mut log = log_of(3);
    let log = lose_power_at(&mut log, ActKind::Append, "tree/00", record, Survival::Nothing);
    assert!(log.disk.bytes("tree/00").is_empty());
    check_hashes_are_made_again(log, 4);
}

#[test]
fn torn_hash_is_recomputed_from_its_line() {
    let log = uncovered(4);
    for len in [1, 31, 33, 32 * 4 + 16] {
        let log = log.fork(1);
        let hashes = log.disk.bytes("tree/00");
        log.disk.tamper("tree/00", &hashes[..len]);
        check_hashes_are_made_again(log, 4);
    }
}

#[test]
fn zeroed_hashes_are_recomputed_from_their_lines() {
    let log = uncovered(4);
    for from in [0, 32, 70] {
        let log = log.fork(1);
        let mut hashes = log.disk.bytes("tree/00");
        hashes[from..].fill(0);
        log.disk.tamper("tree/00", &hashes);
        check_hashes_are_made_again(log, 4);
    }
}

#[test]
fn missing_higher_hashes_are_recomputed() {
    let log = uncovered(300);
    assert_eq!(log.disk.bytes("tree/08").len(), 32);
    log.disk.lose("tree/08");
    check_hashes_are_made_again(log, 300);
}

#[test]
fn higher_hashes_ahead_of_their_leaves_are_recomputed() {
    let log = uncovered(300);
    log.disk.tamper("tree/08", &[7; 64]);
    log.disk.lose("tree/00");
    check_hashes_are_made_again(log, 300);
}
