//! Queries: a mistake has a place, terms are joined by "and", `-` negates, and looking at bytes first changes no answer.

use std::collections::HashSet;

use bulla::Filter;
use serde_json::{Value, json};

use crate::entry::now;
use crate::json::Members;

/// Two queries and the rest of the bytes, a line: `query LF query LF line`.
pub(crate) fn query(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(one), Some(two), Some(line)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (Ok(one), Ok(two)) = (std::str::from_utf8(one), std::str::from_utf8(two)) else { return };
    check_mistake(one);
    check_terms(one, two, line);
    check_bytes_first(one, line);
    check_texts(one, two);
}

fn parse(query: &str) -> Option<Filter> {
    Filter::parse(query, now()).ok()
}

fn check_mistake(query: &str) {
    let Err(mistake) = Filter::parse(query, now()) else { return };
    assert!((1..=query.chars().count() + 1).contains(&mistake.position()), "{mistake}");
    assert!(!mistake.problem().is_empty());
}

/// Both queries in one hold when both hold; a term and its negation never both hold, nor both fail.
fn check_terms(one: &str, two: &str, line: &[u8]) {
    let (Some(first), Some(second)) = (parse(one), parse(two)) else { return };
    let both = parse(&format!("{one} {two}")).expect("two queries are a query");
    assert_eq!(both.matches(line), first.matches(line) && second.matches(line), "{one:?} and {two:?}");
    assert!(!Filter::new().is_empty() || Filter::new().matches(line));

    let is_one_term = !first.is_empty() && !one.contains(|c: char| c.is_whitespace() || c == '"');
    if is_one_term && serde_json::from_slice::<Value>(line).is_ok_and(|line| line.is_object()) {
        let negated = parse(&format!("-{one}")).expect("a term can be negated");
        assert_ne!(first.matches(line), negated.matches(line), "{one:?} and its negation");
    }
}

/// The spelling of a line changes no answer: not escapes that it does not need, which make the filter parse it before it
/// judges, and not their absence.
fn check_bytes_first(query: &str, line: &[u8]) {
    let (Some(filter), Ok(value)) = (parse(query), serde_json::from_slice::<Value>(line)) else { return };
    let Some(members) = Members::of(line) else { return };
    let names: HashSet<&String> = members.0.iter().map(|(name, _)| name).collect();
    if names.len() < members.0.len() {
        return; // Which of two members counts is nobody's promise; a log refuses such lines.
    }
    let plain = value.to_string();
    let comma = if plain == "{}" { "" } else { "," };
    let escaped = format!("{{\"\\u007f\\/fuzz\":0{comma}{}", &plain[1..]);
    let answer = filter.matches(line);
    assert_eq!(answer, filter.matches(plain.as_bytes()), "{query:?} without needless escapes");
    assert_eq!(answer, filter.matches(escaped.as_bytes()), "{query:?} with needless escapes");
}

/// Whatever a text is, a line that has it is found by it: whole, by its beginning, in quotes, and anywhere in it.
fn check_texts(text: &str, around: &str) {
    let line = json!({"principal": text, "action": format!("{around}{text}{around}")}).to_string();
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    let by_quote = |field: &str| parse(&format!("{field}\"{quoted}\"")).expect("a quoted text is a query");
    let start: String = text.chars().take(3).collect();
    for (how, filter) in [
        ("whole", Filter::new().principal(text)),
        ("by its beginning", Filter::new().field_prefix("principal", &start)),
        ("in quotes", by_quote("principal:")),
        ("as a word", by_quote("")),
        ("as a text", Filter::new().text(text)),
        ("in upper case", Filter::new().text(&text.to_ascii_uppercase())),
    ] {
        assert!(filter.matches(line.as_bytes()), "{text:?} is not found {how} in {line}");
    }
}
