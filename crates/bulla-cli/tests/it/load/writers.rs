//! Clients that record: one at a time, arrays, lines; good records among bad ones, and records that come again.

use std::time::Duration;

use super::Load;
use super::ledger::Ledger;
use super::wire::{Answer, Wire, is_late};

/// Between two requests of one client: the disk is to last for the whole run.
const REST: Duration = Duration::from_millis(20);

/// A client that keeps its connection, and repeats a request whose connection ended before an answer began.
pub(super) struct Sender<'a> {
    load: &'a Load,
    wire: Option<Wire>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(load: &'a Load) -> Self {
        Self { load, wire: None }
    }

    /// Sends until it is answered with something else than 503, or than 408, which a machine that does other things
    /// earns this client; every answer on the way is lawful.
    pub(super) fn exchange(&mut self, request: &[u8], ledger: &mut Ledger) -> Answer {
        loop {
            let wire = self.wire.get_or_insert_with(|| Wire::connect(self.load.address));
            match wire.send(request).and_then(|()| wire.answer()) {
                Ok(answer) => {
                    answer.check_lawful();
                    if !answer.is_kept {
                        self.wire = None;
                    }
                    if !matches!(answer.status, 408 | 503) {
                        return answer;
                    }
                    ledger.did(&format!("{} {}, tried again", answer.status, answer.code()));
                    self.load.pause(REST);
                }
                Err(error) if is_late(&error) => panic!("no answer in time"),
                // A connection that rested for too long is closed; records have ids, so sending again is safe.
                Err(_) => {
                    ledger.did("connected again");
                    self.wire = None;
                }
            }
        }
    }

    pub(super) fn get(&mut self, path: &str, ledger: &mut Ledger) -> Answer {
        let request = self.load.get(path);
        self.exchange(request.as_bytes(), ledger)
    }
}

pub(super) fn one_by_one(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    while load.pause(REST / 4) {
        let (number, record) = ledger.next_record();
        let request = load.post("application/json", record.as_bytes());
        let answer = sender.exchange(&request, ledger);
        // A request that was repeated may have been recorded the first time.
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        ledger.acknowledged(number, &answer.json());
        ledger.did("one record");
        if number % 16 == 0 {
            let again = sender.exchange(&request, ledger);
            assert_eq!(again.status, 200, "{}", again.text());
            assert_eq!(again.json()["duplicate"], true);
            ledger.acknowledged(number, &again.json());
            ledger.did("one record, again");
        }
        load.proofs.offer(ledger);
    }
}

pub(super) fn arrays(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    while load.pause(REST) {
        let records: Vec<_> = (0..40).map(|_| ledger.next_record()).collect();
        let bad =
            [r#"{"category":"api"}"#, r#"{"seq":1,"category":"api","action":"a","outcome":"success"}"#, "7"];
        let texts = records.iter().map(|(_, record)| record.as_str()).chain(bad);
        let body = format!("[{}]", texts.collect::<Vec<_>>().join(","));
        let answer = sender.exchange(&load.post("application/json", body.as_bytes()), ledger);
        check_many(&answer, &records, bad.len(), ledger);
        ledger.did("array of 40 good records and 3 bad ones");
    }
}

pub(super) fn lines(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    let mut round = 0;
    while load.pause(REST) {
        round += 1;
        let records: Vec<_> = (0..200).map(|_| ledger.next_record()).collect();
        let mut body =
            records.iter().map(|(_, record)| format!("{record}\n")).collect::<String>().into_bytes();
        let mut bad = 0;
        if round % 5 == 0 {
            // No JSON, no UTF-8, the same key twice, and a line that is longer than the limit.
            body.extend_from_slice(b"{\"a\n\n{\"a\":\"\xff\xfe\"}\n{\"a\":1,\"a\":2}\n{\"a\":\"");
            body.extend_from_slice(&vec![b'x'; 100_000]);
            body.extend_from_slice(b"\"}");
            bad = 4;
        }
        let answer = sender.exchange(&load.post("application/x-ndjson", &body), ledger);
        check_many(&answer, &records, bad, ledger);
        ledger.did(if bad > 0 { "200 lines and 4 bad ones" } else { "200 lines" });
    }
}

/// The receipts are those of the records, in their order.
fn check_many(answer: &Answer, records: &[(u64, String)], bad: usize, ledger: &mut Ledger) {
    assert_eq!(answer.status, if bad > 0 { 207 } else { 200 }, "{}", answer.text());
    let body = answer.json();
    let receipts = body["receipts"].as_array().unwrap();
    assert_eq!((receipts.len(), body["rejected_count"].as_u64()), (records.len(), Some(bad as u64)));
    for ((number, _), receipt) in records.iter().zip(receipts) {
        ledger.acknowledged(*number, receipt);
    }
}
