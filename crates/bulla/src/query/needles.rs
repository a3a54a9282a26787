//! What the bytes of a line must have for a query to hold: lines without it are ruled out before they are parsed.
//!
//! Invariant: ruling out never changes an answer. Whatever can be spelled in more than one way is not looked for.

use memchr::memmem;

use super::expression::{Condition, Expression, Literal, Test};
use super::number::is_part_of_number;
use super::words::{Words, is_word_alone};

/// Fields that every stored line has, so that their names rule out nothing.
const ALWAYS_THERE: [&str; 8] =
    ["seq", "recorded_at", "id", "timestamp", "category", "action", "principal", "outcome"];

/// Letters by how often they stand in English texts and names, the rarest last.
const BY_FREQUENCY: &[u8] = b"etaoinsrhldcumpgfwybvkxjqz";

/// Bytes without which a query holds of no line.
#[derive(Debug, Clone)]
pub(super) enum Needles {
    /// Nothing can be said.
    Unknown,
    /// Those of each part are needed.
    All(Vec<Needles>),
    /// Those of one of the parts are needed.
    Any(Vec<Needles>),
    /// These, as they are.
    Bytes(Box<memmem::Finder<'static>>),
    /// These in any case. They are ASCII in lower case.
    Letters {
        letters: Box<[u8]>,
        /// Place of the one that is looked for first.
        rarest: usize,
    },
}

impl Needles {
    pub(super) fn of(expression: &Expression) -> Self {
        match expression {
            Expression::All(parts) => {
                let known = parts.iter().map(Self::of).filter(|part| !matches!(part, Self::Unknown));
                let known: Vec<_> = known.collect();
                if known.is_empty() { Self::Unknown } else { Self::All(known) }
            }
            Expression::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(Self::of).collect();
                let is_unknown = parts.iter().any(|part| matches!(part, Self::Unknown));
                if is_unknown { Self::Unknown } else { Self::Any(parts) }
            }
            Expression::Not(_) => Self::Unknown,
            Expression::Is(Condition::Text(words)) => Self::of_words(words),
            Expression::Is(Condition::Field { path, test }) => Self::of_field(path, test),
        }
    }

    fn of_field(path: &str, test: &Test) -> Self {
        match test {
            Test::Equals(literal) if has_one_form(literal) => Self::bytes(&format!("\"{}\"", literal.text())),
            Test::Prefix(start) if !is_part_of_number(start) && is_plain(start) => {
                Self::bytes(&format!("\"{start}"))
            }
            _ => Self::of_path(path),
        }
    }

    /// The last key of a path. However the path falls into keys, the last ends so.
    fn of_path(path: &str) -> Self {
        let end = path.rsplit('.').next().unwrap_or(path);
        if ALWAYS_THERE.contains(&path) || !is_plain(end) {
            return Self::Unknown;
        }
        Self::bytes(&format!("{end}\""))
    }

    fn of_words(words: &Words) -> Self {
        let known = words.words().iter().map(|word| Self::of_word(word));
        let known: Vec<_> = known.filter(|part| !matches!(part, Self::Unknown)).collect();
        if known.is_empty() { Self::Unknown } else { Self::All(known) }
    }

    fn of_word(word: &str) -> Self {
        if word.chars().all(is_word_alone) {
            return Self::bytes(word);
        }
        // A word of a number is spelled in several ways, and so is a letter outside ASCII.
        let may_be_of_number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'e');
        if !word.is_ascii() || may_be_of_number {
            return Self::Unknown;
        }
        let rank = |byte: &u8| BY_FREQUENCY.iter().position(|letter| letter == byte).unwrap_or(9);
        let rarest = (0..word.len()).max_by_key(|place| rank(&word.as_bytes()[*place])).unwrap_or(0);
        Self::Letters { letters: word.as_bytes().into(), rarest }
    }

    fn bytes(needle: &str) -> Self {
        Self::Bytes(Box::new(memmem::Finder::new(needle.as_bytes()).into_owned()))
    }

    /// Whether the line shows, without being parsed, that the query does not hold of it.
    pub(super) fn rule_out(&self, line: &[u8]) -> bool {
        !self.may_hold(line) && !is_spelled_otherwise(line)
    }

    fn may_hold(&self, line: &[u8]) -> bool {
        match self {
            Self::Unknown => true,
            Self::All(parts) => parts.iter().all(|part| part.may_hold(line)),
            Self::Any(parts) => parts.iter().any(|part| part.may_hold(line)),
            Self::Bytes(finder) => finder.find(line).is_some(),
            Self::Letters { letters, rarest } => has_letters(line, letters, *rarest),
        }
    }
}

fn has_letters(line: &[u8], letters: &[u8], rarest: usize) -> bool {
    let first = letters[rarest];
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), line).any(|at| {
        let start = at.checked_sub(rarest);
        start
            .and_then(|start| line.get(start..start + letters.len()))
            .is_some_and(|part| part.eq_ignore_ascii_case(letters))
    })
}

/// Whether a value that equals it has the same bytes in every line: a number, a time or a word of JSON has not.
fn has_one_form(literal: &Literal) -> bool {
    literal.number().is_none()
        && literal.time().is_none()
        && !["true", "false", "null"].contains(&literal.text())
        && is_plain(literal.text())
}

/// Whether a text has the same bytes in JSON as in a query.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\'))
}

/// Whether a text in the line may be spelled otherwise than it is looked for: with escapes that it does not need (lines
/// are stored as they came), or with the sign for kelvin or a capital I with a dot, whose small letters are ASCII.
fn is_spelled_otherwise(line: &[u8]) -> bool {
    let has = |bytes: &[u8]| memmem::find(line, bytes).is_some();
    let has_escapes = memchr::memchr(b'\\', line).is_some() && (has(b"\\u") || has(b"\\/"));
    has_escapes || !line.is_ascii() && (has("\u{212a}".as_bytes()) || has("İ".as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn no_other_letter_becomes_one_that_is_looked_for_as_bytes() {
        for letter in '\u{80}'..=char::MAX {
            words(&letter.to_string(), |word| {
                let becomes = Needles::of_word(word);
                let is_known = ['\u{212a}', 'İ'].contains(&letter);
                assert!(!matches!(becomes, Needles::Letters { .. }) || is_known, "{letter:?} is {word}");
                if matches!(becomes, Needles::Bytes(_)) {
                    assert_eq!(word, letter.to_string());
                }
            });
        }
    }

    #[test]
    fn letters_are_found_in_any_case_at_any_place() {
        for (line, letters, expected) in [
            ("xxHealthxx", "health", true),
            ("health", "health", true),
            ("healt", "health", false),
            ("ealth", "health", false),
            ("HEALt HEALTH", "health", true),
            ("zz", "z", true),
            ("", "z", false),
        ] {
            for rarest in 0..letters.len() {
                assert_eq!(has_letters(line.as_bytes(), letters.as_bytes(), rarest), expected, "{line}");
            }
        }
    }
}
