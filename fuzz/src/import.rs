//! Importers: no line is lost, every event can be stored, and the same file gives the same entries again.

use std::collections::HashSet;
use std::io;

use bulla::entry::limits::ID_BYTES_MAX;
use bulla::{AuditEntry, Envelope, Vantage};
use bulla_formats::import::{
    ImportFormat, ImportOptions, Imported, ImportedEvent, Line, Lines, Unmapped, import, importer,
    quarantine_entry,
};
use serde_json::Value;

use crate::entry::{as_it_stands, event_members, now, stored_line};

pub(crate) fn jsonl(data: &[u8]) {
    law(ImportFormat::Jsonl, data);
}

pub(crate) fn seed(data: &[u8]) {
    law(ImportFormat::Seed, data);
}

pub(crate) fn cloudtrail(data: &[u8]) {
    law(ImportFormat::Cloudtrail, data);
}

pub(crate) fn claude_code(data: &[u8]) {
    law(ImportFormat::ClaudeCode, data);
}

pub(crate) fn codex(data: &[u8]) {
    law(ImportFormat::Codex, data);
}

fn options() -> ImportOptions {
    ImportOptions { event: as_it_stands(), imported_at: now() }
}

fn law(format: ImportFormat, file: &[u8]) {
    let ids = check_lines(format, file);
    check_sums(format, file, &ids);
}

/// Every line that is not blank becomes something, which is kept whole. Gives the ids of the events.
fn check_lines(format: ImportFormat, file: &[u8]) -> Vec<String> {
    let mut importer = importer(format, "fuzz", options());
    let mut lines = Lines::new(file);
    let mut ids = Vec::new();
    let mut end = 0;
    while let Some(line) = lines.next_line().expect("memory can be read") {
        assert_eq!(line.offset, end, "lines follow one another");
        end = line.offset + line.size + u64::from(!line.is_torn);
        let mut out = Vec::new();
        importer.line(line, &mut out);
        assert_eq!(out.is_empty(), line.is_blank(), "a line is lost, or a blank one is not");
        let mut stored = Vec::new();
        for imported in &out {
            match imported {
                Imported::Event(event) => {
                    stored.push(check_event(format, &line, event));
                    ids.push(event.id.clone());
                }
                Imported::Unmapped(unmapped) => check_unmapped(format, file, &line, unmapped),
            }
        }
        check_original(&line, &stored);
    }
    assert_eq!(end, file.len() as u64, "bytes are lost");
    let mut rest = Vec::new();
    importer.finish(&mut rest);
    assert!(rest.is_empty(), "no format of today holds anything back");
    let distinct: HashSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "two entries of a file have the same id");
    ids
}

/// The event can be stored, and says where it came from. Gives its line.
fn check_event(format: ImportFormat, line: &Line<'_>, event: &ImportedEvent) -> Vec<u8> {
    let stored = stored_line(&event.event);
    let entry: AuditEntry = serde_json::from_slice(&stored).expect("it is an entry");
    let envelope: Envelope = serde_json::from_slice(&stored).expect("it has an envelope");
    let source = envelope.source.expect("an imported entry has a source");
    assert_eq!((&entry.id, source.seq), (&event.id, Some(line.number)));
    assert_eq!((source.id, source.vantage), (Some(format.source_id()), Some(Vantage::Imported)));
    assert!((1..=ID_BYTES_MAX).contains(&event.id.len()));
    assert!((line.offset..=line.offset + line.size).contains(&event.offset), "the event is of another line");
    stored
}

/// The record's bytes are kept, whole and where they were.
fn check_unmapped(format: ImportFormat, file: &[u8], line: &Line<'_>, unmapped: &Unmapped) {
    assert_eq!((unmapped.line, unmapped.size), (line.number, unmapped.original.len() as u64));
    assert!(!unmapped.original.is_empty() && !unmapped.reason.is_empty());
    let is_rest = unmapped.reason == "document has fields beside its records";
    let there = file[unmapped.offset as usize..].starts_with(&unmapped.original);
    let is_in_line = line.bytes.windows(unmapped.original.len()).any(|part| part == unmapped.original);
    assert!(is_rest || is_in_line, "the bytes kept are not those of the record: {unmapped:?}");
    assert!(is_rest || there || unmapped.offset == line.offset, "the record is elsewhere: {unmapped:?}");
    let event = quarantine_entry(unmapped, format, "fuzz", &options());
    assert!(event.size() > unmapped.original.len());
    stored_line(&event);
}

/// A line of one record that became events stands whole in one of them.
fn check_original(line: &Line<'_>, stored: &[Vec<u8>]) {
    let Ok(original) = serde_json::from_slice::<Value>(line.content()) else { return };
    let is_document = original.get("Records").is_some();
    if stored.is_empty() || is_document {
        return;
    }
    let is_kept = |line: &Vec<u8>| {
        let stored: Value = serde_json::from_slice(line).expect("it is JSON");
        let detail = stored.get("detail");
        let beside = stored.pointer("/payloads/0/name").is_some_and(|name| name == "original");
        beside
            || detail == Some(&original)
            || detail.and_then(|detail| detail.get("original")) == Some(&original)
            || has_members(line, &original)
    };
    assert!(stored.iter().any(is_kept), "the record stands in none of its entries");
}

/// Whether an entry that was taken as it stands has every member of the record; what only a log writes has moved.
fn has_members(line: &[u8], original: &Value) -> bool {
    let event = event_members(line);
    let moved = event
        .text("imported_envelope")
        .map_or(Value::Null, |json| serde_json::from_str(json).expect("it is JSON"));
    original.as_object().is_some_and(|members| {
        members.iter().all(|(key, value)| {
            let stands = event.text(key).map(|json| serde_json::from_str(json).expect("it is JSON"));
            key == "payloads"
                || stands.as_ref() == Some(value)
                || moved.get(key) == Some(value)
                || (["id", "timestamp"].contains(&key.as_str()) && value.is_null())
        })
    })
}

/// The report adds up, and importing again gives the same ids.
fn check_sums(format: ImportFormat, file: &[u8], ids: &[String]) {
    let mut importer = importer(format, "fuzz", options());
    let mut again = Vec::new();
    let report = import(file, &mut *importer, |imported| {
        if let Imported::Event(event) = imported {
            again.push(event.id);
        }
        Ok::<_, io::Error>(())
    });
    let report = report.expect("memory can be read");
    let lines = file.split_inclusive(|byte| *byte == b'\n').count() as u64;
    assert_eq!(report.lines, lines);
    assert_eq!(
        report.lines,
        report.blank + report.lines_imported + report.lines_unmapped,
        "a line is not counted"
    );
    assert_eq!(
        (report.events, again.as_slice()),
        (ids.len() as u64, ids),
        "the same file gives other entries"
    );
}
