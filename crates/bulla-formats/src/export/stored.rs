//! A stored line as its fields, values still as the text that was stored.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ExportError;

/// The fields of a stored line.
#[derive(Debug)]
pub(crate) struct StoredLine<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> StoredLine<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, ExportError> {
        serde_json::from_slice(line).map_err(|error| ExportError::NotAnEntry(error.to_string()))
    }

    /// The JSON of a field that is there and not null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.get()).filter(|json| *json != "null")
    }

    /// A field of a field.
    pub(crate) fn inner(&self, name: &str, inner: &str) -> Option<&'a str> {
        let outer: StoredLine<'a> = serde_json::from_str(self.json(name)?).ok()?;
        outer.json(inner)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StoredLine<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = StoredLine<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StoredLine<'de>, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    fields.push((key, map.next_value()?));
                }
                Ok(StoredLine(fields))
            }
        }
        deserializer.deserialize_map(LineVisitor)
    }
}

/// A key that borrows when it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
