//! The time that goes into `recorded_at`: the wall clock, never decreasing, its steps noticed.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// One second: smaller corrections are the daily work of NTP.
const STEP_MIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct RecorderClock {
    clock: Arc<dyn Clock>,
    /// Last time given out.
    last: Timestamp,
    /// Wall and monotonic clock when they were last read together.
    wall: Timestamp,
    monotonic: Duration,
}

/// The wall clock moved by something other than time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) step_ms: i128,
}

impl RecorderClock {
    /// Goes on after `last`, the newest time in the log. Also tells when the wall clock is behind it.
    pub(crate) fn new(clock: Arc<dyn Clock>, last: Option<Timestamp>) -> (Self, Option<Step>) {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let last = last.unwrap_or(wall);
        let step = step(last, wall).filter(|step| step.step_ms < 0);
        (Self { clock, last: last.max(wall), wall, monotonic }, step)
    }

    /// The time for the next batch, and the step since the last one, if there was one.
    pub(crate) fn now(&mut self) -> (Timestamp, Option<Step>) {
        let (wall, monotonic) = (self.clock.now(), self.clock.monotonic());
        let expected = self.wall.saturating_add(monotonic.saturating_sub(self.monotonic));
        (self.wall, self.monotonic) = (wall, monotonic);
        self.last = self.last.max(wall);
        (self.last, step(expected, wall))
    }
}

fn step(from: Timestamp, to: Timestamp) -> Option<Step> {
    let nanos = to.unix_nanos() - from.unix_nanos();
    let is_step = nanos.unsigned_abs() >= STEP_MIN.as_nanos();
    is_step.then_some(Step { from, to, step_ms: nanos / 1_000_000 })
}
