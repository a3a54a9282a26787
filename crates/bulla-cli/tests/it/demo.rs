//! `bulla serve --demo`: somebody who has never seen Bulla asks it a question, and leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A demo that runs, and what it said when it began.
struct RunningDemo {
    child: Child,
    said: Value,
}

impl RunningDemo {
    fn start() -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("bulla"))
            .args(["serve", "--demo", "--json"])
            .env_remove("BULLA_LISTEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let said = loop {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it ended: {said}");
            if let Ok(said) = serde_json::from_str(&said) {
                break said;
            }
        };
        Self { child, said }
    }

    fn log(&self) -> PathBuf {
        PathBuf::from(self.said["directory"].as_str().unwrap())
    }

    fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

fn bulla(log: &Path, args: &[&str]) -> String {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("bulla"))
        .arg("--log")
        .arg(log)
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_demo_answers_who_was_denied_through_which_agent_and_whether_the_record_is_intact() {
    let demo = RunningDemo::start();
    let log = demo.log();
    assert_eq!(demo.said["demo"], true);

    let found = bulla(&log, &["search", r#"outcome:denied targets.id:"prod/customers""#, "--json"]);
    let [denied] = found.lines().collect::<Vec<_>>()[..] else { panic!("{found}") };
    let denied: Value = serde_json::from_str(denied).unwrap();
    assert_eq!(denied["principal"], "ines@harbor.example");
    assert_eq!(denied["actor"]["agent"]["name"], "data-helper");
    assert_eq!(denied["actor"]["on_behalf_of"][0]["id"], "ines@harbor.example");
    assert_eq!(denied["reason"]["code"], "personal_data");
    assert_eq!(denied["labels"]["demo"], "sample data, made up");
    // When it is said to have happened is made up; when it was recorded is not.
    let times = ["timestamp", "recorded_at"]
        .map(|field| denied[field].as_str().unwrap().parse::<bulla::Timestamp>().unwrap());
    assert!(times[1].since(times[0]).as_secs() >= 24 * 3600, "{denied}");
    assert_eq!(denied["source"]["vantage"], "imported");

    let verdict: Value = serde_json::from_str(&bulla(&log, &["verify", "--json"])).unwrap();
    assert_eq!(verdict["findings"], serde_json::json!([]), "{verdict}");

    let session: Value = serde_json::from_str(&bulla(&log, &["session", "sess-build-7", "--json"])).unwrap();
    let depths = session["steps"].as_array().unwrap().iter().map(|step| step["depth"].as_u64().unwrap());
    assert!(depths.max().unwrap() >= 1, "the subagent works within a call: {session}");
    let session: Value = serde_json::from_str(&bulla(&log, &["session", "sess-data-3", "--json"])).unwrap();
    let abandoned = session["steps"].as_array().unwrap().iter().filter(|step| step["missing"] == "end");
    assert_eq!(abandoned.count(), 1, "{session}");

    let failed = bulla(&log, &["search", "tool.name:bash outcome:failure has:payloads", "--json"]);
    let failed: Value =
        serde_json::from_str(failed.lines().next().expect("one keeps what it printed")).unwrap();
    let reader = bulla::LogReader::open(&log).unwrap();
    let stored = reader.payload(failed["payloads"][0]["sha256"].as_str().unwrap()).unwrap().unwrap();
    let output = String::from_utf8(stored[32..].to_vec()).expect("text behind the salt");
    assert!(output.contains("2 failed"), "{output}");

    let folder = log.parent().unwrap().to_owned();
    demo.stop();
    assert!(!folder.exists(), "{} is left behind", folder.display());
}
