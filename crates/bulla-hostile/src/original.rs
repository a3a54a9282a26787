//! Logs to be damaged.

use std::path::PathBuf;
use std::time::Duration;

use bulla::proof::SignerKey;
use bulla::{AuditEntry, AuditLog, AuditOutcome};
use serde_json::json;

use crate::Directory;

/// One checkpoint for each session, when it is closed, however slow the machine is.
const NEVER: Duration = Duration::from_secs(1_000_000);

/// What a log to be damaged looks like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Entries, those of the log's own included: at least two for each session.
    pub entries: u64,
    /// How often it is opened and closed: so many checkpoints.
    pub sessions: u64,
    /// A segment is full at so many bytes.
    pub segment_bytes: u64,
    /// Whether full segments are compressed.
    pub seal: bool,
    /// Whether some entries have payloads.
    pub payloads: bool,
}

/// A log that nobody has damaged yet, and what an attacker may have.
#[derive(Debug)]
pub struct Original {
    /// The log.
    pub directory: Directory,
    /// Its key.
    pub key: SignerKey,
    /// Its shape.
    pub shape: Shape,
}

/// Name of the logs made here.
const ORIGIN: &str = "log.example/hostile";

impl Original {
    /// Writes a log of this shape at `root`.
    pub fn write(root: impl Into<PathBuf>, shape: Shape) -> Self {
        let directory = Directory::new(root);
        let key = SignerKey::from_seed(ORIGIN, [7; 32]).expect("the origin is a name");
        let mut written = 0;
        for session in 0..shape.sessions {
            let until = shape.entries * (session + 1) / shape.sessions;
            let builder = AuditLog::builder(directory.root()).signer(key.clone());
            let log = builder
                .publish_interval(NEVER)
                .segment_bytes(shape.segment_bytes)
                .seal(shape.seal)
                .open()
                .expect("a log can be made");
            let tickets: Vec<_> = (written + 1..until - 1)
                .map(|seq| log.submit(entry(seq, shape.payloads)).expect("room"))
                .collect();
            for ticket in tickets {
                ticket.wait_durable().expect("the disk works");
            }
            log.wait_sealed();
            log.close_blocking().expect("the disk works");
            written = until;
        }
        Self { directory, key, shape }
    }
}

fn entry(seq: u64, payloads: bool) -> AuditEntry {
    let entry = AuditEntry::api(format!("POST /v1/tasks/{seq}"))
        .principal("alice@example.org")
        .outcome(AuditOutcome::Success)
        .detail(json!({"n": seq}));
    if payloads && seq % 10 == 3 {
        entry.attach("core", "application/octet-stream", seq.to_le_bytes().to_vec())
    } else {
        entry
    }
}
