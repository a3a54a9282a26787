//! D33 to D37: what no crash explains is refused, and nothing is changed.

use bulla::OpenError;
use bulla::store::Damage;

use super::*;

/// A closed log of `entries` entries, all covered by a checkpoint, in segments of 256.
fn closed(entries: usize) -> Driver {
    let mut log = opened(Driver::new(1, 1).sealing(false), entries);
    log.close().unwrap();
    log
}

/// Opening is refused with words that name `named`; what was in the log is still there.
fn check_refused(log: &mut Driver, named: &[&str]) -> Damage {
    let before = log.disk.files();
    let Err(OpenError::Damaged(damage)) = log.open() else { panic!("opened, or refused for another reason") };
    let words = damage.to_string();
    for part in named {
        assert!(words.contains(part), "{words:?} does not name {part}");
    }
    assert_eq!(log.disk.files(), before, "nothing was changed");
    damage
}

#[test]
fn entries_below_the_checkpoint_are_damage_not_a_crash() {
    let mut log = closed(5);
    let lines = log.disk.bytes(SEGMENT);
    let ends: Vec<usize> = (0..lines.len()).filter(|at| lines[*at] == b'\n').map(|at| at + 1).collect();
    log.disk.tamper(SEGMENT, &lines[..ends[3]]);
    check_refused(&mut log, &["covers 7 entries", "4 are there"]);
    log.disk.tamper(SEGMENT, &lines[..ends[3] + 20]);
    check_refused(&mut log, &["covers 7 entries", "4 are there"]);
    log.disk.lose(SEGMENT);
    check_refused(&mut log, &["covers 7 entries", "0 are there"]);
}

#[test]
fn changed_line_at_the_right_edge_is_refused() {
    let mut log = closed(5);
    let mut lines = log.disk.bytes(SEGMENT);
    let at = lines.windows(7).position(|text| text == b"entry-3").unwrap();
    lines[at + 6] = b'4';
    log.disk.tamper(SEGMENT, &lines);
    check_refused(&mut log, &["entry 3", SEGMENT]);
}

#[test]
fn damaged_tree_is_rebuilt_and_recorded() {
    for damage in [
        |disk: &SimDisk| disk.lose("tree/00"),
        |disk: &SimDisk| disk.lose("tree/08"),
        |disk: &SimDisk| disk.tamper("tree/08", &[7; 32]),
        |disk: &SimDisk| {
            let mut hashes = disk.bytes("tree/00");
            *hashes.last_mut().unwrap() ^= 1;
            disk.tamper("tree/00", &hashes);
        },
    ] {
        let mut log = closed(300);
        damage(&log.disk);
        log.open_and_check().unwrap();
        assert_eq!(recovery(&log)["tree_rebuilt"], true);
    }
}

#[test]
fn damaged_tree_is_rebuilt_up_to_the_checkpoint_whatever_is_torn_behind_it() {
    let mut log = closed(300);
    log.disk.tamper("tree/08", &[7; 32]);
    let lines = log.disk.bytes(SECOND);
    log.disk.tamper(SECOND, &[&lines[..], b"no entry\n"].concat());
    log.open_and_check().unwrap();
    assert_eq!(recovery(&log)["tree_rebuilt"], true);
    assert_eq!(quarantined(&log.disk), [b"no entry\n"]);
}

#[test]
fn damaged_tree_stays_as_it_is_when_the_entries_are_damaged_too() {
    let mut log = closed(300);
    let mut lines = log.disk.bytes(SEGMENT);
    let at = lines.windows(7).position(|text| text == b"entry-3").unwrap();
    lines[at + 6] = b'4';
    log.disk.tamper(SEGMENT, &lines);
    log.disk.tamper("tree/08", &[7; 32]);
    check_refused(&mut log, &["do not have the root"]);
}

#[test]
fn checkpoint_with_a_bad_signature_is_refused() {
    for name in ["checkpoint", "checkpoints"] {
        let mut log = closed(5);
        let mut note = log.disk.bytes(name);
        let at = note
            .windows(5)
            .rposition(|text| text == b"\n7\n".as_slice() || text.starts_with(b"\n7\n"))
            .unwrap();
        note[at + 1] = b'6';
        log.disk.tamper(name, &note);
        check_refused(&mut log, &[name]);
    }
}

#[test]
fn missing_segment_is_refused() {
    let third = "entries/00000000000000000512.jsonl";
    let mut log = closed(600);
    let second = log.disk.bytes(SECOND);
    log.disk.lose(SECOND);
    check_refused(&mut log, &[third, "entry 256"]);
    // And one that reaches into the next.
    let line = log.disk.bytes(third).split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
    log.disk.tamper(SECOND, &[second, line].concat());
    check_refused(&mut log, &[third, "entry 513"]);
}

#[test]
fn entries_without_an_identity_are_no_place_for_a_new_log() {
    let mut log = log_of(3);
    log.close().unwrap();
    for name in ["log.json", "checkpoint", "checkpoints"] {
        log.disk.lose(name);
    }
    let before = log.disk.files();
    let refused = log.open().unwrap_err().to_string();
    assert!(refused.contains("it has no log.json"), "{refused}");
    assert_eq!(log.disk.files(), before, "nothing was changed");
}

#[test]
fn a_log_whose_last_segment_is_sealed_goes_on_behind_it_unless_more_is_signed() {
    let sealed = |closes: bool| {
        let mut log = log_in_segments_of(1, 256);
        log.seal();
        if closes {
            log.close().unwrap();
        } else {
            log.kill(1);
        }
        assert!(has(&log.disk, "entries/00000000000000000000.jsonl.zst"));
        log.disk.lose(SECOND);
        log
    };
    check_refused(&mut sealed(true), &["covers 258 entries", "256 are there"]);
    let mut log = sealed(false);
    log.disk.lose("checkpoint");
    log.disk.tamper("checkpoints", b"");
    log.open().unwrap();
    assert_eq!(recovery(&log)["entries"], 256);
}

#[test]
fn line_that_no_log_could_have_written_is_cut_and_not_built_on() {
    let next = |time: &str| format!("{{\"seq\":7,\"recorded_at\":\"{time}\",\"id\":\"next\"}}\n");
    for (time, is_kept) in [
        ("2026-11-23T12:00:01.000000000Z", true),
        // No time at all, and one before that of the last entry.
        ("2026-11-23T12:00::0.000000000Z", false),
        ("2026-11-23T11:59:59.000000000Z", false),
    ] {
        let mut log = closed(5);
        let before = log.disk.bytes(SEGMENT);
        log.disk.tamper(SEGMENT, &[before.as_slice(), next(time).as_bytes()].concat());
        log.open().unwrap();
        log.close().unwrap();
        let lines = log.disk.bytes(SEGMENT);
        assert_eq!(lines[before.len()..].starts_with(next(time).as_bytes()), is_kept, "{time}");
        let verdict = bulla::Verify::on_disk(std::sync::Arc::new(log.disk.clone())).run().unwrap();
        assert!(verdict.is_clean(), "{time}: {verdict}");
    }
}

#[test]
fn line_behind_the_end_that_bears_an_earlier_number_is_cut() {
    let long = || {
        let mut log = log_of(600); // more lines in a segment than are counted
        log.close().unwrap();
        log
    };
    for whole in [closed(5), closed(200), long()] {
        let before = whole.disk.bytes(SEGMENT);
        let lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
        for again in [&lines[lines.len() - 1..], &lines[lines.len() - 2..], &lines[..1], &lines[3..5]] {
            let mut log = whole.fork(1);
            log.disk.tamper(SEGMENT, &[before.as_slice(), &again.concat()].concat());
            log.open_and_check().unwrap();
            log.record(10).unwrap();
            log.close().unwrap();
            log.settle().unwrap();
        }
    }
}

/// Changes the number of line `seq` of the first segment: it is no entry any more.
fn renumber(log: &Driver, seq: u64) {
    let text = String::from_utf8(log.disk.bytes(SEGMENT)).unwrap();
    let (right, wrong) = (format!("{{\"seq\":{seq},"), "{\"seq\":7777,");
    assert!(text.contains(&right));
    log.disk.tamper(SEGMENT, text.replace(&right, wrong).as_bytes());
}

#[test]
fn a_signed_line_that_is_no_entry_any_more_is_refused_as_a_changed_one() {
    let mut log = closed(300);
    renumber(&log, 200);
    check_refused(&mut log, &["entry 200", SEGMENT]);
    // Further back nobody looks, unless the tree must be made again.
    let mut log = closed(300);
    renumber(&log, 3);
    log.disk.tamper("tree/08", &[7; 32]);
    check_refused(&mut log, &["do not have the root"]);
}

#[test]
fn a_log_without_its_first_segment_goes_on_as_long_as_its_tree_is_right() {
    let mut log = closed(600);
    log.disk.lose(SEGMENT);
    let mut damaged = log.fork(1);
    log.open().unwrap();
    log.record(40).unwrap();
    log.close().unwrap();
    damaged.disk.tamper("tree/08", &[7; 64]);
    check_refused(&mut damaged, &["do not have the root"]);
}

#[test]
fn a_checkpoint_at_the_end_of_a_sealed_last_segment_is_no_edge_case() {
    let mut log = log_in_segments_of(1, 255);
    log.publish().unwrap(); // of size 256
    log.record(40).unwrap();
    log.seal();
    log.kill(1);
    log.disk.lose(SECOND);
    log.open().unwrap();
    assert_eq!(recovery(&log)["covered"], 256);
    assert_eq!(recovery(&log)["entries"], 256);
}

#[test]
fn a_truncated_log_says_how_many_entries_are_there_however_many_are_missing() {
    let is_segment = |name: &String| name.starts_with("entries/");
    let segments =
        |log: &Driver| -> Vec<String> { log.disk.files().into_keys().filter(is_segment).collect() };
    let mut log = closed(600);
    segments(&log).iter().for_each(|name| log.disk.lose(name));
    check_refused(&mut log, &["covers 602 entries", "0 are there"]);
    // In the middle of a segment.
    let mut log = log_of(600);
    log.close().unwrap();
    let lines = log.disk.bytes(SEGMENT);
    let kept: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').take(100).collect();
    log.disk.tamper(SEGMENT, &kept.concat());
    check_refused(&mut log, &["covers 602 entries", "100 are there"]);
    // Behind a sealed one.
    let mut log = log_in_segments_of(1, 600);
    log.seal();
    log.close().unwrap();
    segments(&log)[1..].iter().for_each(|name| log.disk.lose(name));
    check_refused(&mut log, &["covers 602 entries", "256 are there"]);
}

#[test]
fn signed_lines_longer_than_one_read_are_all_counted() {
    let mut log = log_of(0);
    for _ in 0..10 {
        log.record(60_000).unwrap();
    }
    log.close().unwrap();
    log.open_and_check().unwrap();
    assert_eq!(recovery(&log)["clean"], true);
}
