//! Damaged logs: whatever a hand that has not the key does to the files, verification is not clean unless every entry is
//! as it was, and opening the log for writing does not make it so.

use std::sync::Arc;

use bulla::AuditLog;
use bulla_sim::SimDisk;

use crate::small_log::{SmallLog, sealed};

/// The first sealed segment of the small log.
pub(crate) const SEALED: &str = "entries/00000000000000000000.jsonl.zst";

/// The bytes as a sealed segment: frames, seek table and all.
pub(crate) fn sealed_segment(data: &[u8]) {
    let log = sealed();
    let disk = log.copy();
    disk.tamper(SEALED, data);
    log.check(&disk);
}

/// The bytes as edits of any of the log's files.
pub(crate) fn damage(data: &[u8]) {
    let log = sealed();
    let disk = log.copy();
    Edits(data).for_each(|edit| edit.apply(&disk));
    log.check(&disk);
    check_reopened(log, &disk);
}

/// Opening for writing refuses, or goes on; it may mend what can be made from the rest, and nothing else.
fn check_reopened(log: &SmallLog, disk: &SimDisk) {
    let opened = AuditLog::builder_on(Arc::new(disk.clone())).origin("sim.example/log").seal(false).open();
    let Ok(opened) = opened else { return };
    let closed = opened.close_blocking();
    drop(opened);
    if closed.is_ok() {
        log.check(disk);
    }
}

/// One change of one file.
struct Edit<'a> {
    file: u8,
    act: u8,
    at: usize,
    bytes: &'a [u8],
}

impl Edit<'_> {
    fn apply(&self, disk: &SimDisk) {
        let files = disk.files();
        let names: Vec<&String> = files.keys().collect();
        let Some(name) = names.get(usize::from(self.file) % names.len().max(1)) else { return };
        let mut bytes = files[*name].clone();
        let at = self.at % (bytes.len() + 1);
        let end = (at + self.bytes.len()).min(bytes.len());
        match self.act % 7 {
            0 => drop(bytes.splice(at..end, self.bytes.iter().copied())),
            1 => drop(bytes.splice(at..at, self.bytes.iter().copied())),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => return disk.lose(name),
            5 => bytes.clone_from(&files[names[self.at % names.len()]]),
            _ => bytes[at..end].iter_mut().zip(self.bytes).for_each(|(byte, change)| *byte ^= change),
        }
        disk.tamper(name, &bytes);
    }
}

/// Edits one behind the other: file, act, place (2 bytes), length, and as many bytes.
struct Edits<'a>(&'a [u8]);

impl<'a> Iterator for Edits<'a> {
    type Item = Edit<'a>;

    fn next(&mut self) -> Option<Edit<'a>> {
        let ([file, act, low, high, len], rest) = self.0.split_first_chunk()?;
        let (bytes, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        self.0 = rest;
        Some(Edit { file: *file, act: *act, at: usize::from(u16::from_le_bytes([*low, *high])), bytes })
    }
}
