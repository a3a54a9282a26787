//! `record`: receipts are evidence, and every line of stdin is accounted for.

use serde_json::{Value, json};

use crate::bench_log::Bench;

#[test]
fn the_first_record_makes_a_log_and_prints_a_receipt() {
    let bench = Bench::new();
    let out = bench.ok(&[
        "record",
        "--action",
        "tool:bash",
        "--outcome",
        "failure",
        "--principal",
        "alice",
        "--detail",
        r#"{"exit_code":2,"n":1.50}"#,
        "--session",
        "s1",
        "--duration-ms",
        "7",
        "--label",
        "env=prod",
        "--reason",
        "no",
        "--json",
    ]);
    let receipt: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(receipt["seq"], 1, "entry 0 is log.opened");
    assert_eq!(receipt["state"], "durable");
    let keys: Vec<&String> = receipt.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["leaf_hash", "recorded_at", "seq", "state"]);
    let stored = bench.ok(&["show", "1", "--raw"]);
    assert!(stored.contains(r#""detail":{"exit_code":2,"n":1.50}"#), "numbers keep their text: {stored}");
    let stored: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["recorded_at"], receipt["recorded_at"]);
    for (field, expected) in [
        ("category", json!("tool_execution")),
        ("action", json!("tool:bash")),
        ("outcome", json!("failure")),
        ("session_id", json!("s1")),
        ("duration_ms", json!(7)),
        ("event_name", json!("tool.call")),
        ("tool", json!({"name": "bash"})),
        ("labels", json!({"env": "prod"})),
        ("reason", json!({"message": "no"})),
    ] {
        assert_eq!(stored[field], expected, "{field}");
    }
}

#[test]
fn stdin_gives_a_receipt_for_every_line_and_names_the_bad_ones() {
    let bench = Bench::new();
    let good = |action: &str| format!(r#"{{"category":"api","action":"{action}","outcome":"success"}}"#);
    let input = format!("{}\nnot json\n\n{}\n{{\"category\":\"api\"}}\n", good("a"), good("b"));
    let ran = bench.run_with(&["record", "-", "--json"], input);
    ran.ends(
        1,
        &["line 2: entry is not a JSON object", "line 5: ", "missing field `action`", "2 lines are no entry"],
    );
    assert_eq!(ran.out.lines().count(), 4);
    let kept = bench.search("action:import.unmapped");
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0]["detail"]["line"], 2);
    let reference = kept[0]["payloads"][0]["ref"].as_str().unwrap();
    let payload =
        std::fs::read(bench.path(&format!("audit/payloads/{}/{reference}", &reference[..2]))).unwrap();
    assert!(payload.ends_with(b"not json"), "the bytes are kept");
    assert_eq!(bench.search("action:b").len(), 1);
}

#[test]
fn many_lines_keep_their_order() {
    let bench = Bench::new();
    let line = |n: usize| format!("{{\"category\":\"api\",\"action\":\"n{n}\",\"outcome\":\"success\"}}\n");
    let ran = bench.run_with(&["record", "-", "--json"], (0..20_000).map(line).collect::<String>());
    ran.ends(0, &[]);
    let seqs: Vec<u64> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.iter().copied().eq(1..20_001));
    assert_eq!(bench.search("action:n19999")[0]["seq"], 20_000);
}

#[test]
fn what_is_missing_or_wrong_is_said_before_anything_is_made() {
    let bench = Bench::new();
    for (args, says) in [
        (&["record", "--action", "a"][..], "--outcome"),
        (&["record", "--action", "a", "--outcome", "good"], "none of success, failure, denied"),
        (&["record", "--action", "a", "--outcome", "success", "--detail", "{a"], "not JSON"),
        (&["record", "--action", "a", "--outcome", "success", "--category", "A b"], "snake_case"),
        (&["record", "--action", "a", "--outcome", "success", "--label", "x"], "KEY=VALUE"),
        (&["record", "-", "--action", "a"], "cannot be used with"),
        (&["record"], "--action"),
        (&["import", "--from", "word"], "jsonl, seed, cloudtrail"),
        (&["import", "--from", "jsonl", "missing.jsonl"], "open missing.jsonl: no such file or directory"),
        (&["import", "--from", "jsonl", "."], "is a folder"),
    ] {
        bench.run(args).ends(2, &[says]);
    }
    assert!(!bench.path("audit").exists());
    let refused = bench.run(&["record", "--action", "a", "--outcome", "unknown"]);
    refused.ends(2, &["outcome is unknown", "phase pre"]);
    assert_eq!(refused.err.matches("outcome is unknown").count(), 1, "{}", refused.err);
    bench.ok(&["record", "--action", "a", "--outcome", "unknown", "--phase", "pre"]);
}
