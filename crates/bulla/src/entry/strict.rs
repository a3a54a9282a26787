//! One pass over foreign JSON that refuses what readers disagree on: duplicate keys and absurd depth.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::event::Rejected;
use super::limits::DEPTH_MAX;

/// Marks by which the errors of this pass are told apart inside serde's error type.
const DUPLICATE: &str = "duplicate key ";
const DEEP: &str = "nested deeper than ";

/// What the pass saw of a JSON object.
#[derive(Debug, Default)]
pub(crate) struct Seen<'t> {
    /// Keys of the outermost object, in order.
    pub(crate) keys: Vec<Cow<'t, str>>,
    /// Whether `is_marked` said yes to any key at any depth.
    pub(crate) marked: bool,
}

/// Checks that `text` is one JSON object without duplicate keys and at most 64 levels deep.
pub(crate) fn check_object<'t>(
    text: &'t [u8],
    is_marked: &dyn Fn(&str) -> bool,
) -> Result<Seen<'t>, Rejected> {
    let mut seen = Seen::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    // Our own limit is lower than serde_json's 128, and is checked before it.
    Level { depth: 0, seen: &mut seen, is_marked }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(rejection)?;
    if first_byte(text) != Some(b'{') {
        return Err(Rejected::NotJson("an entry is a JSON object".to_owned()));
    }
    Ok(seen)
}

fn first_byte(text: &[u8]) -> Option<u8> {
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn rejection(error: serde_json::Error) -> Rejected {
    let text = error.to_string();
    if let Some(key) = text.strip_prefix(DUPLICATE) {
        // serde adds the position: that of a text which the caller may never have seen.
        let key = key.rfind("\" at line ").map_or(key, |end| &key[..=end]);
        Rejected::DuplicateKey(key.to_owned())
    } else if text.starts_with(DEEP) {
        Rejected::TooDeep
    } else {
        Rejected::NotJson(text)
    }
}

/// One level of nesting.
struct Level<'a, 't> {
    depth: usize,
    seen: &'a mut Seen<'t>,
    is_marked: &'a dyn Fn(&str) -> bool,
}

impl<'t> Level<'_, 't> {
    fn below<E: Error>(&mut self) -> Result<Level<'_, 't>, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("{DEEP}{DEPTH_MAX} levels")));
        }
        Ok(Level { depth: self.depth + 1, seen: self.seen, is_marked: self.is_marked })
    }
}

impl<'t> DeserializeSeed<'t> for Level<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Level<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.below()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(Key(key)) = map.next_key::<Key<'t>>()? {
            self.seen.marked |= (self.is_marked)(&key);
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{key:?}")));
            }
            if self.depth == 0 {
                self.seen.keys.push(key);
            }
            map.next_value_seed(self.below()?)?;
        }
        Ok(())
    }
}

/// A key as it stands in the text, without a copy unless it has escapes: serde copies every `Cow` that is asked for
/// by itself.
struct Key<'t>(Cow<'t, str>);

impl<'t> Deserialize<'t> for Key<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'t> Visitor<'t> for KeyVisitor {
    type Value = Key<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Key<'t>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Key<'t>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

/// Keys of one object: a list while they are few, a set when they are many.
#[derive(Default)]
struct Keys<'t> {
    few: Vec<Cow<'t, str>>,
    many: HashSet<Cow<'t, str>>,
}

impl<'t> Keys<'t> {
    /// Above 16 keys a set is faster than comparing with each.
    const FEW: usize = 16;

    fn insert(&mut self, key: Cow<'t, str>) -> bool {
        if self.few.len() < Self::FEW {
            let is_new = self.few.iter().all(|seen| *seen != key);
            self.few.push(key);
            return is_new;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().cloned());
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Seen<'_>, Rejected> {
        check_object(text.as_bytes(), &|key| key == "password")
    }

    #[test]
    fn duplicate_keys_are_refused_at_every_depth() {
        let many = (0..40).map(|i| format!("\"k{i}\":0,")).collect::<String>();
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":[{"b":1,"c":2,"b":3}]}"#,
            // The same key, once escaped.
            "{\"a\":1,\"\\u0061\":2}",
            &format!("{{{many}\"k3\":1}}"),
        ] {
            assert!(matches!(check(text), Err(Rejected::DuplicateKey(_))), "{text}");
        }
        assert_eq!(check(r#"{"a":1,"a":2}"#).unwrap_err(), Rejected::DuplicateKey("\"a\"".to_owned()));
        assert!(check(&format!("{{{many}\"z\":1}}")).is_ok());
        assert!(check(r#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn depth_is_limited() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(check(&nested(DEPTH_MAX - 1)).is_ok());
        for levels in [DEPTH_MAX, 100, 10_000] {
            assert_eq!(check(&nested(levels)).unwrap_err(), Rejected::TooDeep, "{levels}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", "1", "[]", "\"a\"", "{", "{}{}", "{} x", "{\"a\":}", "{\"a\":1,}", "{'a':1}", "nul"]
        {
            assert!(matches!(check(text), Err(Rejected::NotJson(_))), "{text}");
        }
        assert!(matches!(check_object(b"{\"a\":\"\xff\"}", &|_| false), Err(Rejected::NotJson(_))));
        assert!(matches!(check_object(b"{\"a\":\"\0\"}", &|_| false), Err(Rejected::NotJson(_))));
    }

    #[test]
    fn keys_and_marks_are_seen() {
        let seen = check(r#"{"a":1,"b":{"password":"x"}}"#).unwrap();
        assert_eq!(seen.keys, ["a", "b"]);
        assert!(seen.marked);
        assert!(!check(r#"{"a":"password"}"#).unwrap().marked);
    }
}
