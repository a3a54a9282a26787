//! A record as it was found, and the entry that every mapping begins with: a time, said or assumed.

use bulla::{AuditCategory, AuditEntry, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use super::time::{ReadTime, read_time};
use crate::record::{Record, clip};

/// 1 KiB: a text that is copied out of the original into a field of its own is a label, not content.
pub(crate) const TEXT_BYTES_MAX: usize = 1024;

/// Field of an entry that says what the importer had to assume.
const NOTES: &str = "import_notes";

/// A record, as it was found.
pub(crate) struct Found<'a> {
    pub(crate) raw: &'a RawValue,
    pub(crate) record: Record<'a>,
    /// Time for an entry whose record has no readable one.
    pub(crate) imported_at: Timestamp,
}

/// What a record says about its time.
pub(crate) enum When<'a> {
    /// A moment.
    Known(Timestamp),
    /// A field, by name and value, that is still to be read.
    Field(&'a str, &'a RawValue),
    /// Nothing.
    Missing,
}

impl<'a> Found<'a> {
    /// The field of that name, as the record's time.
    pub(crate) fn when(&self, name: &'a str) -> When<'a> {
        self.record.value(name).map_or(When::Missing, |value| When::Field(name, value))
    }

    /// An entry still without an id, that says when its time had to be assumed.
    pub(crate) fn entry(&self, category: AuditCategory, action: &str, when: &When<'_>) -> AuditEntry {
        let (timestamp, assumed) = self.read(when);
        let mut entry = AuditEntry::new(category, clip(action, TEXT_BYTES_MAX)).id("").at(timestamp);
        if let Some(assumed) = assumed {
            note(&mut entry, &assumed);
        }
        entry
    }

    /// The time, and what was assumed to get it.
    fn read(&self, when: &When<'_>) -> (Timestamp, Option<String>) {
        let (name, value) = match when {
            When::Known(at) => return (*at, None),
            When::Field(name, value) => (name, value),
            When::Missing => {
                return (
                    self.imported_at,
                    Some("no time in the record; timestamp is the import's".to_owned()),
                );
            }
        };
        match read_time(value) {
            Some(ReadTime::Exact(at)) => (at, None),
            Some(ReadTime::AssumedUtc(at)) => (at, Some(format!("{name} has no zone; read as UTC"))),
            None => {
                let value = clip(value.get(), 64);
                (
                    self.imported_at,
                    Some(format!("{name} {value} is not a readable time; timestamp is the import's")),
                )
            }
        }
    }
}

/// Says in the entry what the importer had to assume.
pub(crate) fn note(entry: &mut AuditEntry, text: &str) {
    let notes = entry.other.entry(NOTES).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(notes) = notes {
        notes.push(Value::String(clip(text, TEXT_BYTES_MAX)));
    }
}
