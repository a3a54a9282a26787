//! JSON that is handed to `record`, and stored lines that are exported: what is taken is stored as it stands, what is not
//! is kept whole beside an entry that says so.

use std::sync::Arc;

use bulla::entry::limits::{DEPTH_MAX, ID_BYTES_MAX, LINE_BYTES_MAX};
use bulla::{
    AuditEntry, AuditLog, AuditOutcome, Envelope, Event, EventOptions, Phase, Redaction, Rejected, Timestamp,
};
use bulla_formats::export::{ExportFormat, Exporter};
use bulla_formats::import::{ImportFormat, ImportOptions, Unmapped, quarantine_entry};
use bulla_sim::{SimEntropy, block_on};

use crate::json::{Members, depth};

/// A moment that is the same in each run.
pub(crate) fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().expect("it is a moment")
}

/// Nothing is redacted, and no string moves to a payload.
pub(crate) fn as_it_stands() -> EventOptions {
    EventOptions {
        inline_string_bytes_max: usize::MAX,
        redaction: Redaction::none(),
        entropy: Arc::new(SimEntropy::new(1)),
    }
}

/// The line that a log stores for the event, whose rules it keeps.
pub(crate) fn stored_line(event: &Event) -> Vec<u8> {
    let log = AuditLog::in_memory(1);
    log.submit_event(event.clone()).expect("a log in memory takes every event");
    let recent = block_on(log.recent(1));
    let [entry] = &recent[..] else { panic!("the log has {} entries", recent.len()) };
    let stored = log.find(&entry.id).expect("memory can be read").expect("the entry is there");
    check_line(stored.line());
    stored.into_line()
}

/// The rules of spec/entry.md for a stored line.
fn check_line(line: &[u8]) {
    let text = std::str::from_utf8(line).expect("a stored line is UTF-8");
    assert!(line.len() <= LINE_BYTES_MAX && !text.contains(['\n', '\r']), "it is one line within its limit");
    assert!(depth(text, &mut |_, _| ()) <= DEPTH_MAX, "it is nested too deep");
    let envelope: Envelope = serde_json::from_slice(line).expect("it has an envelope");
    let prefix = format!("{{\"seq\":0,\"recorded_at\":\"{}\",", envelope.recorded_at.to_rfc3339_nanos());
    assert!(text.starts_with(&prefix), "the envelope comes first");
    let entry: AuditEntry = serde_json::from_slice(line).expect("it is an entry");
    assert!((1..=ID_BYTES_MAX).contains(&entry.id.len()));
    assert!(entry.outcome != AuditOutcome::Unknown || entry.phase == Phase::Pre);
}

/// Members of the event in a stored line: without what the recorder wrote.
pub(crate) fn event_members(line: &[u8]) -> Members {
    let mut members = Members::of(line).expect("a stored line is an object");
    members.0.retain(|(key, _)| !["seq", "recorded_at", "source"].contains(&key.as_str()));
    members
}

/// JSON is stored as it stands or refused; a refused line is kept whole.
pub(crate) fn record(data: &[u8]) {
    let plain = Event::from_json(None, data, now(), &as_it_stands());
    match &plain {
        Ok(event) => check_stored_as_it_stands(data, &stored_line(event)),
        Err(rejected) => check_refused(data, rejected),
    }
    let options = EventOptions { inline_string_bytes_max: 64, ..EventOptions::default() };
    match (Event::from_json(None, data, now(), &options), plain) {
        (Ok(event), _) => check_redacted(&stored_line(&event), &options.redaction),
        (Err(Rejected::TooLong { .. }), _) | (Err(_), Err(_)) => {}
        (Err(rejected), Ok(_)) => panic!("refused because of its secrets or long strings: {rejected}"),
    }
}

fn check_stored_as_it_stands(data: &[u8], line: &[u8]) {
    let given = Members::of(data).expect("what was taken is an object");
    let stored = event_members(line);
    let is_added = |key: &String| ["id", "timestamp"].contains(&key.as_str()) && given.text(key).is_none();
    let kept: Vec<_> = stored.0.iter().filter(|(key, _)| !is_added(key)).collect();
    assert_eq!(kept.len(), given.0.len(), "a member is lost or invented");
    for ((key, value), (given_key, given_value)) in kept.into_iter().zip(&given.0) {
        let on_one_line = given_value.get().replace(['\n', '\r'], "");
        assert_eq!((key, value.get()), (given_key, on_one_line.as_str()), "a member is not as it was given");
    }
    let event = [b"{", &line[line.iter().position(|byte| *byte == b'Z').expect("a time") + 3..]].concat();
    let again =
        Event::from_json(None, &event, now(), &as_it_stands()).expect("what was stored can be stored");
    assert_eq!(event_members(&stored_line(&again)).0.len(), stored.0.len());
}

fn check_refused(data: &[u8], rejected: &Rejected) {
    assert!(!rejected.to_string().contains('\n'), "a reason is one line");
    if let Rejected::NotJson(_) = rejected {
        let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(data).is_ok();
        assert!(!is_object, "an object was refused: {rejected}");
    }
    let size = data.len() as u64;
    let unmapped =
        Unmapped { line: 1, offset: 0, size, reason: rejected.to_string(), original: data.to_vec() };
    let options = ImportOptions { event: as_it_stands(), imported_at: now() };
    let event = quarantine_entry(&unmapped, ImportFormat::Jsonl, "fuzz", &options);
    assert!(event.size() > data.len(), "the bytes are kept");
    stored_line(&event);
}

fn check_redacted(line: &[u8], rules: &Redaction) {
    let text = std::str::from_utf8(line).expect("a stored line is UTF-8");
    depth(text, &mut |key, value| {
        assert!(!rules.removes(key) || value == "\"[redacted]\"", "{key} was not removed: {value}");
    });
}

/// Whatever the line is, an exporter writes one whole record of it or nothing.
pub(crate) fn export(data: &[u8]) {
    let begin = |format| Exporter::new(format, "example.org/fuzz", Vec::new()).expect("memory takes an export");
    for &format in ExportFormat::ALL {
        let before = begin(format).finish().expect("memory takes an export");
        let mut exporter = begin(format);
        let result = exporter.write(data);
        let out = exporter.finish().expect("memory takes an export");
        let written = out.strip_prefix(&before[..]).expect("what was written before stays");
        match (result, format) {
            (Err(error), _) => assert!(written.is_empty() && error.is_about_entry(), "{format}: {error}"),
            (Ok(()), ExportFormat::Jsonl) => assert_eq!(written.strip_suffix(b"\n"), Some(data)),
            (Ok(()), ExportFormat::Seed) => check_seed_record(data, written),
            (Ok(()), ExportFormat::Csv) => check_csv_row(written),
            (Ok(()), ExportFormat::Cef) => check_one_line(data, written),
            (Ok(()), _) => {
                check_one_line(data, written);
                assert!(Members::of(written).is_some(), "{format} is no JSON object");
            }
        }
    }
}

/// A stored line has no line break, and then its record has none but its last byte.
fn check_one_line(data: &[u8], written: &[u8]) {
    let breaks = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(written.ends_with(b"\n") && (breaks(data) > 0 || breaks(written) == 1), "one record, one line");
}

fn check_seed_record(line: &[u8], written: &[u8]) {
    let line = Members::of(line).expect("what was exported is an object");
    let record = Members::of(written).expect("an exported record is an object");
    for (key, value) in &record.0 {
        let expected = line.text(key).unwrap_or("null");
        assert_eq!(value.get(), expected, "{key} is not as it was stored");
    }
}

/// RFC 4180: one row of 29 cells, none of which a spreadsheet would run.
fn check_csv_row(written: &[u8]) {
    let row = std::str::from_utf8(written).expect("CSV is UTF-8");
    let row = row.strip_suffix("\r\n").or_else(|| row.strip_suffix('\n')).expect("a row ends its line");
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for letter in row.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            letter => {
                assert!(is_quoted || !matches!(letter, '\n' | '\r'), "the row is broken in two");
                cells.last_mut().expect("there is a cell").push(letter);
            }
        }
    }
    assert_eq!(cells.len(), 29, "{cells:?}");
    let runs = cells.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
    assert_eq!(runs, None, "a spreadsheet runs this cell");
}
