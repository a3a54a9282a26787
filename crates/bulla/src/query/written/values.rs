//! What may stand behind `field:`: a value, the beginning of one, a comparison, a range, a moment.

use std::ops::Range;

use super::mistake::InvalidFilter;
use super::reader::{Reader, Word};
use super::{known, moment};
use crate::clock::Timestamp;
use crate::query::expression::{Condition, Edge, Literal, Test, nanoseconds};
use crate::query::filter::{since, until};
use crate::query::number::Number;

/// One end of a range.
enum End {
    Number(Number, Edge),
    /// First and last nanosecond.
    Time(i64, i64, Edge),
}

impl Reader<'_> {
    /// A value of `field`, and what it asks.
    pub(super) fn value(&mut self, field: &Word) -> Result<Condition, InvalidFilter> {
        let start = self.at();
        let sign = ["=", ">=", "<=", ">", "<"].into_iter().find(|sign| self.take(sign).is_some());
        let value = self.word(|c| c.is_whitespace() || matches!(c, '(' | ')'))?;
        if value.text.is_empty() && !value.is_quoted {
            return Err(self.no_value(field, start));
        }
        if sign == Some("=") {
            return Err(self.too_many_signs(field, start..start + 1));
        }
        if let Some(kind) = known::WORDS.iter().find(|word| !field.is_quoted && field.text == **word) {
            if sign.is_some() || value.has_star {
                let problem = format!("nothing but {} belongs behind `{kind}:`", what_belongs_behind(kind));
                return Err(self.mistake(self.since(start), problem));
            }
            return self.word_condition(kind, &value);
        }
        let test = self.test(sign, &value)?;
        self.check_value(field, &test, start)?;
        Ok(Condition::field(&field.text, test))
    }

    /// What `has:`, `since:` and `until:` ask.
    fn word_condition(&self, kind: &str, value: &Word) -> Result<Condition, InvalidFilter> {
        match kind {
            "since" => Ok(since(self.moment(value)?)),
            "until" => Ok(until(self.moment(value)?)),
            _ => self.presence(value),
        }
    }

    fn too_many_signs(&self, field: &Word, sign: Range<usize>) -> InvalidFilter {
        let problem =
            format!("the colon is enough: `{}:`; quote a value that begins with the sign", field.text);
        self.mistake(sign, problem)
    }

    fn no_value(&self, field: &Word, start: usize) -> InvalidFilter {
        let problem = if self.rest().starts_with('(') {
            "quote a value that begins with a parenthesis".to_owned()
        } else if known::WORDS.contains(&field.text.as_str()) {
            format!("{} belongs right after `{}:`", what_belongs_behind(&field.text), field.text)
        } else {
            format!("a value belongs right after `{}:`; `has:{0}` asks whether there is any", field.text)
        };
        self.mistake(self.since(start), problem)
    }

    fn presence(&self, path: &Word) -> Result<Condition, InvalidFilter> {
        self.check_field(path)?;
        Ok(Condition::field(&path.text, Test::IsThere))
    }

    fn test(&self, sign: Option<&str>, value: &Word) -> Result<Test, InvalidFilter> {
        if !value.is_quoted && value.text.contains("..") {
            return self.range(sign, value);
        }
        if let Some(sign) = sign {
            if value.has_star {
                return Err(self.mistake(value.range.clone(), "a star is not compared: leave it out"));
            }
            return self.comparison(sign, value);
        }
        match self.split_star(value)? {
            (text, false) => Ok(Test::Equals(Literal::new(text))),
            ("", true) if !value.is_quoted => Ok(Test::IsThere),
            (text, true) => Ok(Test::Prefix(text.to_owned())),
        }
    }

    /// A word without the star at its end, and whether it has one.
    pub(super) fn split_star<'w>(&self, word: &'w Word) -> Result<(&'w str, bool), InvalidFilter> {
        if word.is_quoted {
            return Ok((&word.text, word.has_star));
        }
        let Some(at) = word.text.find('*') else { return Ok((&word.text, false)) };
        if at + 1 == word.text.len() {
            return Ok((&word.text[..at], true));
        }
        let problem = "a star stands for the rest of a value, at its end only; quote it to mean the star";
        let at = word.range.start + at;
        Err(self.mistake(at..at + 1, problem))
    }

    fn comparison(&self, sign: &str, value: &Word) -> Result<Test, InvalidFilter> {
        let edge = if sign.ends_with('=') { Edge::Included } else { Edge::Excluded };
        let end = Some(self.end(value.range.clone(), &value.text, edge)?);
        let (from, to) = if sign.starts_with('>') { (end, None) } else { (None, end) };
        Ok(test_between(from, to).expect("one end is no mixture"))
    }

    /// `a..b`, `a..`, `..b`; `>a..b` and `a..<b` leave an end out.
    fn range(&self, sign: Option<&str>, value: &Word) -> Result<Test, InvalidFilter> {
        let (from, to) = value.text.split_once("..").expect("it was seen");
        let start = value.range.start;
        if sign.is_some_and(|sign| sign.starts_with('<')) || (sign.is_some() && from.is_empty()) {
            let problem = "a range is written a..b; >a..b and a..<b leave an end out";
            return Err(self.mistake(value.range.clone(), problem));
        }
        let from_edge = if sign == Some(">") { Edge::Excluded } else { Edge::Included };
        let (to_edge, to_text) = to.strip_prefix('<').map_or((Edge::Included, to), |to| (Edge::Excluded, to));
        let to_start = value.range.end - to_text.len();
        let from = (!from.is_empty()).then(|| self.end(start..start + from.len(), from, from_edge));
        let to = (!to.is_empty()).then(|| self.end(to_start..value.range.end, to_text, to_edge));
        match (from.transpose()?, to.transpose()?) {
            (None, None) => Err(self.mistake(value.range.clone(), "a range needs an end: a..b, a.. or ..b")),
            (from, to) => test_between(from, to).ok_or_else(|| {
                let problem = "a range is from number to number or time to time";
                self.mistake(value.range.clone(), problem)
            }),
        }
    }

    fn end(&self, range: Range<usize>, text: &str, edge: Edge) -> Result<End, InvalidFilter> {
        if let Some(number) = Number::parse(text) {
            return Ok(End::Number(number, edge));
        }
        if let Some((first, last)) = moment::absolute(text) {
            return Ok(End::Time(nanoseconds(first), nanoseconds(last), edge));
        }
        let problem = format!(
            "`{text}` is neither a number nor a time such as 2026-11-23; quote the value to mean it as it is"
        );
        Err(self.mistake(range, problem))
    }

    fn moment(&self, value: &Word) -> Result<Timestamp, InvalidFilter> {
        let now = self.now.unwrap_or(Timestamp::UNIX_EPOCH);
        let found = moment::parse_moment(&value.text, now);
        let moment = found.map_err(|error| self.mistake(value.range.clone(), error.to_string()))?;
        if self.now.is_none() && moment::absolute(&value.text).is_none() {
            let problem = format!("`{}` is relative, and nothing says what time it is now", value.text);
            return Err(self.mistake(value.range.clone(), problem));
        }
        Ok(moment)
    }

    /// Refuses the name of a field that looks mistyped.
    pub(super) fn check_field(&self, field: &Word) -> Result<(), InvalidFilter> {
        let is_meant = field.is_quoted || known::WORDS.contains(&field.text.as_str());
        match known::meant(&field.text) {
            Some(meant) if !is_meant => {
                let problem = format!(
                    "no entry field is called `{0}`: did you mean `{meant}`? A field of your own goes in \
                     quotes: \"{0}\":…",
                    field.text
                );
                Err(self.mistake(field.range.clone(), problem))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what a known field can never be.
    fn check_value(&self, field: &Word, test: &Test, start: usize) -> Result<(), InvalidFilter> {
        match known::impossible(&field.text, test) {
            Some(problem) if !field.is_quoted => Err(self.mistake(self.since(start), problem)),
            _ => Ok(()),
        }
    }
}

fn what_belongs_behind(kind: &str) -> &'static str {
    if kind == "has" { "a field name" } else { "a moment" }
}

/// The test of a range; `None` when one end is a number and the other a time.
fn test_between(from: Option<End>, to: Option<End>) -> Option<Test> {
    let number = |end| match end {
        End::Number(number, edge) => Some((number, edge)),
        End::Time(..) => None,
    };
    match (from, to) {
        (Some(End::Number(..)), Some(End::Time(..))) | (Some(End::Time(..)), Some(End::Number(..))) => None,
        (from @ (Some(End::Number(..)) | None), to @ (Some(End::Number(..)) | None)) => {
            Some(Test::Numbers { from: from.and_then(number), to: to.and_then(number) })
        }
        (from, to) => Some(Test::Times { from: from.and_then(first_of), to: to.and_then(last_of) }),
    }
}

/// The first nanosecond of a range that begins so.
fn first_of(end: End) -> Option<i64> {
    match end {
        End::Number(..) => None,
        End::Time(first, _, Edge::Included) => Some(first),
        End::Time(_, last, Edge::Excluded) => Some(last.saturating_add(1)),
    }
}

/// The last nanosecond of a range that ends so.
fn last_of(end: End) -> Option<i64> {
    match end {
        End::Number(..) => None,
        End::Time(_, last, Edge::Included) => Some(last),
        End::Time(first, _, Edge::Excluded) => Some(first.saturating_sub(1)),
    }
}
