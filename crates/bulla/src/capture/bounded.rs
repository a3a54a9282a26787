//! Texts that strangers write: cut at a named limit, without control characters, and what was cut is said.

use crate::entry::Truncation;

/// Collects what was shortened, for `truncated` of the entry.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) truncated: Vec<Truncation>,
}

impl Bounds {
    /// `text` in at most `bytes_max` bytes; `pointer` is where it will stand in the entry.
    pub(super) fn text(&mut self, pointer: &str, text: &str, bytes_max: usize) -> String {
        let (clean, is_cut) = clean(text, bytes_max);
        if is_cut {
            self.truncated.push(Truncation {
                path: pointer.to_owned(),
                size: Some(text.len() as u64),
                ..Truncation::default()
            });
        }
        clean
    }

    /// As [`Bounds::text`] for bytes, of which those that are not UTF-8 are replaced.
    #[cfg(feature = "tower")]
    pub(super) fn bytes(&mut self, pointer: &str, bytes: &[u8], bytes_max: usize) -> String {
        self.text(pointer, &String::from_utf8_lossy(bytes), bytes_max)
    }
}

/// `text` with every character that could steer a terminal or reorder a line replaced, and whether it was cut.
fn clean(text: &str, bytes_max: usize) -> (String, bool) {
    let mut clean = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        let c = if steers(c) { char::REPLACEMENT_CHARACTER } else { c };
        if clean.len() + c.len_utf8() > bytes_max {
            return (clean, true);
        }
        clean.push(c);
    }
    (clean, false)
}

/// Control characters, line separators, and the marks that reorder text (Unicode Standard Annex 9).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_never_steer() {
        let check = |text: &str, bytes_max: usize, expected: &str, is_cut: bool| {
            assert_eq!(clean(text, bytes_max), (expected.to_owned(), is_cut), "{text:?}");
        };
        check("", 0, "", false);
        check("abc", 3, "abc", false);
        check("abc", 2, "ab", true);
        check("aé", 2, "a", true);
        check("é€", 5, "é€", false);
        check("a\nb\u{1b}[2J", 64, "a\u{fffd}b\u{fffd}[2J", false);
        check("\u{202e}gpj", 64, "\u{fffd}gpj", false);
        check("\n\n", 3, "\u{fffd}", true);
    }

    #[test]
    fn what_was_cut_is_said_with_its_size() {
        let mut bounds = Bounds::default();
        assert_eq!(bounds.text("/action", "abcdef", 4), "abcd");
        assert_eq!(bounds.text("/principal", "abc", 4), "abc");
        let said: Vec<_> = bounds.truncated.iter().map(|cut| (cut.path.as_str(), cut.size)).collect();
        assert_eq!(said, [("/action", Some(6))]);
    }
}
