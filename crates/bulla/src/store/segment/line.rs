//! The envelope prefix of a stored line, written and read without a JSON parser.

use crate::clock::Timestamp;
use crate::entry::limits::LINE_BYTES_MAX;

const SEQ: &[u8] = b"{\"seq\":";
const RECORDED_AT: &[u8] = b",\"recorded_at\":\"";
/// `2026-11-23T12:00:00.123456789Z`
const TIME_LEN: usize = 30;

/// Appends `{"seq":N,"recorded_at":"…",`.
pub(crate) fn push_prefix(line: &mut Vec<u8>, seq: u64, recorded_at: &str) {
    line.extend_from_slice(SEQ);
    push_decimal(line, seq);
    line.extend_from_slice(RECORDED_AT);
    line.extend_from_slice(recorded_at.as_bytes());
    line.extend_from_slice(b"\",");
}

fn push_decimal(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[start..]);
}

/// Number and time text of a stored line, when it begins as a stored line does.
pub(crate) fn parse_prefix(line: &[u8]) -> Option<(u64, &[u8])> {
    let rest = line.strip_prefix(SEQ)?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    if digits == 0 || digits > 16 || (rest[0] == b'0' && digits > 1) {
        return None;
    }
    let seq = rest[..digits].iter().fold(0_u64, |seq, byte| seq * 10 + u64::from(byte - b'0'));
    let time = rest[digits..].strip_prefix(RECORDED_AT)?;
    (time.len() > TIME_LEN + 2 && time[TIME_LEN..].starts_with(b"\",")).then(|| (seq, &time[..TIME_LEN]))
}

/// Time of a stored line.
pub(crate) fn recorded_at(line: &[u8]) -> Option<Timestamp> {
    let (_, time) = parse_prefix(line)?;
    std::str::from_utf8(time).ok()?.parse().ok()
}

/// Time text of a stored line: fixed in length, so that texts are in the order of the times.
pub(crate) fn time_text(line: &[u8]) -> Option<&[u8]> {
    parse_prefix(line).map(|(_, time)| time)
}

/// Whether the time is spelled as a log writes it.
fn has_written_time(line: &[u8]) -> bool {
    recorded_at(line).is_some_and(|at| time_text(line) == Some(at.to_rfc3339_nanos().as_bytes()))
}

/// Whether `line` is whole: not too long, the right number, a time, and one JSON object to its end.
pub(crate) fn is_whole(line: &[u8], seq: u64) -> bool {
    line.len() <= LINE_BYTES_MAX
        && parse_prefix(line).is_some_and(|(found, _)| found == seq)
        && has_written_time(line)
        // Skipping over values would also skip over bytes that are no UTF-8.
        && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-23T12:00:00.123456789Z";

    #[test]
    fn a_written_prefix_reads_back() {
        for seq in [0, 9, 10, 255, 1 << 52, (1 << 53) - 1] {
            let mut line = Vec::new();
            push_prefix(&mut line, seq, TIME);
            assert!(line.len() <= crate::entry::limits::PREFIX_BYTES_MAX);
            line.extend_from_slice(b"\"id\":\"x\"}");
            assert_eq!(parse_prefix(&line), Some((seq, TIME.as_bytes())));
            assert!(is_whole(&line, seq) && !is_whole(&line, seq + 1));
            assert!(!is_whole(&line[..line.len() - 1], seq));
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_whole() {
        for (text, is_right) in [
            (&b"\"id\":\"x\"}"[..], true),
            (b"\"id\":\"\xff\"}", false),
            (b"\"id\":\"\\ud800\"}", false),
            (b"\"n\":1e999}", false),
            (b"\"id\":\"x\"}}", false),
        ] {
            let mut line = Vec::new();
            push_prefix(&mut line, 7, TIME);
            line.extend_from_slice(text);
            assert_eq!(is_whole(&line, 7), is_right, "{}", String::from_utf8_lossy(&line));
        }
    }

    #[test]
    fn a_line_with_an_impossible_time_or_length_is_not_whole() {
        let line =
            |time: &str, text: &str| format!("{{\"seq\":7,\"recorded_at\":\"{time}\",\"id\":\"{text}\"}}");
        assert!(is_whole(line(TIME, "x").as_bytes(), 7));
        for time in [
            "2026-11-23T12:00::0.123456789Z",
            "2026-13-23T12:00:00.123456789Z",
            "2026-11-23T12:00:00.1234+00:00",
            "2026-11-23T12:00:00.12345678900",
        ] {
            assert!(!is_whole(line(time, "x").as_bytes(), 7), "{time}");
        }
        let rest = LINE_BYTES_MAX - line(TIME, "").len();
        assert!(is_whole(line(TIME, &"x".repeat(rest)).as_bytes(), 7));
        assert!(!is_whole(line(TIME, &"x".repeat(rest + 1)).as_bytes(), 7));
    }

    #[test]
    fn other_prefixes_are_refused() {
        for line in [
            "",
            "{\"seq\":",
            "{\"seq\":x",
            "{\"seq\":01,\"recorded_at\":\"2026-11-23T12:00:00.123456789Z\",\"id\":1}",
            "{\"seq\":1, \"recorded_at\":\"2026-11-23T12:00:00.123456789Z\",\"id\":1}",
            "{\"seq\":1,\"recorded_at\":\"2026-11-23T12:00:00Z\",\"id\":1}",
        ] {
            assert_eq!(parse_prefix(line.as_bytes()), None, "{line}");
        }
    }
}
