//! Records that no one in this project made. Skipped with a message where they are not at hand.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{self, BufReader};
use std::path::PathBuf;

use bulla_formats::import::{ImportFormat, ImportReport, Imported, import, importer};
use serde_json::Value;

use crate::entry_of::{entry, options};

/// A file of `../shared/data`, seen from the project.
pub(crate) fn real_input(name: &str) -> Option<PathBuf> {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A worktree of the project may lie one level deeper than the project itself.
    let found = ["../shared/data", "../../shared/data"].map(|data| project.join(data).join(name));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("skipped: ../shared/data/{name} is not there");
    }
    found
}

fn import_file(format: ImportFormat, path: &PathBuf) -> (ImportReport, Vec<Value>) {
    let file = BufReader::new(fs::File::open(path).unwrap());
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut importer = importer(format, name, options());
    let mut entries = Vec::new();
    let report = import(file, &mut *importer, |imported| {
        match imported {
            Imported::Event(event) => entries.push(entry(&event.event)),
            Imported::Unmapped(unmapped) => panic!("{unmapped:?}"),
        }
        Ok::<_, io::Error>(())
    });
    (report.unwrap(), entries)
}

/// Every line is accounted for, every entry has an id of its own, and the original stands in its first entry.
fn assert_whole(path: &PathBuf, report: &ImportReport, entries: &[Value]) {
    let lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(report.lines, lines.len() as u64);
    assert_eq!(report.lines, report.blank + report.lines_imported + report.lines_unmapped);
    assert_eq!((report.lines_unmapped, report.events), (0, entries.len() as u64));
    let ids: HashSet<&str> = entries.iter().map(|entry| text(entry, "/id")).collect();
    assert_eq!(ids.len(), entries.len());
    for entry in entries {
        assert_eq!(text(entry, "/source/vantage"), "imported");
        let line = usize::try_from(entry["source"]["seq"].as_u64().unwrap()).unwrap();
        let original = entry["detail"].get("original").unwrap_or(&entry["detail"]);
        assert_same_but_for_payloads(original, &serde_json::from_str(&lines[line - 1]).unwrap());
    }
}

/// Equal, where long strings may have moved to payloads.
fn assert_same_but_for_payloads(stored: &Value, original: &Value) {
    match (stored, original) {
        (Value::Object(moved), Value::String(_)) if moved.contains_key("$payload") => {}
        (Value::Object(stored), Value::Object(original)) => {
            assert!(stored.keys().eq(original.keys()));
            for (key, value) in stored {
                assert_same_but_for_payloads(value, &original[key]);
            }
        }
        (Value::Array(stored), Value::Array(original)) => {
            assert_eq!(stored.len(), original.len());
            stored.iter().zip(original).for_each(|(s, o)| assert_same_but_for_payloads(s, o));
        }
        _ => assert_eq!(stored, original),
    }
}

fn text<'a>(entry: &'a Value, pointer: &str) -> &'a str {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn counts<'a>(entries: &'a [Value], pointer: &str) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        *counts.entry(text(entry, pointer)).or_default() += 1;
    }
    counts
}

/// Each result names the entry of its call, carries the same tool, and took some time.
fn assert_calls_are_joined(entries: &[Value], calls: usize) {
    let phase = |phase: &'static str| entries.iter().filter(move |entry| text(entry, "/phase") == phase);
    let pres: HashMap<&str, &Value> = phase("pre").map(|entry| (text(entry, "/id"), entry)).collect();
    assert_eq!((pres.len(), phase("post").count()), (calls, calls));
    for post in phase("post") {
        let pre = pres[text(post, "/cause_id")];
        assert_eq!(text(pre, "/outcome"), "unknown");
        assert_eq!(pre["tool"]["name"], post["tool"]["name"]);
        assert_eq!(pre["tool"]["call_id"], post["tool"]["call_id"]);
        assert!(post["duration_ms"].is_u64(), "{post}");
    }
}

fn sum(entries: &[Value], pointer: &str) -> u64 {
    entries.iter().filter_map(|entry| entry.pointer(pointer)?.as_u64()).sum()
}

#[test]
fn a_claude_code_session_is_mapped_whole() {
    let Some(path) = real_input("agent-sessions/claude-opus-4-6.jsonl") else { return };
    let (report, entries) = import_file(ImportFormat::ClaudeCode, &path);
    assert_whole(&path, &report, &entries);
    assert_calls_are_joined(&entries, 146);
    assert_eq!(
        counts(&entries, "/category"),
        BTreeMap::from([("cognition", 84), ("session", 2), ("tool_execution", 292)])
    );
    assert_eq!(
        counts(&entries, "/outcome"),
        BTreeMap::from([("failure", 11), ("success", 84 + 2 + 135), ("unknown", 146)])
    );
    let exit_codes: Vec<i64> =
        entries.iter().filter_map(|entry| entry["detail"]["exit_code"].as_i64()).collect();
    assert_eq!(exit_codes, [128, 127, 127]);
    assert_eq!(counts(&entries, "/session_id").len(), 1);
    // Each line but the first two was caused by an entry of this file.
    let ids: HashSet<&str> = entries.iter().map(|entry| text(entry, "/id")).collect();
    assert!(entries[2..].iter().all(|entry| ids.contains(text(entry, "/cause_id"))));
    // 145 messages told their usage in 230 lines; each is counted once.
    let usage: HashMap<String, Value> = entries
        .iter()
        .filter_map(|entry| {
            let message = entry["detail"]["original"].get("message")?;
            Some((message["id"].as_str()?.to_owned(), message["usage"].clone()))
        })
        .collect();
    assert_eq!(usage.len(), 145);
    let told = |name: &str| usage.values().filter_map(|usage| usage[name].as_u64()).sum::<u64>();
    assert_eq!(sum(&entries, "/model/input_tokens"), told("input_tokens"));
    assert_eq!(sum(&entries, "/model/output_tokens"), told("output_tokens"));
}

#[test]
fn a_codex_session_is_mapped_whole() {
    let Some(path) = real_input("agent-sessions/codex-gpt-5-2.jsonl") else { return };
    let (report, entries) = import_file(ImportFormat::Codex, &path);
    assert_whole(&path, &report, &entries);
    assert_calls_are_joined(&entries, 101);
    let mut exit_codes = BTreeMap::new();
    for code in entries.iter().filter_map(|entry| entry["detail"]["exit_code"].as_i64()) {
        *exit_codes.entry(code).or_insert(0) += 1;
    }
    // 68 commands and two patches ended with 0; the rest is still running, or a plan.
    assert_eq!(exit_codes, BTreeMap::from([(0, 70), (1, 1), (2, 1), (127, 1)]));
    assert_eq!(counts(&entries, "/outcome")["failure"], 3);
    assert_eq!(counts(&entries, "/session_id").len(), 1);
    let counted: Vec<&Value> =
        entries.iter().filter(|entry| text(entry, "/action") == "token_count").collect();
    let total = &counted.last().unwrap()["detail"]["original"]["payload"]["info"]["total_token_usage"];
    assert_eq!(sum(&entries, "/model/input_tokens"), total["input_tokens"].as_u64().unwrap());
    assert_eq!(sum(&entries, "/model/output_tokens"), total["output_tokens"].as_u64().unwrap());
    let patched = entries.iter().find(|entry| text(entry, "/tool/name") == "apply_patch").unwrap();
    assert_eq!(text(patched, "/targets/0/name"), "Parser/tokenizer.c");
}

#[test]
fn cloudtrail_events_are_mapped_whole() {
    let Some(path) = real_input("cloudtrail/ec2-proxy-s3-exfiltration.jsonl") else { return };
    let (report, entries) = import_file(ImportFormat::Cloudtrail, &path);
    assert_whole(&path, &report, &entries);
    assert_eq!(counts(&entries, "/category"), BTreeMap::from([("api", 98), ("auth", 5)]));
    // The intruder was let in everywhere: no event of this file has an error code.
    assert_eq!(counts(&entries, "/outcome"), BTreeMap::from([("success", 103)]));
    assert_eq!(
        counts(&entries, "/actor/type"),
        BTreeMap::from([("service_account", 11), ("system", 5), ("user", 87)])
    );
    assert_eq!(counts(&entries, "/action")["s3.amazonaws.com:ListObjects"], 7);
    assert!(entries.iter().all(|entry| entry["id"] == entry["detail"]["eventID"]));
}

#[test]
fn windows_events_are_mapped_whole() {
    let path = std::env::var_os("BULLA_WINDOWS_EVENTS").map(PathBuf::from);
    let Some(path) = path else {
        println!("skipped: BULLA_WINDOWS_EVENTS names no file");
        return;
    };
    let mut importer = importer(ImportFormat::Jsonl, "windows.json", options());
    let file = BufReader::new(fs::File::open(path).unwrap());
    let mut ids = HashSet::new();
    let report = import(file, &mut *importer, |imported| {
        let Imported::Event(event) = imported else { panic!("{imported:?}") };
        assert!(ids.insert(event.id));
        Ok::<_, io::Error>(())
    });
    let report = report.unwrap();
    assert_eq!((report.lines, report.lines_imported, report.events), (40_569, 40_569, 40_569));
}
