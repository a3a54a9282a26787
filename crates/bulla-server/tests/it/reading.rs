//! Reading over HTTP: pages, single entries, proofs, the tail.

use axum::body::Body;
use bulla::proof::{Policy, ProofFile, VerifierKey};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::{TestServer, record};

async fn with_entries(count: usize) -> TestServer {
    let server = TestServer::start().await;
    let lines: String = (0..count).map(|number| format!("{}\n", record(&format!("act-{number}")))).collect();
    assert_eq!(server.post_lines("/v1/entries", lines).await.status, 200);
    server
}

fn actions(page: &Value) -> Vec<String> {
    page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_join_to_the_whole_in_both_orders_while_the_log_grows() {
    let server = with_entries(1000).await;
    for order in ["desc", "asc"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server
                .get(&format!("/v1/entries?q=action:act-*&limit=93&order={order}{cursor}"))
                .await
                .json();
            seen.extend(actions(&page));
            assert_eq!(server.post_json("/v1/entries", &record("later")).await.status, 201);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut expected: Vec<_> = (0..1000).map(|number| format!("act-{number}")).collect();
        if order == "desc" {
            expected.reverse();
        }
        assert_eq!(seen, expected, "{order}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_entry_comes_as_exactly_its_stored_bytes_by_number_and_by_id() {
    let server = TestServer::start().await;
    let mut odd = record("odd");
    odd["id"] = json!("my-id");
    let text = odd.to_string().replace("\"odd\"", "\"\\u006fdd\" ");
    let receipt = server.post_lines("/v1/entries", text).await.json()["receipts"][0].clone();
    let by_number = server.get(&format!("/v1/entries/{}", receipt["seq"])).await;
    assert_eq!(server.get("/v1/entries/my-id").await.body, by_number.body);
    let hash = bulla::proof::leaf_hash(&by_number.body).to_base64();
    assert_eq!(receipt["leaf_hash"], hash);
    for name in ["999999", "no-such-id", "%00", "..%2f..%2flog.key"] {
        let answer = server.get(&format!("/v1/entries/{name}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "entry_not_found"), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_proof_checks_against_the_key_and_the_stored_bytes() {
    let server = with_entries(300).await;
    let key: VerifierKey = server.server.verifier_key().parse().unwrap();
    for seq in [0, 1, 255, 256, 300] {
        let text = server.get(&format!("/v1/entries/{seq}/proof")).await.text();
        let proof = ProofFile::parse(text.as_bytes()).unwrap();
        let line = server.get(&format!("/v1/entries/{seq}")).await.body;
        assert!(proof.check(&line, &Policy::log_key(key.clone())).unwrap().is_clean(), "entry {seq}");
    }
    assert_eq!(server.get("/v1/entries/999999/proof").await.code(), "entry_not_found");
    server.stop().await;
}

#[tokio::test]
async fn the_replaced_endpoint_gives_its_own_keys_the_newest_first() {
    let server = with_entries(3).await;
    let array = server.get("/v1/audit?limit=2&category=api").await.json();
    let actions: Vec<_> = array.as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, [json!("act-2"), json!("act-1")]);
    let keys: Vec<_> = array[0].as_object().unwrap().keys().cloned().collect();
    assert!(!keys.contains(&"seq".to_owned()) && keys.contains(&"principal".to_owned()));
    assert_eq!(server.get("/v1/audit?category=auth").await.json(), json!([]));
    server.stop().await;
}

/// Events of a tail until `count` with data are there.
async fn events(server: &TestServer, path: &str, last_id: Option<u64>, count: usize) -> Vec<(u64, String)> {
    let mut request = server.request("GET", path);
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    let response = server.client.request(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut body, mut text) = (response.into_body(), String::new());
    let mut found = Vec::new();
    while found.len() < count {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(data), Some(id)) = (field("data: "), field("id: ")) {
                found.push((id.parse().unwrap(), data.to_owned()));
            }
            text = rest.to_owned();
        }
    }
    found
}

#[tokio::test]
async fn a_tail_goes_on_behind_the_last_event_without_a_gap() {
    let server = with_entries(10).await;
    let first = events(&server, "/v1/tail?from=0&q=action:act-*", None, 4).await;
    let last = first.last().unwrap().0;
    let second = events(&server, "/v1/tail?from=0&q=action:act-*", Some(last), 6).await;
    assert_eq!(
        server.get("/v1/entries?q=action:GET*").await.json()["entries"],
        json!([]),
        "leaving is no failure"
    );
    let actions: Vec<Value> = first
        .iter()
        .chain(&second)
        .map(|(_, line)| serde_json::from_str::<Value>(line).unwrap()["action"].clone())
        .collect();
    assert_eq!(actions, (0..10).map(|number| json!(format!("act-{number}"))).collect::<Vec<_>>());
    server.stop().await;
}

#[tokio::test]
async fn a_tail_shows_what_is_recorded_while_it_is_open_and_ends_when_the_server_does() {
    let server = TestServer::start().await;
    let request = server.request("GET", "/v1/tail").body(Body::empty()).unwrap();
    let mut body = server.client.request(request).await.unwrap().into_body();
    server.post_json("/v1/entries", &record("live")).await;
    let mut text = String::new();
    while !text.contains("live") {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    let rest = tokio::spawn(async move { body.collect().await.unwrap().to_bytes() });
    server.stop().await;
    let rest = String::from_utf8(rest.await.unwrap().to_vec()).unwrap();
    assert!(rest.contains("event: closed"), "{rest}");
}
