//! D38: the power fails while a log is made.

use bulla_sim::Trigger;

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
