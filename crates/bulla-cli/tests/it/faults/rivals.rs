//! Two processes that want the same directory: one writes, the other is told who does and what can be done.

use super::is_long;
use super::law::Promised;
use super::process::{BOUND, Ended, Feed, Writer, bulla, until};

/// The one that was refused, and the one that writes.
fn tell_apart(mut first: Writer, mut second: Writer) -> (Ended, Writer) {
    let mut loser = None;
    let is_settled = until(|| {
        loser = first.has_ended().then_some(0).or(second.has_ended().then_some(1));
        loser.is_some()
    });
    assert!(is_settled, "neither of two writers was refused");
    if loser == Some(0) { (first.end(), second) } else { (second.end(), first) }
}

/// Exactly one has recorded, the other says why not.
fn check(promised: &mut Promised, first: Writer, second: Writer) {
    let (loser, mut winner) = tell_apart(first, second);
    assert_eq!(loser.code(), Some(2), "{}", loser.err);
    assert!(loser.acknowledged.is_empty(), "the refused one has recorded");
    let holder = format!("is being written by process {};", winner.id());
    for text in [&holder, "one writer per log", "stop it, or read without opening"] {
        assert!(loser.err.contains(text), "{text:?} is not in {:?}", loser.err);
    }
    assert_eq!(winner.await_receipts(1, BOUND), 1);
    winner.close_stdin();
    let won = winner.end();
    assert_eq!((won.code(), won.acknowledged.len()), (Some(0), 1), "{}", won.err);
    promised.hold(won.acknowledged).unwrap();
}

fn start(promised: &Promised) -> Writer {
    Writer::start(bulla(&promised.log, &["record", "-"]), Feed::Held(1))
}

fn rounds() -> u64 {
    if is_long() { 50 } else { 6 }
}

#[test]
fn one_of_two_writers_that_start_at_once_gets_an_existing_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut promised = Promised::nothing(&folder.path().join("audit"));
    promised.go_on().unwrap();
    for _ in 0..rounds() {
        let (first, second) = (start(&promised), start(&promised));
        check(&mut promised, first, second);
    }
    println!("covered: {} races", rounds());
}

#[test]
fn one_of_two_writers_that_start_at_once_makes_the_log() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..rounds() {
        let mut promised = Promised::nothing(&folder.path().join(format!("audit-{round}")));
        let (first, second) = (start(&promised), start(&promised));
        check(&mut promised, first, second);
    }
    println!("covered: {} races", rounds());
}

#[test]
fn who_comes_second_is_refused_and_disturbs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut promised = Promised::nothing(&folder.path().join("audit"));
    for _ in 0..rounds() {
        let mut first = start(&promised);
        assert_eq!(first.await_receipts(1, BOUND), 1);
        let second = start(&promised);
        check(&mut promised, first, second);
    }
    println!("covered: {} races", rounds());
}
