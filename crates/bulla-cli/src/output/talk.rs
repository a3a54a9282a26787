//! Talk to the person at the terminal: stderr. Nobody there to listen is no reason to stop.

use std::fmt::Display;
use std::io::{self, Write};

use super::palette::Palette;
use super::text::shown;

/// Says something worth knowing.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{}", shown(&text.to_string()));
}

/// Says what is wrong although the command goes on.
pub(crate) fn warn(text: impl Display) {
    let warn = Palette::of_stderr().warning;
    let _ = writeln!(io::stderr(), "{warn}warning:{warn:#} {}", shown(&text.to_string()));
}

/// Says why the command ended.
pub(crate) fn fail(error: &anyhow::Error) {
    let bad = Palette::of_stderr().bad;
    let _ = writeln!(io::stderr(), "{bad}bulla:{bad:#} {}", shown(&in_words(error)));
}

/// The error and its causes on one line, each said once: many errors quote their cause already.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain() {
        let text = plain(cause);
        if words.contains(&text) {
            continue;
        }
        if !words.is_empty() {
            words.push_str(": ");
        }
        words.push_str(&text);
    }
    words
}

/// The error's text; the system's in the form of our own, in lower case and without its number.
fn plain(error: &(dyn std::error::Error + 'static)) -> String {
    let text = error.to_string();
    let Some((words, _)) = text.split_once(" (os error ") else { return text };
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once_and_in_our_own_form() {
        let missing = io::Error::from_raw_os_error(2);
        let error = anyhow::Error::new(missing).context("open x");
        assert_eq!(in_words(&error), "open x: no such file or directory");
        let rejected = bulla::RecordError::Rejected(bulla::Rejected::TooDeep);
        assert_eq!(in_words(&rejected.into()).matches("nested").count(), 1);
    }
}
