//! Exports over HTTP: whole, recorded, and no faster than the client.

use axum::body::Body;
use bulla_formats::export::ExportFormat;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::{Answer, TestServer, record};

async fn with_entries(server: &TestServer, entries: usize, padding: usize) {
    let padding = "x".repeat(padding);
    let line = |number| {
        let mut line = record(&format!("act-{number}"));
        line["detail"] = json!({"padding": padding});
        format!("{line}\n")
    };
    for first in (0..entries).step_by(500) {
        let lines: String = (first..entries.min(first + 500)).map(line).collect();
        assert_eq!(server.post_lines("/v1/entries", lines).await.status, 200);
    }
}

/// The entry about an export, once it is there.
async fn recorded(server: &TestServer) -> Value {
    loop {
        let page = server.get("/v1/entries?q=event_name:export.created").await.json();
        if let Some(entry) = page["entries"].get(0) {
            return entry.clone();
        }
        tokio::task::yield_now().await;
    }
}

fn lines(answer: &Answer) -> usize {
    answer.body.iter().filter(|byte| **byte == b'\n').count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_a_file_with_a_name_and_a_type() {
    let server = TestServer::start().await;
    with_entries(&server, 30, 0).await;
    for format in ExportFormat::ALL {
        let answer = server.get(&format!("/v1/export?q=action:act-*&format={format}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.headers["content-type"], format.media_type());
        let name = answer.headers["content-disposition"].to_str().unwrap();
        let has_extension = name.ends_with(&format!(".{}\"", format.extension()));
        assert!(name.starts_with("attachment; filename=\"bulla-0-") && has_extension, "{name}");
        match format {
            ExportFormat::Parquet => {
                assert!(answer.body.starts_with(b"PAR1") && answer.body.ends_with(b"PAR1"));
            }
            ExportFormat::Csv => assert_eq!(lines(&answer), 31),
            _ => assert_eq!(lines(&answer), 30, "{format}"),
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_what_the_query_wants_and_is_recorded_with_who_asked() {
    let server = TestServer::start().await;
    with_entries(&server, 600, 0).await;
    let answer = server.get("/v1/export?q=action:act-1*&from=1h").await;
    let actions: Vec<String> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> =
        (0..600).map(|n| format!("act-{n}")).filter(|name| name.starts_with("act-1")).collect();
    assert_eq!(actions, expected);
    let entry = recorded(&server).await;
    assert_eq!(entry["outcome"], "success");
    assert!(entry["principal"].as_str().unwrap().starts_with("ci-"), "{entry}");
    assert_eq!(
        entry["detail"],
        json!({"query": "action:act-1*", "since": "1h", "until": null, "format": "jsonl", "entries": expected.len(),
            "left_out": 0, "complete": true, "to": "http"})
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_wrong_are_refused() {
    let server = TestServer::start().await;
    for (query, code) in [
        ("format=xml", "bad_request"),
        ("format=JSONL", "bad_request"),
        ("from=soon", "bad_request"),
        ("limit=1", "bad_request"),
        ("q=(", "invalid_query"),
    ] {
        assert_eq!(server.get(&format!("/v1/export?{query}")).await.code(), code, "{query}");
    }
    let writer = server.new_token("writer", &[bulla_server::Scope::Write]);
    let request = server.anonymous("GET", "/v1/export").header("authorization", format!("Bearer {writer}"));
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.code(), "forbidden");
    server.stop().await;
}

/// 6 MB of lines: more than waits anywhere between the log and a client that does not read.
const MANY: (usize, usize) = (3000, 2000);

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_the_export_which_is_recorded_as_not_whole() {
    let server = TestServer::start().await;
    with_entries(&server, 3 * MANY.0, MANY.1).await;
    let request = server.request("GET", "/v1/export").body(Body::empty()).unwrap();
    let mut response = server.client.request(request).await.unwrap();
    assert!(response.body_mut().frame().await.unwrap().is_ok());
    drop(response);
    let entry = recorded(&server).await;
    assert_eq!((&entry["outcome"], &entry["detail"]["complete"]), (&json!("failure"), &json!(false)));
    assert!(entry["detail"]["entries"].as_u64().unwrap() < 3 * MANY.0 as u64, "{entry}");
    assert!(entry["reason"]["message"].as_str().unwrap().contains("client"), "{entry}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_have_places_and_a_client_that_takes_nothing_loses_its_own() {
    let server = TestServer::start_with(|settings| {
        settings.limits.exports = 1;
        settings.limits.body_timeout = std::time::Duration::from_millis(200);
    })
    .await;
    with_entries(&server, 3 * MANY.0, MANY.1).await;
    let request = server.request("GET", "/v1/export").body(Body::empty()).unwrap();
    let stalled = server.client.request(request).await.unwrap();
    assert_eq!(server.get("/v1/export").await.code(), "busy");
    assert_eq!(recorded(&server).await["detail"]["complete"], false);
    // What it was sent does not end as a whole body does.
    assert!(stalled.into_body().collect().await.is_err());
    assert_eq!(server.get("/v1/export?q=action:act-1").await.status, 200);
    server.stop().await;
}
