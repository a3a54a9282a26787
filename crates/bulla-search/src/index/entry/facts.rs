//! Facts: what the index knows of one value of an entry, as bytes whose order is the order of the values.
//!
//! A fact is a path, the byte FF (which no text in UTF-8 contains), the kind of the value, and the value. So all facts
//! of a path are neighbours, those of a kind among them as well, and a range of values is a range of facts.

use std::ops::Range;

use bulla::query::{Edge, Leaf, Number};
use sha2::{Digest, Sha256};

use super::shapes::ShapeDigest;

/// Stands between a path and what is known of it.
const END_OF_PATH: u8 = 0xff;
/// Stands between the beginning of a long text and its digest.
const CUT: u8 = 0xff;
/// 128 bytes of a text are kept: enough for any id and most names. A longer one is told apart by its digest.
pub(crate) const TEXT_BYTES_MAX: usize = 128;
/// 256 bytes of a path are kept. A longer one is told apart by its digest.
const PATH_BYTES_MAX: usize = 256;
/// 16 bytes of SHA-256: a collision takes 2^64 texts made for the purpose.
const DIGEST_BYTES: usize = 16;

/// What a fact says of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Flag = b'b',
    /// Something that is not null is there, in an entry that does not name its shape.
    There = b'e',
    /// A shape (see `shapes.rs`) has the path.
    InShape = b'h',
    Number = b'n',
    Text = b's',
    /// The text is a moment.
    Time = b't',
    Null = b'z',
}

/// The beginning of all facts of a path.
pub(crate) fn path_key(path: &str, key: &mut Vec<u8>) {
    key.clear();
    push_bounded(path.as_bytes(), PATH_BYTES_MAX, key);
    key.push(END_OF_PATH);
}

fn kind_key(path: &str, kind: Kind) -> Vec<u8> {
    let mut key = Vec::with_capacity(path.len() + 2 + 16);
    path_key(path, &mut key);
    key.push(kind as u8);
    key
}

/// Appends bytes, or their beginning and their digest.
fn push_bounded(bytes: &[u8], max: usize, key: &mut Vec<u8>) {
    if bytes.len() <= max {
        key.extend_from_slice(bytes);
    } else {
        key.extend_from_slice(&bytes[..max]);
        key.push(CUT);
        key.extend_from_slice(&Sha256::digest(bytes)[..DIGEST_BYTES]);
    }
}

/// Calls `keep` with each fact of a leaf but that it is there; `key` holds the [`path_key`] and is given back so.
pub(crate) fn of_leaf(leaf: Leaf<'_>, key: &mut Vec<u8>, mut keep: impl FnMut(&[u8])) {
    let path_len = key.len();
    let mut one = |kind: Kind, value: &[u8]| {
        key.truncate(path_len);
        key.push(kind as u8);
        key.extend_from_slice(value);
        keep(key);
    };
    match leaf {
        Leaf::Null => one(Kind::Null, b""),
        Leaf::Inner => {}
        Leaf::Bool(flag) => one(Kind::Flag, &[u8::from(flag)]),
        Leaf::Number(number, _) => one(Kind::Number, &number.key()),
        Leaf::Text(text) => {
            key.truncate(path_len);
            key.push(Kind::Text as u8);
            push_bounded(text.as_bytes(), TEXT_BYTES_MAX, key);
            keep(key);
            if let Some(nanos) = bulla::query::time_of(text) {
                key.truncate(path_len);
                key.push(Kind::Time as u8);
                key.extend_from_slice(&ordered(nanos));
                keep(key);
            }
        }
    }
    key.truncate(path_len);
}

/// The entry is of this shape. No path is an end of a path.
pub(crate) fn shape(digest: ShapeDigest) -> [u8; 18] {
    let mut key = [END_OF_PATH; 18];
    key[2..].copy_from_slice(&digest);
    key
}

/// What a path's key is followed by in facts of a kind.
pub(crate) fn with_kind(path_key: &[u8], kind: Kind, value: &[u8], into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(path_key);
    into.push(kind as u8);
    into.extend_from_slice(value);
}

pub(crate) fn there(path: &str) -> Vec<u8> {
    kind_key(path, Kind::There)
}

pub(crate) fn null(path: &str) -> Vec<u8> {
    kind_key(path, Kind::Null)
}

pub(crate) fn flag(path: &str, flag: bool) -> Vec<u8> {
    let mut key = kind_key(path, Kind::Flag);
    key.push(u8::from(flag));
    key
}

pub(crate) fn number(path: &str, number: Number) -> Vec<u8> {
    let mut key = kind_key(path, Kind::Number);
    key.extend_from_slice(&number.key());
    key
}

pub(crate) fn text(path: &str, text: &str) -> Vec<u8> {
    let mut key = kind_key(path, Kind::Text);
    push_bounded(text.as_bytes(), TEXT_BYTES_MAX, &mut key);
    key
}

/// Facts of texts that begin with at most the first [`TEXT_BYTES_MAX`] bytes of `start`.
pub(crate) fn texts_from(path: &str, start: &str) -> Range<Vec<u8>> {
    let mut key = kind_key(path, Kind::Text);
    let bytes = start.as_bytes();
    key.extend_from_slice(&bytes[..bytes.len().min(TEXT_BYTES_MAX)]);
    let end = successor(&key);
    key..end
}

/// Bytes whose order is the order of the moments.
fn ordered(nanos: i64) -> [u8; 8] {
    (nanos as u64 ^ (1 << 63)).to_be_bytes()
}

/// Facts of moments from `from` to `to`, both included.
pub(crate) fn times(path: &str, from: i64, to: i64) -> Range<Vec<u8>> {
    let key = kind_key(path, Kind::Time);
    let end = |nanos: i64| [&key[..], &ordered(nanos)].concat();
    end(from)..behind(end(to))
}

/// Facts of numbers between two ends; an end that is left out is the first or the last number.
pub(crate) fn numbers(
    path: &str,
    from: Option<(Number, Edge)>,
    to: Option<(Number, Edge)>,
) -> Range<Vec<u8>> {
    let all = all(path, Kind::Number);
    let start = from.map_or(all.start, |(end, edge)| match edge {
        Edge::Included => number(path, end),
        Edge::Excluded => behind(number(path, end)),
    });
    let end = to.map_or(all.end, |(end, edge)| match edge {
        Edge::Included => behind(number(path, end)),
        Edge::Excluded => number(path, end),
    });
    start..end
}

/// The first key behind `key` alone.
fn behind(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// All facts of a path of one kind.
pub(crate) fn all(path: &str, kind: Kind) -> Range<Vec<u8>> {
    let key = kind_key(path, kind);
    let end = successor(&key);
    key..end
}

/// The first key behind all that begin with `key`.
pub(crate) fn successor(key: &[u8]) -> Vec<u8> {
    let mut end = key.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    unreachable!("a key has a kind, which is below FF")
}

/// A value as people read it, from what follows the path and the kind in a fact.
pub(crate) fn value_text(kind: u8, value: &[u8]) -> Option<String> {
    match kind {
        b'b' => Some((value == [1]).to_string()),
        b'n' => value.try_into().ok().map(|key| Number::from_key(key).to_string()),
        b's' => {
            let cut = value.iter().position(|byte| *byte == CUT);
            let text = String::from_utf8_lossy(&value[..cut.unwrap_or(value.len())]);
            // A text that was cut inside a character ends with the sign for that.
            Some(match cut {
                Some(_) => format!("{}…", text.trim_end_matches('\u{fffd}')),
                None => text.into_owned(),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, leaf: Leaf<'_>) -> Vec<Vec<u8>> {
        let (mut key, mut found) = (Vec::new(), Vec::new());
        path_key(path, &mut key);
        of_leaf(leaf, &mut key, |fact| found.push(fact.to_vec()));
        found
    }

    #[test]
    fn a_value_is_found_by_the_fact_that_a_query_asks_for() {
        let long = "ä".repeat(300);
        for value in ["", "bash", "a\0b", &long] {
            assert!(facts("tool.name", Leaf::Text(value)).contains(&text("tool.name", value)));
        }
        assert!(facts("a", Leaf::Bool(true)).contains(&flag("a", true)));
        assert!(facts("a", Leaf::Null).contains(&null("a")));
    }

    #[test]
    fn long_texts_with_one_beginning_are_two_facts() {
        let (a, b) = ("x".repeat(200), format!("{}y", "x".repeat(199)));
        assert_ne!(text("p", &a), text("p", &b));
        assert_ne!(text(&a, "v"), text(&b, "v"));
        let range = texts_from("p", &a);
        assert!(range.contains(&text("p", &a)) && range.contains(&text("p", &b)));
    }

    #[test]
    fn facts_of_other_paths_and_kinds_are_outside_a_range() {
        let range = texts_from("a.b", "x");
        for (path, value) in [("a", "x"), ("a.b.c", "x"), ("a.bx", ""), ("a.b", "y"), ("a.b", "w")] {
            assert!(!range.contains(&text(path, value)), "{path} {value}");
        }
        assert!(range.contains(&text("a.b", "x")) && range.contains(&text("a.b", "xyz")));
        assert!(!all("a.b", Kind::Text).contains(&there("a.b")));
    }

    #[test]
    fn what_people_read_is_what_was_said() {
        for (leaf, expected) in [(Leaf::Bool(false), "false"), (Leaf::Text("é\0"), "é\0")] {
            let fact = facts("p", leaf).pop().unwrap();
            assert_eq!(value_text(fact[2], &fact[3..]).as_deref(), Some(expected));
        }
        let long = format!("{}ä{}", "x".repeat(127), "y".repeat(50));
        let fact = text("p", &long);
        assert_eq!(value_text(fact[2], &fact[3..]), Some(format!("{}…", "x".repeat(127))));
    }
}
