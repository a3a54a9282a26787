//! The settings, as admins see them.

use axum::body::Body;
use bulla_server::Scope;
use bulla_server::settings::RecordReads;
use serde_json::json;

use crate::server::{TestServer, record};

#[tokio::test]
async fn an_admin_sees_what_the_server_was_started_with_and_no_secret() {
    let server = TestServer::start_with(|settings| {
        settings.index = false;
        settings.scrub = None;
        settings.record_reads = RecordReads::Everybody;
        settings.limits.scans = 3;
        settings.limits.requests_per_second = Some(50);
    })
    .await;
    let token = server.new_token("boss", &[Scope::Admin]);
    let request = server.anonymous("GET", "/v1/settings").header("authorization", format!("Bearer {token}"));
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    let settings = answer.json();
    for (pointer, expected) in [
        ("/listen", json!(server.server.address().to_string())),
        ("/tls", json!(false)),
        ("/public", json!(false)),
        ("/metrics_public", json!(false)),
        ("/index", json!(false)),
        ("/log", json!(server.log().display().to_string())),
        ("/publish_interval_ms", json!(50)),
        ("/limits/scans", json!(3)),
        ("/limits/exports", json!(2)),
        ("/limits/header_timeout_ms", json!(10_000)),
        ("/limits/requests_per_second", json!(50)),
        ("/record", json!({"reads": "everybody", "exports": true})),
        ("/scrub", json!({"enabled": false})),
        ("/sessions/lifetime_s", json!(12 * 60 * 60)),
        ("/disk/refuse_bytes", json!(256 << 20)),
    ] {
        assert_eq!(settings.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert_eq!(settings["origin"], server.get("/log.json").await.json()["origin"]);
    let text = answer.text();
    assert!(!text.contains("bulla_") && !text.contains("PRIVATE"), "{text}");
    // What is durable after it has what was queued before it in front.
    server.post_json("/v1/entries", &record("after")).await;
    let seen = server.get("/v1/entries?q=event_name:view.opened%20principal:boss").await.json();
    assert_eq!(seen["entries"][0]["detail"]["views"], json!({"settings": [""]}));
    server.stop().await;
}
