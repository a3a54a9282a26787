//! Lines that are entries already: stored as they stand, unknown fields and the text of numbers kept.

use bulla::{AuditCategory, AuditOutcome, Timestamp};
use serde_json::value::RawValue;

use crate::import::found::Found;
use crate::import::seal::Draft;
use crate::record::{Record, items};

/// What only a log writes. In an imported line it was another log's, and moves under [`IMPORTED_ENVELOPE`].
const ENVELOPE_FIELDS: [&str; 3] = ["seq", "recorded_at", "source"];

/// Field that keeps another log's envelope.
const IMPORTED_ENVELOPE: &str = "imported_envelope";

/// Key of a payload's reference once it refers to another log's payload.
const IMPORTED_REF: &str = "imported_ref";

/// Whether the record has the required fields of an entry, each with a value that an entry may have.
pub(crate) fn is_entry(record: &Record<'_>) -> bool {
    let text = |key| record.word(key).unwrap_or_default();
    text("timestamp").parse::<Timestamp>().is_ok()
        && AuditCategory::named(&text("category")).is_ok()
        && text("outcome").parse::<AuditOutcome>().is_ok()
        && record.text("action").is_some()
        && (record.value("id").is_none() || record.word("id").is_some())
}

/// The record as it is; `otherwise` says what to make of one whose known fields have unexpected types.
pub(crate) fn draft<'a>(found: &Found<'a>, otherwise: Option<fn(&Found<'a>) -> Draft<'a>>) -> Draft<'a> {
    let id = found.record.text("id").map(std::borrow::Cow::into_owned);
    let is_foreign = |(key, _): (&str, _)| ENVELOPE_FIELDS.contains(&key) || key == "payloads";
    let json = if found.record.fields().any(is_foreign) {
        with_foreign_parts_moved(&found.record)
    } else {
        found.raw.get().to_owned()
    };
    Draft::AsIs { id, json, otherwise }
}

/// The record's JSON with another log's envelope under one field, and without references to its payloads.
fn with_foreign_parts_moved(record: &Record<'_>) -> String {
    let has_envelope = record.fields().any(|(key, _)| ENVELOPE_FIELDS.contains(&key));
    let mut kept = String::from("{");
    let mut envelope = String::from("{");
    for (key, value) in record.fields() {
        match key {
            "payloads" => member(&mut kept, key, &payloads(value)),
            _ if ENVELOPE_FIELDS.contains(&key) => member(&mut envelope, key, value.get()),
            // A log that was imported before: its envelope goes with the one that was added to it.
            IMPORTED_ENVELOPE if has_envelope => member(&mut envelope, key, value.get()),
            _ => member(&mut kept, key, value.get()),
        }
    }
    envelope.push('}');
    if has_envelope {
        member(&mut kept, IMPORTED_ENVELOPE, &envelope);
    }
    kept.push('}');
    kept
}

/// The list of payloads with each `ref` under a name that promises nothing about this log.
fn payloads(list: &RawValue) -> String {
    let rewritten: Option<Vec<String>> =
        items(list).into_iter().map(|item| Record::parse(item).map(|item| payload(&item))).collect();
    match rewritten {
        Some(items) if !items.is_empty() => format!("[{}]", items.join(",")),
        _ => list.get().to_owned(),
    }
}

fn payload(record: &Record<'_>) -> String {
    let mut text = String::from("{");
    for (key, value) in record.fields() {
        member(&mut text, if key == "ref" { IMPORTED_REF } else { key }, value.get());
    }
    text.push('}');
    text
}

fn member(object: &mut String, key: &str, json: &str) {
    if object.len() > 1 {
        object.push(',');
    }
    object.push_str(&serde_json::Value::from(key).to_string());
    object.push(':');
    object.push_str(json);
}
