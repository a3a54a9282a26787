//! What is asked of a server, and what becomes of its answers.

use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bulla_client::{Client, ClientError, Order, RecordOptions, Search, Wait};

use crate::fake_log::{Answer, FakeServer};

#[test]
fn an_entry_is_recorded_with_the_token_and_answered() {
    let server = FakeServer::start(|request| {
        assert_eq!(request.line, "POST /v1/entries?wait=published");
        assert_eq!(request.headers["authorization"], "Bearer bulla_secret");
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.headers["idempotency-key"], "k");
        assert_eq!(request.body, br#"{"action":"a"}"#);
        Answer::ok(r#"{"seq":7,"leaf_hash":"h","recorded_at":"t","state":"published","new":1}"#)
    });
    let client = Client::builder(&server.url).token("bulla_secret\n").build().unwrap();
    let mut options = RecordOptions::waiting(Wait::Published);
    options.idempotency_key = Some("k".to_owned());
    let receipt = client.record(br#"{"action":"a"}"#, &options).unwrap();
    assert_eq!((receipt.seq, receipt.state.as_str(), receipt.duplicate), (7, "published", false));
}

#[test]
fn lines_are_streamed_and_those_rejected_are_told() {
    let server = FakeServer::start(|request| {
        assert_eq!(request.headers["content-type"], "application/x-ndjson");
        assert_eq!(request.body, b"{}\n{}\n");
        Answer {
            status: 207,
            headers: "",
            body: br#"{"receipts":[{"seq":1,"leaf_hash":"h","recorded_at":"t","state":"durable","duplicate":true}],
                "rejected":[{"index":1,"code":"entry_rejected","detail":"d"}],"rejected_count":1}"#
                .to_vec(),
        }
    });
    let recorded =
        server.client().record_lines(&mut Cursor::new("{}\n{}\n"), &RecordOptions::default()).unwrap();
    assert!(recorded.receipts[0].duplicate);
    assert_eq!((recorded.rejected[0].index, recorded.rejected_count), (1, 1));
}

#[test]
fn a_recording_is_never_sent_twice() {
    let asked = std::sync::Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let server = FakeServer::start(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Answer { status: 503, headers: "retry-after: 0\r\n", body: br#"{"code":"queue_full"}"#.to_vec() }
    });
    let error = server.client().record(b"{}", &RecordOptions::default()).unwrap_err();
    let ClientError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!((refusal.code.as_deref(), refusal.retry_after), (Some("queue_full"), Some(0)));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn reading_is_tried_again_when_the_server_is_busy() {
    let asked = AtomicU32::new(0);
    let server = FakeServer::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Answer { status: 429, headers: "retry-after: 0\r\n", body: Vec::new() },
        1 => Answer { status: 503, headers: "retry-after: 0\r\n", body: Vec::new() },
        _ => Answer::ok("line"),
    });
    assert_eq!(server.client().entry("7").unwrap(), b"line");
}

#[test]
fn a_search_turns_the_pages_also_over_empty_ones() {
    let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    let server = FakeServer::start(move |request| {
        asked.lock().unwrap().push(request.line.clone());
        let page = |entries: &str, next: &str| {
            Answer::ok(format!(
                r#"{{"entries":[{entries}],"next_cursor":{next},"complete_to_seq":9,"scanned":1}}"#
            ))
        };
        match () {
            () if request.line.ends_with("&cursor=a%3Db") => page("", r#""c""#),
            () if request.line.ends_with("&cursor=c") => page(r#"{"seq":1, "x":1.0}"#, "null"),
            () => page(r#"{"seq":3},{"seq":2}"#, r#""a=b""#),
        }
    });
    let client = server.client();
    let mut search = Search::of("action:\"GET /\"");
    search.order = Order::Oldest;
    search.from = Some("2h".to_owned());
    let lines: Vec<String> =
        client.search(search.clone(), None).map(|line| line.unwrap().get().to_owned()).collect();
    assert_eq!(lines, [r#"{"seq":3}"#, r#"{"seq":2}"#, r#"{"seq":1, "x":1.0}"#]);
    let first = "GET /v1/entries?q=action%3A%22GET%20%2F%22&order=asc&limit=1000&from=2h";
    assert_eq!(seen.lock().unwrap()[0], first);
    assert_eq!(client.search(search, Some(2)).count(), 2);
    assert_eq!(seen.lock().unwrap().len(), 4, "a page that is not needed is not asked for");
}

#[test]
fn names_go_into_paths_as_one_part() {
    let server = FakeServer::start(|request| Answer::ok(request.line.clone()));
    let client = server.client();
    assert_eq!(client.entry("a/../b?c").unwrap(), b"GET /v1/entries/a%2F%2E%2E%2Fb%3Fc");
    assert_eq!(client.proof("7").unwrap(), b"GET /v1/entries/7/proof");
}

#[test]
fn a_tail_goes_on_behind_the_last_entry_without_gap_or_repetition() {
    let asked = AtomicU32::new(0);
    let server = FakeServer::start(move |request| {
        let n = asked.fetch_add(1, Ordering::Relaxed);
        let (from, body) = match n {
            0 => ("5", ":\n\nid: 5\ndata: {\"seq\":5}\n\nid: 7\ndata: {\"seq\":7}\n\nid: 8\ndata: {\"torn"),
            1 => ("8", "event: cut\ndata: {\"reason\":\"slow\"}\n\n"),
            2 => ("8", "id: 7\ndata: {\"seq\":7}\n\nid: 8\ndata: {\"seq\":8}\n\n"),
            _ => ("9", ""),
        };
        if n == 3 {
            return Answer { status: 401, headers: "", body: br#"{"code":"unauthenticated"}"#.to_vec() };
        }
        assert_eq!(request.line, format!("GET /v1/tail?q=a%3Ab&from={from}"));
        Answer { status: 200, headers: "connection: close\r\n", body: body.into() }
    });
    let client = server.client();
    let mut tail = client.tail("a:b", 5);
    for seq in [5, 7, 8] {
        let entry = tail.next().unwrap().unwrap();
        assert_eq!((entry.seq, entry.line), (seq, format!("{{\"seq\":{seq}}}").into_bytes()));
    }
    assert_eq!(tail.position(), 9);
    assert!(matches!(tail.next(), Some(Err(ClientError::Refused(_)))));
}

#[test]
fn answers_that_are_too_long_or_something_else_are_errors() {
    let server = FakeServer::start(|request| match request.line.as_str() {
        "GET /v1/status" => Answer::ok("<html>"),
        "GET /moved" => {
            Answer { status: 302, headers: "location: http://127.0.0.1:1/\r\n", body: Vec::new() }
        }
        _ => Answer::ok(vec![b'x'; 3 << 20]),
    });
    let client = server.client();
    assert!(matches!(client.status(), Err(ClientError::Unexpected { .. })));
    assert!(matches!(client.checkpoint(), Err(ClientError::Unexpected { .. })));
    assert!(matches!(client.entry("1"), Err(ClientError::Unexpected { .. })));
}

#[test]
fn status_is_read_with_what_is_not_known_of_it() {
    let server = FakeServer::start(|_| {
        Answer::ok(
            r#"{"version":"1","origin":"o","vkey":"k","queue":{"bytes":3},
            "watermarks":{"durable":4,"integrated":3,"published":2,"witnessed":1}}"#,
        )
    });
    let status = server.client().status().unwrap();
    assert_eq!((status.watermarks.durable, status.watermarks.witnessed), (4, 1));
    assert_eq!(status.other["queue"]["bytes"], 3);
}
