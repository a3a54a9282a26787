//! Room on the disk: warns when it gets scarce, refuses new entries before it is gone, and tells how long it lasts.
//! What is kept back is for the entry that says so, and for closing the log in order.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::settings::DiskLimits;
use crate::state::Shared;

/// Room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that the server may still write.
    pub free_bytes: u64,
    /// Bytes of the whole file system.
    pub total_bytes: u64,
}

/// Tells how much room there is where a directory lies. By default the system is asked.
#[derive(Clone)]
pub struct SpaceSource(Arc<AskSpace>);

type AskSpace = dyn Fn(&Path) -> io::Result<Space> + Send + Sync;

impl SpaceSource {
    /// Another answer than the system's.
    pub fn new(ask: impl Fn(&Path) -> io::Result<Space> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl Default for SpaceSource {
    fn default() -> Self {
        Self::new(|directory| {
            let found = rustix::fs::statvfs(directory)?;
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Ok(Space { free_bytes: bytes(found.f_bavail), total_bytes: bytes(found.f_blocks) })
        })
    }
}

impl fmt::Debug for SpaceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpaceSource")
    }
}

/// How the room compares with the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    #[default]
    Roomy,
    /// Below `warn_bytes`.
    Low,
    /// Below `refuse_bytes`: no new entries.
    Full,
}

/// An eighth above a limit the level is left again, so that it does not flutter.
const LEAVE_ABOVE: u64 = 8;

impl Level {
    fn next(self, free: u64, limits: DiskLimits) -> Self {
        let is_below = |limit: u64, level: Self| {
            let slack = if self >= level { limit / LEAVE_ABOVE } else { 0 };
            free < limit.saturating_add(slack)
        };
        if is_below(limits.refuse_bytes, Self::Full) {
            Self::Full
        } else if is_below(limits.warn_bytes, Self::Low) {
            Self::Low
        } else {
            Self::Roomy
        }
    }
}

/// One hour: sealing gives back in bursts what writing took, and a rate should not swing with them.
const SMOOTHING_SECONDS: f64 = 3600.0;
/// One minute of watching before a rate is told.
const WATCHED_MIN_SECONDS: f64 = 60.0;

/// How fast room goes away: an exponential average over about an hour of what was free.
#[derive(Debug, Default)]
struct Trend {
    last: Option<(Instant, u64)>,
    /// Sum of what went away and sum of seconds, both with weights that fade.
    gone: f64,
    seconds: f64,
    watched: f64,
}

impl Trend {
    fn add(&mut self, now: Instant, free: u64) {
        if let Some((then, before)) = self.last.replace((now, free)) {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            let fade = (-seconds / SMOOTHING_SECONDS).exp();
            self.gone = self.gone * fade + (before as f64 - free as f64);
            self.seconds = self.seconds * fade + seconds;
            self.watched += seconds;
        }
    }

    /// Until `free` bytes are gone; nothing when they do not go away, or it was not watched long enough.
    fn time_left(&self, free: u64) -> Option<Duration> {
        if self.watched < WATCHED_MIN_SECONDS || self.gone <= 0.0 {
            return None;
        }
        Duration::try_from_secs_f64(free as f64 * self.seconds / self.gone).ok()
    }
}

/// Looks again and again until it is aborted.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(shared.settings.disk_interval);
    let (mut trend, mut was_known) = (Trend::default(), true);
    loop {
        ticks.tick().await;
        let asking = shared.clone();
        let asked = tokio::task::spawn_blocking(move || (asking.settings.space.0)(&asking.settings.log));
        match asked.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(space) => {
                was_known = true;
                trend.add(Instant::now(), space.free_bytes);
                judge(&shared, space, &trend);
            }
            Err(error) => {
                if std::mem::replace(&mut was_known, false) {
                    tracing::warn!(%error, "how much room the disk of the log has cannot be found out");
                }
                let level = shared.health.found().level;
                shared.health.set_disk(None, level, None);
            }
        }
    }
}

fn judge(shared: &Shared, space: Space, trend: &Trend) {
    let limits = shared.settings.disk;
    let before = shared.health.found().level;
    let level = before.next(space.free_bytes, limits);
    let usable = space.free_bytes.saturating_sub(limits.refuse_bytes);
    shared.health.set_disk(Some(space), level, trend.time_left(usable));
    if level == before {
        return;
    }
    let free = space.free_bytes;
    let detail = json!({
        "free_bytes": free,
        "warn_bytes": limits.warn_bytes,
        "refuse_bytes": limits.refuse_bytes,
        "entries": if level == Level::Full { "refused" } else { "taken" },
    });
    match level {
        Level::Full => {
            tracing::error!(free, "the disk of the log is nearly full: new entries are refused");
            shared.alarms.raise("disk.full", detail);
        }
        Level::Low if before == Level::Roomy => {
            tracing::warn!(free, "the disk of the log gets full");
            shared.alarms.raise("disk.low", detail);
        }
        Level::Low | Level::Roomy => {
            tracing::info!(free, "the disk of the log has room again");
            shared.alarms.clear("disk.freed", detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_left_a_little_above_where_it_was_entered() {
        use Level::{Full, Low, Roomy};
        let limits = DiskLimits { warn_bytes: 800, refuse_bytes: 80 };
        for (before, free, expected) in [
            (Roomy, 800, Roomy),
            (Roomy, 799, Low),
            (Roomy, 79, Full),
            (Low, 899, Low),
            (Low, 900, Roomy),
            (Low, 80, Low),
            (Low, 79, Full),
            (Full, 89, Full),
            (Full, 90, Low),
            (Full, 899, Low),
            (Full, 900, Roomy),
        ] {
            assert_eq!(before.next(free, limits), expected, "{before:?} with {free}");
        }
        let never = DiskLimits { warn_bytes: 0, refuse_bytes: 0 };
        assert_eq!(Roomy.next(0, never), Roomy);
    }

    fn trend(minutes: u64, free: impl Fn(u64) -> u64) -> Trend {
        let (mut trend, start) = (Trend::default(), Instant::now());
        for second in 0..=minutes * 60 {
            trend.add(start + Duration::from_secs(second), free(second));
        }
        trend
    }

    #[test]
    fn a_steady_rate_is_told_from_the_first_minute_on() {
        for minutes in [1, 10, 600] {
            let trend = trend(minutes, |second| 1_000_000_000 - second * 1000);
            let left = trend.time_left(86_400_000).unwrap().as_secs_f64();
            assert!((left - 86_400.0).abs() < 1.0, "{left} after {minutes} minutes");
        }
    }

    #[test]
    fn there_is_no_end_in_sight_when_room_does_not_go_away() {
        assert_eq!(trend(10, |_| 5000).time_left(5000), None);
        assert_eq!(trend(10, |second| 5000 + second).time_left(5000), None);
        assert_eq!(trend(0, |_| 5000).time_left(5000), None);
    }

    #[test]
    fn what_is_given_back_in_bursts_does_not_swing_the_rate() {
        // 1,000 bytes a second, of which every minute gives back 800 a second at once.
        let trend = trend(300, |second| 1_000_000_000 - second * 1000 + second / 60 * 48_000);
        let left = trend.time_left(200 * 86_400).unwrap().as_secs_f64();
        assert!((left / 86_400.0 - 1.0).abs() < 0.1, "{left}");
    }
}
