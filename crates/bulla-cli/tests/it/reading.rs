//! `search`, `tail`, `show`, `session`, `export`, `stats`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::bench_log::Bench;

fn bench_with_entries() -> Bench {
    let bench = Bench::new();
    let lines = [
        r#"{"id":"a","timestamp":"2026-11-01T10:00:00Z","category":"api","action":"GET /health","principal":"alice","outcome":"success","n":1.50}"#,
        r#"{"id":"b","timestamp":"2026-11-02T10:00:00Z","category":"auth","action":"login","principal":"bob","outcome":"denied","reason":{"message":"wrong password"}}"#,
        r#"{"id":"c","timestamp":"2026-11-03T10:00:00Z","category":"auth","action":"login","principal":"alice","outcome":"success","duration_ms":1840}"#,
    ];
    bench.run_with(&["record", "-"], lines.join("\n")).ends(0, &[]);
    bench
}

fn ids(out: &str) -> Vec<String> {
    out.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn search_finds_the_newest_first_and_prints_stored_lines() {
    let bench = bench_with_entries();
    let check = |args: &[&str], expected: &[&str]| {
        let out = bench.ok(&[&["search", "--json"], args].concat());
        assert_eq!(ids(&out), expected, "{args:?}");
    };
    check(&["-category:audit"], &["c", "b", "a"]);
    check(&["-category:audit", "--oldest-first"], &["a", "b", "c"]);
    check(&["-category:audit", "--limit", "1"], &["c"]);
    check(&["action:login", "principal:bob"], &["b"]);
    check(&["-category:audit", "--since", "2026-11-02"], &["c", "b"]);
    check(&["-category:audit", "--since", "2026-11-02", "--until", "2026-11-03"], &["b"]);
    check(&["wrong password"], &["b"]);
    let out = bench.ok(&["search", "n:1.5", "--json"]);
    let stored = std::fs::read_to_string(bench.path("audit/entries/00000000000000000000.jsonl")).unwrap();
    assert!(out.contains("\"n\":1.50") && stored.contains(&out), "exactly as stored: {out}");
    bench.run(&["search", "outcome:failure"]).ends(0, &["no entry matches"]);
}

#[test]
fn search_counts_by_the_values_of_a_field() {
    let bench = bench_with_entries();
    let out = bench.ok(&["search", "-category:audit", "--count-by", "action"]);
    assert_eq!(out, "2  login\n1  GET /health\n");
    let out = bench.ok(&["search", "-category:audit", "--count-by", "reason.message", "--json"]);
    assert_eq!(out, "{\"count\":2,\"value\":null}\n{\"count\":1,\"value\":\"wrong password\"}\n");
}

#[test]
fn a_mistaken_query_says_where_and_what_was_meant() {
    let bench = bench_with_entries();
    bench.run(&["search", "outcom:denied"]).ends(2, &["character 1", "did you mean `outcome`"]);
    bench.run(&["search", "outcome:(denied OR failure"]).ends(2, &["character 9", "not closed"]);
    bench.run(&["search", "--since", "yesterday"]).ends(2, &["--since", "not a moment"]);
    bench.run(&["tail", "action:\"x"]).ends(2, &["character 8", "not closed"]);
}

#[test]
fn a_row_has_time_outcome_principal_action_duration_and_number() {
    let bench = bench_with_entries();
    let out = bench.ok(&["search", "-category:audit"]);
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows[0], "2026-11-03T10:00:00.000Z  success  alice               login  1.84 s  #3");
    assert_eq!(rows[1], "2026-11-02T10:00:00.000Z  denied   bob                 login (wrong password)  #2");
    let coloured = bench.ok(&["search", "-category:audit", "--color", "always"]);
    assert!(coloured.contains("\u{1b}[35mdenied"), "{coloured:?}");
}

#[test]
fn show_prints_exactly_the_stored_bytes() {
    let bench = bench_with_entries();
    let raw = bench.ok(&["show", "1", "--raw"]);
    let stored = std::fs::read_to_string(bench.path("audit/entries/00000000000000000000.jsonl")).unwrap();
    assert_eq!(raw, stored.lines().nth(1).unwrap());
    assert_eq!(bench.ok(&["show", "a", "--json"]), raw.clone() + "\n");
    let shown = bench.ok(&["show", "#1"]);
    assert!(
        shown.contains("action         GET /health\n") && shown.contains("n              1.50\n"),
        "{shown}"
    );
    bench.run(&["show", "99"]).ends(2, &["no entry with the number or id 99", "entries 0 to 4"]);
}

#[test]
fn show_prints_a_payload_only_as_it_was_recorded() {
    let bench = Bench::new();
    let text = "a line that is long\n".repeat(5000);
    let seq = {
        let log = bulla::AuditLog::open(bench.path("audit")).unwrap();
        let entry = bulla::AuditEntry::tool("bash").outcome(bulla::AuditOutcome::Success);
        let entry = entry.detail(serde_json::json!({"output": text}));
        log.record_blocking(entry).unwrap().seq().to_string()
    };
    assert_eq!(bench.ok(&["show", &seq, "--payload", "0"]), text);
    let one = format!("entry {seq} has 1 payload, numbered from 0: there is no 1");
    bench.run(&["show", &seq, "--payload", "1"]).ends(2, &[&one]);
    bench.run(&["show", "0", "--payload", "0"]).ends(2, &["entry 0 has 0 payloads"]);

    let stored: Value = serde_json::from_str(&bench.ok(&["show", &seq, "--raw"])).unwrap();
    let digest = stored["payloads"][0]["sha256"].as_str().unwrap();
    let file = bench.path(&format!("audit/payloads/{}/{digest}", &digest[..2]));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let changed = bench.run(&["show", &seq, "--payload", "0"]);
    changed.ends(1, &["is not what was recorded"]);
    assert_eq!(changed.out, "");
    std::fs::remove_file(&file).unwrap();
    bench.run(&["show", &seq, "--payload", "0"]).ends(2, &["erased or lost"]);
}

#[test]
fn tail_shows_the_newest_and_follows_another_process() {
    let bench = bench_with_entries();
    assert_eq!(ids(&bench.ok(&["tail", "--json", "-n", "2", "-category:audit"])), ["b", "c"]);
    let mut follower = std::process::Command::new(assert_cmd::cargo::cargo_bin("bulla"))
        .current_dir(bench.path(""))
        .args(["tail", "-f", "-n", "1", "--json", "-category:audit"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next_action =
        || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["action"].clone();
    assert_eq!(next_action(), "login");
    bench.record(&["live"]);
    assert_eq!(next_action(), "live");
    let pid = rustix::process::Pid::from_child(&follower);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(follower.wait().unwrap().success(), "Ctrl-C is how a follower ends");
}

#[test]
fn a_session_joins_each_call_with_its_end_and_says_what_is_missing() {
    let bench = Bench::new();
    let call = |id: &str, phase: &str, outcome: &str, rest: &str| {
        format!(
            "{{\"id\":\"{id}-{phase}\",\"timestamp\":\"2026-11-01T10:00:00Z\",\"category\":\"tool_execution\",\"action\":\"tool:bash\",\
             \"principal\":\"agent\",\"outcome\":\"{outcome}\",\"session_id\":\"sess-1\",\"phase\":\"{phase}\",\
             \"tool\":{{\"name\":\"bash\",\"call_id\":\"{id}\"}}{rest}}}\n"
        )
    };
    let input = [
        r#"{"id":"m","timestamp":"2026-11-01T09:59:59Z","category":"cognition","action":"message","outcome":"success","session_id":"sess-1","model":{"response":"m-1","output_tokens":5}}
"#.to_owned(),
        call("x", "pre", "unknown", r#","cause_id":"m","detail":{"command":"ls -l"}"#),
        call("y", "pre", "unknown", r#","cause_id":"x-pre","detail":{"command":"nested"}"#),
        call("y", "post", "success", r#","cause_id":"y-pre","duration_ms":3"#),
        call("x", "post", "failure", r#","duration_ms":12,"reason":{"message":"exit 2"}"#),
        call("z", "pre", "unknown", r#","detail":{"command":"never ended"}"#),
        call("w", "post", "success", ""),
        r#"{"category":"api","action":"other","outcome":"success","session_id":"sess-2"}"#.to_owned(),
    ];
    bench.run_with(&["record", "-"], input.concat()).ends(0, &[]);
    let out = bench.ok(&["session", "sess-1"]);
    for line in [
        "session   sess-1\n",
        "tools     4 calls: bash 4\n",
        "outcomes  2 success, 1 failure, 1 without an end\n",
        "1 call began and has no end: #6",
        "1 end has no beginning: #7",
        "09:59:59.000  message  #1\n",
        "10:00:00.000    failure bash ls -l (exit 2)  12 ms  #2→#5\n",
        "10:00:00.000      success bash nested  3 ms  #3→#4\n",
        "10:00:00.000  no end  bash never ended  #6\n",
    ] {
        assert!(out.contains(line), "{line:?} is not in\n{out}");
    }
    let json: Value = serde_json::from_str(&bench.ok(&["session", "sess-1", "--json"])).unwrap();
    assert_eq!(json["call_outcomes"], serde_json::json!({"failure": 1, "success": 2, "unknown": 1}));
    assert_eq!(json["steps"][1]["end_seq"], 5);
    bench.run(&["session", "sess"]).ends(2, &["2 sessions begin with sess: sess-1, sess-2"]);
    bench.run(&["session", "none"]).ends(2, &["--count-by session_id"]);
}

#[test]
fn an_export_is_recorded_and_the_seed_format_has_its_keys() {
    let bench = bench_with_entries();
    assert_eq!(
        bench.ok(&["export", "principal:bob", "--format", "seed"]),
        "{\"id\":\"b\",\"timestamp\":\"2026-11-02T10:00:00Z\",\"category\":\"auth\",\"action\":\"login\",\"principal\":\"bob\",\"outcome\":\"denied\"}\n"
    );
    let recorded = &bench.search("event_name:export.created")[0];
    assert_eq!(
        (&recorded["detail"]["query"], &recorded["detail"]["entries"]),
        (&"principal:bob".into(), &1.into())
    );
    assert_eq!(recorded["detail"]["format"], "seed");
    bench
        .run(&["export", "--format", "csv", "-o", "out.csv", "action:login"])
        .ends(0, &["2 entries written to out.csv"]);
    let csv = std::fs::read_to_string(bench.path("out.csv")).unwrap();
    assert!(csv.starts_with("seq,recorded_at,id,"), "{csv}");
    bench.run(&["export", "-o", "out.csv"]).ends(2, &["out.csv exists already"]);
}

#[test]
fn an_export_that_is_not_whole_leaves_no_file() {
    let bench = bench_with_entries();
    bench.run(&["export", "-o", "out.jsonl", "action:("]).ends(2, &["character 8", "not closed"]);
    assert!(!bench.path("out.jsonl").exists());
    let segment = bench.path("audit/entries/00000000000000000000.jsonl");
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("{\"seq\":2,", "{\"seq\":7,", 1)).unwrap();
    bench.run(&["export", "-o", "out.jsonl"]).ends(2, &["entry 2", "bulla verify"]);
    assert!(!bench.path("out.jsonl").exists());
}

#[test]
fn every_format_is_named_by_help_and_written_to_a_file() {
    let bench = bench_with_entries();
    let help = bench.ok(&["export", "--help"]);
    for format in bulla_formats::export::ExportFormat::ALL {
        assert!(help.contains(&format!("- {format}:")), "{format}: {help}");
        let name = format!("out.{format}");
        bench
            .run(&["export", "--format", format.as_str(), "-o", &name, "action:login"])
            .ends(0, &[&format!("2 entries written to {name}")]);
        assert!(std::fs::metadata(bench.path(&name)).unwrap().len() > 100);
    }
}

#[test]
fn stats_add_up() {
    let bench = bench_with_entries();
    let stats: Value = serde_json::from_str(&bench.ok(&["stats", "--json"])).unwrap();
    assert_eq!((&stats["entries"], &stats["published"]), (&5.into(), &5.into()));
    assert_eq!(stats["content"]["categories"], serde_json::json!({"api": 1, "audit": 2, "auth": 2}));
    assert_eq!(stats["content"]["line_bytes"], stats["disk"]["plain_bytes"]);
    assert!(bench.ok(&["stats"]).contains("  1  denied\n"));
}
