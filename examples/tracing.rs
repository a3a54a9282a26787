//! A program whose audit entries are written with the macros of `tracing`, beside its usual log.
//!
//! Run it with `RUST_LOG=off`: the usual log is silent, the audit log is not.

use bulla::AuditLog;
use bulla::capture::tracing::AuditLayer;
use tracing::{info, info_span, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> anyhow::Result<()> {
    let log = AuditLog::open("audit")?;
    let audit = AuditLayer::new(log.clone());
    let counts = audit.counts();
    // `RUST_LOG` is the filter of the usual log only.
    let usual = tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env());
    tracing_subscriber::registry().with(audit.filtered()).with(usual).init();
    anyhow::ensure!(counts.is_heard(), "audit events do not reach the log");

    let session = info_span!(target: "audit::context", "session", principal = "alice", session_id = "s-9");
    session.in_scope(|| {
        info!(target: "audit", category = "auth", action = "login", outcome = "success", auth.method = "key");
        let deploy =
            info_span!(target: "audit", "deploy", category = "k8s", outcome = "success", replicas = 3);
        deploy.in_scope(|| warn!("an event of the usual log"));
    });
    drop(session);

    anyhow::ensure!(counts.lost() == 0, "{} audit entries were lost", counts.lost());
    Ok(log.close_blocking()?)
}
