//! The string form of a filter: words and quotes to terms. A mistake is told with the character it is at.

use super::condition::{Condition, Edge, Number, Test};
use super::{Term, field, moment};
use crate::clock::Timestamp;

/// A query that cannot be understood; says where and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("query, character {position}: {problem}")]
pub struct InvalidFilter {
    position: usize,
    problem: String,
}

impl InvalidFilter {
    /// The character at which the mistake begins, from 1.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong there, and what to write instead.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// Reads a query; without `now`, relative times are refused.
pub(super) fn parse(query: &str, now: Option<Timestamp>) -> Result<Vec<Term>, InvalidFilter> {
    let mut reader = Reader { query, at: 0, now };
    let mut terms = Vec::new();
    while let Some(term) = reader.term()? {
        terms.push(term);
    }
    Ok(terms)
}

struct Reader<'a> {
    query: &'a str,
    /// Byte at which the rest begins.
    at: usize,
    now: Option<Timestamp>,
}

/// A run of characters without spaces, or a quoted text.
struct Word {
    text: String,
    is_quoted: bool,
    /// Byte at which it begins.
    at: usize,
}

impl<'a> Reader<'a> {
    fn term(&mut self) -> Result<Option<Term>, InvalidFilter> {
        let mut negated = false;
        loop {
            self.skip_spaces();
            let start = self.at;
            if self.rest().is_empty() {
                return if negated {
                    Err(self.mistake(start, "nothing follows the NOT".into()))
                } else {
                    Ok(None)
                };
            }
            if self.take("-") {
                negated = !negated;
                continue;
            }
            if self.rest().starts_with(['(', ')']) {
                return Err(self.no_groups(start));
            }
            let word = self.word(&[':', ' ', '\t', '\n', '(', ')'])?;
            if self.take(":") {
                let condition = self.field_condition(word)?;
                return Ok(Some(Term { negated, condition }));
            }
            match word.text.as_str() {
                "NOT" if !word.is_quoted => negated = !negated,
                "OR" | "AND" | "||" | "&&" | "|" if !word.is_quoted => return Err(self.no_operator(&word)),
                _ => {
                    let condition = Condition::text(word.text.trim_end_matches(trailing_star(&word)));
                    return Ok(Some(Term { negated, condition }));
                }
            }
        }
    }

    /// What follows `field:`.
    fn field_condition(&mut self, field: Word) -> Result<Condition, InvalidFilter> {
        if field.text.is_empty() {
            return Err(self.mistake(field.at, "a field name belongs before the colon".into()));
        }
        let start = self.at;
        if self.rest().starts_with('(') {
            return Err(self.no_groups(start));
        }
        let sign = ["..", ">=", "<=", ">", "<"].into_iter().find(|sign| self.take(sign));
        let value = self.word(&[' ', '\t', '\n', ')'])?;
        if value.text.is_empty() && !value.is_quoted {
            let problem =
                format!("a value belongs after `{}:`; `has:{0}` asks whether there is any", field.text);
            return Err(self.mistake(start, problem));
        }
        match (field.text.as_str(), field.is_quoted) {
            ("has", false) => {
                self.check_field(&value)?;
                Ok(Condition::has(&value.text))
            }
            ("since", false) => Ok(Condition::since(self.moment(&value)?)),
            ("until", false) => Ok(Condition::until(self.moment(&value)?)),
            _ => {
                self.check_field(&field)?;
                self.value_condition(&field.text, sign, &value)
            }
        }
    }

    fn value_condition(
        &self,
        field: &str,
        sign: Option<&str>,
        value: &Word,
    ) -> Result<Condition, InvalidFilter> {
        if let Some(sign) = sign {
            return self.comparison(field, sign, value);
        }
        if value.is_quoted {
            return Ok(Condition::equals(field, &value.text));
        }
        if let Some((from, to)) = value.text.split_once("..") {
            return self.range(field, from, to, value);
        }
        match value.text.find('*') {
            None => Ok(Condition::equals(field, &value.text)),
            Some(0) if value.text.len() == 1 => Ok(Condition::has(field)),
            Some(at) if at == value.text.len() - 1 => Ok(Condition::prefix(field, &value.text[..at])),
            Some(at) => {
                let problem =
                    "a star stands for the rest of a value, at its end only; quote it to mean the star";
                Err(self.mistake(value.at + at, problem.into()))
            }
        }
    }

    fn comparison(&self, field: &str, sign: &str, value: &Word) -> Result<Condition, InvalidFilter> {
        let edge = if sign.ends_with('=') || sign == ".." { Edge::Included } else { Edge::Excluded };
        let is_lower_end = sign.starts_with('>');
        let test = match self.bound(value.at, &value.text)? {
            Bound::Number(number) if is_lower_end => Test::Numbers { from: Some((number, edge)), to: None },
            Bound::Number(number) => Test::Numbers { from: None, to: Some((number, edge)) },
            Bound::Time(first, last) => match (is_lower_end, edge) {
                (true, Edge::Included) => Test::Times { from: Some(first), to: None },
                (true, Edge::Excluded) => Test::Times { from: Some(moved(last, 1)), to: None },
                (false, Edge::Included) => Test::Times { from: None, to: Some(last) },
                (false, Edge::Excluded) => Test::Times { from: None, to: Some(moved(first, -1)) },
            },
        };
        Ok(Condition::field(field, test, None))
    }

    fn range(&self, field: &str, from: &str, to: &str, value: &Word) -> Result<Condition, InvalidFilter> {
        let to_at = value.at + from.len() + "..".len();
        let from = (!from.is_empty()).then(|| self.bound(value.at, from)).transpose()?;
        let to = (!to.is_empty()).then(|| self.bound(to_at, to)).transpose()?;
        let test = match (from, to) {
            (None, None) => {
                return Err(self.mistake(value.at, "a range needs an end: a..b, a.. or ..b".into()));
            }
            (Some(Bound::Number(_)), Some(Bound::Time(..)))
            | (Some(Bound::Time(..)), Some(Bound::Number(_))) => {
                return Err(self.mistake(value.at, "a range is from number to number or time to time".into()));
            }
            (from @ (Some(Bound::Number(_)) | None), to @ (Some(Bound::Number(_)) | None)) => Test::Numbers {
                from: from.and_then(Bound::number).map(|number| (number, Edge::Included)),
                to: to.and_then(Bound::number).map(|number| (number, Edge::Included)),
            },
            (from, to) => Test::Times {
                from: from.and_then(Bound::times).map(|(first, _)| first),
                to: to.and_then(Bound::times).map(|(_, last)| last),
            },
        };
        Ok(Condition::field(field, test, None))
    }

    fn bound(&self, at: usize, text: &str) -> Result<Bound, InvalidFilter> {
        if let Some(number) = Number::parse(text) {
            return Ok(Bound::Number(number));
        }
        if let Some((first, last)) = moment::absolute(text) {
            return Ok(Bound::Time(first, last));
        }
        let problem = format!(
            "`{text}` is neither a number nor a time such as 2026-11-23; quote the value to mean it as it is"
        );
        Err(self.mistake(at, problem))
    }

    fn moment(&self, value: &Word) -> Result<Timestamp, InvalidFilter> {
        if let Some((first, _)) = moment::absolute(&value.text) {
            return Ok(first);
        }
        match (self.now, moment::relative(&value.text)) {
            (Some(now), Some(_)) => moment::parse_moment(&value.text, now)
                .map_err(|error| self.mistake(value.at, error.to_string())),
            (None, Some(_)) => {
                let problem = format!("`{}` is relative, and nothing says what time it is now", value.text);
                Err(self.mistake(value.at, problem))
            }
            (_, None) => {
                let error = moment::parse_moment(&value.text, Timestamp::UNIX_EPOCH)
                    .expect_err("neither absolute nor relative");
                Err(self.mistake(value.at, error.to_string()))
            }
        }
    }

    fn check_field(&self, field: &Word) -> Result<(), InvalidFilter> {
        match field::meant(&field.text) {
            Some(known) if !field.is_quoted => {
                let problem = format!(
                    "no entry field is called `{0}`: did you mean `{known}`? A field of your own goes in quotes: \
                     \"{0}\":…",
                    field.text
                );
                Err(self.mistake(field.at, problem))
            }
            _ => Ok(()),
        }
    }

    /// A quoted text, or characters up to one of `ends`.
    fn word(&mut self, ends: &[char]) -> Result<Word, InvalidFilter> {
        let at = self.at;
        if self.take("\"") {
            return self.quoted(at);
        }
        let rest = self.rest();
        let len = rest.find(ends).unwrap_or(rest.len());
        if let Some(quote) = rest[..len].find('"') {
            let problem = "a quote begins a value; write field:\"the value\", and \\\" for a quote inside";
            return Err(self.mistake(at + quote, problem.into()));
        }
        self.at += len;
        Ok(Word { text: rest[..len].to_owned(), is_quoted: false, at })
    }

    fn quoted(&mut self, at: usize) -> Result<Word, InvalidFilter> {
        let mut text = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((offset, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += offset + 1;
                    return Ok(Word { text, is_quoted: true, at });
                }
                '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                letter => text.push(letter),
            }
        }
        Err(self.mistake(at, "the quote is not closed".into()))
    }

    fn rest(&self) -> &'a str {
        &self.query[self.at..]
    }

    fn take(&mut self, expected: &str) -> bool {
        let is_next = self.rest().starts_with(expected);
        self.at += if is_next { expected.len() } else { 0 };
        is_next
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn no_groups(&self, at: usize) -> InvalidFilter {
        let problem = "parentheses and OR are not understood yet: search once for each alternative, or quote the \
                       parenthesis to mean itself";
        self.mistake(at, problem.into())
    }

    fn no_operator(&self, word: &Word) -> InvalidFilter {
        let problem = match word.text.as_str() {
            "AND" | "&&" => format!("all terms must hold anyway: leave `{}` out, or quote it", word.text),
            _ => format!(
                "`{}` is not understood yet: search once for each alternative, or quote it",
                word.text
            ),
        };
        self.mistake(word.at, problem)
    }

    fn mistake(&self, at: usize, problem: String) -> InvalidFilter {
        InvalidFilter { position: self.query[..at.min(self.query.len())].chars().count() + 1, problem }
    }
}

/// One end of a range.
enum Bound {
    Number(Number),
    /// First and last nanosecond.
    Time(Timestamp, Timestamp),
}

impl Bound {
    fn number(self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Time(..) => None,
        }
    }

    fn times(self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Number(_) => None,
            Self::Time(first, last) => Some((first, last)),
        }
    }
}

/// A bare word is found anywhere already, so a star behind it says nothing more.
fn trailing_star(word: &Word) -> &'static [char] {
    if word.is_quoted { &[] } else { &['*'] }
}

fn moved(at: Timestamp, nanos: i128) -> Timestamp {
    Timestamp::from_unix_nanos(at.unix_nanos() + nanos).unwrap_or(at)
}
