//! Times as foreign records write them.

use bulla::Timestamp;
use serde_json::value::RawValue;

use crate::record::text_of;

/// A time, and whether its zone had to be assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadTime {
    /// With a zone, or a number of seconds since 1970.
    Exact(Timestamp),
    /// Without a zone; read as UTC.
    AssumedUtc(Timestamp),
}

/// Reads RFC 3339, the same without a zone, and seconds, milliseconds, microseconds or nanoseconds since 1970.
pub(crate) fn read_time(value: &RawValue) -> Option<ReadTime> {
    match text_of(value) {
        Some(text) => read_text(&text),
        None => read_epoch(value.get()).map(ReadTime::Exact),
    }
}

pub(crate) fn read_text(text: &str) -> Option<ReadTime> {
    // The longest form, with nanoseconds and an offset, has 35 characters.
    let text = text.trim();
    if text.len() > 40 {
        return None;
    }
    let exact = text.parse().ok().map(ReadTime::Exact);
    let assumed = || format!("{text}Z").parse().ok().map(ReadTime::AssumedUtc);
    exact.or_else(|| read_epoch(text).map(ReadTime::Exact)).or_else(assumed)
}

/// Units by the size of the number: 10^11 seconds is the year 5138, and 10^11 milliseconds 1973.
fn nanos_per_unit(whole: u64) -> Option<i128> {
    match whole {
        0..100_000_000_000 => Some(1_000_000_000),
        100_000_000_000..100_000_000_000_000 => Some(1_000_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(1_000),
        100_000_000_000_000_000..10_000_000_000_000_000_000 => Some(1),
        _ => None,
    }
}

fn read_epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Short numbers are versions, codes and years, not times: 9 digits of seconds is 1973.
    if !all_digits(whole) || !all_digits(fraction) || whole.len() < 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let unit = nanos_per_unit(whole)?;
    let fraction = &fraction[..fraction.len().min(9)];
    let part: i128 = fraction.parse().ok()?;
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    Timestamp::from_unix_nanos(i128::from(whole) * unit + part * unit / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_usual_form_are_read() {
        for (json, expected, is_exact) in [
            (r#""2026-11-23T12:00:00Z""#, "2026-11-23T12:00:00Z", true),
            (r#""2026-11-23T13:00:00.123456789+01:00""#, "2026-11-23T12:00:00.123456789Z", true),
            (r#""2020-09-04 03:06:08""#, "2020-09-04T03:06:08Z", false),
            (r#""2020-09-04T03:06:08.5""#, "2020-09-04T03:06:08.5Z", false),
            ("1795435200", "2026-11-23T12:00:00Z", true),
            ("1795435200.25", "2026-11-23T12:00:00.25Z", true),
            ("1795435200123", "2026-11-23T12:00:00.123Z", true),
            ("1795435200123456", "2026-11-23T12:00:00.123456Z", true),
            ("1795435200123456789", "2026-11-23T12:00:00.123456789Z", true),
            (r#""1795435200""#, "2026-11-23T12:00:00Z", true),
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            let at = expected.parse().unwrap();
            let expected = if is_exact { ReadTime::Exact(at) } else { ReadTime::AssumedUtc(at) };
            assert_eq!(read_time(raw), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read_as_one() {
        for json in [
            "null",
            "true",
            "{}",
            "[]",
            "12",
            "-5",
            "1e9",
            "99999999999999999999999",
            r#""yesterday""#,
            r#""""#,
            r#""2026-13-01T00:00:00Z""#,
            r#""2026""#,
            r#""12:00""#,
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(read_time(raw), None, "{json}");
        }
    }
}
