//! The history of checkpoints: which notes are one finding and which are two, and what a crash may leave there.

use bulla::Verify;
use bulla::proof::{Checkpoint, Finding, FindingKind, SignerKey, TreeSize, leaf_hash};
use bulla_hostile::{Directory, Original, Shape};
use tempfile::TempDir;

/// A closed log of 60 entries, with checkpoints of sizes 10, 20 and so on to 60.
fn log() -> (TempDir, Directory, SignerKey) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 60, sessions: 6, segment_bytes: 1 << 20, seal: false, payloads: false };
    let original = Original::write(folder.path().join("audit"), shape);
    (folder, original.directory, original.key)
}

fn findings(log: &Directory) -> Vec<Finding> {
    bulla::verify(log.root()).unwrap().findings
}

fn note(key: &SignerKey, origin: &str, size: u64, root: &[u8]) -> String {
    Checkpoint::new(origin, TreeSize(size), leaf_hash(root)).unwrap().sign(&[key])
}

/// Another log's key of the same name.
fn stranger(key: &SignerKey) -> SignerKey {
    SignerKey::from_seed(key.name(), [9; 32]).unwrap()
}

/// Bytes in the file of these notes.
fn bytes_of(notes: &[String], range: std::ops::Range<usize>) -> std::ops::Range<u64> {
    let len = |notes: &[String]| notes.iter().map(|note| note.len() as u64 + 1).sum::<u64>();
    len(&notes[..range.start])..len(&notes[..range.end])
}

#[track_caller]
fn check(finding: &Finding, kind: FindingKind, bytes: std::ops::Range<u64>, words: &str) {
    assert_eq!((finding.kind, finding.bytes.clone()), (kind, Some(bytes)), "{finding}");
    assert_eq!(finding.file.as_deref(), Some("checkpoints"), "{finding}");
    assert!(finding.message.contains(words), "{:?} does not say {words:?}", finding.message);
}

use FindingKind::{CheckpointBadSignature, CheckpointHistoryInconsistent, CheckpointMalformed, Fork};

#[test]
fn notes_beside_each_other_that_are_bad_for_one_reason_are_one_finding() {
    let (_folder, log, key) = log();
    let mut notes = log.history();
    let forged = |size| note(&stranger(&key), key.name(), size, b"x");
    for at in [0, 1, 3] {
        notes[at] = forged(10 * (at as u64 + 1));
    }
    log.write_history(&notes);
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    check(&found[0], CheckpointBadSignature, bytes_of(&notes, 0..2), "2 checkpoints: ");
    check(&found[1], CheckpointBadSignature, bytes_of(&notes, 3..4), "");
    assert!(!found[1].message.contains("checkpoints: "), "{}", found[1]);
}

#[test]
fn notes_that_are_bad_for_different_reasons_are_different_findings() {
    let (_folder, log, key) = log();
    let mut notes = log.history();
    notes[1] = note(&stranger(&key), key.name(), 20, b"x");
    let other = SignerKey::from_seed("log.example/other", [9; 32]).unwrap();
    notes[2] = note(&other, other.name(), 30, b"x");
    log.write_history(&notes);
    let found = findings(&log);
    // What begins with another name is no note of this log, and is not looked at as one.
    assert_eq!(found.len(), 2, "{found:?}");
    check(&found[0], CheckpointBadSignature, bytes_of(&notes, 1..2), "");
    check(&found[1], CheckpointBadSignature, bytes_of(&notes, 2..3), "it is of log log.example/other");
}

#[test]
fn bytes_between_notes_are_no_checkpoint_and_accuse_none() {
    let garbage = ["x\n\ny\n\n".to_owned(), "no line\n".repeat(60_000), "x".repeat(300_000)];
    for garbage in garbage {
        for at in [0, 2] {
            let (_folder, log, _) = log();
            let notes = log.history();
            let start = bytes_of(&notes, 0..at).end;
            log.edit("checkpoints", |bytes| {
                let start = usize::try_from(start).unwrap();
                drop(bytes.splice(start..start, garbage.bytes()));
            });
            let verdict = bulla::verify(log.root()).unwrap();
            let end = start + garbage.len() as u64;
            let found = &verdict.findings;
            assert_eq!(found.len(), 1, "{at}, {} bytes: {found:?}", garbage.len());
            check(&found[0], CheckpointMalformed, start..end, "these bytes are no checkpoint");
            assert_eq!(verdict.size, TreeSize(60));
            assert!(verdict.checked.iter().any(|line| line.contains("of 6 checkpoints, and")), "{verdict:?}");
        }
    }
}

#[test]
fn a_note_without_belief_is_not_held_against_the_entries() {
    let (_folder, log, key) = log();
    let mut notes = log.history();
    notes.insert(2, note(&stranger(&key), key.name(), 25, b"x"));
    log.write_history(&notes);
    log.edit("entries/00000000000000000000.jsonl", |bytes| bytes[9000] ^= 1);
    let found = findings(&log);
    let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [CheckpointBadSignature, FindingKind::LineChanged], "{found:?}");
    let checked = bulla::verify(log.root()).unwrap().checked;
    assert!(checked[2].starts_with("the roots of 6 checkpoints"), "{checked:?}");
}

#[test]
fn a_checkpoint_published_twice_is_no_step_back() {
    let (_folder, log, _) = log();
    let mut notes = log.history();
    for at in [5, 0] {
        notes.insert(at, notes[at].clone());
    }
    log.write_history(&notes);
    let verdict = bulla::verify(log.root()).unwrap();
    assert!(verdict.is_clean(), "{:?}", verdict.findings);
    assert!(verdict.checked[2].starts_with("the roots of 8 checkpoints"), "{verdict:?}");
}

#[test]
fn a_checkpoint_of_the_right_size_and_another_root_is_not_the_one_of_the_history() {
    let (_folder, log, key) = log();
    log.write("checkpoint", note(&key, key.name(), 60, b"x"));
    let kinds: Vec<_> = findings(&log).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Fork, CheckpointHistoryInconsistent, Fork]);
}

#[test]
fn every_step_back_is_told_with_the_largest_before_it() {
    let (_folder, log, _) = log();
    let notes = log.history();
    // 30, 10, 20, 30 and on.
    let turned = [&notes[2..3], &notes[..]].concat();
    log.write_history(&turned);
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    let kind = CheckpointHistoryInconsistent;
    check(&found[0], kind, bytes_of(&turned, 1..2), "a checkpoint of size 10 follows one of size 30");
    check(&found[1], kind, bytes_of(&turned, 2..3), "a checkpoint of size 20 follows one of size 30");
    assert_eq!(found[0].evidence, [notes[2].clone(), notes[0].clone()]);
}

#[test]
fn two_roots_for_one_size_are_one_fork_whoever_has_them() {
    let (_folder, log, key) = log();
    let mut notes = log.history();
    let forged = note(&key, key.name(), 60, b"x");
    notes.push(forged.clone());
    log.write_history(&notes);
    let found = findings(&log);
    let forks: Vec<_> = found.iter().filter(|finding| finding.kind == Fork).collect();
    assert_eq!(forks.len(), 1, "{found:?}");
    check(forks[0], Fork, bytes_of(&notes, 6..7), "two roots are signed for size 60");
    assert_eq!(forks[0].evidence, [notes[5].clone(), forged]);
}

#[test]
fn a_pinned_checkpoint_of_another_history_is_a_fork_with_both_notes_as_evidence() {
    let (_folder, log, key) = log();
    let pin = note(&key, key.name(), 30, b"x");
    let verdict = Verify::of(log.root()).pin(pin.clone()).run().unwrap();
    let forks: Vec<_> = verdict.findings.iter().filter(|finding| finding.kind == Fork).collect();
    assert_eq!(forks.len(), 2, "{verdict}: {:?}", verdict.findings);
    for fork in forks {
        assert!(fork.evidence.contains(&pin) && fork.evidence.len() == 2, "{fork:?}");
    }
}

#[test]
fn a_pinned_checkpoint_beyond_the_newest_says_what_is_gone() {
    let (_folder, log, key) = log();
    let newest = String::from_utf8(log.read("checkpoint")).unwrap();
    for (size, findings) in [(60, 0), (61, 1)] {
        let root = if size == 60 { newest.clone() } else { note(&key, key.name(), size, b"x") };
        let verdict = Verify::of(log.root()).pin(root.clone()).run().unwrap();
        let rolled: Vec<_> =
            verdict.findings.iter().filter(|finding| finding.kind == FindingKind::RolledBack).collect();
        assert_eq!(rolled.len(), findings, "{verdict}: {:?}", verdict.findings);
        for finding in rolled {
            assert_eq!((finding.first_seq, finding.end_seq), (Some(60), Some(61)));
            assert!(
                finding
                    .message
                    .starts_with("a checkpoint of size 61 was pinned, the newest of the log has size 60")
            );
            assert_eq!(finding.evidence, [root.clone(), newest.clone()]);
        }
    }
}

/// Cuts the history and puts one of its notes, or nothing, into the file `checkpoint`.
fn published(notes: usize, newest: Option<usize>) -> (TempDir, Directory) {
    let (folder, log, _) = log();
    let history = log.history();
    match newest {
        Some(at) => log.write("checkpoint", &history[at]),
        None => log.remove("checkpoint"),
    }
    log.write_history(&history[..notes]);
    (folder, log)
}

/// The newest checkpoint of a log is the largest, whether the history or the file `checkpoint` has it.
#[test]
fn a_pin_is_held_against_the_largest_checkpoint_wherever_it_is() {
    for (in_history, newest) in [(4, 5), (6, 4), (6, 5)] {
        let (_folder, log) = published(in_history, Some(newest));
        let of_log = log.history();
        let beside = String::from_utf8(log.read("checkpoint")).unwrap();
        for pin in of_log.iter().chain([&beside]) {
            let found = Verify::of(log.root()).pin(pin.clone()).run().unwrap().findings;
            assert!(
                found.iter().all(|finding| finding.kind != FindingKind::RolledBack),
                "{in_history} {newest}: {found:?}"
            );
        }
    }
}

#[test]
fn a_crash_leaves_the_history_one_note_ahead_and_no_more() {
    for (notes, newest, kinds) in [
        (6, Some(5), &[][..]),
        (6, Some(4), &[]),
        (6, Some(3), &[FindingKind::RolledBack]),
        (6, Some(0), &[FindingKind::RolledBack]),
        (6, None, &[FindingKind::FileMissing]),
        (5, Some(5), &[CheckpointHistoryInconsistent]),
    ] {
        let (_folder, log) = published(notes, newest);
        let found = findings(&log);
        let told: Vec<_> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(told, kinds, "{notes} notes, {newest:?}: {found:?}");
        for finding in found {
            let file = if notes == 5 { "checkpoints" } else { "checkpoint" };
            assert_eq!(finding.file.as_deref(), Some(file), "{finding}");
            assert_eq!(finding.repairable, notes == 6, "{finding}");
        }
    }
    let (_folder, log) = published(6, Some(3));
    assert!(findings(&log)[0].message.starts_with("it has size 40, the history goes on to 60: "));
    let (_folder, log) = published(6, None);
    assert_eq!(findings(&log)[0].message, "it is gone, the history has 6 checkpoints");
}

/// A log with so many checkpoints, which was then left open.
fn with_sessions(sessions: u64) -> (TempDir, Directory) {
    let folder = tempfile::tempdir().unwrap();
    let shape =
        Shape { entries: 10 * sessions, sessions, segment_bytes: 1 << 20, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    (folder, log)
}

#[test]
fn the_first_checkpoint_may_still_be_on_its_way_into_its_file_and_the_second_may_not() {
    for (sessions, count) in [(1, 0), (2, 1)] {
        let (_folder, log) = with_sessions(sessions);
        log.remove("checkpoint");
        let found = findings(&log);
        assert_eq!(found.len(), count, "{sessions}: {found:?}");
    }
}

#[test]
fn an_empty_history_beside_a_checkpoint_is_one_that_is_gone() {
    let (_folder, log) = with_sessions(2);
    log.write("checkpoints", b"");
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, FindingKind::FileMissing, "{found:?}");
    assert_eq!(found[0].file.as_deref(), Some("checkpoints"));
    log.remove("checkpoint");
    let found = findings(&log);
    assert!(found.iter().any(|finding| finding.kind == FindingKind::RolledBack), "{found:?}");
}

#[test]
fn a_checkpoint_too_long_for_one_is_not_read() {
    let (_folder, log, _) = log();
    log.write("checkpoint", vec![b'x'; 1 << 20]);
    let found = findings(&log);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, CheckpointMalformed);
    assert_eq!(found[0].message, "it has 1048576 bytes, which no checkpoint has");
    assert_eq!((found[0].bytes.clone(), found[0].repairable), (Some(0..1 << 20), true));
}

#[test]
fn checkpoints_that_were_put_back_are_held_against_what_openings_recorded() {
    for kept in 1..=6 {
        let (_folder, log) = published(kept, Some(kept - 1));
        let found = findings(&log);
        // The last opening recorded the last checkpoint but one.
        if kept >= 5 {
            assert!(found.is_empty(), "{kept}: {found:?}");
            continue;
        }
        assert_eq!(found.len(), 1, "{kept}: {found:?}");
        let (signed, covered) = (10 * kept as u64, 10 * kept as u64 + 10);
        let finding = &found[0];
        assert_eq!((finding.kind, finding.first_seq), (FindingKind::RolledBack, Some(signed)), "{finding}");
        assert_eq!((finding.end_seq, finding.file.as_deref()), (Some(covered), Some("checkpoints")));
        let text = format!(
            "when the log was opened at entry {covered}, its newest checkpoint had size {covered}; now it has {signed}"
        );
        assert_eq!(finding.message, text);
    }
}

#[test]
fn only_the_entry_of_an_opening_says_how_far_checkpoints_reached() {
    let folder = tempfile::tempdir().unwrap();
    let log = bulla::AuditLog::builder(folder.path())
        .publish_interval(std::time::Duration::from_secs(3600))
        .open()
        .unwrap();
    let entry = bulla::AuditEntry::api("log.opened").principal("alice").outcome(bulla::AuditOutcome::Success);
    log.record_blocking(entry.detail(serde_json::json!({"recovery": {"covered": 1000}}))).unwrap();
    let verdict = bulla::verify(folder.path()).unwrap();
    assert!(verdict.is_clean() && verdict.not_covered == Some(0..2), "{verdict}");
}

#[test]
fn a_history_without_the_newest_checkpoint_is_told_where_it_ends() {
    let (_folder, log) = published(5, Some(5));
    let verdict = bulla::verify(log.root()).unwrap();
    assert_eq!((verdict.size, verdict.not_covered), (TreeSize(60), None), "the newest checkpoint counts");
    let found = verdict.findings;
    let end = log.read("checkpoints").len() as u64;
    let words = "the history ends without the checkpoint of size 60";
    check(&found[0], CheckpointHistoryInconsistent, end..end, words);
    assert_eq!(found[0].evidence, [String::from_utf8(log.read("checkpoint")).unwrap()]);
}

#[test]
fn a_pinned_checkpoint_by_another_key_is_its_own_evidence() {
    let (_folder, log, key) = log();
    let pin = note(&stranger(&key), key.name(), 30, b"x");
    let found = Verify::of(log.root()).pin(pin.clone()).run().unwrap().findings;
    assert_eq!((found.len(), found[0].kind), (1, CheckpointBadSignature), "{found:?}");
    assert_eq!((&found[0].evidence, found[0].file.as_deref()), (&vec![pin], None));
}

#[test]
fn bytes_behind_the_history_are_a_torn_note_as_long_as_two_could_be() {
    for (len, kind) in [(400_000, None), (600_000, Some(CheckpointMalformed))] {
        let (_folder, log, _) = log();
        log.edit("checkpoints", |bytes| bytes.resize(bytes.len() + len, b'x'));
        let kinds: Vec<_> = findings(&log).iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, Vec::from_iter(kind), "{len}");
    }
}

/// A note with signatures by keys that nobody knows, so that it has `len` bytes in the history.
fn lengthened(note: &str, len: usize) -> String {
    let mut long = note.to_owned();
    while long.len() + 1 < len {
        let rest = len - 1 - long.len();
        let line = if rest < 6000 { rest } else { 3000 };
        // An em dash of three bytes, two spaces, a newline, and a name that makes up for the rest.
        let groups = (line - 7) / 4;
        long += &format!("\u{2014} {} {}\n", "x".repeat(line - 6 - 4 * groups), "AAAA".repeat(groups));
    }
    long
}

#[test]
fn a_note_is_one_up_to_its_largest_size() {
    let largest = 256 * 1024;
    for (len, kind) in [(largest, None), (largest + 1, Some(CheckpointMalformed))] {
        let (_folder, log, _) = log();
        let mut notes = log.history();
        notes[2] = lengthened(&notes[2], len);
        log.write_history(&notes);
        assert_eq!(bytes_of(&notes, 2..3).count(), len);
        let found = findings(&log);
        let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, Vec::from_iter(kind), "{len}");
        if let Some(finding) = found.first() {
            check(finding, CheckpointMalformed, bytes_of(&notes, 2..3), "these bytes are no checkpoint");
        }
    }
    for (len, is_read) in [(largest, true), (largest + 1, false)] {
        let (_folder, log, _) = log();
        log.write("checkpoint", lengthened(&log.history()[5], len + 1));
        assert_eq!(log.read("checkpoint").len(), len);
        let found = findings(&log);
        assert_eq!(found.is_empty(), is_read, "{len}: {found:?}");
        let words = format!("it has {len} bytes, which no checkpoint has");
        assert!(found.iter().all(|finding| finding.message == words), "{found:?}");
    }
}
