//! D12 and D13: the power fails at every act there is, and everything imaginable survives of the unsynced.

use std::sync::OnceLock;

use bulla_sim::Trigger;

use super::*;

/// A closed log that is a few entries short of a full segment.
fn almost_full() -> &'static Driver {
    static BASE: OnceLock<Driver> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut log = log_in_segments_of(1, 245);
        log.close().unwrap();
        log
    })
}

/// One of everything: records, a payload, a flood, a roll-over, checkpoints, sealing, closing.
fn workload(log: &mut Driver) -> Result<(), String> {
    let words = |error: bulla::RecordError| error.to_string();
    log.open().map_err(|error| error.to_string())?;
    log.record(40).map_err(words)?;
    log.look().map_err(|Broken(words)| words)?;
    log.record_payload(100).map_err(words)?;
    log.publish().map_err(|Broken(words)| words)?;
    log.record_batch(6, 40).map_err(words)?; // across the end of the segment
    seal(log)?;
    log.record_flood().map_err(words)?;
    log.publish().map_err(|Broken(words)| words)?;
    log.record(40).map_err(words)?;
    log.look().map_err(|Broken(words)| words)?;
    log.close().map_err(words)
}

/// Acts of a run in which nothing fails.
fn acts_of(run: impl Fn(&mut Driver) -> Result<(), String>, base: &Driver) -> u64 {
    let mut log = base.fork(1);
    run(&mut log).unwrap();
    log.disk.acts()
}

#[test]
fn every_crash_point_keeps_every_acknowledged_entry() {
    let base = almost_full();
    let acts = acts_of(workload, base);
    let mut openings = 0;
    for number in 0..acts {
        let mut log = base.fork(number);
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        workload(&mut log).expect_err("the power failed");
        for survival in Survival::ALL {
            let mut after = log.aftermath(survival, number);
            after.open_and_check().unwrap_or_else(|broken| {
                panic!("power failed at act {number}, {survival:?} survived: {broken}\n{}", told(&log))
            });
            openings += 1;
        }
    }
    println!("covered: {acts} crash points, {openings} openings after a crash");
    assert!(acts > 80, "the workload shrank to {acts} acts");
}

#[test]
fn every_kill_and_then_every_power_failure_keeps_every_acknowledged_entry() {
    let base = almost_full();
    let acts = acts_of(workload, base);
    for number in 0..acts {
        let mut log = base.fork(number);
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        workload(&mut log).expect_err("the process was killed");
        log.kill(number);
        let told = told(&log);
        log.open_and_check().unwrap_or_else(|broken| panic!("killed at act {number}: {broken}\n{told}"));
        log.record(40).unwrap();
        let mut after = log.aftermath(Survival::Nothing, number);
        after
            .open_and_check()
            .unwrap_or_else(|broken| panic!("killed at act {number}, then: {broken}\n{told}"));
    }
    println!("covered: {acts} crash points, {} openings after a crash", 2 * acts);
}

/// A log that has everything for recovery to do: a torn line, a torn note, unfinished files, hashes gone.
fn much_to_recover() -> Driver {
    let mut log = almost_full().fork(1);
    log.open().unwrap();
    log.record_batch(12, 40).unwrap();
    log.publish().unwrap();
    log.record(40).unwrap();
    log.disk.fail_next(ActKind::Sync, "checkpoints", Fault::PowerFails);
    log.publish().expect_err("the power failed");
    let log = log.aftermath(Survival::Everything, 1);
    let cut = |name: &str, bytes: usize| {
        let whole = log.disk.bytes(name);
        log.disk.tamper(name, &whole[..whole.len() - bytes]);
    };
    cut("checkpoints", 20);
    cut("tree/00", 40);
    let mut lines = log.disk.bytes(SECOND);
    lines.extend_from_slice(b"{\"seq\":");
    log.disk.tamper(SECOND, &lines);
    log.disk.tamper("entries/00000000000000000000.jsonl.zst.tmp", b"half");
    log.disk.tamper("checkpoint.tmp", b"half");
    log
}

#[test]
fn crash_during_recovery_is_recovered_again() {
    let base = much_to_recover();
    let open = |log: &mut Driver| log.open().map_err(|error| error.to_string());
    let expected = {
        let mut log = base.fork(1);
        open(&mut log).unwrap();
        log.kill(1);
        (ids(&log.disk), quarantined(&log.disk))
    };
    assert_eq!(expected.1.len(), 2, "a line and a note");
    let acts = acts_of(open, &base);
    for number in 0..acts {
        let mut log = base.fork(number);
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        open(&mut log).expect_err("the power failed");
        for survival in Survival::ALL {
            let mut after = log.aftermath(survival, number);
            after
                .open_and_check()
                .unwrap_or_else(|broken| panic!("act {number}, {survival:?}: {broken}\n{}", told(&log)));
            assert_eq!(ids(&after.disk), expected.0, "act {number}, {survival:?}");
            let kept = quarantined(&after.disk);
            assert!(expected.1.iter().all(|bytes| kept.contains(bytes)), "act {number}, {survival:?}");
        }
    }
    println!("covered: {acts} crash points, {} openings after a crash", acts * Survival::ALL.len() as u64);
}

/// The last acts before the crash.
fn told(log: &Driver) -> String {
    let trace = log.disk.trace();
    let last = trace.iter().skip(trace.len().saturating_sub(12));
    last.map(|act| format!("{act}\n")).collect()
}
