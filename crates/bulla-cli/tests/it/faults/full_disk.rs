//! A disk that is full, for real: while a log is made, written, published and sealed.

use std::collections::BTreeSet;
use std::path::Path;

use super::is_long;
use super::law::Promised;
use super::process::{Acknowledged, Ended, Feed, Writer, bulla, until};
use super::small_disk::SmallDisk;
use super::small_segments::{self, Pace, Task};

/// 32 MiB: the smallest ext4 with a journal takes a few of them.
const DISK_MEGABYTES: u64 = 32;

const FULL: &str = "no space left on device";

/// It went on, or ended with a message that names act, file and reason; gives the act and the file.
fn what_failed(disk: &SmallDisk, ended: &Ended) -> Option<String> {
    match ended.code() {
        Some(0) => None,
        Some(2) => {
            assert!(ended.err.contains(FULL) && !ended.err.contains("panicked"), "{}", ended.err);
            let (act, _) = ended.err.split_once(FULL)?;
            Some(act.replace(&disk.path().display().to_string(), ""))
        }
        _ => panic!("{:?}: {}", ended.status, ended.err),
    }
}

/// Still full: what was promised is there, and clean. With space again: the log goes on.
fn check(disk: &SmallDisk, promised: &mut Promised, receipts: Acknowledged) {
    promised.acknowledge(receipts);
    promised.verify().unwrap();
    disk.free();
    promised.hold_from(0).unwrap();
}

#[test]
fn disk_that_fills_up_under_load_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount(DISK_MEGABYTES) else { return };
    let rounds = if is_long() { 20 } else { 3 };
    for round in 0..rounds {
        let mut promised = Promised::nothing(&disk.path().join(format!("audit-{round}")));
        disk.fill_up_to(100 + round * 37);
        let ended = Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Endless).end();
        assert!(what_failed(&disk, &ended).is_some() && !ended.acknowledged.is_empty(), "{}", ended.err);
        check(&disk, &mut promised, ended.acknowledged);
        std::fs::remove_dir_all(&promised.log).unwrap();
    }
    println!("covered: {rounds} full disks");
    println!("the disk was {}", disk.kind);
}

/// A new log with a payload and a checkpoint, on a disk with so few blocks free; gives the act that failed.
fn make_log_with(disk: &SmallDisk, free_blocks: u64) -> Option<String> {
    let mut promised = Promised::nothing(&disk.path().join("audit"));
    disk.fill_up_to(free_blocks);
    let task = Task { segment_bytes: 1 << 20, entries: 6, seal: false, pace: Pace::OneByOne };
    let ended = Writer::start(small_segments::command(&promised.log, task), Feed::Empty).end();
    let act = what_failed(disk, &ended);
    check(disk, &mut promised, ended.acknowledged);
    std::fs::remove_dir_all(&promised.log).unwrap();
    act
}

#[test]
fn disk_that_is_full_at_any_step_of_a_new_log_is_named_and_survived() {
    let Some(disk) = SmallDisk::mount(DISK_MEGABYTES) else { return };
    let mut acts = BTreeSet::new();
    let mut free_blocks = 0;
    while let Some(act) = make_log_with(&disk, free_blocks) {
        acts.insert(act);
        free_blocks += 1;
        assert!(free_blocks < 100, "400 KiB are enough for six entries");
    }
    println!("covered: {free_blocks} full disks");
    println!("the disk ({}) was full at: {acts:#?}", disk.kind);
    assert!(acts.len() > 4, "that is not any step: {acts:?}");
}

#[test]
fn disk_that_is_full_while_publishing_loses_no_entry() {
    let Some(disk) = SmallDisk::mount(DISK_MEGABYTES) else { return };
    let mut promised = Promised::nothing(&disk.path().join("audit"));
    promised.go_on().unwrap();
    disk.fill_up_to(0);
    // Lines, hashes and history have room in the blocks that they have begun; the new checkpoint needs one more.
    let args = ["record", "--action", "a", "--outcome", "success"];
    let ended = Writer::start(bulla(&promised.log, &args), Feed::Empty).end();
    assert_eq!((ended.code(), ended.acknowledged.len()), (Some(2), 1), "{}", ended.err);
    for text in [FULL, "checkpoint"] {
        assert!(ended.err.contains(text), "{}", ended.err);
    }
    check(&disk, &mut promised, ended.acknowledged);
    println!("covered: 1 full disks");
}

fn segments(log: &Path, ending: &str) -> usize {
    let names = std::fs::read_dir(log.join("entries")).unwrap();
    names.filter(|name| name.as_ref().unwrap().path().display().to_string().ends_with(ending)).count()
}

#[test]
fn disk_that_is_full_while_sealing_costs_nothing_but_space() {
    let Some(disk) = SmallDisk::mount(DISK_MEGABYTES) else { return };
    let mut promised = Promised::nothing(&disk.path().join("audit"));
    let task = |entries, seal| Task { segment_bytes: 20_000, entries, seal, pace: Pace::Flood };
    let start = |promised: &Promised, entries, seal| {
        Writer::start(small_segments::command(&promised.log, task(entries, seal)), Feed::Empty).end()
    };
    let written = start(&promised, 3000, false);
    assert_eq!(written.code(), Some(0), "{}", written.err);
    promised.acknowledge(written.acknowledged);
    let plain = segments(&promised.log, ".jsonl");
    assert!(plain > 5);
    // Four blocks are enough for the few entries and the checkpoint, not for a compressed segment beside them.
    disk.fill_up_to(4);
    let ended = start(&promised, 3, true);
    assert_eq!((ended.code(), segments(&promised.log, ".zst")), (Some(0), 0), "{}", ended.err);
    assert_eq!(segments(&promised.log, ".tmp"), 0, "what was begun of a segment gives its space back");
    check(&disk, &mut promised, ended.acknowledged);
    let sealed = start(&promised, 3, true);
    assert_eq!(sealed.code(), Some(0), "{}", sealed.err);
    assert!(until(|| segments(&promised.log, ".zst") == plain - 1 && segments(&promised.log, ".jsonl") == 1));
    promised.hold(sealed.acknowledged).unwrap();
    promised.read_from(0).unwrap();
    println!("covered: 1 full disks");
}
