//! D38 and D56: the power fails while a log is made, and two processes make it at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bulla::AuditLog;
use bulla::store::{Access, Disk, DiskFile, LockGuard};
use bulla_sim::{SimDisk, Trigger};

use super::*;

#[test]
fn unfinished_creation_starts_again() {
    let acts = {
        let mut log = Driver::new(1, 1 << 20);
        log.open().unwrap();
        log.disk.acts()
    };
    for number in 0..acts {
        let mut log = Driver::new(1, 1 << 20);
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        log.open().expect_err("the power failed");
        for survival in Survival::ALL {
            let mut after = log.aftermath(survival, number);
            let key = after.disk.bytes("log.key");
            after.open_and_check().unwrap_or_else(|broken| panic!("act {number}, {survival:?}: {broken}"));
            if !key.is_empty() {
                assert_eq!(after.disk.bytes("log.key"), key, "the key that is there is used");
            }
            after.record(40).unwrap();
            after.close().unwrap();
            after.settle().unwrap();
        }
    }
}

/// A disk on which another process makes the log and ends, just when this one has seen that there is none.
#[derive(Debug)]
struct MadeMeanwhile {
    disk: SimDisk,
    is_made: AtomicBool,
}

impl Disk for MadeMeanwhile {
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        if folder.is_empty() && !self.is_made.swap(true, Ordering::Relaxed) {
            let other = AuditLog::builder_on(Arc::new(self.disk.clone())).open().unwrap();
            other.close_blocking().unwrap();
        }
        self.disk.list(folder)
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.disk.create_folder(name)
    }

    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name, access)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(name)
    }

    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
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
fn log_that_another_process_has_just_made_is_opened() {
    let disk = MadeMeanwhile { disk: SimDisk::new(1), is_made: AtomicBool::new(false) };
    let log = AuditLog::builder_on(Arc::new(disk)).open().unwrap();
    assert_eq!(log.size(), 3, "the other's two entries, and `log.opened`");
}
