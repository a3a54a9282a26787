//! `kill -9` at random, from before the log is open to well under load.

use std::time::Duration;

use super::is_long;
use super::law::Promised;
use super::process::{BOUND, Feed, Writer, bulla};
use super::small_segments::{self, Pace, Task};

/// Kills on one log before the next is begun, so that no log grows without need.
const KILLS_PER_LOG: u64 = 25;

/// A writer of either kind; the second also rolls over and seals.
fn start(promised: &Promised, kill: u64) -> Writer {
    if kill.is_multiple_of(2) {
        Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Endless)
    } else {
        let task = Task { segment_bytes: 50_000, entries: 0, seal: true, pace: Pace::Flood };
        Writer::start(small_segments::command(&promised.log, task), Feed::Empty)
    }
}

/// Waits for a moment that falls into no rhythm with anything: some microseconds, or some receipts.
fn wait_for_the_moment(writer: &mut Writer, kill: u64) {
    let chance = kill.wrapping_mul(7_919_331).wrapping_add(kill >> 3);
    if kill % 5 < 2 {
        writer.await_receipts(usize::MAX, Duration::from_micros(chance % 60_000));
    } else {
        let count = 1 + chance % 8_000;
        assert!(writer.await_receipts(count as usize, BOUND) > 0, "the writer records nothing");
    }
}

#[test]
fn killed_writers_lose_nothing_that_was_acknowledged() {
    let kills = if is_long() { 500 } else { 10 };
    let (mut acknowledged, mut early) = (0, 0);
    for first in (0..kills).step_by(KILLS_PER_LOG as usize) {
        let folder = tempfile::tempdir().unwrap();
        let mut promised = Promised::nothing(&folder.path().join("audit"));
        for kill in first..kills.min(first + KILLS_PER_LOG) {
            let mut writer = start(&promised, kill);
            wait_for_the_moment(&mut writer, kill);
            let killed = writer.kill();
            assert!(killed.code().is_none(), "it was killed: {}", killed.err);
            acknowledged += killed.acknowledged.len();
            early += usize::from(killed.acknowledged.is_empty());
            promised.hold(killed.acknowledged).unwrap_or_else(|broken| panic!("kill {kill}: {broken}"));
            promised.pin();
        }
        promised.read_from(0).unwrap();
    }
    println!("covered: {kills} kills, {acknowledged} entries acknowledged by killed writers");
    println!("{early} of the kills came before the first receipt");
}
