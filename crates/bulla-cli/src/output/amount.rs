//! Numbers for people.

use bulla::Timestamp;

/// `1.84 s`, `312 ms`, `2 h 03 min`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        60_000..3_600_000 => format!("{} min {:02} s", ms / 60_000, ms / 1_000 % 60),
        3_600_000..86_400_000 => format!("{} h {:02} min", ms / 3_600_000, ms / 60_000 % 60),
        _ => format!("{} d {:02} h", ms / 86_400_000, ms / 3_600_000 % 24),
    }
}

/// `17 B`, `3.4 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let exponent = (count.ilog2() / 10) as usize;
    // One decimal of a unit below 2^64 is exact enough in a double.
    let value = count as f64 / 1024f64.powi(i32::try_from(exponent).unwrap_or(0));
    format!("{value:.1} {}", UNITS[exponent - 1])
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 entry`, `3 entries`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A moment in milliseconds, always as wide.
pub(crate) fn moment(at: Timestamp) -> String {
    let nanos = at.to_rfc3339_nanos();
    nanos
        .strip_suffix('Z')
        .and_then(|text| text.get(..text.len() - 6))
        .map_or(nanos.clone(), |text| format!("{text}Z"))
}

/// Milliseconds from one moment to a later one.
pub(crate) fn elapsed(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        for (ms, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_840, "1.84 s"),
            (59_999, "59.99 s"),
            (123_000, "2 min 03 s"),
            (7_380_000, "2 h 03 min"),
            (90_000_000, "1 d 01 h"),
        ] {
            assert_eq!(duration(ms), expected);
        }
        for (number, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3_565_158, "3.4 MiB"), (u64::MAX, "16.0 EiB")]
        {
            assert_eq!(bytes(number), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        assert_eq!(moment("2026-11-23T12:00:00Z".parse().unwrap()), "2026-11-23T12:00:00.000Z");
    }
}
