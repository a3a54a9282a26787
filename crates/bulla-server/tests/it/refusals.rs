//! Every code of the API, each provoked at a real server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::body::Body;
use serde_json::json;

use crate::server::{TestServer, record};

#[tokio::test]
async fn what_cannot_be_understood_is_told_with_its_reason() {
    let server = TestServer::start().await;
    for (path, status, code) in [
        ("/v1/entries?limit=0", 400, "bad_request"),
        ("/v1/entries?limit=10001", 400, "bad_request"),
        ("/v1/entries?limit=x", 400, "bad_request"),
        ("/v1/entries?querry=x", 400, "bad_request"),
        ("/v1/entries?from=yesteryear", 400, "bad_request"),
        ("/v1/entries?q=principal:", 400, "invalid_query"),
        ("/v1/entries?cursor=x", 400, "invalid_cursor"),
        ("/v1/entries/none", 404, "entry_not_found"),
        ("/v1/none", 404, "not_found"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    for (query, position, length) in [("a%20principal:", 13, 0), ("a%20(outcom:denied)", 4, 6)] {
        let problem = server.get(&format!("/v1/entries?q={query}")).await.json();
        assert_eq!((&problem["position"], &problem["length"]), (&position.into(), &length.into()), "{query}");
    }
    assert!(server.get("/v1/entries?limit=0").await.json().get("length").is_none());
    let answer = server.send(server.request("DELETE", "/v1/entries").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"));
    let long = format!("/v1/entries?q={}", "a".repeat(9000));
    let answer = server.get(&long).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (414, "uri_too_long"));
    let tail = server.request("GET", "/v1/tail").header("last-event-id", "seven");
    assert_eq!(server.send(tail.body(Body::empty()).unwrap()).await.code(), "bad_request");
    server.stop().await;
}

#[tokio::test]
async fn a_bad_body_is_refused_and_nothing_of_it_recorded() {
    let server = TestServer::start_with(|settings| settings.limits.body_bytes = 64 << 10).await;
    let post = |media: &str, body: String| {
        server.request("POST", "/v1/entries").header("content-type", media).body(Body::from(body)).unwrap()
    };
    let json = "application/json";
    let long =
        json!({"category": "api", "action": "x", "outcome": "success", "labels": {"a": "y".repeat(66_000)}});
    for (media, body, status, code) in [
        (json, "{".to_owned(), 400, "malformed_body"),
        (json, String::new(), 400, "malformed_body"),
        (json, "[{},".to_owned(), 400, "malformed_body"),
        (json, "\u{feff}{}".to_owned(), 400, "malformed_body"),
        (json, "{}".to_owned(), 422, "entry_rejected"),
        (json, record("x").to_string().replace("success", "maybe"), 422, "entry_rejected"),
        (json, "x".repeat(70_000), 413, "payload_too_large"),
        ("application/x-ndjson", long.to_string(), 207, ""),
        ("text/plain", record("x").to_string(), 415, "unsupported_media_type"),
        ("", record("x").to_string(), 415, "unsupported_media_type"),
    ] {
        let answer = server.send(post(media, body)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if code.is_empty() {
            assert_eq!(answer.json()["rejected"][0]["code"], "payload_too_large");
        } else {
            assert_eq!(answer.code(), code);
        }
    }
    for (name, value) in
        [("bulla-source-seq", "-1"), ("bulla-source-instance", "a\"b"), ("idempotency-key", "ü")]
    {
        let request = server.request("POST", "/v1/entries").header("content-type", json).header(name, value);
        let answer = server.send(request.body(Body::from(record("x").to_string())).unwrap()).await;
        assert_eq!(answer.code(), "bad_request", "{name}");
    }
    assert_eq!(server.get("/v1/entries?q=category:api").await.json()["entries"], json!([]));
    server.stop().await;
}

/// Sends raw bytes and reads what comes until the server closes.
fn raw(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_is_cut_and_what_came_before_is_told() {
    let quick = Duration::from_millis(200);
    let server = TestServer::start_with(|settings| settings.limits.body_timeout = quick).await;
    let line = record("whole line").to_string();
    let head = |media: &str, length: usize| {
        format!(
            "POST /v1/entries HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n",
            server.token
        )
    };
    let answer = raw(&server, &format!("{}{{\"cat", head("application/json", 100)));
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    let answer = raw(&server, &format!("{}{line}\n{{\"cut", head("application/x-ndjson", 10_000)));
    assert!(answer.contains("request_timeout") && answer.contains("the first 1 good records"), "{answer}");
    assert_eq!(
        server.get("/v1/entries?q=action:%22whole%20line%22").await.json()["entries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_too_large_or_too_slow_end_the_connection() {
    let server = TestServer::start_with(|settings| {
        settings.limits.header_timeout = Duration::from_millis(200);
        settings.limits.header_bytes = 8192;
    })
    .await;
    let answer = raw(&server, &format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(20_000)));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(&server, "GET / HTTP/1.1\r\nhost:");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Whoever says nothing, or too little to tell which HTTP it is, or nothing more after an answer.
    for begin in ["", "P", "PRI * HTTP/2.0\r\n"] {
        assert_eq!(raw(&server, begin), "", "{begin}");
    }
    let answer = raw(&server, "GET /login HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("</html>"), "{answer}");
    assert_eq!(server.get("/v1/status").await.status, 200, "others are served");
    server.stop().await;
}

#[tokio::test]
async fn places_for_searches_and_followers_are_limited() {
    let server = TestServer::start_with(|settings| settings.limits.followers = 1).await;
    let one = server.request("GET", "/v1/tail").body(Body::empty()).unwrap();
    let one = server.client.request(one).await.unwrap();
    let answer = server.get("/v1/tail").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "busy"));
    assert_eq!(answer.headers["retry-after"], "1");
    drop(one);
    server.stop().await;
}
