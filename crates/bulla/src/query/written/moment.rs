//! Moments as people write them: RFC 3339, a day, or how long ago.

use std::time::Duration;

use crate::clock::Timestamp;

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a moment: write 2026-11-23T12:00:00Z, a day 2026-11-23 (from 00:00 UTC), or how long ago, as in \
     90s, 30m, 2h, 7d, 1w"
)]
pub struct InvalidMoment(String);

/// Reads a moment: RFC 3339, a day (its beginning in UTC), or a span before `now` such as `90s`, `30m`, `2h`, `7d`,
/// `1w`.
///
/// ```
/// let now = "2026-11-23T12:00:00Z".parse()?;
/// assert_eq!(bulla::parse_moment("2h", now)?.to_string(), "2026-11-23T10:00:00Z");
/// assert_eq!(bulla::parse_moment("2026-11-01", now)?.to_string(), "2026-11-01T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the text is none of these.
pub fn parse_moment(text: &str, now: Timestamp) -> Result<Timestamp, InvalidMoment> {
    absolute(text)
        .map(|span| span.0)
        .or_else(|| Some(now.saturating_sub(relative(text)?)))
        .ok_or_else(|| InvalidMoment(text.chars().take(80).collect()))
}

/// A point or a day: its first and last nanosecond.
pub(in crate::query) fn absolute(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse() {
        return Some((at, at));
    }
    if text.len() != "2026-11-23".len() {
        return None;
    }
    let start = format!("{text}T00:00:00Z").parse().ok()?;
    let end = format!("{text}T23:59:59.999999999Z").parse().ok()?;
    Some((start, end))
}

/// A number and a unit.
pub(super) fn relative(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}
