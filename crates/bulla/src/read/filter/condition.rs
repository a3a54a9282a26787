//! One condition: what it looks at, when it holds, and how it can be ruled out without parsing.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::moment;
use crate::clock::Timestamp;

/// Fields in which free text is looked for.
const TEXT_FIELDS: [&str; 4] = ["action", "principal", "reason", "detail"];

/// What must be true of a line.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// A field's value.
    Field { path: String, test: Test, needle: Option<Box<memmem::Finder<'static>>> },
    /// A text somewhere in [`TEXT_FIELDS`].
    Text(Text),
}

/// What must be true of a field's value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Equals(Literal),
    Prefix(String),
    Numbers {
        from: Option<(Number, Edge)>,
        to: Option<(Number, Edge)>,
    },
    /// From and to, both included.
    Times {
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    },
    IsThere,
}

/// Whether the end of a range belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Included,
    Excluded,
}

/// A value as it was written in a query, read in every way in which it can be meant.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    text: String,
    number: Option<Number>,
    time: Option<(Timestamp, Timestamp)>,
}

/// A JSON number that is compared exactly when both sides are whole.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

/// A text that is found in any case.
#[derive(Debug, Clone)]
pub(super) struct Text {
    folded: String,
    /// Whether it was written in ASCII: then its letters have two forms each, and bytes are enough.
    is_ascii: bool,
}

impl Condition {
    pub(super) fn equals(path: &str, value: &str) -> Self {
        let literal = Literal::new(value);
        // A number, a time or a word of JSON has several spellings; any other text has one.
        let has_one_form =
            literal.number.is_none() && literal.time.is_none() && !["true", "false", "null"].contains(&value);
        let needle = (has_one_form && is_plain(value)).then(|| format!("\"{value}\""));
        Self::field(path, Test::Equals(literal), needle)
    }

    pub(super) fn prefix(path: &str, start: &str) -> Self {
        let needle = (!is_part_of_number(start) && is_plain(start)).then(|| format!("\"{start}"));
        Self::field(path, Test::Prefix(start.to_owned()), needle)
    }

    pub(super) fn has(path: &str) -> Self {
        Self::field(path, Test::IsThere, None)
    }

    pub(super) fn since(from: Timestamp) -> Self {
        Self::field("timestamp", Test::Times { from: Some(from), to: None }, None)
    }

    pub(super) fn until(moment: Timestamp) -> Self {
        let last = Timestamp::from_unix_nanos(moment.unix_nanos() - 1).unwrap_or(moment);
        Self::field("timestamp", Test::Times { from: None, to: Some(last) }, None)
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(Text::new(text))
    }

    pub(super) fn field(path: &str, test: Test, needle: Option<String>) -> Self {
        let needle = needle.map(|needle| Box::new(memmem::Finder::new(needle.as_bytes()).into_owned()));
        Self::Field { path: path.to_owned(), test, needle }
    }

    /// Whether the bytes show, without being parsed, that it does not hold.
    pub(super) fn is_ruled_out(&self, line: &[u8]) -> bool {
        let is_found = match self {
            Self::Field { needle: Some(needle), .. } => needle.find(line).is_some(),
            Self::Field { needle: None, .. } => true,
            Self::Text(text) => !text.is_plain() || text.is_in_bytes(line),
        };
        !is_found && !has_needless_escapes(line)
    }

    pub(super) fn holds(&self, line: &Line<'_>) -> bool {
        match self {
            Self::Field { path, test, .. } => line.any_at(path, &|value| test.holds(value)),
            Self::Text(text) => {
                TEXT_FIELDS.iter().any(|field| line.value(field).is_some_and(|value| text.is_in(&value)))
            }
        }
    }
}

/// Whether a text has the same bytes in JSON as in a query.
fn is_plain(text: &str) -> bool {
    !text.contains(needs_escape)
}

/// What has other bytes in JSON than in a query.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '"' | '\\')
}

/// Whether a text in the line may be spelled with escapes that it does not need; lines are stored as they came.
fn has_needless_escapes(line: &[u8]) -> bool {
    memmem::find(line, b"\\u").is_some() || memmem::find(line, b"\\/").is_some()
}

/// Whether a number could be spelled so, or begin so; numbers have several spellings.
fn is_part_of_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte))
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::IsThere => !value.is_null(),
            Self::Equals(literal) => literal.equals(value),
            Self::Prefix(start) => {
                !value.is_boolean() && scalar_text(value).is_some_and(|text| text.starts_with(start.as_str()))
            }
            Self::Numbers { from, to } => Number::of(value).is_some_and(|number| {
                let above = from.is_none_or(|(end, edge)| end.is_below(number, edge));
                above && to.is_none_or(|(end, edge)| number.is_below(end, edge))
            }),
            Self::Times { from, to } => time_of(value)
                .is_some_and(|at| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)),
        }
    }
}

impl Literal {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), number: Number::parse(text), time: moment::absolute(text) }
    }

    fn equals(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.text == "null",
            Value::Bool(flag) => self.text == if *flag { "true" } else { "false" },
            Value::Number(number) => {
                number.to_string() == self.text
                    || self.number.zip(Number::of(value)).is_some_and(|(a, b)| a.equals(b))
            }
            Value::String(text) => {
                *text == self.text
                    || self
                        .time
                        .is_some_and(|(from, to)| time_of(value).is_some_and(|at| from <= at && at <= to))
            }
            Value::Array(_) | Value::Object(_) => false,
        }
    }
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_number =
            text.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit()) && is_part_of_number(text);
        if !is_number {
            return None;
        }
        text.parse().map(Self::Whole).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| number.as_f64().map(Self::Float))
    }

    fn float(self) -> f64 {
        match self {
            // Exact up to 2^53; beyond it only a comparison with a fraction is rounded.
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a == b,
            (a, b) => a.float() == b.float(),
        }
    }

    /// Whether it is below `other`, or equal to it when the edge is included.
    fn is_below(self, other: Self, edge: Edge) -> bool {
        let order = match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        };
        order.is_some_and(|order| order.is_lt() || (order.is_eq() && edge == Edge::Included))
    }
}

fn time_of(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        _ => None,
    }
}

impl Text {
    fn new(text: &str) -> Self {
        Self { folded: fold(text), is_ascii: text.is_ascii() }
    }

    /// Whether its bytes stand in a line as they are, but for their case.
    fn is_plain(&self) -> bool {
        self.is_ascii && is_plain(&self.folded) && !is_part_of_number(&self.folded)
    }

    fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        let needle = self.folded.as_bytes();
        let Some(&first) = needle.first() else { return true };
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes)
            .any(|at| bytes.get(at..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Array(list) => list.iter().any(|value| self.is_in(value)),
            Value::Object(map) => map.values().any(|value| self.is_in(value)),
            scalar => scalar_text(scalar).is_some_and(|text| self.is_in_text(&text)),
        }
    }

    fn is_in_text(&self, text: &str) -> bool {
        if self.is_ascii { self.is_in_bytes(text.as_bytes()) } else { fold(text).contains(&self.folded) }
    }
}

/// A text in one case, letter by letter: what a letter becomes must not depend on its neighbours, or a text would not be
/// found in a longer one. (`str::to_lowercase` gives a capital sigma another form at the end of a word.)
fn fold(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

/// The outermost members of a stored line, values still as text.
pub(super) struct Line<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    fn value(&self, name: &str) -> Option<Value> {
        let found = self.members.iter().find(|(key, _)| key == name);
        found.and_then(|(_, value)| serde_json::from_str(value.get()).ok())
    }

    /// Whether any value at a dotted path passes. Keys that have dots themselves are found too.
    fn any_at(&self, path: &str, passes: &dyn Fn(&Value) -> bool) -> bool {
        splits(path).any(|(key, rest)| self.value(key).is_some_and(|value| any_below(&value, rest, passes)))
    }
}

/// A path as a key and the path below it: at each of its dots, and whole.
fn splits(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let dots = path.match_indices('.').map(|(at, _)| (&path[..at], Some(&path[at + 1..])));
    dots.chain([(path, None)])
}

/// Whether any value at `path` below `value` passes; arrays are passed through.
fn any_below(value: &Value, path: Option<&str>, passes: &dyn Fn(&Value) -> bool) -> bool {
    match (value, path) {
        (Value::Array(list), _) => {
            // The list itself is a value too: `has:targets`.
            (path.is_none() && !list.is_empty() && passes(value))
                || list.iter().any(|value| any_below(value, path, passes))
        }
        (_, None) => passes(value),
        (Value::Object(map), Some(path)) => {
            splits(path).any(|(key, rest)| map.get(key).is_some_and(|value| any_below(value, rest, passes)))
        }
        _ => false,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry (a JSON object)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Line { members })
            }
        }
        deserializer.deserialize_map(LineVisitor)
    }
}

/// A key that borrows when it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
