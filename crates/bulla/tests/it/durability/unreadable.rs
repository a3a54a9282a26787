//! A file that is there and cannot be opened is not a file that is missing: opening and writing say so and stop.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bulla::store::{Access, Disk, DiskFile, LockGuard};
use bulla::{AuditLog, ReadError};

use super::*;

/// A disk on which one file may not be opened at these attempts, counted from 0.
#[derive(Debug)]
struct Forbidden {
    disk: SimDisk,
    name: String,
    attempts: AtomicU64,
    refused: Range<u64>,
}

impl Forbidden {
    fn new(log: &Driver, name: &str, refused: Range<u64>) -> Arc<Self> {
        Arc::new(Self { disk: log.disk.clone(), name: name.to_owned(), attempts: 0.into(), refused })
    }

    fn check(&self, name: &str) -> io::Result<()> {
        if name == self.name && self.refused.contains(&self.attempts.fetch_add(1, Ordering::Relaxed)) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
}

/// Opening stops at `name`, which may be opened `times` times, and changes nothing.
fn check_named(log: &Driver, name: &str, times: u64) {
    let before = log.disk.files();
    let disk = Forbidden::new(log, name, times..u64::MAX);
    let refused = AuditLog::builder_on(disk).open().unwrap_err().to_string();
    assert!(refused.contains(name) && refused.contains("permission denied"), "{name}: {refused}");
    assert_eq!(log.disk.files(), before, "{name}: nothing was changed");
}

impl Disk for Forbidden {
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.disk.create_folder(name)
    }

    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name, access)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.check(name)?;
        self.disk.open(name)
    }

    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.check(name)?;
        self.disk.open_append(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }

    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        self.disk.lock(name, holder)
    }

    fn is_exposed(&self, name: &str) -> io::Result<bool> {
        self.disk.is_exposed(name)
    }
}

#[test]
fn a_file_that_may_not_be_opened_is_named_and_nothing_is_made_in_its_place() {
    let names = ["log.json", "log.key", "checkpoint", "checkpoints", "tree/00", "tree/08", SEGMENT];
    for name in names {
        let mut log = log_of(300);
        log.close().unwrap();
        check_named(&log, name, 0);
    }
}

#[test]
fn a_file_that_once_cannot_be_opened_is_not_taken_for_one_that_is_missing() {
    for name in ["log.json", "log.key", "checkpoint", "checkpoints", "tree/00", "tree/08", SEGMENT] {
        let mut closed = log_of(300);
        closed.close().unwrap();
        for attempt in 0.. {
            let log = closed.fork(1);
            let before = log.disk.files();
            let disk = Forbidden::new(&log, name, attempt..attempt + 1);
            let opened = AuditLog::builder_on(disk.clone()).open();
            if disk.attempts.load(Ordering::Relaxed) <= attempt {
                assert!(attempt > 0, "{name} is opened");
                break;
            }
            match opened {
                Err(error) => {
                    let refused = error.to_string();
                    assert!(refused.contains(name) && refused.contains("permission denied"), "{refused}");
                    assert_eq!(log.disk.files(), before, "{name}, {attempt}: nothing was changed");
                }
                // It was needed for nothing that an opening promises.
                Ok(opened) => {
                    opened.close_blocking().unwrap();
                    let after = log.disk.bytes(name);
                    assert!(after.starts_with(&before[name]), "{name}, {attempt}: nothing is lost");
                }
            }
        }
    }
}

#[test]
fn a_history_or_a_payload_that_may_not_be_opened_is_not_read_as_one_that_is_missing() {
    let mut log = log_of(2);
    log.record_payload(100).unwrap();
    log.publish().unwrap();
    log.close().unwrap();
    let payload = log.disk.files().into_keys().find(|name| name.starts_with("payloads/")).unwrap();
    let digest = payload.rsplit('/').next().unwrap();
    let check = |refused: Result<usize, ReadError>, name: &str| {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains("permission denied"), "{name}: {refused}");
    };
    let reader = LogReader::open_disk(Forbidden::new(&log, "checkpoints", 0..u64::MAX)).unwrap();
    check(reader.checkpoints_back(u64::MAX).map(Iterator::count), "checkpoints");
    let reader = LogReader::open_disk(Forbidden::new(&log, &payload, 0..u64::MAX)).unwrap();
    check(reader.payload(digest).map(|bytes| bytes.map_or(0, |bytes| bytes.len())), &payload);
    check(reader.open_payload(digest).map(|content| content.map_or(0, |_| 1)), &payload);

    let reader = LogReader::open_disk(Arc::new(log.disk.clone())).unwrap();
    assert!(reader.checkpoints_back(u64::MAX).unwrap().count() > 0);
    assert_eq!(reader.payload(digest).unwrap().unwrap()[32..], [7; 100]);
    assert_eq!(reader.open_payload(digest).unwrap().unwrap().size(), 100);
    log.disk.lose("checkpoints");
    log.disk.lose(&payload);
    assert_eq!(reader.checkpoints_back(u64::MAX).unwrap().count(), 0);
    assert!(reader.payload(digest).unwrap().is_none());
    assert!(reader.open_payload(digest).unwrap().is_none());
}

#[test]
fn evidence_that_may_not_be_opened_is_not_replaced() {
    let mut log = log_of(2);
    log.kill(1);
    let whole = log.disk.bytes(SEGMENT);
    let tear = |log: &Driver, torn: &[u8]| log.disk.tamper(SEGMENT, &[&whole, torn].concat());
    tear(&log, b"torn");
    log.open().unwrap();
    log.kill(1);
    // Another tear in the same place.
    tear(&log, b"torn again");
    let copy = log.disk.files().into_keys().find(|name| name.ends_with(".bin")).unwrap();
    check_named(&log, &copy, 0);
    assert_eq!(quarantined(&log.disk), [b"torn"]);
}

#[test]
fn a_disk_that_fails_while_signed_entries_are_read_is_not_called_damage() {
    // Opened once for its last line, and again for the lines under the checkpoint.
    let mut log = opened(Driver::new(1, 1).sealing(false), 300);
    log.close().unwrap();
    check_named(&log, SEGMENT, 1);
    // Ten segments: the first is only read when the tree is made again.
    let mut log = opened(Driver::new(1, 1).sealing(false), 2400);
    log.close().unwrap();
    log.disk.tamper("tree/08", &[7; 9 * 32]);
    check_named(&log, SEGMENT, 0);
}

#[test]
fn an_unfinished_file_that_cannot_be_removed_stops_what_would_replace_it() {
    let mut log = log_of(2);
    log.disk.fail_next(ActKind::Remove, "checkpoint.tmp", FAILS);
    let failed = publish(&mut log).unwrap_err();
    assert!(failed.contains("checkpoint.tmp"), "{failed}");
}

#[test]
fn a_long_history_is_read_from_its_end_only() {
    let mut log = log_of(2);
    log.publish().unwrap();
    let first = log.disk.bytes("checkpoints");
    log.record(40).unwrap();
    log.close().unwrap();
    let history = log.disk.bytes("checkpoints");
    // Three times what is looked at, and a note at its beginning that nobody signed: it is for `verify`.
    let mut long = first.repeat(3 * 512 * 1024 / first.len());
    long[0] ^= 1;
    long.extend_from_slice(&history);
    let longest = vec![b'x'; 256 * 1024];
    for torn in [&b""[..], b"torn", &longest] {
        let mut log = log.fork(1);
        log.disk.tamper("checkpoints", &[&long, torn].concat());
        log.disk.lose("checkpoint");
        log.open().unwrap();
        assert_eq!(recovery(&log)["covered"], 5, "the last note counts");
        assert!(log.disk.bytes("checkpoints") == long, "cut where the torn note begins");
        let expected: &[Vec<u8>] = if torn.is_empty() { &[] } else { &[torn.to_vec()] };
        assert_eq!(quarantined(&log.disk), expected);
    }
}
