//! A second, slow reading of JSON for the laws: members as text, in order, none left out.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Members of an object in order, values as text.
#[derive(Debug, Default)]
pub(crate) struct Members(pub(crate) Vec<(String, Box<RawValue>)>);

impl Members {
    /// Of one JSON object; `None` of anything else.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// The text of the first member of that name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some(member) = map.next_entry()? {
                    members.0.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Whether an object at any depth has a key twice.
pub(crate) fn has_duplicate_keys(json: &str) -> bool {
    match json.trim_start().as_bytes().first() {
        Some(b'{') => {
            let members = Members::of(json.as_bytes()).expect("valid JSON");
            let names: HashSet<&String> = members.0.iter().map(|(key, _)| key).collect();
            names.len() < members.0.len()
                || members.0.iter().any(|(_, value)| has_duplicate_keys(value.get()))
        }
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(json).expect("valid JSON");
            items.iter().any(|item| has_duplicate_keys(item.get()))
        }
        _ => false,
    }
}

/// How deep `json` is nested; panics when an object has a key twice. Gives every member to `see`.
pub(crate) fn depth(json: &str, see: &mut dyn FnMut(&str, &str)) -> usize {
    match json.trim_start().as_bytes().first() {
        Some(b'{') => {
            let members = Members::of(json.as_bytes()).expect("valid JSON");
            let mut keys = HashSet::new();
            let mut deepest = 0;
            for (key, value) in &members.0 {
                assert!(keys.insert(key), "the key {key:?} stands twice in one object");
                see(key, value.get());
                deepest = deepest.max(depth(value.get(), see));
            }
            deepest + 1
        }
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(json).expect("valid JSON");
            items.iter().map(|item| depth(item.get(), see)).max().unwrap_or(0) + 1
        }
        _ => 0,
    }
}
