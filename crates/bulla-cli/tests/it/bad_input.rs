//! Input and logs that are not as they should be: a clear error or an entry that says so, and nothing lost.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::bench_log::Bench;

const GOOD: &str = "{\"timestamp\":\"2026-11-23T12:00:00Z\",\"category\":\"api\",\"action\":\"good\",\"outcome\":\"success\"}\n";

#[test]
fn bad_lines_are_named_and_kept_and_good_ones_recorded() {
    let long =
        format!("{{\"category\":\"api\",\"action\":\"{}\",\"outcome\":\"success\"}}", "a".repeat(1_000_000));
    for (bad, says) in [
        (&b"{\"category\":\"api\",\"act"[..], "was it cut?"),
        (b"\0\0\0", "not a JSON object"),
        (b"{\"category\":\"api\",\"action\":\"\xff\",\"outcome\":\"success\"}\n", "not a JSON object"),
        (long.as_bytes(), "entry is too long: 1000"),
        (b"{\"a\":1,\"a\":2}", "twice"),
        (b"[1]", "not a JSON object"),
    ] {
        for command in [&["record", "-"][..], &["import", "--from", "seed", "-"]] {
            let bench = Bench::new();
            let input = [GOOD.as_bytes(), GOOD.as_bytes(), bad].concat();
            let ran = bench.run_with(command, input);
            ran.ends(1, &["line 3"]);
            if command[0] == "record" {
                ran.ends(1, &[says]);
            }
            assert_eq!(bench.search("action:good").len(), 2);
            let kept = bench.search("action:import.unmapped");
            assert_eq!(kept.len(), 1, "{command:?} {says}");
            let payload = &kept[0]["payloads"][0];
            assert_eq!(
                payload["size"].as_u64().unwrap(),
                bad.strip_suffix(b"\n").unwrap_or(bad).len() as u64
            );
            bench.ok(&["verify"]);
        }
    }
}

#[test]
fn a_torn_last_line_of_a_log_is_cut_and_kept() {
    let bench = Bench::new();
    bench.record(&["one", "two"]);
    let segment = bench.path("audit/entries/00000000000000000000.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(segment).unwrap();
    file.write_all(b"{\"seq\":99,\"torn").unwrap();
    drop(file);
    bench.record(&["three"]);
    assert_eq!(bench.search("action:three").len(), 1);
    let doctor = bench.run(&["doctor"]);
    doctor.ends(0, &[]);
    assert!(doctor.out.contains("recovery cut off"), "{}", doctor.out);
    bench.ok(&["verify"]);
}

#[test]
fn a_second_writer_is_refused_and_told_who_the_first_is() {
    let bench = Bench::new();
    bench.record(&["one"]);
    let mut first = std::process::Command::new(assert_cmd::cargo::cargo_bin("bulla"))
        .current_dir(bench.path(""))
        .args(["record", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first receipt shows that it has the log.
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(GOOD.as_bytes()).unwrap();
    let mut receipt = String::new();
    let mut stdout = std::io::BufReader::new(first.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut receipt).unwrap();
    assert!(receipt.contains("durable"), "{receipt}");
    let pid = format!("process {}", first.id());
    bench.run(&["record", "--action", "x", "--outcome", "success"]).ends(2, &[&pid, "one writer per log"]);
    assert!(bench.ok(&["doctor"]).contains(&pid));
    // Reading needs no lock; an export says that it could not be recorded.
    assert_eq!(bench.search("action:good").len(), 1);
    bench.run(&["export"]).ends(0, &["the export is not recorded in the log", &pid]);
    drop(stdin);
    assert!(first.wait().unwrap().success());
}

#[test]
fn what_is_no_log_is_not_touched() {
    let bench = Bench::new();
    bench.write("photos/cat.jpg", "meow");
    let file = bench.write("file", "x");
    for args in [
        &["search"][..],
        &["tail"],
        &["show", "1"],
        &["verify"],
        &["stats"],
        &["prove", "1"],
        &["checkpoint"],
    ] {
        for place in ["photos", "missing", "file"] {
            let args = [&["--log", place], args].concat();
            bench.run(&args).ends(2, &[place, "is not a log", "--log DIR"]);
        }
    }
    let record = ["record", "--action", "a", "--outcome", "success"];
    let at = |place| [&["--log", place], &record[..]].concat();
    bench.run(&at("photos")).ends(2, &["photos is not a log"]);
    bench.run(&at("file")).ends(2, &["create file: file exists; nothing was recorded"]);
    bench.run(&at("file/below")).ends(2, &["not a directory; nothing was recorded"]);
    // Not even root can make a folder there.
    bench.run(&at("/sys/bulla-test")).ends(2, &["nothing was recorded", "--log DIR"]);
    assert_eq!(std::fs::read_dir(bench.path("photos")).unwrap().count(), 1);
    assert_eq!(std::fs::read(file).unwrap(), b"x");
    assert!(!bench.path("missing").exists());
}

#[test]
fn a_newer_format_is_refused_by_every_command() {
    let bench = Bench::new();
    bench.record(&["one"]);
    let text = std::fs::read_to_string(bench.path("audit/log.json")).unwrap();
    bench.write("audit/log.json", text.replace("\"format\": 1", "\"format\": 2"));
    for args in [&["search"][..], &["verify"], &["record", "--action", "a", "--outcome", "success"]] {
        bench.run(args).ends(2, &["has format 2", "use a newer bulla"]);
    }
    assert_eq!(bench.run(&["doctor"]).code, 1);
}

#[test]
fn a_key_that_is_exposed_wrong_or_gone_is_refused() {
    let bench = Bench::new();
    bench.record(&["one"]);
    let record = ["record", "--action", "a", "--outcome", "success"];
    let key = bench.path("audit/log.key");
    let mode = |mode| std::fs::set_permissions(&key, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o644);
    bench.run(&record).ends(2, &["can be read by others", "chmod 600"]);
    let doctor = bench.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.out.contains("chmod 600"), "{}", doctor.out);
    mode(0o600);
    let own = std::fs::read(&key).unwrap();
    bench.ok(&["key", "generate", "--origin", "other.example", "-o", "other.key"]);
    std::fs::copy(bench.path("other.key"), &key).unwrap();
    bench.run(&record).ends(2, &["does not belong to this log"]);
    assert!(bench.run(&["doctor"]).out.contains("is of other.example, not of this log"));
    std::fs::remove_file(&key).unwrap();
    bench.run(&record).ends(2, &["log.key is missing"]);
    bench.ok(&["search"]);
    std::fs::write(&key, own).unwrap();
    mode(0o600);
    bench.ok(&record);
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
    let bench = Bench::new();
    let many: String = GOOD.repeat(5_000);
    bench.run_with(&["record", "-"], many.as_str()).ends(0, &[]);
    for args in [&["search"][..], &["export"], &["search", "--json"]] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("bulla"))
            .current_dir(bench.path(""))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args:?}");
    }
    // Receipts that nobody reads do not stop the recording.
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("bulla"))
        .current_dir(bench.path(""))
        .args(["record", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(many.replace("good", "unread").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(bench.search("action:unread").len(), 5_000);
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("bulla"))
            .current_dir(bench.path(""))
            .args(["search"])
            .stdout(full)
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(2));
    }
}

#[test]
fn damage_is_found_named_and_does_not_hide_the_rest() {
    let bench = Bench::new();
    bench.record(&["one", "two", "three"]);
    let segment = bench.path("audit/entries/00000000000000000000.jsonl");
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replace("\"two\"", "\"TWO\"")).unwrap();
    let seq = bench.search("action:TWO")[0]["seq"].as_u64().unwrap();
    let verify = bench.run(&["verify"]);
    assert_eq!(verify.code, 1);
    assert!(
        verify.out.starts_with("NOT CLEAN") && verify.out.contains(&format!("entry {seq}")),
        "{}",
        verify.out
    );
    let json: serde_json::Value = serde_json::from_str(&bench.run(&["verify", "--json"]).out).unwrap();
    let finding = &json["findings"][0];
    assert_eq!((&finding["kind"], &finding["first_seq"]), (&"line_changed".into(), &seq.into()));
    assert!(
        finding["file"].as_str().unwrap().ends_with(".jsonl") && finding["bytes"].is_object(),
        "{finding}"
    );
    // Cut at the end: what is there is still shown, and that something is missing is said.
    let cut: String = text.lines().take(4).map(|line| format!("{line}\n")).collect();
    std::fs::write(&segment, cut).unwrap();
    let tail = bench.run(&["tail"]);
    tail.ends(1, &["entry 4 is damaged", "bulla verify"]);
    assert!(tail.out.contains("one"), "{}", tail.out);
    bench.run(&["search"]).ends(1, &["entry 4 is damaged"]);
    bench.run(&["record", "--action", "x", "--outcome", "success"]).ends(2, &["restore"]);
    assert_eq!(bench.run(&["verify"]).code, 1);
    assert_eq!(bench.run(&["doctor"]).code, 1);
}

#[test]
fn log_content_never_drives_a_terminal() {
    let bench = Bench::new();
    let evil = "{\"category\":\"api\",\"action\":\"\\u001b[31mred\\u0007\",\"outcome\":\"success\",\"principal\":\"\u{9b}2J\u{202e}x\",\
                \"session_id\":\"s\\u001b]0;t\\u0007\",\"detail\":{\"\\u001b[2Jkey\":\"v\\r\\nw\\u0008\"},\"reason\":{\"message\":\"\\u001b[0m\"}}\n";
    bench.run_with(&["record", "-"], evil).ends(0, &[]);
    for args in [
        &["tail"][..],
        &["search"],
        &["show", "1"],
        &["session", "s"],
        &["stats"],
        &["search", "--count-by", "action"],
    ] {
        let out = bench.ok(args);
        let is_driving = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
        assert!(!out.contains(is_driving), "{args:?}: {out:?}");
        assert!(out.contains("\\u{1b}") || args == ["stats"], "{args:?}: {out}");
    }
}
