//! What the indexing thread shows to everyone else: the newest snapshot, how far it is, and what stopped it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::damage::Damage;
use super::snapshot::Snapshot;

/// How far indexing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries that were read into the index; those of the last seconds may not be committed yet.
    pub indexed: u64,
    /// Entries of the log.
    pub size: u64,
}

/// How the index is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexStatus {
    /// Every entry below this number is in the index; `None` while none is open.
    pub complete_to_seq: Option<u64>,
    /// How far indexing is.
    pub progress: Progress,
    /// What stopped it, while it is stopped.
    pub trouble: Option<Damage>,
    /// How often it was built anew since this process opened it.
    pub rebuilds: u64,
}

#[derive(Debug, Default)]
struct Shown {
    snapshot: Option<Arc<Snapshot>>,
    progress: Progress,
    trouble: Option<Damage>,
    rebuilds: u64,
    is_stopping: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    shown: Mutex<Shown>,
    changed: Condvar,
}

impl State {
    fn lock(&self) -> std::sync::MutexGuard<'_, Shown> {
        // Nothing panics while it holds the lock, and what is shown is whole at every moment.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.lock().snapshot.clone()
    }

    pub(crate) fn publish(&self, snapshot: Snapshot, size: u64) {
        let mut shown = self.lock();
        let indexed = snapshot.covers().end;
        shown.progress = Progress { indexed: shown.progress.indexed.max(indexed), size };
        shown.snapshot = Some(Arc::new(snapshot));
        shown.trouble = None;
        self.changed.notify_all();
    }

    pub(crate) fn advance(&self, progress: Progress) {
        self.lock().progress = progress;
        self.changed.notify_all();
    }

    pub(crate) fn report(&self, damage: Damage) {
        self.lock().trouble = Some(damage);
        self.changed.notify_all();
    }

    /// The index is thrown away: nobody searches it any more.
    pub(crate) fn forget(&self) {
        let mut shown = self.lock();
        shown.snapshot = None;
        shown.progress.indexed = 0;
        shown.rebuilds += 1;
    }

    pub(crate) fn status(&self) -> IndexStatus {
        let shown = self.lock();
        IndexStatus {
            complete_to_seq: shown.snapshot.as_ref().map(|snapshot| snapshot.covers().end),
            progress: shown.progress,
            trouble: shown.trouble.clone(),
            rebuilds: shown.rebuilds,
        }
    }

    pub(crate) fn stop(&self) {
        self.lock().is_stopping = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    /// Waits that long, or until it is told to stop.
    pub(crate) fn wait(&self, time: Duration) {
        let shown = self.lock();
        drop(self.changed.wait_timeout_while(shown, time, |shown| !shown.is_stopping));
    }

    /// Waits until `holds`, or that long; says whether it does.
    pub(crate) fn wait_until(&self, time: Duration, holds: impl Fn(&IndexStatus) -> bool) -> bool {
        let began = std::time::Instant::now();
        loop {
            if holds(&self.status()) {
                return true;
            }
            let Some(left) = time.checked_sub(began.elapsed()) else { return false };
            let shown = self.lock();
            drop(self.changed.wait_timeout(shown, left.min(Duration::from_millis(50))));
        }
    }
}
