//! The beginning of a line that has its right number, written rather than read: comparing it costs almost nothing.

use crate::store::segment::line;

/// `2026-11-23T12:00:00.123456789Z`
pub(in crate::read::verify) const TIME_LEN: usize = 30;

/// Text of `recorded_at`: fixed in length, so that texts are in the order of the times.
pub(in crate::read::verify) type Time = [u8; TIME_LEN];

/// `{"seq":` and `,"recorded_at":"` and up to 20 digits between them.
const TEXT_LEN_MAX: usize = 7 + 20 + 16;

/// `{"seq":N,"recorded_at":"` for one N after the other.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct ExpectedPrefix {
    seq: u64,
    text: Vec<u8>,
}

impl Default for ExpectedPrefix {
    fn default() -> Self {
        let mut prefix = Self { seq: 0, text: Vec::with_capacity(TEXT_LEN_MAX + TIME_LEN + 2) };
        prefix.set(0);
        prefix
    }
}

impl ExpectedPrefix {
    /// For the number `seq`.
    pub(in crate::read::verify) fn set(&mut self, seq: u64) {
        self.seq = seq;
        self.text.clear();
        line::push_prefix(&mut self.text, seq, "");
        self.text.truncate(self.text.len() - b"\",".len());
    }

    /// For the next number.
    pub(in crate::read::verify) fn advance(&mut self) {
        const FIRST_DIGIT: usize = b"{\"seq\":".len();
        let last_digit = self.text.len() - b",\"recorded_at\":\"".len() - 1;
        match &mut self.text[last_digit] {
            digit @ b'0'..=b'8' => {
                *digit += 1;
                self.seq += 1;
            }
            _ => self.set(self.seq + 1),
        }
        debug_assert!(last_digit >= FIRST_DIGIT, "there is a digit");
    }

    /// The time of a line that begins so.
    pub(in crate::read::verify) fn time_of<'a>(&self, line: &'a [u8]) -> Option<&'a Time> {
        let rest = line.strip_prefix(self.text.as_slice())?;
        let (time, rest) = rest.split_first_chunk()?;
        rest.starts_with(b"\",").then_some(time)
    }
}

/// Whether a text has the form of a time, digit for digit.
pub(in crate::read::verify) fn is_time(time: &Time) -> bool {
    const FORM: &Time = b"0000-00-00T00:00:00.000000000Z";
    time.iter().zip(FORM).all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_prefix_is_the_one_that_is_written() {
        let mut prefix = ExpectedPrefix::default();
        let time = "2026-11-23T12:00:00.123456789Z";
        for seq in 0..1200 {
            let mut line = Vec::new();
            line::push_prefix(&mut line, seq, time);
            assert_eq!(prefix.time_of(&line).map(<[u8; 30]>::as_slice), Some(time.as_bytes()), "{seq}");
            line[8] ^= 1;
            assert_eq!(prefix.time_of(&line), None, "{seq}");
            prefix.advance();
        }
    }

    #[test]
    fn times_have_one_form() {
        assert!(is_time(b"2026-11-23T12:00:00.123456789Z"));
        for other in [b"2026-11-23 12:00:00.123456789Z", b"2026-11-23T12:00:00.12345678xZ"] {
            assert!(!is_time(other));
        }
    }
}
