//! A table for spreadsheets (RFC 4180, UTF-8, one header row). `detail` and what has no column of its own are JSON.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and an
//! attacker writes log content: such a cell gets a `'` in front. For exact bytes there is `jsonl`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{ExportError, Line};
use crate::record::Record;

/// Where a column's value comes from.
enum From {
    Field(&'static str),
    Inner(&'static str, &'static str),
    /// The stored line itself: what has no column of its own.
    Whole,
}

use From::{Field, Inner, Whole};

/// Columns, in order. Later versions only append.
const COLUMNS: [(&str, From); 29] = [
    ("seq", Field("seq")),
    ("recorded_at", Field("recorded_at")),
    ("id", Field("id")),
    ("timestamp", Field("timestamp")),
    ("category", Field("category")),
    ("action", Field("action")),
    ("event_name", Field("event_name")),
    ("principal", Field("principal")),
    ("outcome", Field("outcome")),
    ("phase", Field("phase")),
    ("duration_ms", Field("duration_ms")),
    ("session_id", Field("session_id")),
    ("cause_id", Field("cause_id")),
    ("correlation_id", Field("correlation_id")),
    ("actor_type", Inner("actor", "type")),
    ("tool_name", Inner("tool", "name")),
    ("request_method", Inner("request", "method")),
    ("request_path", Inner("request", "path")),
    ("status_code", Inner("request", "status_code")),
    ("client_ip", Inner("request", "client_ip")),
    ("reason_code", Inner("reason", "code")),
    ("reason_message", Inner("reason", "message")),
    ("source_id", Inner("source", "id")),
    ("source_instance", Inner("source", "instance")),
    ("source_seq", Inner("source", "seq")),
    ("vantage", Inner("source", "vantage")),
    ("detail", Field("detail")),
    ("payloads", Field("payloads")),
    ("entry", Whole),
];

/// Writes the names of the columns.
pub(super) fn header(out: &mut Vec<u8>) {
    write_row(out, COLUMNS.iter().map(|(name, _)| Cow::Borrowed(*name)));
}

/// Writes a row.
pub(super) fn record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let stored = Record::of_line(line.bytes).map_err(|error| ExportError::NotAnEntry(error.to_string()))?;
    let whole = String::from_utf8_lossy(line.bytes);
    let cells = COLUMNS.iter().map(|(_, from)| {
        let cell = match from {
            Whole => Some(whole.as_ref()),
            Field(name) => stored.value(name).map(RawValue::get),
            Inner(name, inner) => stored.object(name).and_then(|part| part.value(inner)).map(RawValue::get),
        };
        harmless(text_of(cell.unwrap_or_default()))
    });
    write_row(out, cells);
    Ok(())
}

/// A string without its quotes; any other value as JSON.
fn text_of(json: &str) -> Cow<'_, str> {
    let text = json.starts_with('"').then(|| serde_json::from_str(json).ok()).flatten();
    text.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: Cow<'_, str>) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { Cow::Owned(format!("'{cell}")) } else { cell }
}

fn write_row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = Cow<'a, str>>) {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    writer
        .write_record(cells.map(|cell| cell.as_bytes().to_vec()))
        .and_then(|()| writer.flush().map_err(Into::into))
        .expect("writing to memory does not fail, and every row has the same columns");
}
