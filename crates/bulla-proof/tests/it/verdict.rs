//! Verdicts: how they print, and what counts as clean.

use bulla_proof::{Finding, FindingKind, TreeSize, Verdict};

fn verdict() -> Verdict {
    let checked = vec!["all".to_string()];
    Verdict { checked, ..Verdict::new(Some("log.example".to_string()), TreeSize(9)) }
}

#[test]
fn only_a_verdict_that_checked_something_and_found_nothing_is_clean() {
    assert!(verdict().is_clean());
    assert!(!Verdict::default().is_clean());
    let mut found = verdict();
    found.findings.push(Finding::new(FindingKind::Fork, "two roots"));
    assert!(!found.is_clean());
    let tail = Verdict { not_covered: Some(9..12), ..verdict() };
    assert!(tail.is_clean(), "a tail not yet covered is not damage");
}

#[test]
fn verdicts_print_on_one_line() {
    let check = |verdict: &Verdict, expected: &str| assert_eq!(verdict.to_string(), expected);
    check(&verdict(), "log.example: clean at size 9");
    check(&Verdict::default(), "unknown log: nothing was checked");
    let mut found = Verdict { not_covered: Some(9..12), ..verdict() };
    check(&found, "log.example: clean at size 9; entries 9 to 11 not yet covered by a checkpoint");
    found.findings.push(Finding::new(FindingKind::Truncated, "two entries are gone"));
    found.not_covered = Some(9..9);
    check(&found, "log.example: 1 finding: truncated: two entries are gone");
    found.findings.push(Finding::new(FindingKind::Fork, "x"));
    check(&found, "log.example: 2 findings, the first: truncated: two entries are gone");
    found.findings_not_listed = 40;
    check(&found, "log.example: 42 findings, the first: truncated: two entries are gone");
}

#[test]
fn findings_print_on_one_line_with_their_place() {
    let check = |finding: Finding, expected: &str| assert_eq!(finding.to_string(), expected);
    let changed = || Finding::new(FindingKind::LineChanged, "other bytes");
    check(changed(), "line_changed: other bytes");
    check(Finding { first_seq: Some(7), ..changed() }, "line_changed at entry 7: other bytes");
    check(
        Finding { first_seq: Some(7), end_seq: Some(8), ..changed() },
        "line_changed at entry 7: other bytes",
    );
    check(
        Finding { first_seq: Some(7), end_seq: Some(9), ..changed() },
        "line_changed at entries 7 to 8: other bytes",
    );
    check(Finding { end_seq: Some(9), ..changed() }, "line_changed before entry 9: other bytes");
    let placed = Finding {
        first_seq: Some(u64::MAX),
        end_seq: Some(0),
        file: Some("entries/00.jsonl".to_string()),
        bytes: Some(3..9),
        repairable: true,
        ..changed()
    };
    let expected = format!(
        "line_changed at entry {} in entries/00.jsonl bytes 3..9 (repairable): other bytes",
        u64::MAX
    );
    check(placed, &expected);
    let hostile =
        Finding { file: Some("a\x1b[2J".to_string()), ..Finding::new(FindingKind::FileUnexpected, "x\ny") };
    check(hostile, "file_unexpected in a\u{fffd}[2J: x\u{fffd}y");
}

#[cfg(feature = "serde")]
#[test]
fn the_json_form_of_a_verdict_is_stable() {
    let finding = Finding {
        first_seq: Some(7),
        end_seq: Some(8),
        bytes: Some(3..9),
        ..Finding::new(FindingKind::EntriesAndTreeChanged, "both")
    };
    let verdict = Verdict { findings: vec![finding], not_covered: Some(9..10), ..verdict() };
    let expected = serde_json::json!({
        "origin": "log.example",
        "size": 9,
        "checked": ["all"],
        "findings": [{
            "kind": "entries_and_tree_changed",
            "first_seq": 7,
            "end_seq": 8,
            "file": null,
            "bytes": {"start": 3, "end": 9},
            "repairable": false,
            "message": "both",
            "evidence": [],
        }],
        "findings_not_listed": 0,
        "not_covered": {"start": 9, "end": 10},
        "not_proved": [],
    });
    assert_eq!(serde_json::to_value(&verdict).unwrap(), expected);
    let root = bulla_proof::empty_root();
    assert_eq!(serde_json::to_value(root).unwrap(), serde_json::json!(root.to_base64()));
    for kind in
        [FindingKind::CheckpointHistoryInconsistent, FindingKind::RolledBack, FindingKind::EntryMismatch]
    {
        assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::json!(kind.as_str()));
    }
}

#[test]
fn a_kind_of_finding_prints_its_name_and_takes_a_width() {
    assert_eq!(format!("{}", FindingKind::LineChanged), "line_changed");
    assert_eq!(format!("{:<13}|", FindingKind::LineChanged), "line_changed |");
}
