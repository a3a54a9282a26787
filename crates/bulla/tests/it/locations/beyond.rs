//! A damaged log whose last entries have no hash yet, as beside a writer or after a crash: they are on their way, and
//! nothing is told of them.

use super::*;

use FindingKind::{FileMissing, FileUnexpected, LineChanged, LineRemoved, TreeChanged, Truncated};

/// A log in segments of 256 entries with a checkpoint for each session, of which the first is kept.
fn first_of(sessions: u64, entries: u64) -> (TempDir, Directory) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries, sessions, segment_bytes: 1, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    let notes = log.history();
    log.write("checkpoint", &notes[0]);
    log.write_history(&notes[..1]);
    (folder, log)
}

/// A log in segments of 256 entries, of which the first `signed` are signed for and have hashes, and `times` as many
/// are there.
fn unfinished(signed: u64, times: u64) -> (TempDir, Directory) {
    let (folder, log) = first_of(times, signed * times);
    for (row, hashes) in [("tree/00", signed), ("tree/08", signed / 256)] {
        if !log.has(row) {
            continue;
        }
        log.edit(row, |bytes| bytes.truncate(HASH_LEN * hashes as usize));
    }
    (folder, log)
}

fn change(log: &Directory, place: &Place) {
    log.change_byte(&place.file, place.bytes.start + 100, 1);
}

#[test]
fn lines_without_hashes_in_one_segment_or_more_are_counted_and_not_told() {
    for (signed, entries) in [(200, 600), (20, 40)] {
        let (_folder, log) = unfinished(signed, entries / signed);
        change(&log, &log.lines()[5]);
        let verdict = bulla::verify(log.root()).unwrap();
        assert_eq!(verdict.findings.len(), 1, "{verdict}");
        check(&verdict.findings[0], LineChanged, (5, 6), "");
        assert_eq!(verdict.not_covered, Some(signed..entries));
        assert!(verdict.checked[0].starts_with(&format!("the bytes of {entries} entries")), "{verdict:?}");
    }
}

#[test]
fn a_segment_beyond_the_hashes_that_does_not_go_on_from_the_one_before_is_all_that_is_told() {
    // With hashes of 200 entries; what is no entry is in the place of the next one, or after some more.
    for (kept, behind) in [(250, ""), (250, "no entry\n"), (200, ""), (200, "no entry\n")] {
        let (_folder, log) = unfinished(200, 3);
        let lines = log.lines();
        change(&log, &lines[5]);
        log.edit(SEGMENT, |bytes| {
            bytes.truncate(lines[kept].bytes.start);
            bytes.extend_from_slice(behind.as_bytes());
        });
        let found = findings(&log);
        assert_eq!(found.len(), 2, "{kept} and {behind:?}: {found:?}");
        assert_eq!((found[0].kind, found[1].kind), (FileUnexpected, LineChanged), "{found:?}");
        assert_eq!(found[0].message, format!("it should begin with entry {kept}"));
        assert_eq!(found[0].file.as_deref(), Some("entries/00000000000000000256.jsonl"));
    }
}

#[test]
fn a_segment_that_begins_where_the_hashes_end_is_not_asked_for_a_line_missing_before() {
    let (_folder, log) = unfinished(256, 2);
    let place = log.lines().swap_remove(255);
    log.remove_line(&place);
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], LineRemoved, (255, 256), "1 line is gone");
}

#[test]
fn a_line_missing_behind_the_hashes_is_not_asked_for_however_many_follow_it() {
    for count in [1, 4095, 4096, 9000] {
        let (_folder, log) = log_of(40);
        change(&log, &log.lines()[5]);
        let line = |seq| {
            format!("{{\"seq\":{seq},\"recorded_at\":\"2036-01-01T00:00:00.000000000Z\",\"id\":\"x\"}}\n")
        };
        let behind: String = (41..41 + count).map(line).collect();
        log.edit(SEGMENT, |bytes| bytes.extend_from_slice(behind.as_bytes()));
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{count}: {found:?}");
        check(&found[0], LineChanged, (5, 6), "");
    }
}

#[test]
fn an_entry_on_its_way_is_not_held_to_its_time_nor_to_its_payloads() {
    let (_folder, log) = log_of(40);
    change(&log, &log.lines()[10]);
    let digest = "5".repeat(64);
    let line = format!(
        "{{\"seq\":40,\"recorded_at\":\"2000-01-01T00:00:00.000000000Z\",\"payloads\":[{{\"ref\":\"{digest}\"}}]}}\n"
    );
    log.edit(SEGMENT, |bytes| bytes.extend_from_slice(line.as_bytes()));
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], LineChanged, (10, 11), "");
}

#[test]
fn lines_that_have_hashes_and_no_checkpoint_are_cut_off_unless_the_log_was_closed_there() {
    for (kept, kind, words) in [
        (35, Truncated, "tree/00 has the hashes of 40 entries, and only 35 are there: "),
        (20, TreeChanged, "it has 40 hashes, and the log was closed with 20 entries"),
        (19, Truncated, "a checkpoint of size 20 is signed, and only 19 entries are there"),
    ] {
        let (_folder, log) = first_of(2, 40);
        let lines = log.lines();
        log.edit(SEGMENT, |bytes| bytes.truncate(lines[kept as usize].bytes.start));
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{kept}: {found:?}");
        check(&found[0], kind, (kept, 40), words);
    }
    // The line by which it was closed is another now.
    let (_folder, log) = first_of(2, 40);
    let lines = log.lines();
    log.edit(SEGMENT, |bytes| bytes.truncate(lines[20].bytes.start));
    let text = String::from_utf8(log.line(&lines[19])).unwrap().replace("log.closed", "log.open  ");
    log.replace(&lines[19], format!("{text}\n").as_bytes());
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    check(&found[0], LineChanged, (19, 20), "");
    check(&found[1], Truncated, (20, 40), "tree/00 has the hashes of 40 entries, and only 20 are there: ");
}

#[test]
fn a_log_cut_off_behind_a_segment_that_is_gone_is_told_beside_it() {
    let (_folder, log) = first_of(1, 600);
    let last = log.lines().swap_remove(590);
    log.edit(&last.file, |bytes| bytes.truncate(last.bytes.start));
    log.remove(SEGMENT);
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    check(&found[0], FileMissing, (0, 256), "the segment is gone");
    check(&found[1], Truncated, (590, 600), "of size 600 is signed, and only 590 entries are there");
}
