//! Queries: a mistake has a place, what is written reads back, the joints mean what they say, and looking at bytes first
//! changes no answer.

use bulla::Filter;
use bulla::query::{Condition, Expression, Words};
use bulla_sim::queries;
use serde_json::{Value, json};

use crate::entry::now;
use crate::json;

/// Two queries and the rest of the bytes, a line: `query LF query LF line`. All of them are choices as well.
pub(crate) fn query(data: &[u8]) {
    check_made(data);
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(one), Some(two), Some(line)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (Ok(one), Ok(two)) = (std::str::from_utf8(one), std::str::from_utf8(two)) else { return };
    check_mistake(one);
    check_joints(one, two, line);
    if let Some(filter) = parse(one) {
        check_written(&filter);
        check_bytes_first(&filter, line);
    }
    check_texts(one, two);
}

fn parse(query: &str) -> Option<Filter> {
    Filter::parse(query, now()).ok()
}

/// A query of others that are; `None` when it is too large.
fn joined(query: &str) -> Option<Filter> {
    match Filter::parse(query, now()) {
        Ok(filter) => Some(filter),
        Err(mistake) if mistake.problem().contains("at most") => None,
        Err(mistake) => panic!("{query:?} is made of queries: {mistake}"),
    }
}

fn check_mistake(query: &str) {
    let Err(mistake) = Filter::parse(query, now()) else { return };
    let end = mistake.position() - 1 + mistake.length();
    assert!(mistake.position() >= 1 && end <= query.chars().count(), "{mistake}");
    assert!(!mistake.problem().is_empty());
}

fn check_written(filter: &Filter) {
    let written = filter.to_string();
    if let Some(read) = joined(&written) {
        assert_eq!(read, *filter, "{written:?}");
    }
}

/// Beside each other both hold, with an OR one of them; a query and its negation never both hold, nor both fail.
fn check_joints(one: &str, two: &str, line: &[u8]) {
    let (Some(first), Some(second)) = (parse(one), parse(two)) else { return };
    if first.is_empty()
        || second.is_empty()
        || !serde_json::from_slice::<Value>(line).is_ok_and(|line| line.is_object())
    {
        return;
    }
    let (first, second) = (first.matches(line), second.matches(line));
    for (query, expected) in [
        (format!("({one}) ({two})"), first && second),
        (format!("({one}) OR ({two})"), first || second),
        (format!("{one} OR {two}"), first || second),
        (format!("-({one})"), !first),
        (format!("({one}) NOT ({two})"), first && !second),
    ] {
        if let Some(filter) = joined(&query) {
            assert_eq!(filter.matches(line), expected, "{query:?}");
        }
    }
}

/// The spelling of a line changes no answer: not escapes that it does not need, which make the filter parse it before it
/// judges, and not their absence.
fn check_bytes_first(filter: &Filter, line: &[u8]) {
    let answer = filter.matches(line);
    let Ok(text) = std::str::from_utf8(line) else { return };
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    if !value.is_object() || json::has_duplicate_keys(text) {
        return; // Which of two members counts is nobody's promise; a log refuses such lines.
    }
    let plain = value.to_string();
    assert_eq!(answer, filter.matches(plain.as_bytes()), "{filter} without needless escapes");
    assert_eq!(answer, filter.matches(escaped(&plain).as_bytes()), "{filter} with needless escapes");
}

/// An object with one more member, whose name has escapes that it does not need.
fn escaped(plain: &str) -> String {
    let comma = if plain == "{}" { "" } else { "," };
    format!("{{\"\\u007f\\/fuzz\":0{comma}{}", &plain[1..])
}

/// The bytes as choices: an entry and an expression that often meet.
fn check_made(data: &[u8]) {
    let mut bytes = data.iter();
    let mut choose = |limit: usize| usize::from(bytes.next().copied().unwrap_or(0)) % limit;
    let filter = Filter::from(queries::expression(&mut choose));
    check_written(&filter);
    let line = queries::line(7, &mut choose);
    check_bytes_first(&filter, line.as_bytes());
}

/// Whatever a text is, a line that has it is found by it: whole, by its beginning, in quotes, and by its words.
fn check_texts(text: &str, around: &str) {
    let line = json!({"principal": text, "action": format!("{around} {text} {around}")}).to_string();
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    let by_quote = |query: String| joined(&query).unwrap_or_default();
    let start: String = text.chars().take(3).collect();
    let mut filters = vec![
        ("whole", Filter::new().principal(text)),
        ("by its beginning", Filter::new().field_prefix("principal", &start)),
        ("in quotes", by_quote(format!("principal:\"{quoted}\""))),
        ("as a text", Filter::new().text(text)),
        ("in upper case", Filter::new().text(&text.to_ascii_uppercase())),
    ];
    if let Some(words) = Words::new(text, false) {
        filters.push(("by its words", by_quote(format!("\"{quoted}\""))));
        filters.push(("by its words alone", Expression::from(Condition::Text(words)).into()));
    }
    let shorter = &text[..text.char_indices().next_back().map_or(0, |(at, _)| at)];
    if let Some(words) = Words::new(shorter, true) {
        filters.push(("by the beginning of its words", Expression::from(Condition::Text(words)).into()));
    }
    for (how, filter) in filters {
        assert!(filter.matches(line.as_bytes()), "{text:?} is not found {how} in {line}");
    }
}
