//! Text of a log made safe to show: an attacker writes log content, and a terminal obeys what it is sent.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text with everything that a terminal or a reader's eye would be led by written out: `\n`, `\u{1b}`.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(misleads) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            letter if misleads(letter) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => safe.push(letter),
        }
    }
    Cow::Owned(safe)
}

/// Bytes that may not be text, made safe to show.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    let mut safe = String::new();
    for chunk in bytes.utf8_chunks() {
        safe.push_str(&shown(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// JSON text with what [`shown`] writes out escaped as JSON does, so that it stays the same JSON. Bytes that are no
/// text, which only a damaged line has, are written as `\xNN`.
pub(crate) fn shown_json(line: &[u8]) -> String {
    let mut safe = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if misleads(letter) {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                safe.push(letter);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// Control characters, those that change the direction of text, and those that have no width.
fn misleads(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text in at most `columns`, ending with `…` when something was left out.
pub(crate) fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += letter.width().unwrap_or(0);
        taken < columns
    };
    let mut clipped: String = text.chars().take_while(fits).collect();
    clipped.push('…');
    Cow::Owned(clipped)
}

/// The text with spaces behind it up to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width())));
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_is_left() {
        for (text, expected) in [
            ("plain ü", "plain ü"),
            ("a\u{1b}[31mb\u{7}", "a\\u{1b}[31mb\\u{7}"),
            ("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}"),
            ("a\u{9b}31m\u{7f}", "a\\u{9b}31m\\u{7f}"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(shown_bytes(b"a\xffb\x1b"), "a\\xffb\\u{1b}");
    }

    #[test]
    fn json_stays_the_same_json() {
        let line = "{\"a\":\"x\u{9b}y\u{7f}\u{202e}\u{e0041}\"}";
        let safe = shown_json(line.as_bytes());
        assert!(safe.is_ascii());
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&safe), value(line));
    }

    #[test]
    fn clipping_counts_columns_and_never_cuts_a_letter() {
        for (text, columns, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
        ] {
            assert_eq!(clip(text, columns), expected);
        }
        assert_eq!(padded("日", 4), "日  ");
    }
}
