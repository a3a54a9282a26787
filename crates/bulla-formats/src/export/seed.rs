//! The format of the module that Bulla replaces: exactly its keys, in its order, values as they were stored.
//!
//! Everything else of an entry has no place in that format and is left out; `jsonl` keeps it.

use super::ExportError;
use crate::record::Record;

/// Keys in the order of the replaced format, and what it writes when an entry has no such value.
const KEYS: [(&str, Absent); 12] = [
    ("id", Absent::Refused),
    ("timestamp", Absent::Refused),
    ("category", Absent::Refused),
    ("action", Absent::Refused),
    ("principal", Absent::Null),
    ("outcome", Absent::Refused),
    ("detail", Absent::LeftOut),
    ("duration_ms", Absent::LeftOut),
    ("okr_id", Absent::LeftOut),
    ("okr_run_id", Absent::LeftOut),
    ("relay_id", Absent::LeftOut),
    ("session_id", Absent::LeftOut),
];

enum Absent {
    Refused,
    Null,
    LeftOut,
}

/// Appends the entry of a stored line in the replaced format, and a newline.
///
/// # Errors
/// When the line is not an entry; nothing is appended then.
pub fn record(line: &[u8], out: &mut Vec<u8>) -> Result<(), ExportError> {
    let line = Record::of_line(line).map_err(|error| ExportError::NotAnEntry(error.to_string()))?;
    let mut text = String::with_capacity(256);
    for (key, absent) in KEYS {
        let json = match (line.value(key), absent) {
            (Some(value), _) => value.get(),
            (None, Absent::Null) => "null",
            (None, Absent::LeftOut) => continue,
            (None, Absent::Refused) => return Err(ExportError::MissingField(key)),
        };
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&format!("\"{key}\":{json}"));
    }
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"}\n");
    Ok(())
}
