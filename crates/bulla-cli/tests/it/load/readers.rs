//! Clients that read what others record: following without a gap, searching, paging, proving.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::Load;
use super::ledger::Ledger;
use super::wire::{Wire, is_late};
use super::writers::Sender;

/// Between two requests of one client.
const REST: Duration = Duration::from_millis(50);
/// Events after which a follower goes away, to come back behind the last one.
const EVENTS: u64 = 3000;

/// An acknowledged record, handed from who recorded it to who proves it.
#[derive(Debug, Default)]
pub(super) struct Offered(Mutex<Option<(String, u64)>>);

impl Offered {
    pub(super) fn offer(&self, ledger: &Ledger) {
        let newest = ledger.newest().map(|(number, seq)| (format!("{}/{number}", ledger.client), seq));
        *self.0.lock().unwrap() = newest;
    }

    fn take(&self) -> Option<(String, u64)> {
        self.0.lock().unwrap().take()
    }
}

/// Follows from the first entry; every number comes once and in order, over many connections.
pub(super) fn tail(load: &Load, ledger: &mut Ledger) {
    let mut next = 0;
    while load.pause(REST) {
        let last = if next > 0 { format!("last-event-id: {}\r\n", next - 1) } else { String::new() };
        let mut wire = Wire::connect(load.address);
        let sent = wire.send(load.get_with("/v1/tail?from=0", &last).as_bytes());
        match sent.and_then(|()| wire.begin()) {
            Ok(200) => ledger.did("tail begun"),
            Ok(503) => {
                ledger.did("tail: 503, tried again");
                continue;
            }
            Ok(other) => panic!("a tail was answered with {other}"),
            Err(error) => {
                assert!(!is_late(&error), "a tail was not answered in time");
                continue;
            }
        }
        let until = next + EVENTS;
        let mut text = Vec::new();
        while next < until && load.goes_on() {
            match wire.next_chunk() {
                Ok(chunk) => text.extend_from_slice(&chunk),
                // Who is slow for longer than the server waits is cut, and goes on behind the last event.
                Err(error) => {
                    assert!(!is_late(&error), "a tail said nothing for too long");
                    ledger.did("tail cut");
                    break;
                }
            }
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                next = check_event(&String::from_utf8(event).unwrap(), next);
            }
        }
    }
    ledger.done.insert("events of the tail, each once and in order".to_owned(), next);
}

/// The number that must come after this event.
fn check_event(event: &str, next: u64) -> u64 {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let Some(data) = field("data: ") else { return next };
    assert_eq!(field("event: "), None, "the tail was cut: {event}");
    let id: u64 = field("id: ").unwrap().parse().unwrap();
    let line: Value = serde_json::from_str(data).unwrap();
    assert_eq!((id, line["seq"].as_u64()), (next, Some(next)));
    next + 1
}

pub(super) fn search(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    let queries =
        ["principal:p3", "action:load*%20-principal:p1", "%22lorem%20ipsum%22", "since:1h%20outcome:denied"];
    for query in queries.iter().cycle() {
        if !load.pause(REST) {
            return;
        }
        let answer = sender.get(&format!("/v1/entries?q={query}&limit=50"), ledger);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        assert!(page["entries"].as_array().unwrap().len() <= 50);
        let status = sender.get("/v1/status", ledger).json();
        let marks = &status["watermarks"];
        assert!(marks["durable"].as_u64() >= marks["published"].as_u64(), "{status}");
        ledger.did("search and status");
        for (wrong, code) in
            [("q=principal:", "invalid_query"), ("cursor=x", "invalid_cursor"), ("x=1", "bad_request")]
        {
            assert_eq!(sender.get(&format!("/v1/entries?{wrong}"), ledger).code(), code);
        }
        assert_eq!(sender.get("/v1/audit?limit=20", ledger).json().as_array().unwrap().len(), 20);
    }
}

/// Pages from the newest entry back, across many requests, while the log grows.
pub(super) fn page(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    while load.pause(REST) {
        let (mut before, mut cursor) = (u64::MAX, String::new());
        for _ in 0..10 {
            let page = sender.get(&format!("/v1/entries?limit=200{cursor}"), ledger).json();
            for entry in page["entries"].as_array().unwrap() {
                let seq = entry["seq"].as_u64().unwrap();
                assert!(before == u64::MAX || seq + 1 == before, "{seq} came after {before}");
                before = seq;
            }
            ledger.did("page");
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
}

/// Asks for acknowledged records by number and by id, and for their proofs.
pub(super) fn prove(load: &Load, ledger: &mut Ledger) {
    let mut sender = Sender::new(load);
    while load.pause(REST) {
        let Some((id, seq)) = load.proofs.take() else { continue };
        let by_number = sender.get(&format!("/v1/entries/{seq}"), ledger);
        assert_eq!(by_number.json()["id"], id.as_str());
        let by_id = sender.get(&format!("/v1/entries/{}", id.replace('/', "%2F")), ledger);
        assert_eq!(by_id.body, by_number.body);
        let proof = sender.get(&format!("/v1/entries/{seq}/proof"), ledger);
        assert!(proof.text().starts_with("c2sp.org/tlog-proof"), "{}", proof.text());
        ledger.did("entry by number, by id, and its proof");
    }
}
