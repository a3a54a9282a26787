//! `import`: each line is accounted for, and importing again adds only what is new.

use std::io::Write;

use serde_json::Value;

use crate::bench_log::{Bench, Ran};

fn event(n: usize) -> String {
    format!("{{\"time\":\"2026-11-23T12:00:{:02}Z\",\"message\":\"event {n}\"}}\n", n % 60)
}

fn events(range: std::ops::Range<usize>) -> String {
    range.map(event).collect()
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err))
}

fn import(bench: &Bench, file: &str) -> Ran {
    bench.run(&["import", "--from", "jsonl", file, "--json"])
}

#[test]
fn importing_again_adds_nothing_and_a_longer_file_adds_its_new_lines() {
    let bench = Bench::new();
    bench.write("app.jsonl", events(0..300));
    let first = import(&bench, "app.jsonl");
    first.ends(0, &[]);
    assert_eq!(report(&first)["entries"], 300);
    let again = report(&import(&bench, "app.jsonl"));
    assert_eq!((again["entries"].as_u64(), again["known_lines"].as_u64()), (Some(0), Some(300)));
    bench.write("app.jsonl", events(0..310));
    assert_eq!(report(&import(&bench, "app.jsonl"))["entries"], 10);
    // Moved, it is the same file.
    bench.write("moved/app.jsonl", events(0..311));
    assert_eq!(report(&import(&bench, "moved/app.jsonl"))["entries"], 1);
    assert_eq!(bench.search("source.id:import*").len(), 311);
    assert!(bench.ok(&["import", "--from", "jsonl", "app.jsonl"]).contains("nothing new"));
}

#[test]
fn the_completion_is_an_entry_with_counts_and_digest() {
    let bench = Bench::new();
    bench.write("app.jsonl", format!("\n{}nonsense\n\n", events(0..3)));
    let ran = import(&bench, "app.jsonl");
    ran.ends(1, &["app.jsonl, line 5"]);
    let done = &bench.search("event_name:import.completed")[0];
    assert_eq!(
        (&done["category"], &done["outcome"], &done["principal"]),
        (&"audit".into(), &"failure".into(), &"tester".into())
    );
    let detail = &done["detail"];
    assert_eq!(detail["file"], "app.jsonl");
    assert_eq!(detail["sha256"].as_str().unwrap().len(), 64);
    for (name, expected) in [("lines", 6), ("blank", 2), ("entries", 3), ("unmapped", 1)] {
        assert_eq!(detail[name], expected, "{name}");
    }
    let report = report(&ran);
    assert_eq!(report["sha256"], detail["sha256"]);
    assert_eq!(report["reasons"][0]["line"], 5);
    import(&bench, "app.jsonl").ends(0, &[]);
    assert_eq!(bench.search("event_name:import.completed").len(), 1);
    assert_eq!(bench.search("action:import.unmapped").len(), 1);
}

#[test]
fn another_file_of_the_same_name_is_another_file() {
    let bench = Bench::new();
    bench.write("a/app.jsonl", events(0..5));
    bench.write("b/app.jsonl", events(5..12));
    import(&bench, "a/app.jsonl").ends(0, &[]);
    // As after a rotation: other content from the first line on.
    assert_eq!(report(&import(&bench, "b/app.jsonl"))["entries"], 7);
    assert_eq!(report(&import(&bench, "a/app.jsonl"))["entries"], 0);
}

#[test]
fn a_file_that_changed_where_it_was_imported_is_an_error_and_no_silent_skip() {
    let bench = Bench::new();
    bench.write("app.jsonl", events(0..5));
    import(&bench, "app.jsonl").ends(0, &[]);
    for changed in [events(0..4) + &events(8..20), events(0..3) + &event(7)] {
        bench.write("app.jsonl", &changed);
        import(&bench, "app.jsonl").ends(2, &["is not the same file any more", "--as NAME"]);
    }
    let ran = bench.run(&["import", "--from", "jsonl", "app.jsonl", "--as", "second", "--json"]);
    assert_eq!(report(&ran)["entries"], 4);
}

#[test]
fn a_line_that_was_cut_when_it_was_imported_is_imported_once_it_is_whole() {
    let bench = Bench::new();
    let whole = events(0..4);
    bench.write("app.jsonl", &whole[..whole.len() - 10]);
    import(&bench, "app.jsonl").ends(1, &["line 4"]);
    bench.write("app.jsonl", whole + &event(4));
    let ran = import(&bench, "app.jsonl");
    ran.ends(0, &[]);
    assert_eq!(report(&ran)["entries"], 2);
    assert_eq!(bench.search("\"event 3\"").len(), 1);
}

#[test]
fn an_import_that_was_killed_goes_on_where_the_log_ends() {
    let bench = Bench::new();
    bench.write("app.jsonl", events(0..600));
    import(&bench, "app.jsonl").ends(0, &[]);
    // As if it had been killed before it could say how far it came: only the cursor from its beginning is there.
    let imports = bench.path("audit/imports");
    let cursor = std::fs::read_dir(&imports).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&cursor).unwrap();
    let mut beginning: Value = serde_json::from_str(&text).unwrap();
    beginning["lines"] = 0.into();
    beginning["log_size"] = 1.into();
    std::fs::File::create(&cursor).unwrap().write_all(beginning.to_string().as_bytes()).unwrap();
    bench.write("app.jsonl", events(0..650));
    assert_eq!(report(&import(&bench, "app.jsonl"))["entries"], 50);
    assert_eq!(bench.search("source.id:import*").len(), 650);
}

#[test]
fn originals_are_kept_unless_redaction_is_asked_for() {
    let line = "{\"time\":\"2026-11-23T12:00:00Z\",\"message\":\"m\",\"password\":\"hunter2\"}\n";
    for (redact, expected) in [(None, "hunter2"), (Some("--redact"), "[redacted]")] {
        let bench = Bench::new();
        bench.write("app.jsonl", line);
        let mut args = vec!["import", "--from", "jsonl", "app.jsonl"];
        args.extend(redact);
        bench.ok(&args);
        assert_eq!(bench.search("source.id:import*")[0]["detail"]["password"], expected);
    }
}

#[test]
fn stdin_and_several_files_are_imported() {
    let bench = Bench::new();
    let ran = bench.run_with(&["import", "--from", "jsonl", "-", "--json"], events(0..3));
    assert_eq!(report(&ran)["entries"], 3);
    bench.write("a.jsonl", events(0..1));
    bench.write("b.jsonl", "");
    let out = bench.ok(&["import", "--from", "jsonl", "a.jsonl", "b.jsonl"]);
    assert_eq!(out.lines().count(), 2, "{out}");
    bench
        .run(&["import", "--from", "jsonl", "a.jsonl", "b.jsonl", "--as", "x"])
        .ends(2, &["--as names one file"]);
}
