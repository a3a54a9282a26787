//! What a finding says beside its kind: which entries, which bytes, which words, and what is one finding and not two.

mod beyond;

use bulla::proof::{Finding, FindingKind, HASH_LEN};
use bulla_hostile::{Directory, Original, Place, Shape};
use tempfile::TempDir;

const SEGMENT: &str = "entries/00000000000000000000.jsonl";

/// A closed log of one plain segment.
fn log_of(entries: u64) -> (TempDir, Directory) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries, sessions: 1, segment_bytes: 1 << 30, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    (folder, log)
}

fn findings(log: &Directory) -> Vec<Finding> {
    bulla::verify(log.root()).unwrap().findings
}

/// Changes a byte of each of these lines, behind its number and time.
fn change_lines<'a>(log: &Directory, places: impl Iterator<Item = &'a Place>) {
    log.edit(SEGMENT, |bytes| places.for_each(|place| bytes[place.bytes.start + 100] ^= 1));
}

fn bytes_of(first: &Place, last: &Place) -> Option<std::ops::Range<u64>> {
    Some(first.bytes.start as u64..last.bytes.end as u64)
}

/// Where a place ends as findings count: without the newline.
fn check(finding: &Finding, kind: FindingKind, seqs: (u64, u64), words: &str) {
    assert_eq!(
        (finding.kind, finding.first_seq, finding.end_seq),
        (kind, Some(seqs.0), Some(seqs.1)),
        "{finding}"
    );
    assert!(finding.message.contains(words), "{:?} does not say {words:?}", finding.message);
}

#[test]
fn lines_changed_one_after_another_are_one_finding_and_others_are_not() {
    let (_folder, log) = log_of(40);
    let lines = log.lines();
    change_lines(&log, [10, 11, 12, 20].map(|seq| &lines[seq]).into_iter());
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    check(&found[0], FindingKind::LineChanged, (10, 13), "the line is not the one that was signed for");
    check(&found[1], FindingKind::LineChanged, (20, 21), "the line is not the one that was signed for");
    assert_eq!(found[0].bytes, bytes_of(&lines[10], &lines[12]));
    assert_eq!(found[1].bytes, bytes_of(&lines[20], &lines[20]));
}

#[test]
fn lines_inserted_one_after_another_are_counted_in_one_finding() {
    for count in 1..=3_u64 {
        let (_folder, log) = log_of(40);
        let lines = log.lines();
        let inserted = b"{\"seq\":0,\"recorded_at\":\"2026-01-01T00:00:00.000000000Z\",\"id\":\"x\"}\n";
        log.insert_before(&lines[10], &inserted.repeat(count as usize));
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{found:?}");
        let words = if count == 1 { "a line that is".to_owned() } else { format!("{count} lines that are") };
        check(&found[0], FindingKind::LineInserted, (10, 10), &words);
        let start = lines[10].bytes.start as u64;
        assert_eq!(found[0].bytes, Some(start..start + count * inserted.len() as u64 - 1));
    }
}

#[test]
fn more_changed_lines_than_are_looked_ahead_are_each_in_their_place() {
    let (_folder, log) = log_of(9000);
    let lines = log.lines();
    change_lines(&log, lines[100..8900].iter());
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], FindingKind::LineChanged, (100, 8900), "");
    assert_eq!(found[0].bytes, bytes_of(&lines[100], &lines[8899]));
}

#[test]
fn more_differences_than_are_kept_are_counted() {
    let (_folder, log) = log_of(8600);
    change_lines(&log, log.lines().iter().step_by(2));
    let verdict = bulla::verify(log.root()).unwrap();
    assert_eq!(verdict.findings_total(), 4300, "{verdict}");
}

#[test]
fn hashes_behind_the_end_of_a_closed_log_are_what_is_too_many() {
    let (_folder, log) = log_of(40);
    log.edit("tree/00", |bytes| bytes.extend([7; 2 * HASH_LEN]));
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], FindingKind::TreeChanged, (40, 42), "has 42 hashes");
    assert_eq!((found[0].file.as_deref(), found[0].repairable), (Some("tree/00"), true));
    assert_eq!(found[0].bytes, Some(40 * 32..42 * 32));
}

#[test]
fn a_log_cut_off_is_told_with_what_is_signed_and_where_it_ends() {
    let (_folder, log) = log_of(40);
    let lines = log.lines();
    log.edit(SEGMENT, |bytes| bytes.truncate(lines[30].bytes.start + 9));
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], FindingKind::Truncated, (30, 40), "of size 40 is signed, and only 30 entries are there");
    assert_eq!(found[0].file.as_deref(), Some(SEGMENT));
    let start = lines[30].bytes.start as u64;
    assert_eq!(found[0].bytes, Some(start..start + 9));
}

#[test]
fn lines_gone_are_counted_in_words() {
    for (count, words) in [(1, "1 line is gone"), (3, "3 lines are gone")] {
        let (_folder, log) = log_of(40);
        let lines = log.lines();
        log.edit(SEGMENT, |bytes| drop(bytes.drain(lines[10].bytes.start..lines[10 + count].bytes.start)));
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{found:?}");
        check(&found[0], FindingKind::LineRemoved, (10, 10 + count as u64), words);
        let start = lines[10].bytes.start as u64;
        assert_eq!(found[0].bytes, Some(start..start), "where they lay");
    }
}

#[test]
fn a_payload_that_was_changed_is_told_once_beside_a_damaged_segment() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 530, sessions: 1, segment_bytes: 1, seal: false, payloads: true };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    change_lines(&log, [&log.lines()[5]].into_iter());
    for folder in std::fs::read_dir(log.root().join("payloads")).unwrap() {
        let folder = format!("payloads/{}", folder.unwrap().file_name().to_string_lossy());
        log.files(&folder).iter().for_each(|payload| log.change_byte(payload, 0, 1));
    }
    let mut found = findings(&log);
    check(&found.remove(0), FindingKind::LineChanged, (5, 6), "");
    let told: Vec<_> = found.iter().map(|finding| (finding.kind, finding.first_seq)).collect();
    let expected: Vec<_> = (3..530).step_by(10).map(|seq| (FindingKind::PayloadChanged, Some(seq))).collect();
    assert_eq!(told, expected);
}

#[test]
fn changed_lines_that_do_not_lie_or_count_one_after_another_are_not_one_finding() {
    let kinds = |log: &Directory| -> Vec<_> {
        findings(log).iter().map(|finding| (finding.kind, finding.first_seq, finding.end_seq)).collect()
    };
    let changed = |seq| (FindingKind::LineChanged, Some(seq), Some(seq + 1));
    // One was inserted between them.
    let (_folder, log) = log_of(40);
    let lines = log.lines();
    change_lines(&log, lines[10..12].iter());
    log.insert_before(
        &lines[11],
        b"{\"seq\":0,\"recorded_at\":\"2026-01-01T00:00:00.000000000Z\",\"id\":\"x\"}\n",
    );
    assert_eq!(kinds(&log), [changed(10), changed(11), (FindingKind::LineInserted, Some(11), Some(11))]);
    // One was removed between them.
    let (_folder, log) = log_of(40);
    change_lines(&log, lines[10..13].iter());
    log.remove_line(&log.lines()[11]);
    assert_eq!(kinds(&log), [changed(10), (FindingKind::LineRemoved, Some(11), Some(12)), changed(12)]);
    // They are in two files.
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 600, sessions: 1, segment_bytes: 1, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    for place in &log.lines()[255..257] {
        log.change_byte(&place.file, place.bytes.start + 100, 1);
    }
    assert_eq!(kinds(&log), [changed(255), changed(256)]);
}

#[test]
fn lines_inserted_in_two_places_are_two_findings() {
    let (_folder, log) = log_of(40);
    let lines = log.lines();
    for seq in [20, 10] {
        log.insert_before(&lines[seq], b"no entry\n");
    }
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    for (finding, seq) in found.iter().zip([10, 20]) {
        check(finding, FindingKind::LineInserted, (seq, seq), "a line that is no entry");
    }
}

#[test]
fn thousands_of_lines_that_were_moved_together_are_one_finding() {
    let (_folder, log) = log_of(20_000);
    let lines = log.lines();
    log.edit(SEGMENT, |bytes| {
        // Later ones first, so that the earlier places hold.
        for (from, to, before) in [(15_000, 18_000, 10_100), (5000, 8000, 100)] {
            let [from, to, before] = [from, to, before].map(|seq: usize| lines[seq].bytes.start);
            bytes[before..to].rotate_left(from - before);
        }
    });
    let verdict = bulla::verify(log.root()).unwrap();
    let found = &verdict.findings;
    assert_eq!((found.len(), verdict.findings_not_listed), (2, 0), "{found:?}");
    check(&found[0], FindingKind::LineMoved, (5000, 8000), "it lies before entry 100");
    check(&found[1], FindingKind::LineMoved, (15_000, 18_000), "it lies before entry 10100");
}

#[test]
fn a_newline_that_was_changed_or_removed_is_told_where_it_was() {
    for (seq, other) in [(10, None), (10, Some(b'x')), (39, None), (39, Some(b'x'))] {
        let (_folder, log) = log_of(40);
        let end = log.lines()[seq].bytes.end;
        log.edit(SEGMENT, |bytes| drop(bytes.splice(end..=end, other)));
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{seq}, {other:?}: {found:?}");
        let seqs = (seq as u64, seq as u64 + 1);
        check(&found[0], FindingKind::LineChanged, seqs, "the newline after the line was changed or removed");
        let end = end as u64;
        assert_eq!(found[0].bytes, Some(end..end + u64::from(other.is_some())), "{seq}");
    }
}
