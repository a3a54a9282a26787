//! Damage of every shape, and the exact words and places that it comes to: beyond the newest checkpoint, where
//! nothing leads to a signed root, and in bytes without an end.

mod packed;

use bulla::proof::{Checkpoint, Finding, FindingKind, HASH_LEN, SignerKey, TreeSize, Verdict, leaf_hash};
use bulla::{AuditEntry, AuditLog, AuditOutcome, LogReader, Verify};
use bulla_hostile::{Directory, Original, Place, Shape};
use tempfile::TempDir;

use FindingKind::{
    CheckpointHistoryInconsistent, EntriesAndTreeChanged, Fork, LineChanged, LineInserted, LineRemoved,
    RecordedAtWrong, SegmentUnreadable, SeqWrong, TreeChanged, Truncated,
};

const SEGMENT: &str = "entries/00000000000000000000.jsonl";

/// A closed log of one plain segment, with a checkpoint for each session.
fn log_of(entries: u64, sessions: u64) -> (TempDir, Directory, SignerKey) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries, sessions, segment_bytes: 1 << 30, seal: false, payloads: false };
    let original = Original::write(folder.path().join("audit"), shape);
    (folder, original.directory, original.key)
}

fn verify(log: &Directory) -> Verdict {
    bulla::verify(log.root()).unwrap()
}

fn findings(log: &Directory) -> Vec<Finding> {
    verify(log).findings
}

fn change(log: &Directory, place: &Place) {
    log.change_byte(&place.file, place.bytes.start + 100, 1);
}

fn write_hash(log: &Directory, row: &str, index: usize, hash: [u8; HASH_LEN]) {
    log.edit(row, |bytes| bytes[HASH_LEN * index..HASH_LEN * (index + 1)].copy_from_slice(&hash));
}

#[track_caller]
fn check(finding: &Finding, kind: FindingKind, seqs: (u64, u64), words: &str) {
    let found = (finding.kind, finding.first_seq, finding.end_seq);
    assert_eq!(found, (kind, Some(seqs.0), Some(seqs.1)), "{finding}");
    assert!(finding.message.contains(words), "{:?} does not say {words:?}", finding.message);
}

#[track_caller]
fn only(found: &[Finding]) -> &Finding {
    assert_eq!(found.len(), 1, "{found:#?}");
    &found[0]
}

/// Puts the checkpoints back to the first so many.
fn keep_notes(log: &Directory, count: usize) {
    let notes = log.history();
    log.write("checkpoint", &notes[count - 1]);
    log.write_history(&notes[..count]);
}

#[test]
fn beyond_the_newest_checkpoint_it_is_said_that_nothing_covers_a_changed_line() {
    let (_folder, log, _) = log_of(40, 2);
    keep_notes(&log, 1);
    let lines = log.lines();
    change(&log, &lines[10]);
    change(&log, &lines[30]);
    let verdict = verify(&log);
    let found = &verdict.findings;
    assert_eq!(found.len(), 2, "{found:#?}");
    check(&found[0], LineChanged, (10, 11), "the line is not the one that was signed for");
    check(
        &found[1],
        LineChanged,
        (30, 31),
        "the line does not have its stored hash, and no checkpoint covers it yet",
    );
    assert_eq!(verdict.not_covered, Some(20..40));
}

#[test]
fn beyond_the_newest_checkpoint_a_hash_that_a_crash_left_unfinished_is_none_that_was_changed() {
    let (_folder, log, _) = log_of(40, 2);
    keep_notes(&log, 1);
    let lines = log.lines();
    let whole = log.read("tree/00");
    // Something else is wrong, so that all is looked at closely.
    change(&log, &lines[5]);
    for (from, to, is_told) in [(0, 32, false), (7, 32, false), (0, 9, false), (3, 4, true)] {
        log.write("tree/00", &whole);
        log.edit("tree/00", |bytes| {
            let hash = &mut bytes[HASH_LEN * 30..HASH_LEN * 31];
            // Never zero, which is what a crash leaves.
            let other = |old: u8| if old == 1 { 2 } else { 1 };
            hash[from..to].iter_mut().for_each(|old| *old = if is_told { other(*old) } else { 0 });
        });
        let found = findings(&log);
        assert_eq!(found.len(), 1 + usize::from(is_told), "{from}..{to}: {found:#?}");
        check(&found[0], LineChanged, (5, 6), "signed for");
        if is_told {
            check(
                &found[1],
                TreeChanged,
                (30, 31),
                "it does not have the hash of the entry's line, which is right",
            );
            assert!(found[1].repairable && found[1].file.as_deref() == Some("tree/00"));
            assert_eq!(found[1].bytes, Some(HASH_LEN as u64 * 30..HASH_LEN as u64 * 31));
        }
    }
}

#[test]
fn a_line_changed_with_its_hash_is_placed_between_the_checkpoints_around_it() {
    for (seq, good, bad, words) in [
        (5, 0, 10, "size 10 nor of 3 later ones: "),
        (15, 10, 20, "size 20 nor of 2 later ones: "),
        (35, 30, 40, "size 40: "),
    ] {
        let (_folder, log, _) = log_of(40, 4);
        change(&log, &log.lines()[seq]);
        let line = log.line(&log.lines()[seq]);
        write_hash(&log, "tree/00", seq, *leaf_hash(&line).as_bytes());
        let found = findings(&log);
        let finding = only(&found);
        check(finding, EntriesAndTreeChanged, (good, bad), words);
        assert!(finding.message.contains(&format!("the checkpoint of size {good}, and not")), "{finding}");
        assert_eq!(finding.evidence, [log.history()[bad as usize / 10 - 1].clone()]);
    }
}

#[test]
fn a_line_and_a_hash_of_which_neither_is_signed_for_are_both_told() {
    let (_folder, log, _) = log_of(40, 2);
    change(&log, &log.lines()[25]);
    write_hash(&log, "tree/00", 25, *leaf_hash(b"x").as_bytes());
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:#?}");
    check(&found[0], EntriesAndTreeChanged, (20, 40), "changed together with their hashes");
    check(
        &found[1],
        LineChanged,
        (25, 26),
        "the line does not have its stored hash, and neither leads to a signed root",
    );
}

#[test]
fn a_signed_root_that_the_entries_do_not_have_is_told_with_the_one_that_they_have() {
    let forged = |key: &SignerKey, size| {
        Checkpoint::new(key.name(), TreeSize(size), leaf_hash(b"x")).unwrap().sign(&[key])
    };
    // In the history.
    let (_folder, log, key) = log_of(40, 4);
    let mut notes = log.history();
    notes.insert(2, forged(&key, 25));
    log.write_history(&notes);
    let found = findings(&log);
    let finding = only(&found);
    assert_eq!(finding.kind, CheckpointHistoryInconsistent);
    assert!(finding.message.starts_with("its root of size 25 is not that of the entries"), "{finding}");
    assert_eq!(finding.evidence, [notes[2].clone(), notes[3].clone()]);
    let start = notes[..2].iter().map(|note| note.len() as u64 + 1).sum::<u64>();
    assert_eq!(finding.bytes, Some(start..start + notes[2].len() as u64 + 1));
    assert_eq!(finding.file.as_deref(), Some("checkpoints"));
    // Kept elsewhere.
    let (_folder, log, key) = log_of(40, 4);
    let pin = forged(&key, 25);
    let found = Verify::of(log.root()).pin(pin.clone()).run().unwrap().findings;
    let finding = only(&found);
    assert_eq!((finding.kind, finding.file.as_deref(), &finding.bytes), (Fork, None, &None));
    assert!(finding.message.ends_with("the entries have another root at size 25"), "{finding}");
    assert_eq!(finding.evidence, [pin, log.history()[2].clone()]);
    // In the file `checkpoint`.
    let newest = forged(&key, 35);
    log.write("checkpoint", &newest);
    let found = findings(&log);
    let fork = only(&found[1..]);
    assert_eq!((found[0].kind, fork.kind), (CheckpointHistoryInconsistent, Fork), "{found:#?}");
    assert_eq!(
        (fork.file.as_deref(), fork.bytes.clone()),
        (Some("checkpoint"), Some(0..newest.len() as u64))
    );
    assert_eq!(fork.evidence, [newest, log.history()[3].clone()]);
}

#[test]
fn bytes_too_many_for_a_line_are_one_line_inserted() {
    for len in [196_700, 300_000, 1 << 20, (1 << 20) + 1, 2_500_000] {
        let (_folder, log, _) = log_of(40, 1);
        let lines = log.lines();
        let mut bytes = vec![b'x'; len];
        bytes.push(b'\n');
        log.insert_before(&lines[10], &bytes);
        let found = findings(&log);
        let finding = only(&found);
        check(finding, LineInserted, (10, 10), "a line that is no entry of the log");
        let start = lines[10].bytes.start as u64;
        assert_eq!(finding.bytes, Some(start..start + len as u64), "{len}");
    }
}

#[test]
fn bytes_too_many_for_a_line_before_one_change_that_line() {
    for len in [196_700, 300_000, 2_500_000] {
        let (_folder, log, _) = log_of(40, 1);
        let lines = log.lines();
        log.insert_before(&lines[10], &vec![b'x'; len]);
        let found = findings(&log);
        let finding = only(&found);
        check(finding, LineChanged, (10, 11), "not the one that was signed for");
        let bytes = lines[10].bytes.start as u64..(lines[10].bytes.end + len) as u64;
        assert_eq!(finding.bytes, Some(bytes), "{len}");
    }
}

#[test]
fn long_lines_that_lost_the_newline_between_them_are_two_wherever_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::builder(folder.path()).segment_bytes(1 << 30).open().unwrap();
    for _ in 0..30 {
        let detail = serde_json::json!(["x"; 6].map(|text| text.repeat(10_000)));
        log.record_blocking(AuditEntry::api("x").outcome(AuditOutcome::Success).detail(detail)).unwrap();
    }
    log.close_blocking().unwrap();
    let log = Directory::new(folder.path());
    let whole = log.read(SEGMENT);
    for (seq, place) in (0..).zip(&log.lines()).skip(10).take(15) {
        log.edit(SEGMENT, |bytes| _ = bytes.remove(place.bytes.end));
        let found = findings(&log);
        check(only(&found), LineChanged, (seq, seq + 1), "the newline after the line");
        log.write(SEGMENT, &whole);
    }
}

#[test]
fn bytes_without_an_end_behind_the_log_are_torn_however_many() {
    for len in [1, 70_000, 300_000, 2_500_000] {
        for byte in [b'x', 0] {
            let (_folder, log, _) = log_of(40, 1);
            log.edit(SEGMENT, |bytes| bytes.resize(bytes.len() + len, byte));
            assert!(verify(&log).is_clean(), "{len}: {:#?}", findings(&log));
            // Where entries are missing before them, they are what is left of those.
            let lines = log.lines();
            let start = lines[38].bytes.start;
            log.edit(SEGMENT, |bytes| drop(bytes.drain(start..lines[39].bytes.end + 1)));
            let found = findings(&log);
            let finding = only(&found);
            check(finding, Truncated, (38, 40), "only 38 entries are there");
            assert_eq!(finding.bytes, Some(start as u64..(start + len) as u64), "{len}");
        }
    }
}

#[test]
fn bytes_without_an_end_behind_a_segment_that_is_followed_by_another_are_told_however_they_begin() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 600, sessions: 1, segment_bytes: 1, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    let next = log.line(&log.lines()[256]);
    let start = log.read(SEGMENT).len() as u64;
    for len in [1, 20, 60, 100, next.len()] {
        log.edit(SEGMENT, |bytes| bytes.extend_from_slice(&next[..len]));
        let found = findings(&log);
        assert_eq!(only(&found).file.as_deref(), Some(SEGMENT), "{len}: {found:#?}");
        assert_eq!(found[0].bytes, Some(start..start + len as u64), "{len}: {found:#?}");
        log.edit(SEGMENT, |bytes| bytes.truncate(start as usize));
    }
    assert!(verify(&log).is_clean());
}

#[test]
fn rows_too_short_and_too_long_are_told_with_the_entries_they_stand_for() {
    let (_folder, log, _) = log_of(600, 2);
    let (leaves, tiles) = (log.read("tree/00"), log.read("tree/08"));
    let check_row = |row: &str, bytes: &[u8], seqs: (u64, u64), at: std::ops::Range<u64>, words: &str| {
        log.write(row, bytes);
        let found = findings(&log);
        let finding = only(&found);
        check(finding, TreeChanged, seqs, words);
        assert_eq!((finding.file.as_deref(), finding.bytes.clone()), (Some(row), Some(at)), "{finding}");
        assert!(finding.repairable, "{finding}");
        log.write("tree/00", &leaves);
        log.write("tree/08", &tiles);
    };
    let longer = |bytes: &[u8], more: usize| [bytes, &[7; 64][..more]].concat();
    check_row(
        "tree/00",
        &leaves[..32 * 590],
        (590, 600),
        32 * 590..32 * 600,
        "has 590 hashes, and 600 are signed",
    );
    check_row("tree/00", &leaves[..32 * 590 + 3], (590, 600), 32 * 590 + 3..32 * 600, "has 590 hashes");
    check_row("tree/00", &longer(&leaves, 32), (600, 601), 32 * 600..32 * 601, "601 hashes, and ");
    check_row("tree/00", &longer(&leaves, 9), (600, 600), 32 * 600..32 * 600 + 9, "a part of a hash");
    check_row("tree/08", &tiles[..32], (256, 512), 32..64, "has 1 hashes, and 2 are signed for");
    check_row("tree/08", &tiles[..0], (0, 512), 0..64, "has 0 hashes");
    check_row("tree/08", &longer(&tiles, 32), (512, 600), 64..96, "has 3 hashes, and 2 follow from");
    check_row("tree/08", &longer(&tiles, 64), (512, 600), 64..128, "has 4 hashes, and 2 follow from");
    check_row("tree/08", &longer(&tiles, 5), (512, 512), 64..69, "a part of a hash");
    check_row("tree/16", &[7; 32], (0, 600), 0..32, "has 1 hashes, and 0 follow from");
}

#[test]
fn a_line_that_was_signed_with_a_wrong_number_or_time_is_told_where_it_lies() {
    let (_folder, log, key) = log_of(40, 1);
    let place = log.lines().swap_remove(10);
    let line = String::from_utf8(log.line(&place)).unwrap();
    for (from, to, kind) in [("\"seq\":10", "\"seq\":99", SeqWrong), (":\"20", ":\"10", RecordedAtWrong)] {
        log.replace(&place, format!("{}\n", line.replacen(from, to, 1)).as_bytes());
        log.sign_anew(&key);
        let found = findings(&log);
        let finding = only(&found);
        check(finding, kind, (10, 11), "and was signed so");
        assert_eq!(finding.file.as_deref(), Some(SEGMENT));
        assert_eq!(finding.bytes, Some(place.bytes.start as u64..place.bytes.end as u64));
    }
}

#[test]
fn a_hash_that_is_another_is_told_where_its_tile_says_that_the_lines_are_right() {
    let (_folder, log, _) = log_of(600, 2);
    let whole = log.read("tree/00");
    for ranges in [&[(20, 21)][..], &[(20, 21), (300, 301)], &[(300, 301)], &[(0, 256)], &[(256, 512)]] {
        for seq in ranges.iter().flat_map(|(first, end)| *first..*end) {
            write_hash(&log, "tree/00", seq, *leaf_hash(&[seq as u8]).as_bytes());
        }
        let found = findings(&log);
        assert_eq!(found.len(), ranges.len(), "{found:#?}");
        for (finding, (first, end)) in found.iter().zip(ranges) {
            let seqs = (*first as u64, *end as u64);
            check(finding, TreeChanged, seqs, "the hash of the entry's line, which is right");
            assert!(finding.file.as_deref() == Some("tree/00") && finding.repairable, "{finding}");
        }
        log.write("tree/00", &whole);
    }
}

#[test]
fn a_hash_that_is_another_and_a_line_that_was_changed_elsewhere_are_told_apart_by_their_tiles() {
    for (hash, line) in [(20, 300), (300, 20)] {
        let (_folder, log, _) = log_of(600, 1);
        write_hash(&log, "tree/00", hash, *leaf_hash(b"x").as_bytes());
        change(&log, &log.lines()[line]);
        let mut found = findings(&log);
        assert_eq!(found.len(), 2, "{hash}, {line}: {found:#?}");
        found.sort_by_key(|finding| finding.kind != TreeChanged);
        let seqs = |seq: usize| (seq as u64, seq as u64 + 1);
        check(&found[0], TreeChanged, seqs(hash), "the hash of the entry's line, which is right");
        check(&found[1], LineChanged, seqs(line), "not the one that was signed for");
    }
}

#[test]
fn a_line_changed_with_its_hash_is_placed_by_its_tile_and_the_checkpoints_inside_it() {
    for (sessions, seq, seqs) in [(2, 100, (0, 256)), (6, 150, (100, 200)), (3, 300, (256, 400))] {
        let (_folder, log, _) = log_of(600, sessions);
        change(&log, &log.lines()[seq]);
        write_hash(&log, "tree/00", seq, *leaf_hash(&log.line(&log.lines()[seq])).as_bytes());
        let found = findings(&log);
        check(only(&found), EntriesAndTreeChanged, seqs, "tree/08 still has the signed ones");
    }
}

#[test]
fn lines_changed_in_a_tile_that_was_changed_are_told_with_it_and_others_are_not() {
    let (_folder, log, _) = log_of(600, 1);
    let lines = log.lines();
    [100, 120].iter().for_each(|seq| change(&log, &lines[*seq]));
    write_hash(&log, "tree/00", 100, *leaf_hash(&log.line(&lines[100])).as_bytes());
    let found = findings(&log);
    check(only(&found), EntriesAndTreeChanged, (0, 256), "tree/08 still has the signed ones");
    change(&log, &lines[300]);
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:#?}");
    check(&found[0], EntriesAndTreeChanged, (0, 256), "");
    check(&found[1], LineChanged, (300, 301), "not the one that was signed for");
}

#[test]
fn a_tile_whose_root_leads_to_what_was_changed_in_it_is_not_blamed_beside_another() {
    let (_folder, log, _) = log_of(600, 1);
    let lines = log.lines();
    // One hash is damaged and one line changed, which the root of their tile tells apart.
    log.change_byte("tree/00", HASH_LEN * 20, 1);
    change(&log, &lines[100]);
    change(&log, &lines[300]);
    write_hash(&log, "tree/00", 300, *leaf_hash(&log.line(&lines[300])).as_bytes());
    let mut found = findings(&log);
    assert_eq!(found.len(), 3, "{found:#?}");
    found.sort_by_key(|finding| finding.first_seq);
    check(&found[0], TreeChanged, (20, 21), "the hash of the entry's line, which is right");
    check(&found[1], LineChanged, (100, 101), "not the one that was signed for");
    check(&found[2], EntriesAndTreeChanged, (256, 512), "tree/08 still has the signed ones");
}

#[test]
fn a_forged_root_at_the_edge_of_a_changed_tile_is_not_taken_for_that_change() {
    for size in [256, 512, 550] {
        let (_folder, log, key) = log_of(600, 3);
        change(&log, &log.lines()[300]);
        write_hash(&log, "tree/00", 300, *leaf_hash(&log.line(&log.lines()[300])).as_bytes());
        let mut notes = log.history();
        let forged = Checkpoint::new(key.name(), TreeSize(size), leaf_hash(b"x")).unwrap().sign(&[&key]);
        notes.insert(if size < 400 { 1 } else { 2 }, forged);
        log.write_history(&notes);
        let found = findings(&log);
        assert_eq!(found.len(), 2, "{size}: {found:#?}");
        assert_eq!(found[0].kind, CheckpointHistoryInconsistent, "{size}: {found:#?}");
        assert!(found[0].message.contains(&format!("its root of size {size} is not")), "{}", found[0]);
        check(&found[1], EntriesAndTreeChanged, (256, 400), "tree/08 still has the signed ones");
    }
}

#[test]
fn beyond_the_newest_checkpoint_a_root_of_a_tile_that_a_crash_left_unfinished_is_none_that_was_changed() {
    let (_folder, log, _) = log_of(600, 2);
    keep_notes(&log, 1);
    change(&log, &log.lines()[5]);
    let whole = log.read("tree/08");
    for (from, to, byte, is_told) in
        [(32, 64, 0, false), (40, 50, 0, false), (40, 50, 7, true), (0, 1, 7, true)]
    {
        log.edit("tree/08", |bytes| bytes[from..to].fill(byte));
        let found = findings(&log);
        assert_eq!(found.len(), 1 + usize::from(is_told), "{from}..{to}: {found:#?}");
        let row = found.iter().find(|finding| finding.kind == TreeChanged);
        assert_eq!(row.is_some(), is_told, "{from}..{to}: {found:#?}");
        if let Some(row) = row {
            let tile = from as u64 / 32 * 256;
            check(row, TreeChanged, (tile, tile + 256), "the hash of the entries under it");
        }
        log.write("tree/08", &whole);
    }
}

#[test]
fn where_nothing_leads_to_a_signed_root_no_row_is_told() {
    let (_folder, log, _) = log_of(600, 1);
    change(&log, &log.lines()[20]);
    log.rebuild_tree();
    log.edit("tree/08", |bytes| bytes[32..64].fill(7));
    let found = findings(&log);
    check(only(&found), EntriesAndTreeChanged, (0, 600), "size 600: ");
}

#[test]
fn lines_changed_one_and_all_between_two_checkpoints_are_judged_for_themselves() {
    let (_folder, log, _) = log_of(6, 3);
    write_hash(&log, "tree/00", 0, *leaf_hash(b"x").as_bytes());
    log.lines()[2..4].iter().for_each(|place| change(&log, place));
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:#?}");
    check(&found[0], TreeChanged, (0, 1), "which is right");
    check(&found[1], LineChanged, (2, 4), "not the one that was signed for");
}

#[test]
fn a_hundred_roots_that_the_entries_do_not_have_are_told_before_one_that_they_have() {
    let (_folder, log, key) = log_of(200, 1);
    let forged = |size| Checkpoint::new(key.name(), TreeSize(size), leaf_hash(b"x")).unwrap().sign(&[&key]);
    let notes: Vec<String> = (1..=150).map(forged).chain(log.history()).collect();
    log.write_history(&notes);
    let found = findings(&log);
    assert_eq!(found.len(), 100, "{:?}", found.last());
    assert!(found.iter().all(|finding| finding.kind == CheckpointHistoryInconsistent));
}

/// Puts notes of these sizes, signed by the log's key for roots that it never had, before the others.
fn forge(log: &Directory, key: &SignerKey, sizes: std::ops::Range<u64>) {
    let forged = |size| {
        let root = leaf_hash(&u64::to_be_bytes(size));
        Checkpoint::new(key.name(), TreeSize(size), root).unwrap().sign(&[key])
    };
    let notes: Vec<String> = sizes.map(forged).chain(log.history()).collect();
    log.write_history(&notes);
}

#[test]
fn signed_roots_that_the_entries_do_not_have_are_all_counted() {
    for count in [99, 100, 101, 140] {
        let (_folder, log, key) = log_of(600, 2);
        forge(&log, &key, 10..10 + count);
        let verdict = verify(&log);
        assert_eq!((verdict.findings.len() as u64, verdict.findings_total()), (count.min(100), count));
        for (size, finding) in (10..).zip(&verdict.findings) {
            assert_eq!(finding.kind, CheckpointHistoryInconsistent, "{finding}");
            assert!(finding.message.starts_with(&format!("its root of size {size} is not ")), "{finding}");
        }
    }
}

#[test]
fn signed_roots_inside_a_tile_that_was_changed_are_not_counted_beside_it() {
    // Sizes from 200 on lie behind the change at 150 and inside its tile but for those from 256 on.
    for (sizes, beside) in [(151..256, 0), (151..257, 1), (151..300, 44), (257..400, 143)] {
        let (_folder, log, key) = log_of(600, 1);
        change(&log, &log.lines()[150]);
        write_hash(&log, "tree/00", 150, *leaf_hash(&log.line(&log.lines()[150])).as_bytes());
        forge(&log, &key, sizes.clone());
        let verdict = verify(&log);
        let changed = verdict.findings.iter().filter(|found| found.kind == EntriesAndTreeChanged).count();
        assert_eq!(
            (changed, verdict.findings_total()),
            (1, 1 + beside),
            "{sizes:?}: {:#?}",
            verdict.findings
        );
    }
}

#[test]
fn signed_roots_of_which_none_is_that_of_the_entries_are_all_counted() {
    for count in [1, 99, 100, 101, 140] {
        let (_folder, log, key) = log_of(200, 1);
        change(&log, &log.lines()[5]);
        log.rebuild_tree();
        forge(&log, &key, 10..10 + count);
        let found = findings(&log);
        let words = format!("size 10 nor of {count} later ones: ");
        check(only(&found), EntriesAndTreeChanged, (0, 10), &words);
    }
}
