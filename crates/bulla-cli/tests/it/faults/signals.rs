//! SIGTERM and SIGINT: the first ends in order, with a checkpoint over everything; a second ends at once.

use bulla::{AuditLog, LogReader};
use rustix::process::Signal;

use super::is_long;
use super::law::Promised;
use super::process::{BOUND, Ended, Feed, Writer, bulla};

/// 130: what a second signal ends with.
const AT_ONCE: i32 = 130;

fn check_ended_in_order(promised: &mut Promised, ended: Ended) {
    assert_eq!(ended.code(), Some(2), "{}", ended.err);
    let count = ended.acknowledged.len();
    let words = if count == 1 { "entry" } else { "entries" };
    let said = ended.err.replace(',', "");
    assert!(said.contains(&format!("interrupted after {count} {words}: all of them are on disk")), "{said}");
    let first = *ended.acknowledged.keys().next().unwrap();
    promised.acknowledge(ended.acknowledged);
    promised.verify().unwrap();
    let reader = LogReader::open(&promised.log).unwrap();
    let covered = reader.checkpoint().unwrap().unwrap().size().get();
    assert_eq!(covered, reader.size().unwrap(), "the last checkpoint covers everything");
    check_opens_clean(promised);
    promised.hold_from(first).unwrap();
}

/// The lock is free, and there is nothing to recover.
fn check_opens_clean(promised: &Promised) {
    let log = AuditLog::open(&promised.log).unwrap();
    let opened = log.get(log.size() - 1).unwrap().unwrap();
    let opened: serde_json::Value = serde_json::from_slice(opened.line()).unwrap();
    assert_eq!(
        (&opened["action"], &opened["detail"]["recovery"]["clean"]),
        (&"log.opened".into(), &true.into())
    );
    log.close_blocking().unwrap();
}

/// The signals that ask to end, each with a folder for its log.
const SIGNALS: [(Signal, &str); 2] = [(Signal::TERM, "term"), (Signal::INT, "int")];

/// Rounds on one log before the next is begun, so that no log grows without need.
const ROUNDS_PER_LOG: usize = 10;

#[test]
fn signal_under_load_ends_the_writer_in_order() {
    let rounds = if is_long() { 50 } else { 3 };
    let folder = tempfile::tempdir().unwrap();
    for (signal, name) in SIGNALS {
        for first in (0..rounds).step_by(ROUNDS_PER_LOG) {
            let mut promised = Promised::nothing(&folder.path().join(format!("{name}-{first}")));
            for round in first..rounds.min(first + ROUNDS_PER_LOG) {
                let mut writer = Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Endless);
                assert!(writer.await_receipts(1 + round * 317, BOUND) > 0);
                writer.signal(signal);
                check_ended_in_order(&mut promised, writer.end());
            }
            promised.read_from(0).unwrap();
        }
    }
    println!("covered: {} signals", 2 * rounds);
}

#[test]
fn signal_while_nothing_comes_ends_the_writer_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for (signal, name) in SIGNALS {
        let mut promised = Promised::nothing(&folder.path().join(name));
        let mut writer = Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Held(1));
        assert_eq!(writer.await_receipts(1, BOUND), 1);
        writer.signal(signal);
        check_ended_in_order(&mut promised, writer.end());
    }
    println!("covered: 2 signals");
}

#[test]
fn second_signal_ends_at_once_and_loses_nothing_that_was_acknowledged() {
    let rounds = if is_long() { 50 } else { 3 };
    let folder = tempfile::tempdir().unwrap();
    let mut promised = Promised::nothing(&folder.path().join("audit"));
    let mut at_once = 0;
    for round in 0..rounds {
        let mut writer = Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Endless);
        assert!(writer.await_receipts(1 + round * 211, BOUND) > 0);
        writer.signal(Signal::TERM);
        writer.signal(Signal::INT);
        let ended = writer.end();
        // It may have ended in order before the second one came.
        assert!([Some(2), Some(AT_ONCE)].contains(&ended.code()), "{:?}: {}", ended.status, ended.err);
        at_once += u64::from(ended.code() == Some(AT_ONCE));
        promised.hold(ended.acknowledged).unwrap();
    }
    promised.read_from(0).unwrap();
    assert!(at_once > 0, "no second signal came in time");
    println!("covered: {} signals", 2 * rounds);
}
