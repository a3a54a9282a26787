//! Help, completions, manual pages, environment, doctor.

use crate::bench_log::Bench;

const COMMANDS: [&str; 15] = [
    "record",
    "import",
    "tail",
    "search",
    "show",
    "session",
    "verify",
    "prove",
    "check",
    "checkpoint",
    "export",
    "key",
    "stats",
    "doctor",
    "completions",
];

#[test]
fn every_command_is_listed_and_explains_itself() {
    let bench = Bench::new();
    let help = bench.ok(&["--help"]);
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        let own = bench.ok(&[command, "--help"]);
        assert!(own.contains("Usage: bulla"), "{command}");
    }
    bench.run(&[]).ends(2, &["Usage: bulla"]);
    bench.run(&["recrod"]).ends(2, &["similar subcommand", "record"]);
    assert!(bench.ok(&["--version"]).starts_with("bulla "));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(bench.ok(&["completions", shell]).contains("checkpoint"), "{shell}");
    }
    bench.ok(&["man", "pages"]);
    let page = std::fs::read_to_string(bench.path("pages/bulla-search.1")).unwrap();
    assert!(page.contains("count\\-by"), "{page}");
}

#[test]
fn the_log_is_named_by_option_environment_or_default() {
    let bench = Bench::new();
    let record = ["record", "--action", "a", "--outcome", "success"];
    bench.command(&record).env("BULLA_LOG", "from-env").assert().success();
    bench
        .command(&[&["--log", "from-option"], &record[..]].concat())
        .env("BULLA_LOG", "x")
        .assert()
        .success();
    bench.ok(&record);
    for (place, exists) in [("from-env", true), ("from-option", true), ("audit", true), ("x", false)] {
        assert_eq!(bench.path(place).join("log.json").exists(), exists, "{place}");
    }
}

#[test]
fn colour_is_only_used_when_it_is_wanted() {
    let bench = Bench::new();
    bench.record(&["one"]);
    let is_coloured = |args: &[&str]| bench.ok(args).contains('\u{1b}');
    assert!(!is_coloured(&["search"]), "stdout is no terminal");
    assert!(is_coloured(&["search", "--color", "always"]));
    assert!(!is_coloured(&["search", "--color", "never"]));
    assert!(!is_coloured(&["search", "--json", "--color", "always"]));
    let forced = bench.command(&["search"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!forced.stdout.contains(&0x1b));
}

#[test]
fn the_doctor_finds_a_healthy_log_fine_and_says_what_to_do_without_one() {
    let bench = Bench::new();
    let none = bench.run(&["doctor"]);
    none.ends(1, &[]);
    assert!(none.out.contains("audit is not there") && none.out.contains("bulla record"), "{}", none.out);
    bench.record(&["one"]);
    let fine = bench.ok(&["doctor", "--json"]);
    let states: Vec<String> = fine
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["state"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(states.len() >= 10 && !states.contains(&"wrong".to_owned()), "{fine}");
}

#[test]
fn the_doctor_notices_a_clock_that_went_back_and_files_left_behind() {
    let bench = Bench::new();
    bench.record(&["one"]);
    bench.write("audit/log.json.tmp", "x");
    let segment = bench.path("audit/entries/00000000000000000000.jsonl");
    let text = std::fs::read_to_string(&segment).unwrap();
    let recorded = text.lines().last().unwrap().split("\"recorded_at\":\"").nth(1).unwrap()[..4].to_owned();
    std::fs::write(
        &segment,
        text.replace(&format!("\"recorded_at\":\"{recorded}"), "\"recorded_at\":\"2999"),
    )
    .unwrap();
    let doctor = bench.run(&["doctor"]);
    doctor.ends(1, &[]);
    assert!(doctor.out.contains("in the future") && doctor.out.contains("NTP"), "{}", doctor.out);
    assert!(doctor.out.contains("left by a crash: log.json.tmp"), "{}", doctor.out);
}
