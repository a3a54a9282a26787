//! Torn ends: whatever a crash leaves behind the last acknowledged bytes of a file, the log opens, keeps every entry, and
//! is clean afterwards.

use std::sync::Arc;

use bulla::AuditLog;

use crate::small_log::open;

/// The open segment of the small log.
pub(crate) const OPEN: &str = "entries/00000000000000000000.jsonl";

/// Bytes that appear behind the last line of the open segment.
pub(crate) fn tail(data: &[u8]) {
    let log = open();
    let disk = log.copy();
    disk.tamper(OPEN, &[disk.bytes(OPEN).as_slice(), data].concat());
    assert!(log.is_told(&disk), "what is not durable is no business of a reader");

    let opened = AuditLog::builder_on(Arc::new(disk.clone())).origin("sim.example/log").open();
    let opened = opened.unwrap_or_else(|error| panic!("the log does not open: {error}"));
    opened.close_blocking().expect("the disk is sound");
    drop(opened);
    assert!(log.is_told(&disk), "an acknowledged entry is lost or changed");
    assert!(log.is_verified(&disk), "the log is not clean after it was opened");
    check_nothing_lost(data, &disk.files());
}

/// What was cut is in quarantine; what was not is in the log.
fn check_nothing_lost(tail: &[u8], files: &std::collections::BTreeMap<String, Vec<u8>>) {
    let cut = files.iter().find(|(name, _)| name.starts_with("quarantine/") && name.ends_with(".bin"));
    let cut = cut.map_or(&[][..], |(_, bytes)| bytes);
    let kept = tail.strip_suffix(cut).expect("what is in quarantine is the end of the tail");
    let segments = files.iter().filter(|(name, _)| name.starts_with("entries/"));
    let is_there =
        segments.into_iter().any(|(_, bytes)| bytes.windows(kept.len().max(1)).any(|part| part == kept));
    assert!(kept.is_empty() || is_there, "bytes are neither in the log nor in quarantine");
}
