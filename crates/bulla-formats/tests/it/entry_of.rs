//! What an event will look like in the log.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bulla::{AuditLog, Event};
use bulla_formats::import::{ImportFormat, ImportOptions, Imported, ImportedEvent, Lines, importer};
use serde_json::Value;

/// Time of every import in these tests.
pub(crate) fn options() -> ImportOptions {
    ImportOptions::at("2026-11-24T00:00:00Z".parse().unwrap())
}

/// What each line of `file` becomes.
pub(crate) fn import(format: ImportFormat, file: &[u8]) -> Vec<Imported> {
    let mut importer = importer(format, "sample.jsonl", options());
    let mut lines = Lines::new(file);
    let mut out = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        importer.line(line, &mut out);
    }
    importer.finish(&mut out);
    out
}

/// The events of `file`, none of which may be unmapped.
pub(crate) fn events(format: ImportFormat, file: &[u8]) -> Vec<ImportedEvent> {
    let event = |imported| match imported {
        Imported::Event(event) => event,
        Imported::Unmapped(unmapped) => panic!("{unmapped:?}"),
    };
    import(format, file).into_iter().map(event).collect()
}

/// The entries of `file`.
pub(crate) fn entries(format: ImportFormat, file: &[u8]) -> Vec<Value> {
    events(format, file).iter().map(|event| entry(&event.event)).collect()
}

/// The line that a log stores for the event.
pub(crate) fn stored_line(event: &Event) -> Vec<u8> {
    let log = AuditLog::in_memory(1);
    log.submit_event(event.clone()).unwrap();
    // A log in memory answers at once.
    let recent = pin!(log.recent(1)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(recent) = recent else { panic!("the log waits") };
    log.find(&recent[0].id).unwrap().unwrap().into_line()
}

/// The entry of an event, with its source.
pub(crate) fn entry(event: &Event) -> Value {
    serde_json::from_slice(&stored_line(event)).unwrap()
}

/// Imports `file` and compares fields of its entries: entry, JSON Pointer, expected JSON (`null` for absent).
pub(crate) fn check(format: ImportFormat, file: &str, expected: &[(usize, &str, &str)]) {
    let entries = entries(format, file.as_bytes());
    for (index, pointer, json) in expected {
        let found = entries[*index].pointer(pointer).cloned().unwrap_or_default();
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(found, json, "{pointer} of {}", entries[*index]);
    }
}

/// The reason why the only record of `file` is unmapped.
pub(crate) fn refusal(format: ImportFormat, file: &[u8]) -> String {
    let out = import(format, file);
    match &out[..] {
        [Imported::Unmapped(unmapped)] => unmapped.reason.clone(),
        other => panic!("{other:?}"),
    }
}
