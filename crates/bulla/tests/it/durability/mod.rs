//! Every case of `docs/durability.md`, by the name it has there, on a disk that fails and forgets on command.

mod batch;
mod checkpoints;
mod creation;
mod damage;
mod failures;
mod opening;
mod other_hands;
mod payloads;
mod segments;
mod sweeps;
mod unreadable;
mod writers;

use bulla::{AuditCategory, LogReader};
use bulla_sim::{ActKind, Broken, Driver, Errno, Fault, SimDisk, Survival};

/// The first segment.
const SEGMENT: &str = "entries/00000000000000000000.jsonl";
/// The second, when the first is full as soon as it can be.
const SECOND: &str = "entries/00000000000000000256.jsonl";

const FAILS: Fault = Fault::Fails(Errno::Io);

/// A log with `entries` acknowledged entries after its `log.opened`, open, its segments not full.
fn log_of(entries: usize) -> Driver {
    log_in_segments_of(1 << 20, entries)
}

fn log_in_segments_of(segment_bytes: u64, entries: usize) -> Driver {
    opened(Driver::new(1, segment_bytes), entries)
}

fn opened(mut log: Driver, entries: usize) -> Driver {
    log.open().unwrap();
    add(&mut log, entries);
    log
}

/// Records entries, in batches of at most 200: a batch begins one segment at most.
fn add(log: &mut Driver, mut entries: usize) {
    while entries > 3 {
        let batch = entries.min(200);
        log.record_batch(batch - 1, 40).unwrap();
        entries -= batch;
    }
    for _ in 0..entries {
        log.record(40).unwrap();
    }
}

/// The log after a power failure during the next such act, with what survived of the unsynced.
fn lose_power_at(
    log: &mut Driver,
    kind: ActKind,
    name: &str,
    act: impl FnOnce(&mut Driver) -> Result<(), String>,
    survival: Survival,
) -> Driver {
    log.disk.fail_next(kind, name, Fault::PowerFails);
    let failed = act(log).expect_err("nobody is told that all is well when the power fails");
    assert!(failed.contains("the power is off"), "{failed}");
    log.aftermath(survival, 1)
}

fn record(log: &mut Driver) -> Result<(), String> {
    log.record(40).map(drop).map_err(|error| error.to_string())
}

fn publish(log: &mut Driver) -> Result<(), String> {
    log.publish().map_err(|Broken(words)| words)
}

/// Seals, and tells when the disk failed meanwhile: a failure to seal is nobody's error.
fn seal(log: &mut Driver) -> Result<(), String> {
    log.seal();
    if log.disk.has_power() { Ok(()) } else { Err("the power is off".to_owned()) }
}

/// Ids of the entries that are no `log.opened` or `log.closed`, in order.
fn ids(disk: &SimDisk) -> Vec<String> {
    let reader = LogReader::open_disk(std::sync::Arc::new(disk.clone())).unwrap();
    let entries = reader.read(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap());
    entries.filter(|entry| entry.category != AuditCategory::Audit).map(|entry| entry.id).collect()
}

fn numbered(entries: std::ops::RangeInclusive<usize>) -> Vec<String> {
    entries.map(|number| format!("entry-{number}")).collect()
}

/// The newest `log.opened` says what recovery found.
fn recovery(log: &Driver) -> serde_json::Value {
    let reader = log.log().reader().unwrap();
    let mut newest = reader.read_back(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap());
    let opened = newest.find(|entry| entry.action == "log.opened").unwrap();
    opened.detail.unwrap()["recovery"].clone()
}

/// What is in quarantine, in the order of names.
fn quarantined(disk: &SimDisk) -> Vec<Vec<u8>> {
    let is_copy = |name: &String| name.starts_with("quarantine/") && name.ends_with(".bin");
    disk.files().into_iter().filter(|(name, _)| is_copy(name)).map(|(_, bytes)| bytes).collect()
}

/// Position in the disk's trace of the first such act.
fn position(disk: &SimDisk, kind: ActKind, name: &str) -> usize {
    let trace = disk.trace();
    let found = trace.iter().position(|act| act.kind == kind && act.name.contains(name));
    found.unwrap_or_else(|| panic!("{kind:?} of {name} is in the trace"))
}

fn has(disk: &SimDisk, name: &str) -> bool {
    disk.files().contains_key(name)
}
