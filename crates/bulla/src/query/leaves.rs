//! What an entry contains: its stored line as paths and the values at them, in one pass and without a tree of values.
//!
//! This is the one definition that conditions on single entries and an index share.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::number::Number;

/// Fields in which free text is looked for: their text, and all text below them.
pub const TEXT_FIELDS: [&str; 4] = ["action", "principal", "reason", "detail"];

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leaf<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, and its text: that of a whole number as it stands, that of any other in its shortest form (`1e2` is
    /// `100.0`).
    Number(Number, &'a str),
    /// A string.
    Text(&'a str),
    /// An object, or a list that is not empty: something is there.
    Inner,
}

/// Gives every value of a stored line to `visit`, with its path: the keys from the outside joined with dots. Lists are
/// passed through, so each of their items has the list's own path; the line itself has none and is not given.
///
/// What was given before an error was found counts for nothing: the line is no entry.
///
/// ```
/// use bulla::query::{Leaf, leaves};
/// let mut texts = Vec::new();
/// leaves(br#"{"detail":{"args":["-l","-a"]}}"#, |path, leaf| {
///     if let Leaf::Text(text) = leaf {
///         texts.push(format!("{path}: {text}"));
///     }
/// })?;
/// assert_eq!(texts, ["detail.args: -l", "detail.args: -a"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// When the line is not one JSON object.
pub fn leaves(line: &[u8], visit: impl FnMut(&str, Leaf<'_>)) -> Result<(), serde_json::Error> {
    leaves_where(line, |_| true, visit)
}

/// As [`leaves`], but nothing at or below a path that `wants` refuses is given.
pub(super) fn leaves_where(
    line: &[u8],
    wants: impl Fn(&str) -> bool,
    visit: impl FnMut(&str, Leaf<'_>),
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let path = String::with_capacity(64);
    let mut walk = Walk { path, keys: 0, number: String::new(), wants, visit };
    reader.deserialize_map(Root(&mut walk))?;
    reader.end()
}

/// Whether free text is looked for at a path.
pub fn holds_text(path: &str) -> bool {
    TEXT_FIELDS.iter().any(|field| is_at_or_below(path, field))
}

/// Whether a path is another, or continues it behind a dot.
pub(super) fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The state of one pass: where it is, and whom it tells.
struct Walk<W, V> {
    path: String,
    /// Keys that `path` has; the first, and no other, has no dot in front of it.
    keys: usize,
    /// The text of a number, written here again and again.
    number: String,
    wants: W,
    visit: V,
}

impl<W: Fn(&str) -> bool, V: FnMut(&str, Leaf<'_>)> Walk<W, V> {
    fn give(&mut self, leaf: Leaf<'_>) {
        (self.visit)(&self.path, leaf);
    }

    fn give_number(&mut self, number: Number, text: impl fmt::Display) {
        self.number.clear();
        write!(self.number, "{text}").expect("memory takes any text");
        (self.visit)(&self.path, Leaf::Number(number, &self.number));
    }

    fn members<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<(), A::Error> {
        let length = self.path.len();
        let dot = if self.keys == 0 { "" } else { "." };
        self.keys += 1;
        while map.next_key_seed(Key { path: &mut self.path, dot })?.is_some() {
            if (self.wants)(&self.path) {
                map.next_value_seed(Below(self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            self.path.truncate(length);
        }
        self.keys -= 1;
        Ok(())
    }
}

/// The line itself.
struct Root<'w, W, V>(&'w mut Walk<W, V>);

impl<'de, W: Fn(&str) -> bool, V: FnMut(&str, Leaf<'_>)> Visitor<'de> for Root<'_, W, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.members(map)
    }
}

/// A value at the path.
struct Below<'w, W, V>(&'w mut Walk<W, V>);

impl<'de, W: Fn(&str) -> bool, V: FnMut(&str, Leaf<'_>)> DeserializeSeed<'de> for Below<'_, W, V> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Fn(&str) -> bool, V: FnMut(&str, Leaf<'_>)> Visitor<'de> for Below<'_, W, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.give(Leaf::Null);
        Ok(())
    }
    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.0.give(Leaf::Bool(flag));
        Ok(())
    }
    fn visit_u64<E>(self, whole: u64) -> Result<(), E> {
        self.0.give_number(whole.into(), whole);
        Ok(())
    }
    fn visit_i64<E>(self, whole: i64) -> Result<(), E> {
        self.0.give_number(whole.into(), whole);
        Ok(())
    }
    fn visit_f64<E: Error>(self, float: f64) -> Result<(), E> {
        let number = serde_json::Number::from_f64(float).ok_or_else(|| E::custom("no number of JSON"))?;
        self.0.give_number(Number::from_float(float), number);
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.give(Leaf::Text(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while list.next_element_seed(Below(self.0))?.is_some() {
            is_empty = false;
        }
        if !is_empty {
            self.0.give(Leaf::Inner);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.give(Leaf::Inner);
        self.0.members(map)
    }
}

/// A key, which goes to the end of the path.
struct Key<'p> {
    path: &'p mut String,
    dot: &'static str,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        self.path.push_str(self.dot);
        self.path.push_str(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        let visit = |path: &str, leaf: Leaf<'_>| {
            found.push(match leaf {
                Leaf::Null => format!("{path}=null"),
                Leaf::Bool(flag) => format!("{path}={flag}"),
                Leaf::Number(number, text) => {
                    assert_eq!(Number::parse(text), Some(number));
                    format!("{path}={text}")
                }
                Leaf::Text(text) => format!("{path}={text:?}"),
                Leaf::Inner => path.to_owned(),
            });
        };
        leaves(line.as_bytes(), visit).unwrap_or_else(|error| panic!("{line}: {error}"));
        found
    }

    #[test]
    fn every_value_is_given_with_the_keys_above_it() {
        let check = |line: &str, expected: &[&str]| assert_eq!(all(line), expected, "{line}");
        check("{}", &[]);
        check(" { \"a\" : 1 } ", &["a=1"]);
        check(
            r#"{"a":null,"b":true,"c":"x\n","d":-3,"e":1e2,"f":0.5}"#,
            &["a=null", "b=true", r#"c="x\n""#, "d=-3", "e=100.0", "f=0.5"],
        );
        check(r#"{"a":{"b":{"c":1},"d":2},"e":3}"#, &["a", "a.b", "a.b.c=1", "a.d=2", "e=3"]);
        check(r#"{"a.b":{"c":1}}"#, &["a.b", "a.b.c=1"]);
        check(r#"{"":1,"a":{"":2}}"#, &["=1", "a", "a.=2"]);
        check(r#"{"":{"":{"":1}}}"#, &["", ".", "..=1"]);
        check(r#"{"a":[1,[2,{"b":3}],[]],"c":[]}"#, &["a=1", "a=2", "a", "a.b=3", "a", "a"]);
        check(r#"{"\u0061\"":"\u00e9"}"#, &["a\"=\"é\""]);
        check(
            r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
            &["a=18446744073709551615", "b=-9223372036854775808"],
        );
    }

    #[test]
    fn floats_are_read_as_they_were_written() {
        // Numbers that a reader which rounds twice gets wrong.
        for text in ["0.3", "1.7976931348623157e308", "5e-324", "9007199254740993.0", "0.1234567890123456789"]
        {
            let line = format!("{{\"a\":{text}}}");
            leaves(line.as_bytes(), |_, leaf| {
                let Leaf::Number(number, _) = leaf else { panic!("{leaf:?}") };
                assert_eq!(number.as_f64(), text.parse::<f64>().unwrap(), "{text}");
            })
            .unwrap();
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for line in
            ["", "1", "[1]", "null", "{", "{}{}", "{\"a\":}", "{\"a\":1e999}", "{1:2}", "{\"a\":\"\u{1}\"}"]
        {
            assert!(leaves(line.as_bytes(), |_, _| ()).is_err(), "{line}");
        }
        assert!(leaves(b"{\"a\":\"\xff\"}", |_, _| ()).is_err());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(leaves(deep.as_bytes(), |_, _| ()).is_err());
    }

    #[test]
    fn text_is_looked_for_in_four_fields_and_below_them() {
        for (path, expected) in [
            ("action", true),
            ("reason", true),
            ("reason.message", true),
            ("detail", true),
            ("detail.a.b", true),
            ("detail.", true),
            ("details", false),
            ("reasons.x", false),
            ("tool.detail", false),
            ("", false),
        ] {
            assert_eq!(holds_text(path), expected, "{path}");
        }
    }
}
