//! The fields of one stored line, of which a mapping takes what has a place in its format. What nobody took is the
//! rest, and each format has a place for the rest: so nothing is lost by construction, not by care.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::ExportError;
use super::object::Object;
use crate::record::{Record, text_of};

/// The fields of an object, and which of them were taken.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<Field<'a>>);

#[derive(Debug)]
struct Field<'a> {
    key: Cow<'a, str>,
    value: &'a RawValue,
    is_taken: bool,
    /// The fields of `value`, once one of them was asked for.
    inner: Option<Fields<'a>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of_line(line: &'a [u8]) -> Result<Self, ExportError> {
        let record = Record::of_line(line).map_err(|error| ExportError::NotAnEntry(error.to_string()))?;
        Ok(Self::of(record))
    }

    fn of(record: Record<'a>) -> Self {
        let field = |(key, value)| Field { key, value, is_taken: false, inner: None };
        Self(record.into_fields().map(field).collect())
    }

    /// The field at a path such as `request.client_ip`, if it is there and not null.
    fn find(&mut self, path: &str) -> Option<&mut Field<'a>> {
        let (name, inner) = path.split_once('.').map_or((path, None), |(name, inner)| (name, Some(inner)));
        let field = self.0.iter_mut().find(|field| field.key == name)?;
        let Some(inner) = inner else {
            return (field.value.get() != "null").then_some(field);
        };
        if field.inner.is_none() {
            field.inner = Record::parse(field.value).map(Self::of);
        }
        field.inner.as_mut()?.find(inner)
    }

    /// What stands at `path`; it stays in the rest.
    pub(super) fn see(&mut self, path: &str) -> Option<&'a RawValue> {
        self.find(path).map(|field| field.value)
    }

    /// The string at `path`; it stays in the rest.
    pub(super) fn see_text(&mut self, path: &str) -> Option<Cow<'a, str>> {
        self.see(path).and_then(text_of)
    }

    /// What `read` makes of the value at `path`. Only a value of which it makes something leaves the rest, so `read`
    /// gives nothing where the format would say less than the value does.
    pub(super) fn take_as<T>(
        &mut self,
        path: &str,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Option<T> {
        let field = self.find(path).filter(|field| !field.is_taken)?;
        let value = read(field.value)?;
        field.is_taken = true;
        Some(value)
    }

    /// The string at `path`.
    pub(super) fn take_text(&mut self, path: &str) -> Option<Cow<'a, str>> {
        self.take_as(path, text_of)
    }

    /// The string at `path`, if it says anything.
    pub(super) fn take_word(&mut self, path: &str) -> Option<Cow<'a, str>> {
        self.take_as(path, |value| text_of(value).filter(|text| !text.is_empty()))
    }

    /// The whole number at `path`, if every reader of signed 64-bit numbers can hold it.
    pub(super) fn take_number(&mut self, path: &str) -> Option<u64> {
        self.take_as(path, whole)
    }

    /// Writes what nobody took, each field where it was.
    pub(super) fn rest(&self, object: &mut Object<'_>) {
        for field in self.0.iter().filter(|field| !field.is_taken) {
            match &field.inner {
                Some(inner) if inner.is_touched() => object.object(&field.key, |object| inner.rest(object)),
                _ => object.put(&field.key, field.value),
            }
        }
    }

    fn is_touched(&self) -> bool {
        let is_touched =
            |field: &Field<'_>| field.is_taken || field.inner.as_ref().is_some_and(Fields::is_touched);
        self.0.iter().any(is_touched)
    }
}

/// A whole number below 2^63, as the JSON text says it.
pub(super) fn whole(value: &RawValue) -> Option<u64> {
    value.get().parse().ok().filter(|number| i64::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(fields: &Fields<'_>) -> String {
        let mut out = Vec::new();
        Object::write(&mut out, |object| fields.rest(object));
        String::from_utf8(out).unwrap()
    }

    fn json(value: &RawValue) -> Option<&str> {
        Some(value.get())
    }

    #[test]
    fn what_is_not_taken_is_the_rest() {
        let line = br#"{"a":1.50,"b":{"c":"x","d":{"e":null,"f":[]}},"g":{},"h":"\u00e9","i":{"j":1}}"#;
        let mut fields = Fields::of_line(line).unwrap();
        assert_eq!(rest(&fields), String::from_utf8_lossy(line), "nothing was taken");
        assert_eq!(fields.see_text("b.c").unwrap(), "x");
        assert_eq!(fields.take_number("a"), None, "not whole");
        assert_eq!(fields.take_text("b"), None, "not a string");
        assert_eq!((fields.take_text("b.c.d"), fields.take_text("z")), (None, None));
        assert_eq!(fields.take_as("b.d.e", json), None, "null is absent, and stays");
        assert_eq!(rest(&fields), String::from_utf8_lossy(line), "nothing could be taken");
        assert_eq!(fields.take_text("b.c").unwrap(), "x");
        assert_eq!(fields.take_text("b.c"), None, "it is taken already");
        assert_eq!(fields.take_text("h").unwrap(), "é");
        assert_eq!(fields.take_number("i.j"), Some(1));
        assert_eq!(rest(&fields), r#"{"a":1.50,"b":{"d":{"e":null,"f":[]}},"g":{}}"#);
        assert_eq!(fields.take_as("b.d", json).unwrap(), r#"{"e":null,"f":[]}"#);
        assert_eq!(rest(&fields), r#"{"a":1.50,"g":{}}"#);
    }

    #[test]
    fn numbers_that_some_readers_cannot_hold_are_not_taken() {
        for (json, expected) in [
            ("0", Some(0)),
            ("9223372036854775807", Some(i64::MAX.unsigned_abs())),
            ("9223372036854775808", None),
            ("-1", None),
            ("1.0", None),
            ("1e3", None),
            ("\"1\"", None),
        ] {
            let line = format!("{{\"n\":{json}}}");
            assert_eq!(Fields::of_line(line.as_bytes()).unwrap().take_number("n"), expected, "{json}");
        }
    }
}
