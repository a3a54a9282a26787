//! Stored lines in other formats.

mod cef;
mod cloud_events;
mod ecs;
mod kept;
mod lines;
mod ocsf;
mod ocsf_rules;
mod samples;
#[cfg(feature = "parquet")]
mod table;

use bulla_formats::export::{ExportFormat, Exporter};
use serde_json::Value;

/// Name of the log in these tests.
pub(crate) const ORIGIN: &str = "example.org/audit";

/// What `lines` are in that format.
pub(crate) fn exported(format: ExportFormat, lines: &[&[u8]]) -> Vec<u8> {
    let mut exporter = Exporter::new(format, ORIGIN, Vec::new()).unwrap();
    lines.iter().for_each(|line| exporter.write(line).unwrap());
    exporter.finish().unwrap()
}

/// The same, of a format that is text.
pub(crate) fn text(format: ExportFormat, lines: &[&[u8]]) -> String {
    String::from_utf8(exported(format, lines)).unwrap()
}

/// The JSON record that a line becomes.
pub(crate) fn json(format: ExportFormat, line: &str) -> Value {
    let text = text(format, &[line.as_bytes()]);
    assert!(text.ends_with('\n') && text.lines().count() == 1, "one line: {text:?}");
    serde_json::from_str(&text).unwrap()
}

/// A stored line with these fields besides those that every entry has.
pub(crate) fn line(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        r#"{{"seq":41,"recorded_at":"2026-11-23T12:00:00.123456789Z","id":"a-1","timestamp":"2026-11-23T12:00:00.122Z"{comma}{fields}}}"#
    )
}

/// Compares members of the record that `line(fields)` becomes: JSON Pointer, expected JSON (`null` for absent).
pub(crate) fn check(format: ExportFormat, fields: &str, expected: &[(&str, &str)]) {
    let record = json(format, &line(fields));
    for (pointer, json) in expected {
        let found = record.pointer(pointer).cloned().unwrap_or_default();
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(found, json, "{pointer} of {record}");
    }
}
