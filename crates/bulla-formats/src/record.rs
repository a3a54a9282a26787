//! A lenient view of one JSON object, foreign or stored: fields in order, values still as text.
//!
//! Nothing here refuses: a field of an unexpected type is as good as absent, because the original is kept anyway.
//! What readers disagree on (duplicate keys, absurd depth) is refused later, when the event is made.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Record<'a> {
    /// The fields of `value`, or nothing when it is not an object.
    pub(crate) fn parse(value: &'a RawValue) -> Option<Self> {
        if !value.get().starts_with('{') {
            return None;
        }
        serde_json::from_str(value.get()).ok()
    }

    /// The fields of a stored line.
    pub(crate) fn of_line(line: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(line)
    }

    /// The fields of JSON text that stood inside a string.
    pub(crate) fn parse_text(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().and_then(Self::parse)
    }

    pub(crate) fn into_fields(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.fields.into_iter()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// The value of a field that is there and not null.
    pub(crate) fn value(&self, key: &str) -> Option<&'a RawValue> {
        let found = self.fields.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// A string field.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.value(key).and_then(text_of)
    }

    /// A string field that is not empty.
    pub(crate) fn word(&self, key: &str) -> Option<Cow<'a, str>> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// A whole number from 0.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.value(key).and_then(|value| value.get().parse().ok())
    }

    /// A field that is `true` or `false`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key).and_then(|value| value.get().parse().ok())
    }

    /// A field that is an object.
    pub(crate) fn object(&self, key: &str) -> Option<Record<'a>> {
        self.value(key).and_then(Record::parse)
    }

    /// The items of a field that is an array.
    pub(crate) fn list(&self, key: &str) -> Vec<&'a RawValue> {
        self.value(key).map(items).unwrap_or_default()
    }
}

/// The items of an array; none of anything else.
pub(crate) fn items(value: &RawValue) -> Vec<&RawValue> {
    if value.get().starts_with('[') {
        serde_json::from_str(value.get()).unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The text of a JSON string.
pub(crate) fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(value.get()).ok().map(Cow::Owned)
}

/// The text of a JSON string, number or boolean that is not empty.
pub(crate) fn scalar_of(value: &RawValue) -> Option<Cow<'_, str>> {
    match value.get().as_bytes().first()? {
        b'"' => text_of(value).filter(|text| !text.is_empty()),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(value.get())),
    }
}

/// The start of `text`, at most `bytes_max` bytes, ending with `…` when something was left out.
pub(crate) fn clip(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RecordVisitor;
        impl<'de> Visitor<'de> for RecordVisitor {
            type Value = Record<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<'de>, A::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some(Key(key)) = map.next_key()? {
                    fields.push((key, map.next_value()?));
                }
                Ok(Record { fields })
            }
        }
        deserializer.deserialize_map(RecordVisitor)
    }
}

/// A key that borrows when it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_another_type_are_absent() {
        let json = r#"{"text":"a\"b","empty":"","number":7,"big":-1,"flag":true,"null":null,"list":[1,2],"o":{"k":"v"}}"#;
        let record = Record::parse_text(json).unwrap();
        assert_eq!(record.text("text").unwrap(), "a\"b");
        assert_eq!(record.text("empty").unwrap(), "");
        assert!(record.word("empty").is_none() && record.text("number").is_none());
        assert_eq!(
            (record.number("number"), record.number("big"), record.number("text")),
            (Some(7), None, None)
        );
        assert_eq!((record.flag("flag"), record.flag("number")), (Some(true), None));
        assert!(record.value("null").is_none() && record.value("missing").is_none());
        assert_eq!(record.list("list").len(), 2);
        assert!(record.list("o").is_empty());
        assert_eq!(record.object("o").unwrap().text("k").unwrap(), "v");
    }

    #[test]
    fn clipping_never_cuts_a_character() {
        for (text, bytes_max, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "…"), ("abcde", 4, "a…"), ("éééé", 6, "é…"), ("ab", 1, "…")]
        {
            assert_eq!(clip(text, bytes_max), expected);
        }
    }
}
