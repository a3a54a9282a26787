//! Queries as text again: what is written here reads back as the same tree, if that is in normal form.
//!
//! Two trees that no query gives are written as what means the same: a range without ends as one that all numbers or
//! times are in, and an alternative of nothing as the negation of everything.

use std::fmt::{self, Display, Formatter, Write};

use super::known;
use crate::clock::Timestamp;
use crate::query::expression::{Condition, Edge, Expression, Literal, Test};
use crate::query::number::Number;
use crate::query::words::Words;

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) if parts.is_empty() => f.write_str("*"),
            Self::Any(parts) if parts.is_empty() => f.write_str("-*"),
            Self::All(parts) => join(f, parts, " ", is_list),
            // An OR binds less than what stands beside it, so no part needs parentheses that is no OR itself.
            Self::Any(parts) => join(f, parts, " OR ", |part| matches!(part, Self::Any(_)) && is_list(part)),
            Self::Not(inner) => {
                f.write_char('-')?;
                part(f, inner, is_list(inner))
            }
            Self::Is(condition) => condition.fmt(f),
        }
    }
}

/// Whether it is written as several terms.
fn is_list(expression: &Expression) -> bool {
    matches!(expression, Expression::All(parts) | Expression::Any(parts) if !parts.is_empty())
}

fn join(
    f: &mut Formatter<'_>,
    parts: &[Expression],
    between: &str,
    needs_group: impl Fn(&Expression) -> bool,
) -> fmt::Result {
    for (place, each) in parts.iter().enumerate() {
        if place > 0 {
            f.write_str(between)?;
        }
        part(f, each, needs_group(each))?;
    }
    Ok(())
}

fn part(f: &mut Formatter<'_>, part: &Expression, is_group: bool) -> fmt::Result {
    if is_group { write!(f, "({part})") } else { part.fmt(f) }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(words) => text(f, words),
            Self::Field { path, test: Test::IsThere } => {
                f.write_str("has:")?;
                name(f, path, is_bare_value(path) && known::meant(path).is_none())
            }
            Self::Field { path, test } => {
                name(f, path, is_bare_field(path) && known::impossible(path, test).is_none())?;
                f.write_char(':')?;
                test.fmt(f)
            }
        }
    }
}

/// What stands behind the colon.
impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(literal) => value(f, literal),
            Self::Prefix(start) => {
                name(f, start, !start.is_empty() && is_bare_value(start))?;
                f.write_char('*')
            }
            Self::Numbers { from, to } => numbers(f, *from, *to),
            Self::Times { from, to } => times(f, *from, *to),
            Self::IsThere => f.write_char('*'),
        }
    }
}

fn text(f: &mut Formatter<'_>, words: &Words) -> fmt::Result {
    let joined = words.words().join(" ");
    name(f, &joined, words.words().len() == 1)?;
    f.write_str(if words.last_is_prefix() { "*" } else { "" })
}

fn value(f: &mut Formatter<'_>, literal: &Literal) -> fmt::Result {
    name(f, literal.text(), is_bare_value(literal.text()))
}

fn numbers(f: &mut Formatter<'_>, from: Option<(Number, Edge)>, to: Option<(Number, Edge)>) -> fmt::Result {
    match (from, to) {
        (None, None) => f.write_str("-1e999..1e999"),
        (Some((from, Edge::Included)), None) => write!(f, ">={from}"),
        (Some((from, Edge::Excluded)), None) => write!(f, ">{from}"),
        (None, Some((to, Edge::Included))) => write!(f, "<={to}"),
        (None, Some((to, Edge::Excluded))) => write!(f, "<{to}"),
        (Some((from, from_edge)), Some((to, to_edge))) => {
            let sign = |edge, sign| if edge == Edge::Excluded { sign } else { "" };
            write!(f, "{}{from}..{}{to}", sign(from_edge, ">"), sign(to_edge, "<"))
        }
    }
}

fn times(f: &mut Formatter<'_>, from: Option<i64>, to: Option<i64>) -> fmt::Result {
    match (from.map(moment), to.map(moment)) {
        (None, None) => write!(f, "{}..{}", moment(i64::MIN), moment(i64::MAX)),
        (Some(from), None) => write!(f, ">={from}"),
        (None, Some(to)) => write!(f, "<={to}"),
        (Some(from), Some(to)) => write!(f, "{from}..{to}"),
    }
}

fn moment(nanos: i64) -> Timestamp {
    Timestamp::from_unix_nanos(nanos.into())
        .expect("64 bits of nanoseconds lie within the years that can be written")
}

/// A text as it is, or in quotes.
fn name(f: &mut Formatter<'_>, text: &str, is_bare: bool) -> fmt::Result {
    if is_bare {
        return f.write_str(text);
    }
    f.write_char('"')?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}

fn is_bare_field(path: &str) -> bool {
    let is_plain = !path.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | ')' | '"' | '='));
    let is_word = !path.is_empty() && !path.starts_with('-') && !known::WORDS.contains(&path);
    is_plain && is_word && known::meant(path).is_none()
}

fn is_bare_value(value: &str) -> bool {
    let is_plain = !value.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '*'));
    is_plain && !value.is_empty() && !value.starts_with(['=', '>', '<']) && !value.contains("..")
}
