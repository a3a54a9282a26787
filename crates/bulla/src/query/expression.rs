//! The syntax tree of a query: what must hold of an entry, for every evaluator.
//!
//! A condition on a field holds when any value at exactly its path passes ([`leaves`](super::leaves) says what is at
//! which path); a condition on text holds when its words stand in any one text. Nothing else is looked at.

use super::leaves::Leaf;
use super::number::Number;
use super::words::Words;
use super::written::moment;
use crate::clock::Timestamp;

/// What must hold of an entry.
///
/// [`all`](Expression::all), [`any`](Expression::any) and [`negated`](Expression::negated) make trees in normal form:
/// no list of one part, no list directly in a list of its kind, no negation of a negation. Every parsed query is in it.
/// As text ([`Display`](std::fmt::Display)) it is a query that reads back as the same tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Every part holds. Without any, it holds of every entry.
    All(Vec<Expression>),
    /// A part holds. Without any, it holds of none.
    Any(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// The condition holds.
    Is(Condition),
}

/// What can hold of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A value at exactly this path passes the test.
    Field {
        /// Keys from the outside, joined with dots.
        path: String,
        /// What the value must pass.
        test: Test,
    },
    /// The words stand one after the other in one string or number of [`TEXT_FIELDS`](super::TEXT_FIELDS).
    Text(Words),
}

/// What a value must pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is what was written.
    Equals(Literal),
    /// It is a string, or a number as text, that begins so. A time at [`TIME_FIELDS`] never passes: it is kept as a
    /// moment, which has no beginning.
    Prefix(String),
    /// It is a number in this range.
    Numbers {
        /// The lower end.
        from: Option<(Number, Edge)>,
        /// The upper end.
        to: Option<(Number, Edge)>,
    },
    /// It is a time in this range: nanoseconds since 1970, both included, as [`nanoseconds`] has them.
    Times {
        /// The lower end.
        from: Option<i64>,
        /// The upper end.
        to: Option<i64>,
    },
    /// It is there and not null.
    IsThere,
}

/// Whether the end of a range belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// It does.
    Included,
    /// It does not.
    Excluded,
}

/// A value as it was written, read in every way in which it can be meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    text: String,
    number: Option<Number>,
    time: Option<(i64, i64)>,
}

/// Fields of every stored line whose values are times.
pub const TIME_FIELDS: [&str; 2] = ["timestamp", "recorded_at"];

/// Nanoseconds since 1970 of a moment. Moments before 1677-09-21 and after 2262-04-11 are the first and the last that
/// 64 bits have.
pub fn nanoseconds(moment: Timestamp) -> i64 {
    let nanos = moment.unix_nanos();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// The moment that a string is, if it is an RFC 3339 timestamp; as [`nanoseconds`] has it.
pub fn time_of(text: &str) -> Option<i64> {
    if !begins_like_a_time(text) {
        return None;
    }
    text.parse().ok().map(nanoseconds)
}

/// Most texts are no timestamp, and this sees it without trying: a year has four digits, or a sign and more.
fn begins_like_a_time(text: &str) -> bool {
    match text.as_bytes() {
        [b'0'..=b'9', rest @ ..] => rest.len() > 3 && rest[..3].iter().all(u8::is_ascii_digit),
        // ASCII or not, a sign is left to the parser.
        [b'+' | b'-' | 0xe2, ..] => true,
        _ => false,
    }
}

impl Expression {
    /// That every part holds, in normal form.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::All(parts) => all.extend(parts),
                part => all.push(part),
            }
        }
        if all.len() == 1 { all.remove(0) } else { Self::All(all) }
    }

    /// That a part holds, in normal form.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Vec::new();
        for part in parts {
            match part {
                Self::Any(parts) => any.extend(parts),
                part => any.push(part),
            }
        }
        if any.len() == 1 { any.remove(0) } else { Self::Any(any) }
    }

    /// That it does not hold, in normal form.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            expression => Self::Not(Box::new(expression)),
        }
    }

    /// Every condition in it, from left to right.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        self.add_conditions(&mut found);
        found
    }

    fn add_conditions<'a>(&'a self, found: &mut Vec<&'a Condition>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.add_conditions(found));
            }
            Self::Not(inner) => inner.add_conditions(found),
            Self::Is(condition) => found.push(condition),
        }
    }

    /// Whether it holds, when its conditions, from left to right, hold or not.
    pub(super) fn holds(&self, conditions: &mut impl Iterator<Item = bool>) -> bool {
        match self {
            // Every part takes its conditions, whatever is decided already.
            Self::All(parts) => parts.iter().fold(true, |all, part| part.holds(conditions) & all),
            Self::Any(parts) => parts.iter().fold(false, |any, part| part.holds(conditions) | any),
            Self::Not(inner) => !inner.holds(conditions),
            Self::Is(_) => conditions.next().expect("every condition was judged"),
        }
    }
}

impl From<Condition> for Expression {
    fn from(condition: Condition) -> Self {
        Self::Is(condition)
    }
}

impl Condition {
    /// That a field has this value.
    pub fn equals(path: &str, value: &str) -> Self {
        Self::field(path, Test::Equals(Literal::new(value)))
    }

    /// That a value at a path passes a test.
    pub fn field(path: &str, test: Test) -> Self {
        Self::Field { path: path.to_owned(), test }
    }

    /// Whether a value passes that stands at the condition's own path.
    pub(super) fn passes(&self, leaf: Leaf<'_>) -> bool {
        match (self, leaf) {
            (Self::Field { path, test: Test::Prefix(_) }, _) if TIME_FIELDS.contains(&path.as_str()) => false,
            (Self::Field { test, .. }, leaf) => test.passes(leaf),
            (Self::Text(words), Leaf::Text(text) | Leaf::Number(_, text)) => words.stand_in(text),
            (Self::Text(_), _) => false,
        }
    }
}

impl Test {
    /// Whether a value passes.
    pub fn passes(&self, leaf: Leaf<'_>) -> bool {
        match (self, leaf) {
            (Self::IsThere, leaf) => leaf != Leaf::Null,
            (Self::Equals(literal), leaf) => literal.is(leaf),
            (Self::Prefix(start), Leaf::Text(text) | Leaf::Number(_, text)) => {
                text.starts_with(start.as_str())
            }
            (Self::Numbers { from, to }, Leaf::Number(number, _)) => {
                from.is_none_or(|(end, edge)| is_in_order(end, number, edge))
                    && to.is_none_or(|(end, edge)| is_in_order(number, end, edge))
            }
            (Self::Times { from, to }, Leaf::Text(text)) => time_of(text)
                .is_some_and(|at| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)),
            _ => false,
        }
    }
}

fn is_in_order(lower: Number, upper: Number, edge: Edge) -> bool {
    lower < upper || (lower == upper && edge == Edge::Included)
}

impl Literal {
    /// What a text can mean.
    pub fn new(text: &str) -> Self {
        let time = moment::absolute(text).map(|(first, last)| (nanoseconds(first), nanoseconds(last)));
        Self { text: text.to_owned(), number: Number::parse(text), time }
    }

    /// The text, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<Number> {
        self.number
    }

    /// The first and last nanosecond of the moment or day that it is, if it is one.
    pub fn time(&self) -> Option<(i64, i64)> {
        self.time
    }

    /// Whether a value is what was written: a string with this text, or a time in this day or at this moment; an equal
    /// number; the word of JSON.
    pub fn is(&self, leaf: Leaf<'_>) -> bool {
        match leaf {
            Leaf::Null => self.text == "null",
            Leaf::Bool(flag) => self.text == if flag { "true" } else { "false" },
            Leaf::Number(number, _) => self.number == Some(number),
            Leaf::Text(text) => text == self.text || self.is_at(text),
            Leaf::Inner => false,
        }
    }

    fn is_at(&self, text: &str) -> bool {
        self.time.is_some_and(|(first, last)| time_of(text).is_some_and(|at| first <= at && at <= last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_taken_for_another_text() {
        let texts = [
            "2026-11-24T17:00:00Z",
            "2026-11-24T17:00:00.123+02:00",
            "20261124T170000Z",
            "+002026-11-24T17:00:00Z",
            "-000044-03-15T00:00:00Z",
            "\u{2212}000044-03-15T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-11-24",
            " 2026-11-24T17:00:00Z",
            "202",
            "",
            "2026",
            "tomorrow",
            "+",
            "12a4-11-24T17:00:00Z",
            "1e9",
            "é",
        ];
        let parsed = |text: &str| text.parse().ok().map(nanoseconds);
        for text in texts {
            assert_eq!(time_of(text), parsed(text), "{text:?}");
        }
        assert!(texts.iter().filter(|text| time_of(text).is_some()).count() >= 5);
    }
}
