//! `prove`, `check`, `checkpoint`, `verify`, `key`.

use serde_json::Value;

use crate::bench_log::Bench;

#[test]
fn a_proof_is_checked_with_nothing_but_itself_the_entry_and_the_key() {
    let bench = Bench::new();
    bench.record(&["one", "two", "three"]);
    let vkey = bench.vkey();
    assert_eq!(bench.ok(&["key", "show"]), format!("{vkey}\n"));
    bench.run(&["prove", "1", "-o", "p", "--entry-out", "e"]).ends(0, &["bulla check p --entry e --key"]);
    assert_eq!(std::fs::read_to_string(bench.path("p")).unwrap(), bench.ok(&["prove", "1"]));
    assert_eq!(std::fs::read_to_string(bench.path("e")).unwrap(), bench.ok(&["show", "1", "--raw"]));
    let elsewhere = Bench::new();
    for name in ["p", "e"] {
        std::fs::copy(bench.path(name), elsewhere.path(name)).unwrap();
    }
    let check = |entry: &str, key: &str| elsewhere.run(&["check", "p", "--entry", entry, "--key", key]);
    let clean = check("e", &vkey);
    clean.ends(0, &[]);
    assert!(clean.out.starts_with("clean") && clean.out.contains("Not proved"), "{}", clean.out);
    let entry = std::fs::read_to_string(elsewhere.path("e")).unwrap();
    elsewhere.write("newline", entry.clone() + "\n");
    check("newline", &vkey).ends(0, &[]);
    elsewhere.write("two-newlines", entry.clone() + "\n\n");
    check("two-newlines", &vkey).ends(1, &[]);
    elsewhere.write("changed", entry.replace("alice", "mallo"));
    let changed = check("changed", &vkey);
    changed.ends(1, &[]);
    assert!(changed.out.contains("entry_mismatch"), "{}", changed.out);
    elsewhere.write("policy", format!("log {vkey}\nquorum none\n"));
    elsewhere.ok(&["check", "p", "--entry", "e", "--policy", "policy"]);
    let json = elsewhere.ok(&["check", "p", "--entry", "e", "--key", &vkey, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["findings"], serde_json::json!([]));
    // Another log's key, no key, nothing that is a proof.
    let other = Bench::new();
    other.record(&["one"]);
    check("e", &other.vkey()).ends(1, &[]);
    check("e", "nonsense").ends(2, &["name+id+base64"]);
    elsewhere.run(&["check", "p", "--entry", "e"]).ends(2, &["--key"]);
    elsewhere.run(&["check", "e", "--entry", "e", "--key", &vkey]).ends(2, &["e is no proof"]);
}

#[test]
fn an_entry_without_a_checkpoint_is_told_what_to_wait_for() {
    let bench = Bench::new();
    bench.record(&["one"]);
    let older = std::fs::read(bench.path("audit/checkpoint")).unwrap();
    bench.record(&["two"]);
    // As when the writer ended before it published: entries are there, the checkpoint is older.
    bench.write("audit/checkpoint", &older);
    bench.write("audit/checkpoints", [older.as_slice(), b"\n"].concat());
    let seq = bench.search("action:two")[0]["seq"].to_string();
    bench.run(&["prove", &seq]).ends(2, &["no checkpoint covers entry", "bulla record"]);
    let doctor = bench.ok(&["doctor"]);
    assert!(doctor.contains("the rest has no proof yet"), "{doctor}");
    let verify = bench.run(&["verify"]);
    verify.ends(0, &[]);
    assert!(verify.out.contains("Not covered"), "{}", verify.out);
    bench.record(&["three"]);
    bench.ok(&["prove", &seq]);
}

#[test]
fn a_checkpoint_continues_an_older_one_or_is_caught() {
    let bench = Bench::new();
    bench.record(&["one"]);
    bench.write("pin", bench.ok(&["checkpoint"]));
    let copy = |to: &str| {
        let status =
            std::process::Command::new("cp").arg("-r").arg(bench.path("audit")).arg(bench.path(to)).status();
        assert!(status.unwrap().success());
    };
    copy("old");
    bench.record(&["two"]);
    let newest = bench.ok(&["checkpoint"]);
    bench.write("newest", &newest);
    let since = bench.ok(&["checkpoint", "--since", "pin"]);
    assert!(since.starts_with("consistent") && since.ends_with(&newest), "{since}");
    let json: Value = serde_json::from_str(&bench.ok(&["checkpoint", "--since", "pin", "--json"])).unwrap();
    assert_eq!(json["relation"], "consistent");
    bench.ok(&["verify", "--pin", "pin"]);
    // An old copy in place of the log.
    let rolled_back = bench.run(&["--log", "old", "checkpoint", "--since", "newest"]);
    rolled_back.ends(1, &[]);
    assert!(rolled_back.out.starts_with("rolled back"), "{}", rolled_back.out);
    bench.run(&["verify", "old", "--pin", "newest"]).ends(1, &[]);
    // The old copy went its own way.
    bench.ok(&["--log", "old", "record", "--action", "x", "--outcome", "success"]);
    bench.ok(&["--log", "old", "record", "--action", "y", "--outcome", "success"]);
    let forked = bench.run(&["--log", "old", "checkpoint", "--since", "newest"]);
    forked.ends(1, &[]);
    assert!(forked.out.starts_with("fork"), "{}", forked.out);
    bench.run(&["verify", "old", "--pin", "newest"]).ends(1, &[]);
    bench.run(&["checkpoint", "--since", "missing"]).ends(2, &["open missing"]);
    bench.write("nonsense", "x");
    bench.run(&["checkpoint", "--since", "nonsense"]).ends(2, &["nonsense is not a checkpoint of this log"]);
}

#[test]
fn verify_trusts_what_it_is_told_instead_of_the_log_itself() {
    let bench = Bench::new();
    bench.record(&["one"]);
    bench.run(&["verify"]).ends(0, &["--pin FILE hold the log to what you know of it from elsewhere"]);
    let ran = bench.run(&["verify", "--key", &bench.vkey()]);
    ran.ends(0, &[]);
    assert_eq!(ran.err, "");
    let other = Bench::new();
    other.record(&["one"]);
    bench.run(&["verify", "--key", &other.vkey()]).ends(1, &[]);
    let json: Value = serde_json::from_str(&bench.ok(&["verify", "--json"])).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
    assert!(json["checked"].as_array().is_some_and(|checked| !checked.is_empty()));
}

#[test]
fn a_generated_key_names_the_log_that_begins_with_it() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("audit")).unwrap();
    let vkey = bench.ok(&["key", "generate", "--origin", "example.com/audit", "-o", "audit/log.key"]);
    bench.record(&["one"]);
    assert_eq!(format!("{}\n", bench.vkey()), vkey);
    assert_eq!(bench.identity()["origin"], "example.com/audit");
    bench.run(&["key", "generate", "--origin", "a b"]).ends(2, &["without spaces"]);
    bench.run(&["key", "generate", "--origin", "x", "-o", "audit/log.key"]).ends(2, &["exists already"]);
}
