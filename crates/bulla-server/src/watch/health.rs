//! Whether the log can be written, whether it verifies, and why not: what the watchers found last, for everyone who
//! asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bulla::store::Misplaced;
use bulla::{Progress, Timestamp};

use super::disk::{Level, Space};
use crate::problem::{Code, Problem};

/// What the watchers found last.
#[derive(Debug, Default)]
pub(crate) struct Health {
    disk_is_full: AtomicBool,
    found: Mutex<Found>,
}

/// The same in one piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Room on the disk; nothing when it cannot be asked for.
    pub(crate) space: Option<Space>,
    pub(crate) level: Level,
    /// Until the disk is full at the present rate; nothing when there is no end in sight.
    pub(crate) time_left: Option<Duration>,
    /// Files that are not where the writer left them.
    pub(crate) misplaced: Vec<Misplaced>,
    /// Size of the newest checkpoint, and when it was seen first.
    pub(crate) published: Option<(u64, Instant)>,
    pub(crate) scrub: Scrubbed,
}

/// How the verification in the background goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrubbed {
    /// How far the run under way is.
    pub(crate) running: Option<Progress>,
    pub(crate) last: Option<Run>,
    /// Runs that ended clean, with damage, and without a verdict.
    pub(crate) clean_runs: u64,
    pub(crate) damaged_runs: u64,
    pub(crate) failed_runs: u64,
}

/// The last run that came to a verdict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) ended_at: Timestamp,
    pub(crate) took: Duration,
    /// What is wrong; 0 when the log is clean.
    pub(crate) findings: u64,
}

/// What is known of the log's wholeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verified {
    /// No verification has ended since the server began.
    NotYet,
    /// The last one found nothing, and all files are in place.
    Clean,
    /// Something is changed or missing.
    Damaged,
}

impl Found {
    pub(crate) fn verified(&self) -> Verified {
        let findings = self.scrub.last.map(|run| run.findings);
        match (self.misplaced.as_slice(), findings) {
            ([], None) => Verified::NotYet,
            ([], Some(0)) => Verified::Clean,
            _ => Verified::Damaged,
        }
    }
}

impl Health {
    /// Whether new entries may be taken.
    ///
    /// # Errors
    /// [`Code::DiskLow`] when what is left of the disk is kept for saying so.
    pub(crate) fn may_record(&self) -> Result<(), Problem> {
        if self.is_disk_full() {
            let detail = "the disk of the log is nearly full; make room, or lower disk.refuse_bytes";
            return Err(Problem::new(Code::DiskLow, detail));
        }
        Ok(())
    }

    pub(crate) fn is_disk_full(&self) -> bool {
        self.disk_is_full.load(Ordering::Relaxed)
    }

    /// What was found last.
    pub(crate) fn found(&self) -> Found {
        self.lock().clone()
    }

    /// Days until the disk is full at the present rate; nothing when there is no end in sight, or not yet known.
    pub(crate) fn days_left(&self) -> Option<f64> {
        const DAY_SECONDS: f64 = 86_400.0;
        self.lock().time_left.map(|left| left.as_secs_f64() / DAY_SECONDS)
    }

    pub(crate) fn set_disk(&self, space: Option<Space>, level: Level, time_left: Option<Duration>) {
        let mut found = self.lock();
        (found.space, found.level, found.time_left) = (space, level, time_left);
        self.disk_is_full.store(level == Level::Full, Ordering::Relaxed);
    }

    /// Notes what is misplaced now; gives what was before.
    pub(crate) fn set_misplaced(&self, misplaced: Vec<Misplaced>) -> Vec<Misplaced> {
        std::mem::replace(&mut self.lock().misplaced, misplaced)
    }

    /// Notes the size of the newest checkpoint.
    pub(crate) fn set_published(&self, size: u64, now: Instant) {
        let mut found = self.lock();
        if found.published.is_none_or(|(before, _)| before != size) {
            found.published = Some((size, now));
        }
    }

    pub(crate) fn set_scrubbing(&self, progress: Progress) {
        self.lock().scrub.running = Some(progress);
    }

    /// A run of the verification ended; without a verdict when `run` is nothing.
    pub(crate) fn set_scrubbed(&self, run: Option<Run>) {
        let scrub = &mut self.lock().scrub;
        scrub.running = None;
        match run {
            Some(Run { findings: 0, .. }) => scrub.clean_runs += 1,
            Some(_) => scrub.damaged_runs += 1,
            None => scrub.failed_runs += 1,
        }
        scrub.last = run.or(scrub.last);
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().expect("no panic while held")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_full_disk_refuses_entries_and_says_when_to_come_back() {
        let health = Health::default();
        for level in [Level::Roomy, Level::Low] {
            health.set_disk(None, level, None);
            assert!(health.may_record().is_ok());
        }
        health.set_disk(None, Level::Full, None);
        let answer = health.may_record().unwrap_err().into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(answer.extensions().get(), Some(&Code::DiskLow));
    }

    #[test]
    fn a_run_without_a_verdict_changes_no_verdict() {
        let health = Health::default();
        let run = |findings| Some(Run { ended_at: Timestamp::now(), took: Duration::ZERO, findings });
        for (run, expected) in [
            (None, Verified::NotYet),
            (run(0), Verified::Clean),
            (None, Verified::Clean),
            (run(2), Verified::Damaged),
            (None, Verified::Damaged),
            (run(0), Verified::Clean),
        ] {
            health.set_scrubbed(run);
            assert_eq!(health.found().verified(), expected);
        }
        let scrub = health.found().scrub;
        assert_eq!((scrub.clean_runs, scrub.damaged_runs, scrub.failed_runs), (2, 1, 3));
    }
}
