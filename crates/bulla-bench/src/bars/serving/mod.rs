//! Bars of the server: a real one on loopback, in this process, and clients with as little in them as there can be.

pub(super) mod client;
pub(super) mod ingest;
pub(super) mod stalled;

use std::path::PathBuf;

use anyhow::Context;
use bulla::{AuditLog, Timestamp};
use bulla_server::{NewToken, Scope, Server, Settings, Tokens};
use tokio::runtime::Runtime;

use client::Client;

use crate::workload;

/// A server, its threads, and a token that may record and read.
struct Served {
    runtime: Runtime,
    server: Server,
    token: String,
    directory: PathBuf,
}

impl Served {
    fn start(directory: PathBuf) -> anyhow::Result<Self> {
        // The log first: tokens lie in its directory, and a directory with something in it is no place to make one.
        AuditLog::open(&directory)?.close_blocking()?;
        let new = NewToken {
            name: "bench".to_owned(),
            source: None,
            scopes: vec![Scope::Read, Scope::Write],
            expires_at: None,
        };
        let (token, _) = Tokens::of(&directory).create(new, Timestamp::now())?;
        let runtime = Runtime::new().context("start the server's threads")?;
        let settings =
            Settings { listen: "127.0.0.1:0".parse()?, log: directory.clone(), ..Settings::default() };
        let server = runtime.block_on(Server::start(settings))?;
        Ok(Self { runtime, server, token, directory })
    }

    fn connect(&self) -> anyhow::Result<Client> {
        Client::connect(self.server.address(), &self.token)
    }

    /// Ends the server; gives how many entries its log has.
    fn stop(self) -> anyhow::Result<u64> {
        self.runtime.block_on(self.server.stop())?;
        Ok(bulla::LogReader::open(self.directory)?.size()?)
    }
}

/// Entry `number` as an emitter sends it, without an id or with the one that it has.
fn line(number: u64, with_id: bool) -> String {
    let mut line = serde_json::to_value(workload::entry(number)).expect("an entry is JSON");
    let fields = line.as_object_mut().expect("an entry is an object");
    if !with_id {
        fields.remove("id");
    }
    line.to_string()
}

/// `count` entries from `first` on, as NDJSON.
fn batch(first: u64, count: usize, with_id: bool) -> Vec<u8> {
    let mut body = Vec::new();
    for number in (first..).take(count) {
        body.extend_from_slice(line(number, with_id).as_bytes());
        body.push(b'\n');
    }
    body
}
