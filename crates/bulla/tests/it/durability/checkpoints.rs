//! D22 to D26: the power fails around a checkpoint.

use bulla::proof::{Frontier, Hash};
use bulla_sim::Trigger;

use super::*;

/// Three entries, the first two covered by a checkpoint.
fn one_published() -> Driver {
    let mut log = log_of(2);
    log.publish().unwrap();
    add(&mut log, 1);
    log
}

/// Size of the newest checkpoint as a reader finds it.
fn published(disk: &SimDisk) -> u64 {
    let reader = LogReader::open_disk(std::sync::Arc::new(disk.clone())).unwrap();
    reader.checkpoint().unwrap().map_or(0, |checkpoint| checkpoint.size().get())
}

#[test]
fn entries_after_the_newest_checkpoint_are_not_yet_covered() {
    let mut log =
        lose_power_at(&mut one_published(), ActKind::Append, "checkpoints", publish, Survival::Nothing);
    assert_eq!(published(&log.disk), 3);
    log.open_and_check().unwrap();
    assert_eq!(recovery(&log)["covered"], 3);
    assert_eq!(recovery(&log)["entries"], 4);
    assert_eq!(ids(&log.disk), numbered(1..=3));
}

/// A log whose second note is whole in `checkpoints` and not synced, and where that note begins.
fn unsynced_note() -> (Driver, usize) {
    let mut log = one_published();
    let start = log.disk.bytes("checkpoints").len();
    (lose_power_at(&mut log, ActKind::Sync, "checkpoints", publish, Survival::Everything), start)
}

fn check_torn_note(log: &Driver, history: &[u8], start: usize) {
    let mut log = log.fork(1);
    log.disk.tamper("checkpoints", history);
    log.open_and_check().unwrap();
    assert_eq!(recovery(&log)["covered"], 3);
    assert_eq!(quarantined(&log.disk), [history[start..].to_vec()]);
    log.close().unwrap();
    log.settle().unwrap();
}

#[test]
fn torn_note_is_cut_at_the_last_whole_note() {
    let (log, start) = unsynced_note();
    let history = log.disk.bytes("checkpoints");
    for end in (start + 1..history.len()).step_by(13).chain([history.len() - 1]) {
        check_torn_note(&log, &history[..end], start);
    }
}

#[test]
fn note_with_a_hole_is_torn_and_not_forged() {
    let (log, start) = unsynced_note();
    let history = log.disk.bytes("checkpoints");
    let len = history.len() - start;
    for hole in [0..1, 0..len, 10..20, 0..len - 2, len - 60..len - 50, len - 10..len] {
        let mut torn = history.clone();
        torn[start + hole.start..start + hole.end].fill(0);
        check_torn_note(&log, &torn, start);
    }
}

#[test]
fn newer_note_in_the_history_replaces_the_checkpoint() {
    let mut log = one_published();
    let mut log = lose_power_at(&mut log, ActKind::Rename, "checkpoint.tmp", publish, Survival::Nothing);
    let old = log.disk.bytes("checkpoint");
    log.open_and_check().unwrap();
    assert_eq!(published(&log.disk), 4);
    assert_ne!(log.disk.bytes("checkpoint"), old);
    assert_eq!(recovery(&log)["checkpoint_restored"], true);
}

#[test]
fn unfinished_checkpoint_file_is_removed() {
    let mut log = one_published();
    let mut log = lose_power_at(&mut log, ActKind::Sync, "checkpoint.tmp", publish, Survival::Everything);
    assert!(has(&log.disk, "checkpoint.tmp"));
    log.settle().unwrap(); // finds no unfinished file
    assert!(published(&log.disk) >= 4);
}

#[test]
fn checkpoint_is_signed_only_over_synced_hashes() {
    let first = one_published().disk.acts();
    let last = {
        let mut log = one_published();
        log.publish().unwrap();
        log.disk.acts()
    };
    assert!(last - first >= 8, "sync rows, note, checkpoint");
    for number in first..=last {
        let mut log = one_published();
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        let _ = log.publish();
        for survival in Survival::ALL {
            let after = log.aftermath(survival, number);
            // As it lies there, before anything is repaired.
            let reader = LogReader::open_disk(std::sync::Arc::new(after.disk.clone())).unwrap();
            let checkpoint = reader.checkpoint().unwrap().unwrap();
            let mut leaves = vec![Hash::from([0; 32]); usize::try_from(checkpoint.size().get()).unwrap()];
            reader.read_row(0, 0, &mut leaves).unwrap();
            let mut tree = Frontier::new();
            leaves.into_iter().for_each(|leaf| tree.append(leaf));
            assert_eq!(tree.root(), checkpoint.root(), "act {number}, {survival:?}");
        }
    }
}

#[test]
fn a_checkpoint_may_have_many_cosignatures_and_256_kib() {
    let cosigned = |count: usize| {
        let mut log = one_published();
        log.close().unwrap();
        let mut note = log.disk.bytes("checkpoint");
        let signature = "A".repeat(4400);
        (0..count).for_each(|number| note.extend(format!("\u{2014} w{number} {signature}\n").bytes()));
        log.disk.tamper("checkpoint", &note);
        log
    };
    let mut log = cosigned(59);
    let note = log.disk.bytes("checkpoint");
    log.open().unwrap();
    assert!(log.disk.bytes("checkpoint") == note, "the same note without cosignatures does not replace it");
    assert!(recovery(&log).get("checkpoint_restored").is_none());
    assert_eq!(recovery(&log)["covered"], 5);
    let refused = cosigned(60).open().unwrap_err().to_string();
    assert!(refused.contains("more than the 262144 that it can have"), "{refused}");
}
