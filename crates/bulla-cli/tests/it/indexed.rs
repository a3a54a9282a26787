//! `bulla index`, and that what reads the log says the same with an index and without one.

use crate::bench_log::Bench;

fn bench() -> Bench {
    let bench = Bench::new();
    let lines: String = (0..400)
        .map(|number| {
            format!(
                r#"{{"timestamp":"2026-11-23T12:00:00Z","category":"tool_execution","action":"tool:{}","outcome":"{}","principal":"alice","session_id":"s-{}","tool":{{"name":"bash"}},"detail":{{"n":{number}}},"id":"id-{number}"}}"#,
                number % 4,
                if number % 7 == 0 { "failure" } else { "success" },
                number % 3,
            ) + "\n"
        })
        .collect();
    std::fs::write(bench.path("lines.jsonl"), lines).unwrap();
    bench.ok(&["import", "--from", "jsonl", "lines.jsonl"]);
    bench
}

const QUESTIONS: [&[&str]; 7] = [
    &["search", "outcome:failure OR action:\"tool:1\""],
    &["search", "detail.n:>390", "--oldest-first"],
    &["search", "-n", "3"],
    &["search", "tool", "--count-by", "session_id"],
    &["stats", "--by", "outcome"],
    &["session", "s-1"],
    &["show", "id-123"],
];

fn answers(bench: &Bench) -> Vec<String> {
    QUESTIONS.iter().map(|question| bench.ok(question)).collect()
}

#[test]
fn an_index_changes_no_answer() {
    let bench = bench();
    let before = answers(&bench);
    assert!(before.iter().all(|answer| !answer.is_empty()));
    let said = bench.ok(&["index"]);
    assert!(said.contains("in the index audit/index"), "{said}");
    assert_eq!(answers(&bench), before);
    // What came since is not in the index, and in every answer.
    bench.record(&["later"]);
    let newest = bench.ok(&["search", "action:later"]);
    assert_eq!(newest.lines().count(), 1, "{newest}");
    bench.run(&["verify"]).ends(0, &[]);
}

#[test]
fn an_index_that_is_damaged_is_said_and_not_used_and_built_anew_by_the_next_run() {
    let bench = bench();
    let before = answers(&bench);
    bench.ok(&["index"]);
    std::fs::write(bench.path("audit/index/meta.json"), "{").unwrap();
    bench.run(&["search", "outcome:failure"]).ends(0, &["without the index", "bulla index"]);
    assert_eq!(answers(&bench), before);
    bench.run(&["index"]).ends(0, &[]);
    let healed = bench.run(&["search", "outcome:failure"]);
    assert!(!healed.err.contains("without the index"), "{}", healed.err);
    bench.run(&["index", "--rebuild"]).ends(0, &[]);
    assert_eq!(answers(&bench), before);
}
