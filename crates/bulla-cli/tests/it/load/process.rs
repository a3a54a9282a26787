//! A real `bulla serve` in a process of its own, its memory watched from outside.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Short time-outs, so that clients which stall are met often; few places, so that they run out.
const CONFIG: &str = "\
publish_interval_ms = 200
[limits]
header_timeout_ms = 2000
body_timeout_ms = 4000
shutdown_timeout_ms = 10000
connections = 200
followers = 12
line_bytes = 65536
body_bytes = 1048576
";

pub(super) struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) log: PathBuf,
}

impl Serving {
    pub(super) fn start(folder: &Path) -> Self {
        let (log, config) = (folder.join("audit"), folder.join("bulla.toml"));
        std::fs::write(&config, CONFIG).unwrap();
        let stderr = std::fs::File::create(folder.join("stderr")).unwrap();
        let bulla = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bulla"));
            command.arg("--log").arg(&log).arg("--json");
            command
        };
        let mut child = bulla()
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
        let made =
            bulla().args(["token", "create", "--name", "load", "--scope", "write,read"]).output().unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        Self { child, stdout, address, token, log }
    }

    /// Where the memory of the process can be read.
    pub(super) fn memory(&self) -> Memory {
        Memory { status: PathBuf::from(format!("/proc/{}/status", self.child.id())) }
    }

    /// SIGTERM; then its exit code and what it said.
    pub(super) fn terminate(mut self) -> (Option<i32>, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        (status.code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) struct Memory {
    status: PathBuf,
}

impl Memory {
    /// Resident memory now, in KiB; `None` where there is no /proc, or no such process. Pages of mapped files are not in it:
    /// those of the index grow with the log, and the kernel takes them back when it wants them.
    pub(super) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(&self.status).ok()?;
        let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}
