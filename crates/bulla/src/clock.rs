//! Time, taken in as an argument: the one place of the crate that asks the operating system what time it is.
//!
//! [`Timestamp`] is our own type, so that no date library shows in the public interface.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with nanoseconds, written as RFC 3339 (`2026-11-23T12:00:00.123456789Z`).
///
/// ```
/// let at: bulla::Timestamp = "2026-11-23T12:00:00.5Z".parse()?;
/// assert_eq!(at.to_string(), "2026-11-23T12:00:00.5Z");
/// assert_eq!(at.unix_nanos(), 1_795_435_200_500_000_000);
/// # Ok::<(), bulla::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// A text that is not an RFC 3339 timestamp, or a moment outside the years -9999 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 timestamp such as 2026-11-23T12:00:00Z: {0:?}")]
pub struct TimestampError(String);

impl Timestamp {
    /// The first moment of 1970 in UTC.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The system's time now. Inside the log, time comes from a [`Clock`] instead.
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the edge at which real time enters")]
        let now = std::time::SystemTime::now();
        Self(jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The moment `nanos` nanoseconds after 1970 began; negative values lie before it.
    ///
    /// # Errors
    /// When the moment is outside the years -9999 to 9999.
    pub fn from_unix_nanos(nanos: i128) -> Result<Self, TimestampError> {
        jiff::Timestamp::from_nanosecond(nanos).map(Self).map_err(|_| TimestampError(nanos.to_string()))
    }

    /// Nanoseconds since 1970 began, negative before.
    pub fn unix_nanos(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// Whole seconds since 1970 began.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// RFC 3339 in UTC, with as many decimals as the value needs.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }

    /// RFC 3339 in UTC with nine decimals always: the form of `recorded_at`, whose length never varies.
    pub fn to_rfc3339_nanos(self) -> String {
        format!("{:.9}", self.0)
    }

    /// Appends RFC 3339 in UTC, with as many decimals as the value needs.
    pub(crate) fn push_rfc3339(self, out: &mut Vec<u8>) {
        let printer = jiff::fmt::temporal::DateTimePrinter::new();
        printer.print_timestamp(&self.0, out).expect("memory takes any text");
    }

    /// How long `self` is after `earlier`; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or(Duration::ZERO)
    }

    /// The moment `span` earlier, or the earliest that can be written.
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span).unwrap_or(jiff::Timestamp::MIN))
    }

    /// The moment `span` later, or the latest that can be written.
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span).unwrap_or(jiff::Timestamp::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse().map(Self).map_err(|_| TimestampError(text.chars().take(80).collect()))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::now()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the log gets its time from. Tests and simulations bring their own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock. It may step in either direction; the log notices and says so.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment of this process; never goes back, never steps.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_form_always_has_nine_decimals() {
        for (nanos, expected) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_500_000_000, "1970-01-01T00:00:01.500000000Z"),
            (1_795_435_200_123_456_789, "2026-11-23T12:00:00.123456789Z"),
        ] {
            assert_eq!(Timestamp::from_unix_nanos(nanos).unwrap().to_rfc3339_nanos(), expected);
        }
    }

    #[test]
    fn text_that_is_no_timestamp_is_refused_and_named() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-23T12:00:00"] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
