//! D19 to D21: the power fails around a payload.

use bulla_sim::Trigger;

use super::*;

fn record_payload(log: &mut Driver) -> Result<(), String> {
    log.record_payload(100).map(drop).map_err(|error| error.to_string())
}

fn payloads(disk: &SimDisk) -> Vec<String> {
    disk.files().into_keys().filter(|name| name.starts_with("payloads/")).collect()
}

#[test]
fn unfinished_payload_is_removed() {
    let mut log = log_of(2);
    let mut log = lose_power_at(&mut log, ActKind::Sync, "payloads/", record_payload, Survival::Everything);
    assert!(payloads(&log.disk)[0].ends_with(".tmp"));
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=2));
    assert!(payloads(&log.disk).is_empty());
}

#[test]
fn payload_without_its_entry_is_harmless() {
    let mut log = log_of(2);
    let mut log = lose_power_at(&mut log, ActKind::Append, SEGMENT, record_payload, Survival::Nothing);
    assert_eq!(payloads(&log.disk).len(), 1);
    log.settle().unwrap();
    assert_eq!(ids(&log.disk), numbered(1..=2));
}

#[test]
fn entry_is_never_durable_before_its_payload() {
    let first = log_of(2).disk.acts();
    let last = {
        let mut log = log_of(2);
        log.record_payload(100).unwrap();
        log.disk.acts()
    };
    for number in first..last {
        let mut log = log_of(2);
        log.disk.fail(Trigger::Number(number), Fault::PowerFails);
        record_payload(&mut log).unwrap_err();
        for survival in Survival::ALL {
            // The check reads every payload that an entry names.
            log.aftermath(survival, number).open_and_check().unwrap();
        }
    }
}

#[test]
fn a_payload_that_cannot_be_created_is_told_as_that() {
    let mut log = log_of(2);
    log.disk.fail_next(ActKind::Create, "payloads/", FAILS);
    let failed = record_payload(&mut log).unwrap_err();
    assert!(failed.contains("create payloads/"), "{failed}");
}
