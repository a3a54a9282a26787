//! A query as a row of words, quotes and signs.

use std::ops::Range;

use super::mistake::InvalidFilter;
use crate::clock::Timestamp;

/// 8 KiB: the line of an HTTP request that most servers and proxies take, and more than anybody types.
pub const QUERY_BYTES_MAX: usize = 8 * 1024;

/// A place in a query.
pub(super) struct Reader<'a> {
    query: &'a str,
    /// Byte at which the rest begins.
    at: usize,
    /// Without it, relative times are refused.
    pub(super) now: Option<Timestamp>,
}

/// A run of characters without spaces, or a quoted text.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) is_quoted: bool,
    /// Whether a star follows the quote.
    pub(super) has_star: bool,
    /// Bytes of the query that it takes, without the star behind a quote.
    pub(super) range: Range<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(query: &'a str, now: Option<Timestamp>) -> Result<Self, InvalidFilter> {
        if query.len() > QUERY_BYTES_MAX {
            let start = query.floor_char_boundary(QUERY_BYTES_MAX);
            let problem =
                format!("a query has at most {QUERY_BYTES_MAX} bytes, this one has {}", query.len());
            return Err(InvalidFilter::new(query, start..query.len(), problem));
        }
        Ok(Self { query, at: 0, now })
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.query[self.at..]
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at = self.query.len() - self.rest().trim_start().len();
    }

    /// Goes past `expected` if it comes next; the bytes it took.
    pub(super) fn take(&mut self, expected: &str) -> Option<Range<usize>> {
        let start = self.at;
        self.at += self.rest().strip_prefix(expected).map(|_| expected.len())?;
        Some(start..self.at)
    }

    /// Goes past a word such as `OR` if it comes next; the bytes it took.
    pub(super) fn take_operator(&mut self, operator: &str) -> Option<Range<usize>> {
        if self.is_operator(operator) { self.take(operator) } else { None }
    }

    /// Whether a word such as `OR` comes next, and ends there.
    pub(super) fn is_operator(&self, operator: &str) -> bool {
        let behind = self.rest().strip_prefix(operator);
        behind.is_some_and(|rest| {
            rest.chars().next().is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'))
        })
    }

    /// A quoted text, or characters up to one that `ends` it.
    pub(super) fn word(&mut self, ends: fn(char) -> bool) -> Result<Word, InvalidFilter> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let text = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let range = self.at..self.at + text.len();
        if let Some(quote) = text.find('"') {
            let problem = "a quote begins a value; write field:\"the value\", and \\\" for a quote inside";
            let quote = range.start + quote;
            return Err(self.mistake(quote..quote + 1, problem));
        }
        self.at = range.end;
        Ok(Word { text: text.to_owned(), is_quoted: false, has_star: false, range })
    }

    fn quoted(&mut self) -> Result<Word, InvalidFilter> {
        let start = self.at;
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((offset, letter)) = letters.next() {
            match letter {
                '"' => {
                    let range = start..start + offset + 1;
                    self.at = range.end;
                    let has_star = self.take("*").is_some();
                    return Ok(Word { text, is_quoted: true, has_star, range });
                }
                '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                letter => text.push(letter),
            }
        }
        Err(self.mistake(start..self.query.len(), "the quote is not closed"))
    }

    /// Whether what was read ends here, and not in the middle of something.
    pub(super) fn is_at_end_of_term(&self) -> bool {
        self.rest().chars().next().is_none_or(|next| next.is_whitespace() || next == ')')
    }

    /// Bytes from `start` to here.
    pub(super) fn since(&self, start: usize) -> Range<usize> {
        start..self.at
    }

    /// The character that comes next, or the end.
    pub(super) fn next_letter(&self) -> Range<usize> {
        self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    pub(super) fn mistake(&self, range: Range<usize>, problem: impl Into<String>) -> InvalidFilter {
        InvalidFilter::new(self.query, range, problem.into())
    }
}
