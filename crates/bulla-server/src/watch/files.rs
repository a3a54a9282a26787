//! Looks at every publish interval whether the log's files are where its writer left them, and says so when they are
//! not. What that means for the log is decided in `bulla`: see `AuditLog::check_files`.

use std::sync::Arc;
use std::time::Instant;

use bulla::store::Misplaced;
use serde_json::json;

use crate::state::Shared;

/// 20 files are named in an entry: a log has about ten that are looked at.
const NAMED_MAX: usize = 20;

/// Looks again and again until it is aborted.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(shared.settings.publish_interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut could_look = true;
    loop {
        ticks.tick().await;
        shared.alarms.retry();
        shared.health.set_published(shared.log.watermarks().published, Instant::now());
        let looking = shared.clone();
        match tokio::task::spawn_blocking(move || looking.log.check_files()).await {
            Ok(Ok(misplaced)) => {
                could_look = true;
                note(&shared, misplaced);
            }
            Ok(Err(error)) => {
                if std::mem::replace(&mut could_look, false) {
                    tracing::error!(%error, "the files of the log cannot be looked at");
                }
            }
            Err(error) => tracing::error!(%error, "looking at the files of the log ended unexpectedly"),
        }
    }
}

fn note(shared: &Shared, misplaced: Vec<Misplaced>) {
    let before = shared.health.set_misplaced(misplaced.clone());
    if misplaced.iter().any(|file| !before.contains(file)) {
        for file in misplaced.iter().filter(|file| !before.contains(file)) {
            tracing::error!(file = file.file, change = %file.change, "a file of the log is damaged");
        }
        let findings: Vec<_> = misplaced.iter().take(NAMED_MAX).collect();
        shared.alarms.raise("log.damaged", json!({"found_by": "file watch", "findings": findings}));
    }
    if misplaced.is_empty() && !before.is_empty() {
        tracing::info!("the files of the log are in place again");
        let findings: Vec<_> = before.iter().take(NAMED_MAX).collect();
        shared.alarms.clear("log.restored", json!({"found_by": "file watch", "findings_before": findings}));
    }
}
