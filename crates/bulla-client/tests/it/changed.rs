//! Every change of what is served is found and named.

use bulla_client::Verify;
use bulla_proof::{FindingKind, Verdict};

use crate::fake_log::{FakeServer, Files, line, signer};
use crate::verdicts::kinds;

fn verdict(files: Files) -> Verdict {
    let server = FakeServer::of(files);
    let client = server.client();
    Verify::of(&client).key(signer().verifier_key()).run().unwrap()
}

#[track_caller]
fn check(files: Files, expected: FindingKind, seqs: Option<(u64, u64)>, file: Option<&str>) {
    let verdict = verdict(files);
    assert_eq!(kinds(&verdict), [expected], "{verdict}");
    let found = &verdict.findings[0];
    assert_eq!(found.first_seq.zip(found.end_seq), seqs, "{verdict}");
    assert_eq!(found.file.as_deref(), file, "{verdict}");
}

#[test]
fn every_changed_byte_of_everything_served_is_found() {
    let files = Files::of(3);
    for (path, bytes) in &files.0 {
        for byte in 0..bytes.len() {
            let changed = files.clone().flipped(path, byte);
            if path == "/log.json" && serde_json::from_slice::<serde_json::Value>(&changed.0[path]).is_err() {
                continue;
            }
            let identity: Option<serde_json::Value> =
                (path == "/log.json").then(|| serde_json::from_slice(&changed.0[path]).unwrap());
            // Of log.json only the key counts.
            let names_key = |identity: &serde_json::Value| {
                identity["vkey"] == signer().verifier_key().to_string() || identity["vkey"].is_null()
            };
            if identity.as_ref().is_some_and(names_key) {
                continue;
            }
            assert!(!verdict(changed).is_clean(), "{path} byte {byte}");
        }
    }
}

#[test]
fn a_changed_entry_is_named() {
    for (size, seq) in [(3, 1), (600, 0), (600, 255), (600, 256), (600, 599), (66_000, 65_900)] {
        let other = line(seq).replace("act", "axt");
        let files = Files::of(size).with_line(seq, &other);
        check(files, FindingKind::LineChanged, Some((seq, seq + 1)), None);
    }
    let files = Files::of(600).with_line(300, "text");
    check(files, FindingKind::LineChanged, Some((300, 301)), None);
}

#[test]
fn entries_in_the_place_of_others_are_named() {
    let files = Files::of(600).with_line(300, &line(301)).with_line(301, &line(300));
    let verdict = verdict(files);
    assert_eq!(kinds(&verdict), [FindingKind::LineMoved; 2], "{verdict}");
    assert_eq!(verdict.findings[0].first_seq, Some(300));
}

#[test]
fn a_changed_hash_is_told_from_a_changed_entry() {
    let flip = |path: &str, place: usize| Files::of(66_000).flipped(path, place * 32 + 5);
    for (path, place, first, end) in [
        ("/tile/0/000", 7, 7, 8),
        ("/tile/0/257.p/208", 207, 65_999, 66_000),
        ("/tile/1/000", 3, 3 * 256, 4 * 256),
        ("/tile/1/001.p/1", 0, 65_536, 65_792),
        ("/tile/2/000.p/1", 0, 0, 65_536),
    ] {
        check(flip(path, place), FindingKind::TreeChanged, Some((first, end)), Some(&path[1..]));
    }
}

#[test]
fn an_entry_that_was_changed_with_its_hash_is_found_by_the_hash_above() {
    let other = line(300).replace("act", "axt");
    let other_log = Files::of_lines((0..600).map(|seq| if seq == 300 { other.clone() } else { line(seq) }));
    let files = Files::of(600).with("/tile/entries/001", &other_log).with("/tile/0/001", &other_log);
    check(files, FindingKind::EntriesAndTreeChanged, Some((256, 512)), None);
}

#[test]
fn another_log_under_the_old_checkpoint_is_found() {
    let other_log = Files::of_lines((0..600).map(|seq| line(seq).replace("act", "axt")));
    let files = other_log.with("/checkpoint", &Files::of(600));
    check(files, FindingKind::EntriesAndTreeChanged, Some((0, 600)), None);
}

#[test]
fn what_the_checkpoint_covers_and_is_not_served_is_missing() {
    for (path, first, end) in [
        ("/tile/entries/001", 256, 512),
        ("/tile/entries/002.p/88", 512, 600),
        ("/tile/0/000", 0, 256),
        ("/tile/1/000.p/2", 0, 512),
    ] {
        check(Files::of(600).without(path), FindingKind::FileMissing, Some((first, end)), Some(&path[1..]));
    }
}

#[test]
fn tiles_that_are_cut_or_torn_are_named() {
    let cut = |path: &str, bytes: usize| {
        let mut files = Files::of(600);
        files.0.get_mut(path).unwrap().truncate(bytes);
        files
    };
    let entries = ("/tile/entries/001", Some((256, 512)), Some("tile/entries/001"));
    check(cut(entries.0, 100), FindingKind::SegmentUnreadable, entries.1, entries.2);
    check(cut(entries.0, 0), FindingKind::SegmentUnreadable, entries.1, entries.2);
    check(cut("/tile/0/001", 8160), FindingKind::TreeChanged, Some((256, 512)), Some("tile/0/001"));
    check(cut("/tile/1/000.p/2", 33), FindingKind::TreeChanged, Some((0, 512)), Some("tile/1/000.p/2"));
}

#[test]
fn both_tiles_of_the_same_entries_can_be_missing() {
    let verdict = verdict(Files::of(600).without("/tile/entries/001").without("/tile/0/001"));
    // The hash above them stands for them, so the others are still checked.
    assert_eq!(kinds(&verdict), [FindingKind::FileMissing; 2], "{verdict}");
}

#[test]
fn a_checkpoint_that_is_changed_is_not_believed() {
    let files = Files::of(3);
    let len = files.checkpoint().len();
    for byte in 0..len {
        let verdict = verdict(files.clone().flipped("/checkpoint", byte));
        let kinds = kinds(&verdict);
        let expected = [FindingKind::CheckpointBadSignature, FindingKind::CheckpointMalformed];
        assert!(kinds.len() == 1 && expected.contains(&kinds[0]), "byte {byte}: {verdict}");
        assert!(verdict.checked.is_empty());
    }
}

#[test]
fn findings_are_limited_and_counted() {
    let other_log = Files::of_lines(
        (0..3000).map(|seq| if seq % 2 == 0 { line(seq).replace("act", "axt") } else { line(seq) }),
    );
    let mut files = Files::of(3000);
    for (path, bytes) in &other_log.0 {
        if path.starts_with("/tile/entries") {
            files.0.insert(path.clone(), bytes.clone());
        }
    }
    let verdict = verdict(files);
    assert_eq!(verdict.findings.len(), 1000);
    assert_eq!(verdict.findings_total(), 1500);
}
