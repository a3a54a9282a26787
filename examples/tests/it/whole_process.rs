//! The tracing layer in the one subscriber of the process: within that, unlike within one of a thread, events that are
//! emitted while an event is handled do come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use bulla::capture::tracing::AuditLayer;
use bulla::{AuditLog, RecordError};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn an_error_that_is_logged_where_it_is_told_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path().join("audit")).unwrap();
    let told = Arc::new(AtomicU64::new(0));
    let counted = told.clone();
    let layer = AuditLayer::new(log.clone()).on_error(move |error: &RecordError| {
        counted.fetch_add(1, SeqCst);
        tracing::error!(target: "audit", %error, "an audit entry was lost");
    });
    let counts = layer.counts();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::set_global_default(subscriber).unwrap();

    assert!(counts.is_heard());
    tracing::info!(target: "audit", outcome = "success", "act");
    log.close_blocking().unwrap();
    tracing::info!(target: "audit", outcome = "success", "act");
    assert_eq!((counts.recorded(), counts.lost(), told.load(SeqCst)), (1, 1, 1));
}
