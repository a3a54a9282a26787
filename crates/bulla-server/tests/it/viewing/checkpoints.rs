//! The history of checkpoints, in pages.

use bulla::proof::{Policy, VerifierKey};
use serde_json::{Value, json};

use crate::server::{TestServer, record};

/// A server whose log was published at least `count` times.
async fn published(count: usize) -> TestServer {
    let server = TestServer::start().await;
    for number in 0..count {
        let path = "/v1/entries?wait=published";
        assert_eq!(server.post_json(path, &record(&format!("act-{number}"))).await.status, 201);
    }
    server
}

async fn pages(server: &TestServer, limit: usize, before: u64) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), Some(before));
    while let Some(before) = next {
        let page = server.get(&format!("/v1/checkpoints?limit={limit}&before={before}")).await.json();
        let checkpoints = page["checkpoints"].as_array().unwrap();
        assert!(checkpoints.len() <= limit, "{page}");
        all.extend(checkpoints.iter().cloned());
        next = page["next"].as_u64();
        assert!(next.is_none() || checkpoints.len() == limit, "{page}");
    }
    all
}

#[tokio::test]
async fn pages_join_to_the_whole_history_the_newest_first_and_each_note_is_signed() {
    let server = published(12).await;
    let whole = server.get("/v1/checkpoints").await.json();
    let all = whole["checkpoints"].as_array().unwrap();
    assert!(all.len() >= 12 && whole["next"].is_null(), "{whole}");
    assert_eq!(all[0]["note"], server.get("/checkpoint").await.text());
    let sizes: Vec<_> = all.iter().map(|checkpoint| checkpoint["size"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|newer, older| newer > older), "{sizes:?}");
    let key: VerifierKey = server.server.verifier_key().parse().unwrap();
    for checkpoint in all {
        let signed = Policy::log_key(key.clone()).verify(checkpoint["note"].as_str().unwrap().as_bytes());
        let signed = signed.unwrap();
        assert_eq!(checkpoint["size"], signed.size().get());
        assert_eq!(checkpoint["root_hash"], signed.root().to_base64());
        let newest = server.get(&format!("/v1/entries/{}", signed.size().get() - 1)).await.json();
        assert_eq!(checkpoint["newest_entry_at"], newest["recorded_at"]);
    }
    for limit in [1, 5, 1000] {
        assert_eq!(pages(&server, limit, u64::MAX).await, *all, "limit {limit}");
    }
    let rest: Vec<_> = all.iter().filter(|one| one["size"].as_u64() < Some(sizes[3])).cloned().collect();
    assert_eq!(pages(&server, 4, sizes[3]).await, rest);
    server.stop().await;
}

#[tokio::test]
async fn sizes_that_no_checkpoint_has_end_the_list_and_what_is_no_number_is_refused() {
    let server = published(1).await;
    for before in [0, 1] {
        let page = server.get(&format!("/v1/checkpoints?before={before}")).await;
        assert_eq!((page.status.as_u16(), page.json()), (200, json!({"checkpoints": [], "next": null})));
    }
    let newest = server.get("/v1/checkpoints?limit=1&before=18446744073709551615").await.json();
    assert_eq!(newest["checkpoints"][0]["note"], server.get("/checkpoint").await.text());
    for query in [
        "before=18446744073709551616",
        "before=-1",
        "before=x",
        "before=",
        "before=1&before=2",
        "limit=0",
        "limit=1001",
        "limit=1e9",
        "after=1",
        "before=%00",
    ] {
        let answer = server.get(&format!("/v1/checkpoints?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "bad_request"), "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_history_that_is_gone_is_an_empty_one() {
    let server = published(1).await;
    let (history, aside) = (server.log().join("checkpoints"), server.log().join("aside"));
    std::fs::rename(&history, &aside).unwrap();
    let page = server.get("/v1/checkpoints").await.json();
    assert_eq!(page, json!({"checkpoints": [], "next": null}));
    std::fs::rename(&aside, &history).unwrap();
    assert_ne!(server.get("/v1/checkpoints").await.json()["checkpoints"], json!([]));
    server.stop().await;
}
