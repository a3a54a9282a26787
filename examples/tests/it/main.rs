//! The layers where they belong: in real servers, over sockets, and in the subscriber of a whole process.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../../greeter.rs"]
mod greeter;
mod over_axum;
mod over_tonic;
mod whole_process;

use std::time::Duration;

use bulla::{AuditEntry, AuditLog};
use tempfile::TempDir;

/// Long after anything here has happened.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// A log in a folder of its own, and its entries as they become durable.
struct Recorded {
    log: AuditLog,
    follow: bulla::Follow,
    _folder: TempDir,
}

impl Recorded {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path().join("audit")).unwrap();
        let follow = log.follow(1).unwrap();
        Self { log, follow, _folder: folder }
    }

    /// The next entry; waits for it.
    async fn next(&mut self) -> AuditEntry {
        let next = tokio::time::timeout(HANGS_AFTER, self.follow.next()).await;
        next.expect("the entry comes").unwrap().unwrap().entry().unwrap()
    }
}

fn code(entry: &AuditEntry) -> Option<&str> {
    entry.reason.as_ref().and_then(|reason| reason.code.as_deref())
}

fn status(entry: &AuditEntry) -> Option<u16> {
    entry.request.as_ref().and_then(|request| request.status_code)
}
