//! Records that no one in this project made, from import to a proof on another machine.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use crate::bench_log::{Bench, real_input};

/// A session of an agent: format, file, calls, and how many of them failed.
const SESSIONS: [(&str, &str, u64, u64); 2] = [
    ("claude-code", "agent-sessions/claude-opus-4-6.jsonl", 146, 11),
    ("codex", "agent-sessions/codex-gpt-5-2.jsonl", 101, 3),
];

/// The Windows events: unpacked already, or to be unpacked.
fn windows_events(bench: &Bench) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("BULLA_WINDOWS_EVENTS") {
        return Some(path.into());
    }
    let packed = std::fs::File::open(real_input("windows-events/security-events.zip")?).unwrap();
    let mut archive = zip::ZipArchive::new(packed).unwrap();
    let mut events = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut events).unwrap();
    Some(bench.write("windows.jsonl", events))
}

fn import(bench: &Bench, format: &str, file: &std::path::Path) -> u64 {
    let out = bench.ok(&["import", "--from", format, file.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["unmapped"], 0, "{report}");
    report["entries"].as_u64().unwrap()
}

#[test]
fn real_records_go_in_and_their_proofs_hold_on_another_machine() {
    let bench = Bench::new();
    let mut entries = 0;
    for (format, file, _, _) in SESSIONS {
        entries += real_input(file).map_or(0, |file| import(&bench, format, &file));
    }
    entries += real_input("cloudtrail/ec2-proxy-s3-exfiltration.jsonl")
        .map_or(0, |file| import(&bench, "cloudtrail", &file));
    entries += windows_events(&bench).map_or(0, |file| import(&bench, "jsonl", &file));
    if entries == 0 {
        return;
    }
    let stats: Value = serde_json::from_str(&bench.ok(&["stats", "--json"])).unwrap();
    let imported: u64 = stats["content"]["sources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(id, _)| id.starts_with("import:"))
        .filter_map(|(_, count)| count.as_u64())
        .sum();
    assert_eq!(imported, entries);
    assert_eq!(stats["content"]["unreadable"], 0);
    let verdict: Value = serde_json::from_str(&bench.ok(&["verify", "--json"])).unwrap();
    assert_eq!(verdict["findings"], serde_json::json!([]));
    segments_are_json_lines(&bench);
    for (_, file, calls, failures) in SESSIONS {
        if let Some(file) = real_input(file) {
            session_shows_real_outcomes(&bench, &file, calls, failures);
        }
    }
    for seq in [1, entries / 2, entries] {
        proof_holds_elsewhere(&bench, seq);
    }
}

/// What `jq` needs: each line of each plain segment is one JSON object, numbered in order.
fn segments_are_json_lines(bench: &Bench) {
    let mut lines = 0;
    for file in std::fs::read_dir(bench.path("audit/entries")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = std::fs::read_to_string(&path).unwrap();
            let first: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            for (at, line) in text.lines().enumerate() {
                assert_eq!(serde_json::from_str::<Value>(line).unwrap()["seq"], first + at as u64);
                lines += 1;
            }
        }
    }
    assert!(lines > 0);
}

fn session_shows_real_outcomes(bench: &Bench, file: &std::path::Path, calls: u64, failures: u64) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let entry = &bench.search(&format!("source.instance:{name}* has:tool"))[0];
    let id = entry["session_id"].as_str().unwrap();
    let session: Value = serde_json::from_str(&bench.ok(&["session", &id[..8], "--json"])).unwrap();
    assert_eq!(session["session_id"], id);
    assert_eq!(session["call_outcomes"]["failure"], failures);
    assert_eq!(session["call_outcomes"]["success"], calls - failures);
    assert_eq!(session["call_outcomes"]["unknown"], Value::Null);
    let shown = bench.ok(&["session", &id[..8]]);
    assert_eq!(shown.lines().filter(|line| line.contains('→')).count() as u64, calls);
    assert!(shown.contains("every call that began has its end"), "{shown}");
}

fn proof_holds_elsewhere(bench: &Bench, seq: u64) {
    let elsewhere = Bench::new();
    let seq = seq.to_string();
    elsewhere.write("entry", bench.ok(&["show", &seq, "--raw"]));
    elsewhere.write("proof", bench.ok(&["prove", &seq]));
    elsewhere.ok(&["check", "proof", "--entry", "entry", "--key", &bench.vkey()]);
}
