//! Questions to the log over HTTP: with an index and without one they are answered alike.

use serde_json::{Value, json};

use crate::server::TestServer;

fn act(number: u64) -> Value {
    let outcome = if number.is_multiple_of(5) { "denied" } else { "success" };
    json!({
        "category": "tool_execution", "action": "tool:bash", "outcome": outcome, "principal": "alice",
        "session_id": format!("s{}", number % 3), "tool": {"name": "bash", "call_id": format!("c{number}")},
        "timestamp": format!("2026-11-23T12:{:02}:00Z", number % 60), "detail": {"number": number},
    })
}

async fn filled(is_indexed: bool) -> TestServer {
    let server = TestServer::start_with(|settings| settings.index = is_indexed).await;
    let records: Vec<Value> = (0..50).map(act).collect();
    assert_eq!(server.post_json("/v1/entries", &records.into()).await.status, 200);
    server
}

/// Waits until the index holds what was recorded.
async fn indexed(server: &TestServer) {
    let began = std::time::Instant::now();
    loop {
        let status = server.get("/v1/status").await.json();
        if status["index"]["complete_to_seq"].as_u64().is_some_and(|complete| complete >= 50) {
            return;
        }
        assert!(began.elapsed().as_secs() < 60, "{status}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_page_can_say_how_many_there_are() {
    for is_indexed in [true, false] {
        let server = filled(is_indexed).await;
        if is_indexed {
            indexed(&server).await;
        }
        let page = server
            .get(
                "/v1/entries?q=outcome:(denied OR failure) tool.name:bash&count=true&limit=3"
                    .replace(' ', "%20")
                    .as_str(),
            )
            .await
            .json();
        assert_eq!(page["entries"].as_array().unwrap().len(), 3);
        assert_eq!(page["total"], json!({"value": 10, "exact": true}));
        assert_eq!(page["indexed_to_seq"].is_null(), !is_indexed);
        server.stop().await;
    }
}

#[tokio::test]
async fn histogram_and_facets_count_what_the_query_wants() {
    for is_indexed in [true, false] {
        let server = filled(is_indexed).await;
        let histogram = server.get("/v1/histogram?q=tool.name:bash&buckets=10").await.json();
        assert_eq!(histogram["interval_ms"], 300_000);
        assert_eq!(histogram["total"], json!({"value": 50, "exact": true}));
        assert_eq!(histogram["buckets"][0]["start"], "2026-11-23T12:00:00.000000000Z");
        assert_eq!(histogram["buckets"][0]["outcomes"], json!({"success": 4, "denied": 1}));
        let facets =
            server.get("/v1/facets?q=tool.name:bash&field=outcome&field=detail.number&limit=2").await.json();
        let [outcome, number] = &facets["facets"].as_array().unwrap()[..] else { panic!("{facets}") };
        assert_eq!(
            outcome["values"],
            json!([{"value": "success", "count": 40}, {"value": "denied", "count": 10}])
        );
        assert_eq!((&number["other"], &number["missing"]), (&json!(48), &json!(0)));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_session_is_listed_and_put_together() {
    let server = filled(true).await;
    let page = server.get("/v1/sessions?limit=2").await.json();
    let ids: Vec<&str> = page["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["session_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["s1", "s0"], "the newest activity first: {page}");
    let next = format!("/v1/sessions?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(server.get(&next).await.json()["sessions"][0]["session_id"], "s2");
    let session = server.get("/v1/sessions/s2").await.json();
    assert_eq!((&session["entries"], &session["tools"]), (&json!(16), &json!({"bash": 16})));
    assert_eq!(session["steps"][0]["action"], "tool:bash");
    let missing = server.get("/v1/sessions/nobody").await;
    assert_eq!(missing.status, 404, "{}", missing.text());
    server.stop().await;
}

#[tokio::test]
async fn sources_tell_when_each_was_heard_last() {
    let server = filled(true).await;
    let found = server.get("/v1/sources").await.json();
    let source = &found["sources"][0];
    assert_eq!(source["entries"], 50, "{found}");
    assert!(source["last_seen"].is_string() && source["since_start"].is_array(), "{found}");
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_its_place() {
    let server = filled(false).await;
    for (path, code) in [
        ("/v1/histogram?buckets=0", "bad_request"),
        ("/v1/facets?field=a&limit=0", "bad_request"),
        ("/v1/facets?fields=a", "bad_request"),
        ("/v1/sessions?cursor=x", "invalid_cursor"),
        ("/v1/histogram?q=principle:x", "invalid_query"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, code),
            "{path}: {}",
            answer.text()
        );
    }
    let mistake = server.get("/v1/facets?q=outcome:denied%20principle:x").await.json();
    assert_eq!((&mistake["position"], &mistake["length"]), (&json!(16), &json!(9)), "{mistake}");
    assert!(mistake["detail"].as_str().unwrap().contains("`principal`"), "{mistake}");
    server.stop().await;
}
