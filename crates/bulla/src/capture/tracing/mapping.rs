//! From fields to an entry: names that the record knows become its fields, all others its detail.

use ::tracing::Level;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::capture::bounded::Bounds;
use crate::entry::limits::ID_BYTES_MAX;
use crate::entry::{AuditCategory, AuditEntry, AuditOutcome, Phase, Reason};

/// 512: as an action of a request.
const ACTION_BYTES_MAX: usize = 512;
/// 256: as an id.
const TEXT_BYTES_MAX: usize = 256;
/// 2,048: as the path of a request. A longer text of the detail moves to a payload; one of these parts is cut.
const PART_BYTES_MAX: usize = 2048;

/// Parts of an entry whose fields are named with a dot, such as `request.status_code`.
const PARTS: [&str; 6] = ["actor", "request", "trace", "tool", "model", "reason"];

/// Fields that say who and in what flow, not what: an entry takes them from the spans around it.
const INHERITED: [&str; 6] =
    ["principal", "session_id", "correlation_id", "okr_id", "okr_run_id", "relay_id"];
/// As [`INHERITED`], for all names below.
const INHERITED_BELOW: [&str; 4] = ["actor.", "request.", "trace.", "labels."];

/// Whether what happens inside a span takes this field from it.
pub(super) fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name) || INHERITED_BELOW.iter().any(|prefix| name.starts_with(prefix))
}

/// What an entry says where no field does.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    pub(super) category: AuditCategory,
    pub(super) action: &'a str,
    pub(super) level: Level,
    pub(super) cause: Option<String>,
    pub(super) is_panicking: bool,
}

/// The entry that these fields make.
pub(super) fn entry(fields: Fields, defaults: Defaults<'_>) -> AuditEntry {
    let mut draft = Draft {
        entry: AuditEntry::new(defaults.category, String::new()),
        parts: Map::new(),
        detail: Map::new(),
        bounds: Bounds::default(),
        message: None,
    };
    for (name, value) in fields.values {
        if let Some(value) = draft.place(name, value) {
            nest(&mut draft.detail, name, value);
        }
    }
    draft.finish(defaults)
}

struct Draft {
    entry: AuditEntry,
    /// [`PARTS`] that were named, as objects.
    parts: Map<String, Value>,
    detail: Map<String, Value>,
    bounds: Bounds,
    message: Option<String>,
}

impl Draft {
    /// Puts a value where the record has a place for it; gives back one that does not fit there.
    fn place(&mut self, name: &str, value: Value) -> Option<Value> {
        match name {
            "message" => self.message = Some(text(&value)),
            "id" => match text(&value) {
                id if id.is_empty() || id.len() > ID_BYTES_MAX => return Some(value),
                id => self.entry.id = id,
            },
            // The log's own category is the log's.
            "category" => match AuditCategory::named(&text(&value)) {
                Ok(category) if category != AuditCategory::Audit => self.entry.category = category,
                _ => return Some(value),
            },
            "outcome" => match text(&value).parse() {
                Ok(outcome) => self.entry.outcome = outcome,
                Err(_) => return Some(value),
            },
            "phase" => match serde_json::from_value(value.clone()) {
                Ok(phase) => self.entry.phase = phase,
                Err(_) => return Some(value),
            },
            "duration_ms" => match value.as_u64() {
                Some(millis) => self.entry.duration_ms = Some(millis),
                None => return Some(value),
            },
            "action" => self.entry.action = self.bounds.text("/action", &text(&value), ACTION_BYTES_MAX),
            _ => return self.place_text(name, value),
        }
        None
    }

    fn place_text(&mut self, name: &str, value: Value) -> Option<Value> {
        let entry = &mut self.entry;
        let place = match name {
            "principal" => &mut entry.principal,
            "session_id" => &mut entry.session_id,
            "event_name" => &mut entry.event_name,
            "cause_id" => &mut entry.cause_id,
            "correlation_id" => &mut entry.correlation_id,
            "okr_id" => &mut entry.okr_id,
            "okr_run_id" => &mut entry.okr_run_id,
            "relay_id" => &mut entry.relay_id,
            _ => return self.place_below(name, value),
        };
        *place = Some(self.bounds.text(&format!("/{name}"), &text(&value), TEXT_BYTES_MAX));
        None
    }

    fn place_below(&mut self, name: &str, value: Value) -> Option<Value> {
        let pointer = || format!("/{}", name.replace('.', "/"));
        match name.split_once('.') {
            Some(("labels", key)) => {
                let label = self.bounds.text(&pointer(), &text(&value), PART_BYTES_MAX);
                self.entry.labels.insert(key.to_owned(), label);
            }
            Some(("detail", rest)) => nest(&mut self.detail, rest, value),
            Some((part, _)) if PARTS.contains(&part) => {
                let value = match value {
                    Value::String(text) => self.bounds.text(&pointer(), &text, PART_BYTES_MAX).into(),
                    value => value,
                };
                nest(&mut self.parts, name, value);
            }
            _ => return Some(value),
        }
        None
    }

    fn finish(mut self, defaults: Defaults<'_>) -> AuditEntry {
        self.entry.actor = self.part("actor");
        self.entry.request = self.part("request");
        self.entry.trace = self.part("trace");
        self.entry.tool = self.part("tool");
        self.entry.model = self.part("model");
        self.entry.reason = self.part("reason");
        self.name(defaults.action);
        self.judge(&defaults);
        let Self { mut entry, detail, bounds, .. } = self;
        entry.cause_id = entry.cause_id.or(defaults.cause);
        entry.detail = (!detail.is_empty()).then_some(Value::Object(detail));
        entry.truncated = bounds.truncated;
        entry
    }

    /// A part whose fields have the types of the record; otherwise all of it goes to the detail.
    fn part<T: DeserializeOwned>(&mut self, name: &str) -> Option<Box<T>> {
        let value = self.parts.remove(name)?;
        match serde_json::from_value(value.clone()) {
            Ok(part) => Some(Box::new(part)),
            Err(_) => {
                self.detail.insert(name.to_owned(), value);
                None
            }
        }
    }

    /// The message is the action where no field names one.
    fn name(&mut self, default: &str) {
        let message = self.message.take();
        if self.entry.action.is_empty() {
            let action = message.as_deref().unwrap_or(default);
            self.entry.action = self.bounds.text("/action", action, ACTION_BYTES_MAX);
        } else if let Some(message) = message {
            self.detail.insert("message".to_owned(), Value::String(message));
        }
    }

    /// An outcome that nobody stated is told from level and panic, and the reason says so.
    fn judge(&mut self, defaults: &Defaults<'_>) {
        let entry = &mut self.entry;
        if entry.outcome != AuditOutcome::Unknown || entry.phase == Phase::Pre {
            return;
        }
        let (outcome, code) = match defaults.level {
            _ if defaults.is_panicking => (AuditOutcome::Failure, "panicked"),
            Level::ERROR => (AuditOutcome::Failure, "outcome_not_stated"),
            _ => (AuditOutcome::Success, "outcome_not_stated"),
        };
        entry.outcome = outcome;
        let reason = entry.reason.get_or_insert_with(|| Box::new(Reason::default()));
        reason.code.get_or_insert_with(|| code.to_owned());
    }
}

/// Texts as they are, other values as JSON writes them.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Puts `value` at `a.b.c` into nested objects. Where a name is a value already, the rest stays one flat name.
fn nest(map: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((first, rest)) =
        name.split_once('.').filter(|(first, rest)| !first.is_empty() && !rest.is_empty())
    else {
        put_beside(map, name, value);
        return;
    };
    match map.entry(first).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(inner) => nest(inner, rest, value),
        _ => put_beside(map, name, value),
    }
}

/// An object that is there already keeps its name; the value goes into it under the empty one.
fn put_beside(map: &mut Map<String, Value>, name: &str, value: Value) {
    match map.get_mut(name) {
        Some(Value::Object(inner)) => drop(inner.insert(String::new(), value)),
        _ => drop(map.insert(name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dotted_names_nest_and_lose_nothing() {
        let check = |fields: &[(&str, Value)], expected: Value| {
            let mut map = Map::new();
            fields.iter().for_each(|(name, value)| nest(&mut map, name, value.clone()));
            assert_eq!(Value::Object(map), expected, "{fields:?}");
        };
        check(&[("a", json!(1))], json!({"a": 1}));
        check(&[("a.b.c", json!(1)), ("a.b.d", json!(2))], json!({"a": {"b": {"c": 1, "d": 2}}}));
        check(&[("a", json!(1)), ("a.b", json!(2))], json!({"a": 1, "a.b": 2}));
        check(&[("a.b", json!(2)), ("a", json!(1))], json!({"a": {"b": 2, "": 1}}));
        check(&[(".a", json!(1)), ("b.", json!(2)), ("..", json!(3))], json!({".a": 1, "b.": 2, "..": 3}));
    }
}
