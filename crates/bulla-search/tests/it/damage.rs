//! An index that is gone, damaged, foreign, of another version or on a full disk: the log is unaffected, and the index is
//! there again.

use std::path::{Path, PathBuf};

use bulla::{Filter, LogReader};
use bulla_search::{Damage, INDEX_DIRECTORY, Order, Search, open_snapshot};
use serde_json::json;

use crate::log::{COMES_WITHIN, TestLog, follow, options, scanned, seqs};

fn records(count: usize) -> Vec<serde_json::Value> {
    (0..count)
        .map(|number| json!({"category": "api", "action": format!("act {}", number % 5), "outcome": "success"}))
        .collect()
}

fn directory(log: &TestLog) -> PathBuf {
    log.path().join(INDEX_DIRECTORY)
}

/// Opens the index and checks that it holds the whole log, and how often it was built anew for that.
#[track_caller]
fn is_whole(log: &TestLog, rebuilds: u64) {
    let index = log.index();
    let search = Search::with_index(log.reader(), index.clone());
    let view = search.now().unwrap();
    for query in ["", "action:\"act 3\"", "act"] {
        let filter: Filter = query.parse().unwrap();
        assert_eq!(seqs(&view, &filter, Order::OldestFirst, 1000), scanned(&log.reader(), &filter));
    }
    assert_eq!(index.status().rebuilds, rebuilds);
    assert!(index.status().trouble.is_none(), "{:?}", index.status());
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.is_file() && !file.file_name().unwrap().to_string_lossy().contains("lock"));
    files.sort();
    files
}

#[test]
fn an_index_that_was_deleted_is_there_again() {
    let log = TestLog::of(&records(500));
    is_whole(&log, 0);
    std::fs::remove_dir_all(directory(&log)).unwrap();
    is_whole(&log, 0);
}

#[test]
fn whichever_file_is_gone_cut_or_changed_the_index_is_whole_again() {
    let log = TestLog::of(&records(500));
    is_whole(&log, 0);
    let names: Vec<_> =
        files(&directory(&log)).iter().map(|file| file.extension().map(ToOwned::to_owned)).collect();
    assert!(names.len() >= 5, "{names:?}");
    type Hand = fn(&Path);
    let hands: [(&str, Hand); 3] = [
        ("removed", |file| std::fs::remove_file(file).unwrap()),
        ("cut", |file| {
            let len = file.metadata().unwrap().len();
            std::fs::File::options().write(true).open(file).unwrap().set_len(len / 2).unwrap();
        }),
        ("changed", |file| {
            let mut bytes = std::fs::read(file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            std::fs::write(file, bytes).unwrap();
        }),
    ];
    for at in 0..names.len() {
        for (hand_name, hand) in hands {
            let Some(file) = files(&directory(&log)).get(at).cloned() else { continue };
            hand(&file);
            let index = follow(&log.path(), options());
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            // The list of files that tantivy keeps is of no consequence for what is found.
            // Without the list of parts there is no index that could be damaged.
            let is_new = name.starts_with(".managed")
                || name == "checked-in-boot"
                || (name == "meta.json" && hand_name == "removed");
            let is_rebuilt = || index.status().rebuilds > 0 || is_new;
            let began = std::time::Instant::now();
            while !(is_rebuilt() && index.wait_complete_to(log.reader().size().unwrap(), COMES_WITHIN)) {
                assert!(began.elapsed() < COMES_WITHIN, "{name} {hand_name}: {:?}", index.status());
                std::thread::yield_now();
            }
            drop(index);
            is_whole(&log, 0);
        }
    }
}

/// What is not synced may be anything after a power failure, so it is not believed before every byte was looked at.
#[test]
fn an_index_that_was_written_before_the_machine_started_is_checked_before_it_answers() {
    let unchecked = || {
        let mut options = options();
        options.check_bytes = false;
        options
    };
    let log = TestLog::of(&records(500));
    is_whole(&log, 0);
    let marker = directory(&log).join("checked-in-boot");
    let boot = std::fs::read_to_string(&marker).unwrap();
    for other in ["", "another boot"] {
        std::fs::write(&marker, other).unwrap();
        let index = follow(&log.path(), unchecked());
        assert!(index.wait_complete_to(log.reader().size().unwrap(), COMES_WITHIN));
        assert_eq!(index.status().rebuilds, 0, "its bytes are right");
        assert_eq!(std::fs::read_to_string(&marker).unwrap(), boot);
    }
    let damaged = files(&directory(&log)).into_iter().find(|file| file.extension() == Some("idx".as_ref()));
    let damaged = damaged.expect("a part has postings");
    let len = usize::try_from(damaged.metadata().unwrap().len()).unwrap();
    std::fs::write(&damaged, vec![0; len]).unwrap();
    std::fs::write(&marker, "another boot").unwrap();
    assert!(matches!(open_snapshot(directory(&log), &log.reader()), Err(Damage::Content(_))));
    let index = follow(&log.path(), unchecked());
    assert!(index.wait_complete_to(log.reader().size().unwrap(), COMES_WITHIN));
    assert_eq!(index.status().rebuilds, 1, "its bytes are wrong");
}

#[test]
fn an_index_of_another_history_or_a_longer_one_is_not_believed() {
    let log = TestLog::of(&records(300));
    is_whole(&log, 0);
    let other = TestLog::of(&records(300));
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for file in files(from) {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    };
    copy(&directory(&log), &directory(&other));
    is_whole(&other, 1);

    // The log was put back from a copy that is older than the index.
    let older = TestLog::of(&records(10));
    copy(&directory(&other), &directory(&older));
    assert!(matches!(open_snapshot(directory(&older), &older.reader()), Err(Damage::Foreign(_))));
    is_whole(&older, 1);
}

#[test]
fn an_index_of_another_version_is_built_anew() {
    let log = TestLog::of(&records(300));
    is_whole(&log, 0);
    let meta = directory(&log).join("meta.json");
    let text = std::fs::read_to_string(&meta).unwrap();
    let changed = text.replacen("\\\"version\\\":2", "\\\"version\\\":1", 1);
    assert_ne!(text, changed, "the label says its version");
    std::fs::write(&meta, changed).unwrap();
    is_whole(&log, 1);
}

#[test]
fn what_is_no_file_of_an_index_is_left_alone() {
    let log = TestLog::of(&records(50));
    is_whole(&log, 0);
    let foreign = directory(&log).join("mine");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::remove_file(directory(&log).join("meta.json")).unwrap();
    std::fs::write(directory(&log).join("meta.json"), "{").unwrap();
    is_whole(&log, 1);
    assert!(foreign.is_dir());
}

#[test]
fn an_index_that_cannot_be_written_stops_says_so_and_goes_on_later() {
    let log = TestLog::of(&records(50));
    // A file stands where the directory should be.
    std::fs::write(directory(&log), "in the way").unwrap();
    let index = follow(&log.path(), options());
    let began = std::time::Instant::now();
    while index.status().trouble.is_none() {
        assert!(began.elapsed() < COMES_WITHIN, "{:?}", index.status());
        std::thread::yield_now();
    }
    let search = Search::with_index(log.reader(), index.clone());
    assert_eq!(search.now().unwrap().count(&"act".parse().unwrap()).unwrap().total.value, 50, "without it");
    log.record(&records(50));
    std::fs::remove_file(directory(&log)).unwrap();
    let size = log.reader().size().unwrap();
    assert!(index.wait_complete_to(size, COMES_WITHIN), "{:?}", index.status());
    assert!(index.status().trouble.is_none());
    let verdict = bulla::verify(log.path()).unwrap();
    assert!(verdict.is_clean(), "{verdict:?}");
}

#[test]
fn a_second_follower_waits_until_the_first_is_gone_and_a_reader_does_not() {
    let log = TestLog::of(&records(50));
    let first = log.index();
    let second = follow(&log.path(), options());
    let began = std::time::Instant::now();
    while !matches!(second.status().trouble, Some(Damage::Busy)) {
        assert!(began.elapsed() < COMES_WITHIN, "{:?}", second.status());
        std::thread::yield_now();
    }
    let reader = LogReader::open(log.path()).unwrap();
    let snapshot = open_snapshot(directory(&log), &reader).unwrap();
    assert_eq!(snapshot.covers().end, first.snapshot().unwrap().covers().end);
    drop(first);
    log.record(&records(10));
    assert!(second.wait_complete_to(log.reader().size().unwrap(), COMES_WITHIN), "{:?}", second.status());
}
