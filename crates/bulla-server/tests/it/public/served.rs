//! A server of a log of an exact size, and what it answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use bulla::{AuditEntry, AuditLog, AuditOutcome, Timestamp};
use bulla_proof::Checkpoint;
use bulla_server::{NewToken, Scope, Server, Settings, Tokens};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// `log.opened` and `log.closed` of making the log, `log.opened` of serving it.
const ENTRIES_OF_ITS_OWN: u64 = 3;

/// 1 MiB, some 3,000 entries: a large log has sealed segments, and one that is open.
const SEGMENT_BYTES: u64 = 1 << 20;

/// A server that runs until it is dropped.
pub(crate) struct Served {
    server: Option<Server>,
    runtime: Runtime,
    agent: ureq::Agent,
    url: String,
    folder: TempDir,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The header's value, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }
}

impl Served {
    /// A public log with `size` entries, all of them published.
    pub(crate) fn of(size: u64) -> Self {
        Self::publishing(size, true)
    }

    /// As [`Served::of`], for those with a credential.
    pub(crate) fn not_public(size: u64) -> Self {
        Self::publishing(size, false)
    }

    /// A public log with one entry and no checkpoint.
    pub(crate) fn unpublished() -> Self {
        Self::start(tempfile::tempdir().unwrap(), true, Duration::from_secs(3600))
    }

    fn publishing(size: u64, public: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if size > 1 {
            fill(&folder.path().join("audit"), size - ENTRIES_OF_ITS_OWN);
        }
        let served = Self::start(folder, public, Duration::from_millis(10));
        let note = || std::fs::read_to_string(served.directory().join("checkpoint")).unwrap_or_default();
        let published = || {
            note()
                .split("\n\n")
                .next()
                .and_then(|text| Some(Checkpoint::parse(&format!("{text}\n")).ok()?.size().get()))
        };
        while published() != Some(size) {
            assert!(published() <= Some(size), "the server wrote more than its own entries");
            std::thread::yield_now();
        }
        served
    }

    fn start(folder: TempDir, public: bool, publish_interval: Duration) -> Self {
        let runtime = Runtime::new().unwrap();
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            log: folder.path().join("audit"),
            public,
            publish_interval,
            scrub: None,
            ..Settings::default()
        };
        let server = runtime.block_on(Server::start(settings)).unwrap();
        let config = ureq::Agent::config_builder().http_status_as_error(false).accept_encoding("").build();
        Self { url: server.url(), server: Some(server), runtime, agent: config.into(), folder }
    }

    pub(crate) fn directory(&self) -> std::path::PathBuf {
        self.folder.path().join("audit")
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A new token with one scope.
    pub(crate) fn token(&self, scope: Scope) -> String {
        let new = NewToken { name: scope.to_string(), source: None, scopes: vec![scope], expires_at: None };
        Tokens::of(&self.directory()).create(new, Timestamp::now()).unwrap().0
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    }

    /// Head and body as they are on the wire: the client decompresses what it gets.
    pub(crate) fn get_as_sent(&self, path: &str, header: &str) -> (String, Vec<u8>) {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{header}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 2;
        let body = answer.split_off(end + 2);
        (String::from_utf8(answer[..end].to_vec()).unwrap(), body)
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.answer(self.agent.head(format!("{}{path}", self.url)))
    }

    fn answer(&self, request: ureq::RequestBuilder<ureq::typestate::WithoutBody>) -> Answer {
        let mut response = request.call().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.body_mut().read_to_vec().unwrap() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop()).unwrap();
        }
    }
}

/// Makes a log with `count` entries between its own.
fn fill(directory: &Path, count: u64) {
    let builder = AuditLog::builder(directory).publish_interval(Duration::from_secs(3600));
    let log = builder.segment_bytes(SEGMENT_BYTES).open().unwrap();
    let entry = |index: u64| {
        AuditEntry::tool("bash")
            .principal(format!("agent-{}", index % 7))
            .outcome(AuditOutcome::Success)
            .detail(json!({"command": format!("cargo test -p crate-{index}"), "exit_code": 0}))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for first in (0..count).step_by(4096) {
        let entries = (first..count.min(first + 4096)).map(entry);
        runtime.block_on(log.record_many(entries)).unwrap();
    }
    log.wait_sealed();
    log.close_blocking().unwrap();
}
