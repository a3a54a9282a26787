//! D39 to D41: more than one process.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use bulla::store::{Disk, OsDisk};
use bulla::{AuditEntry, AuditLog, AuditOutcome, OpenError};

use super::*;

#[test]
fn second_writer_is_refused() {
    let mut log = log_of(2);
    let before = log.disk.files();
    let error = AuditLog::builder_on(Arc::new(log.disk.clone())).open().unwrap_err();
    assert!(matches!(&error, OpenError::Locked { holder, .. } if holder.contains("process")), "{error}");
    assert_eq!(log.disk.files(), before);
    add(&mut log, 2);
    log.close().unwrap();
    log.settle().unwrap();
}

#[test]
fn who_is_refused_reads_the_name_of_the_present_holder_only() {
    let folder = tempfile::tempdir().unwrap();
    let disk = OsDisk::new(folder.path());
    drop(disk.lock("lock", "the holder before").unwrap());
    // A holder that has taken the lock and is about to say who it is.
    let path = folder.path().join("lock");
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.try_lock().unwrap();
    let refused = |expected: &str| {
        let error = disk.lock("lock", "the one that is refused").unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::WouldBlock, expected));
    };
    refused("a process that has not said which it is");
    file.write_all(b"process 7").unwrap();
    refused("process 7");
}

/// Where the killed writer writes.
const PLACE: &str = "BULLA_TEST_LOG_OF_A_KILLED_WRITER";

#[test]
fn lock_of_a_killed_writer_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("log");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "durability::writers::writer_that_waits_to_be_killed", "--nocapture"])
        .env(PLACE, &place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    said.find(|line| line.as_ref().unwrap().contains("recorded")).expect("the child records").unwrap();
    assert!(matches!(AuditLog::open(&place), Err(OpenError::Locked { .. })));
    child.kill().unwrap();
    child.wait().unwrap();
    let log = AuditLog::open(&place).unwrap();
    assert_eq!(log.get(1).unwrap().unwrap().entry().unwrap().action, "before the kill");
}

#[test]
#[ignore = "the other process of `lock_of_a_killed_writer_is_free`"]
fn writer_that_waits_to_be_killed() {
    let place = std::env::var_os(PLACE).expect("started by the test that kills it");
    let log = AuditLog::open(place).unwrap();
    log.record_blocking(AuditEntry::api("before the kill").outcome(AuditOutcome::Success)).unwrap();
    println!("recorded");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn reader_never_sees_a_line_before_its_sync() {
    let mut log = log_of(2);
    let outside = LogReader::open_disk(Arc::new(log.disk.clone())).unwrap();
    let mut follow = log.log().follow(3).unwrap();
    log.disk.hold_next_of(ActKind::Sync, SEGMENT);
    let entry = log.entry(40);
    let ticket = log.log().submit(entry).unwrap();
    assert!(log.disk.await_waiting());
    assert!(log.disk.bytes(SEGMENT).windows(7).any(|text| text == b"entry-3"), "the line is written");
    assert_eq!(outside.size().unwrap(), 3);
    assert!(outside.get(3).unwrap().is_none() && outside.read(0..u64::MAX).count() == 3);
    assert!(log.log().get(3).unwrap().is_none() && follow.next_known().unwrap().is_none());
    assert!(bulla_sim::block_on(log.log().recent(10)).iter().all(|entry| entry.id != "entry-3"));
    log.disk.release();
    ticket.wait_durable().unwrap();
    assert_eq!(outside.size().unwrap(), 4);
    assert_eq!(follow.next_known().unwrap().unwrap().entry().unwrap().id, "entry-3");
}
