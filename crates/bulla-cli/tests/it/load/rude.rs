//! Clients that do what no client should: stall, go away in the middle, send garbage, lie about lengths, hold
//! connections. Each is answered clearly or cut, and never costs the others anything.

use std::time::Duration;

use super::Load;
use super::ledger::Ledger;
use super::wire::{Answer, Wire, is_late};

/// Between two offences of one client.
const REST: Duration = Duration::from_millis(30);
/// 40 connections held at once: most of the places.
const HELD: usize = 40;

/// The answer to bytes on a connection of their own, if there is one; it must be lawful. What cannot be read as HTTP
/// is answered by a bare 4xx: nobody knows what its sender would understand.
fn answer_to(load: &Load, bytes: &[u8], is_http: bool) -> Option<Answer> {
    let mut wire = Wire::connect(load.address);
    let _ = wire.send(bytes);
    match wire.answer() {
        Ok(answer) if is_http => {
            answer.check_lawful();
            Some(answer)
        }
        Ok(answer) => {
            assert!((400..500).contains(&answer.status), "{}", answer.status);
            Some(answer)
        }
        Err(error) if is_late(&error) => panic!("no answer in time to {:?}", String::from_utf8_lossy(bytes)),
        Err(_) => None,
    }
}

/// Headers or bodies that do not go on. On a machine that does other things a client can be cut before it is heard;
/// over the whole run each must have been told at least once.
pub(super) fn stalls_sending(load: &Load, ledger: &mut Ledger) {
    let (in_one, in_lines) =
        ("stalled in one record: 408", "stalled in lines: 408 that says what is recorded");
    while load.pause(REST) {
        let mut half = Wire::connect(load.address);
        let _ = half.send(b"POST /v1/entries HTTP/1.1\r\nhost: x\r\nautho");
        half.drain();
        ledger.did("stalled in the headers: cut");

        let head = load.head("application/json", Some(1000));
        if let Some(answer) = answer_to(load, format!("{head}{{\"cat").as_bytes(), true) {
            assert_eq!(answer.code(), "request_timeout");
            ledger.did(in_one);
        }

        let (_, record) = ledger.next_record();
        let head = load.head("application/x-ndjson", Some(100_000));
        if let Some(answer) = answer_to(load, format!("{head}{record}\n{{\"half").as_bytes(), true) {
            assert_eq!(answer.code(), "request_timeout");
            assert!(answer.text().contains("the first 1 good records"), "{}", answer.text());
            ledger.did(in_lines);
        }
    }
    assert!(ledger.done.contains_key(in_one) && ledger.done.contains_key(in_lines), "{:?}", ledger.done);
}

/// Asks for much and reads nothing.
pub(super) fn stalls_reading(load: &Load, ledger: &mut Ledger) {
    while load.pause(REST) {
        let mut stalled: Vec<_> = (0..4).map(|_| Wire::connect(load.address)).collect();
        for (wire, path) in stalled.iter_mut().zip([
            "/v1/tail?from=0",
            "/v1/tail",
            "/v1/entries?limit=10000",
            "/v1/audit?limit=10000",
        ]) {
            let _ = wire.send(load.get(path).as_bytes());
        }
        load.pause(Duration::from_secs(8));
        ledger.did("4 answers that nobody read for 8 s");
    }
}

/// Ends the connection in the middle of a request. What was whole may be recorded, once.
pub(super) fn goes_away(load: &Load, ledger: &mut Ledger) {
    while load.pause(REST) {
        for (media, cut) in
            [("application/x-ndjson", 3), ("application/json", 3), ("application/x-ndjson", 1)]
        {
            let body: String = (0..50).map(|_| format!("{}\n", ledger.next_record().1)).collect();
            let sent = &body[..body.len() / cut];
            let mut wire = Wire::connect(load.address);
            let _ = wire.send(format!("{}{sent}", load.head(media, Some(body.len() + 1))).as_bytes());
            drop(wire);
            ledger.did("gone in the middle of a body");
        }
        let (_, record) = ledger.next_record();
        let mut wire = Wire::connect(load.address);
        let _ = wire.send(&load.post("application/json", record.as_bytes()));
        drop(wire);
        ledger.did("gone before the answer");
    }
}

/// Bytes that are no HTTP, or no request that can be meant.
pub(super) fn garbage(load: &Load, ledger: &mut Ledger) {
    let json = |body: &[u8]| load.post("application/json", body);
    let long_header = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(100_000));
    let requests: [(&str, Vec<u8>); 8] = [
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n".to_vec()),
        ("no method", b" / HTTP/1.1\r\n\r\n".to_vec()),
        ("another version", b"GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_vec()),
        ("length that is no number", format!("{}abc\r\n\r\n", load.head_until_length()).into_bytes()),
        (
            "two lengths",
            format!("{}5\r\ncontent-length: 6\r\n\r\nabcdef", load.head_until_length()).into_bytes(),
        ),
        ("header with a zero byte", b"GET / HTTP/1.1\r\nhost: x\r\na: \0\r\n\r\n".to_vec()),
        ("headers beyond the limit", long_header.into_bytes()),
        ("path that is no path", b"GET \xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
    ];
    let bodies: [(&str, Vec<u8>, &str); 9] = [
        ("no JSON", json(b"{"), "malformed_body"),
        ("no UTF-8", json(b"{\"category\":\"\xff\xfe\"}"), "malformed_body"),
        ("nothing", json(b""), "malformed_body"),
        ("nesting", json(&[b"{\"a\":".repeat(500), b"1".to_vec()].concat()), "entry_rejected"),
        ("a million brackets", json(&vec![b'['; 1_000_000]), "malformed_body"),
        ("a body beyond the limit", json(&vec![b' '; 2_000_000]), "payload_too_large"),
        ("another media type", load.post("text/html", b"{}"), "unsupported_media_type"),
        (
            "a token that is none",
            load.get("/v1/entries").replace("Bearer ", "Bearer x").into_bytes(),
            "unauthenticated",
        ),
        (
            "a path that is too long",
            load.get(&format!("/v1/entries?q={}", "a".repeat(9000))).into_bytes(),
            "uri_too_long",
        ),
    ];
    while load.pause(REST * 4) {
        for (name, bytes) in &requests {
            answer_to(load, bytes, false);
            ledger.did(&format!("garbage: {name}"));
        }
        for (name, bytes, code) in &bodies {
            // A server that refuses before the body came may close before it is sent.
            if let Some(answer) = answer_to(load, bytes, true) {
                assert_eq!(answer.code(), *code, "{name}");
                ledger.did(&format!("garbage: {name}: {code}"));
            }
        }
        lies_about_length(load, ledger);
    }
}

fn lies_about_length(load: &Load, ledger: &mut Ledger) {
    let (_, record) = ledger.next_record();
    // More is promised than comes, and the end of it is said.
    let mut wire = Wire::connect(load.address);
    let _ =
        wire.send(format!("{}{record}", load.head("application/json", Some(record.len() + 9))).as_bytes());
    wire.end();
    if let Ok(answer) = wire.answer() {
        answer.check_lawful();
        assert_eq!(answer.code(), "request_timeout");
    }
    ledger.did("fewer bytes than promised");
    // Less is promised: the record is cut, and what follows is no request.
    let cut = format!("{}{record}", load.head("application/json", Some(record.len() - 9)));
    if let Some(answer) = answer_to(load, cut.as_bytes(), true) {
        assert_eq!(answer.code(), "malformed_body");
    }
    ledger.did("more bytes than promised");
    let chunked = format!("{}zz\r\n{record}\r\n", load.head("application/json", None));
    if let Some(answer) = answer_to(load, chunked.as_bytes(), true) {
        assert!((400..500).contains(&answer.status));
    }
    ledger.did("chunks without sizes");
}

/// Connections that say nothing, or next to nothing, or nothing more: each is cut when its time for headers is over.
pub(super) fn holds(load: &Load, ledger: &mut Ledger) {
    while load.pause(REST) {
        let mut held: Vec<_> = (0..HELD).map(|_| Wire::connect(load.address)).collect();
        for (number, wire) in held.iter_mut().enumerate() {
            match number % 4 {
                0 => drop(wire.send(b"P")),
                // It may be cut already when its turn comes.
                1 if wire.send(load.get("/v1/status").as_bytes()).is_ok() => {
                    if let Ok(answer) = wire.answer() {
                        answer.check_lawful();
                        ledger.did("connection held after an answer");
                    }
                }
                _ => {}
            }
        }
        for mut wire in held {
            assert_eq!(wire.drain(), 0);
            ledger.did("connection held in silence: cut");
        }
    }
}
