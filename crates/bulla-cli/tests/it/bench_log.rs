//! A folder to work in, and the command to run there.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with nothing in it; the log, once there is one, is `audit`.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a run gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command in this folder, not yet run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("bulla").unwrap();
        command.current_dir(self.folder.path()).env_remove("BULLA_LOG").env_remove("BULLA_URL");
        command.env_remove("BULLA_TOKEN").env("USER", "tester").args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: impl Into<Vec<u8>>) -> Ran {
        Ran::of(self.command(args).write_stdin(stdin).output().unwrap())
    }

    /// Runs what must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// Stored lines that match.
    pub(crate) fn search(&self, query: &str) -> Vec<Value> {
        let out = self.ok(&["search", query, "--json", "--oldest-first"]);
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Records entries with these actions.
    pub(crate) fn record(&self, actions: &[&str]) {
        for action in actions {
            self.ok(&["record", "--action", action, "--outcome", "success", "--principal", "alice"]);
        }
    }

    pub(crate) fn identity(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("audit/log.json")).unwrap()).unwrap()
    }

    pub(crate) fn vkey(&self) -> String {
        self.identity()["vkey"].as_str().unwrap().to_owned()
    }
}

impl Ran {
    pub(crate) fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts how it ended and what stderr says.
    pub(crate) fn ends(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        for text in says {
            assert!(self.err.contains(text), "{text:?} is not in {:?}", self.err);
        }
    }
}

/// A file of `../shared/data`, seen from the project; says so when it is not there.
pub(crate) fn real_input(name: &str) -> Option<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A worktree of the project may lie one level deeper than the project itself.
    let found = ["../shared/data", "../../shared/data"].map(|data| project.join(data).join(name));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("skipped: ../shared/data/{name} is not there");
    }
    found
}
