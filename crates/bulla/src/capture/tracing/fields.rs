//! Fields of an event or span as JSON values: numbers and booleans stay what they are.

use std::error::Error;
use std::fmt::{Debug, Write};

use ::tracing::field::{Field, Visit};
use serde_json::{Number, Value};

/// Names and values in the order in which they were recorded; a name stands once, with its newest value.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) values: Vec<(&'static str, Value)>,
}

impl Fields {
    pub(super) fn put(&mut self, name: &'static str, value: Value) {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    fn number(&mut self, field: &Field, number: Option<Number>, text: impl ToString) {
        // JSON has no NaN, and readers no 128 bits: such a number keeps its text.
        let value = number.map_or_else(|| Value::String(text.to_string()), Value::Number);
        self.put(name(field), value);
    }
}

/// A field named after a keyword is written `r#type` in code.
fn name(field: &Field) -> &'static str {
    field.name().trim_start_matches("r#")
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, Number::from_f64(value), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, Some(value.into()), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, Some(value.into()), value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.number(field, i64::try_from(value).ok().map(Number::from), value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.number(field, u64::try_from(value).ok().map(Number::from), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(name(field), Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(name(field), Value::String(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            write!(text, ": {error}").expect("memory takes any text");
            cause = error.source();
        }
        self.put(name(field), Value::String(text));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(name(field), Value::String(format!("{value:?}")));
    }
}
