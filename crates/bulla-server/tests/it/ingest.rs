//! `POST /v1/entries`: what is recorded, what is answered, and that the two agree.

use axum::body::Body;
use bulla::LogReader;
use serde_json::{Value, json};

use crate::server::{TestServer, record};

#[tokio::test]
async fn one_record_is_answered_with_its_receipt_and_stored_with_the_servers_envelope() {
    let server = TestServer::start().await;
    let answer = server.post_json("/v1/entries", &record("GET /health")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let receipt = answer.json();
    assert_eq!(receipt["state"], "durable");
    let entry = server.get(&format!("/v1/entries/{}", receipt["seq"])).await;
    assert_eq!(entry.headers["bulla-leaf-hash"], receipt["leaf_hash"].as_str().unwrap());
    let stored = entry.json();
    assert_eq!(stored["recorded_at"], receipt["recorded_at"]);
    let source = json!({"id": "ci", "transport": "http", "peer": "127.0.0.1", "vantage": "reported"});
    assert_eq!(stored["source"], source);
    server.stop().await;
}

#[tokio::test]
async fn waiting_for_published_answers_when_a_checkpoint_covers_it() {
    let server = TestServer::start().await;
    let receipt = server.post_json("/v1/entries?wait=published", &record("x")).await.json();
    assert_eq!(receipt["state"], "published");
    let reader = LogReader::open(server.log()).unwrap();
    assert!(reader.checkpoint().unwrap().unwrap().size().get() > receipt["seq"].as_u64().unwrap());
    let many = server.post_json("/v1/entries?wait=published", &json!([record("y")])).await.json();
    assert_eq!(many["receipts"][0]["state"], "published");
    server.stop().await;
}

#[tokio::test]
async fn of_many_the_good_ones_are_kept_and_the_bad_ones_answered_one_by_one() {
    let server = TestServer::start().await;
    let many = json!([record("a"), {"category": "api"}, record("b"), {"seq": 1}, 7, record("c")]);
    let answer = server.post_json("/v1/entries", &many).await;
    assert_eq!(answer.status, 207, "{}", answer.text());
    let body = answer.json();
    let indices: Vec<_> =
        body["rejected"].as_array().unwrap().iter().map(|one| one["index"].clone()).collect();
    assert_eq!(indices, [json!(1), json!(3), json!(4)]);
    assert_eq!(body["rejected_count"], 3);
    let actions = stored_actions(&server, &body);
    assert_eq!(actions, ["a", "b", "c"]);
    server.stop().await;
}

/// The actions of the entries that receipts name.
fn stored_actions(server: &TestServer, body: &Value) -> Vec<String> {
    let reader = LogReader::open(server.log()).unwrap();
    let receipts = body["receipts"].as_array().unwrap();
    receipts
        .iter()
        .map(|receipt| {
            let entry = reader.get(receipt["seq"].as_u64().unwrap()).unwrap().unwrap();
            assert_eq!(entry.leaf_hash().to_base64(), receipt["leaf_hash"].as_str().unwrap());
            entry.entry().unwrap().action
        })
        .collect()
}

#[tokio::test]
async fn lines_are_recorded_in_order_whatever_stands_between_them() {
    let server = TestServer::start().await;
    let mut lines = String::new();
    for number in 0..1000 {
        lines.push_str(&record(&number.to_string()).to_string());
        lines.push_str(if number % 3 == 0 { "\r\n" } else { "\n" });
    }
    lines.push_str("\n   \nno json\n{\"category\":\"api\",\"category\":\"api\"}\n");
    lines.push_str(&record("last, without a newline").to_string());
    let answer = server.post_lines("/v1/entries", lines).await;
    assert_eq!(answer.status, 207);
    let body = answer.json();
    let rejected: Vec<_> = body["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["index"].clone(), one["code"].clone()))
        .collect();
    assert_eq!(rejected, [(json!(1002), json!("malformed_body")), (json!(1003), json!("entry_rejected"))]);
    let actions = stored_actions(&server, &body);
    assert_eq!(actions.len(), 1001);
    assert!(actions[..1000].iter().enumerate().all(|(index, action)| *action == index.to_string()));
    server.stop().await;
}

#[tokio::test]
async fn a_record_that_comes_again_gets_its_first_receipt_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = crate::server::settings(folder.path());
    let mut first = None;
    for _ in 0..2 {
        let server = TestServer::start_with(|given| *given = settings.clone()).await;
        let mut named = record("x");
        named["id"] = json!("id-1");
        for _ in 0..2 {
            let answer = server.post_json("/v1/entries", &named).await;
            let (status, mut receipt) = (answer.status, answer.json());
            let is_duplicate = receipt.as_object_mut().unwrap().remove("duplicate").is_some();
            receipt.as_object_mut().unwrap().remove("state");
            let first = first.get_or_insert_with(|| receipt.clone());
            assert_eq!((&receipt, status.as_u16()), (&*first, if is_duplicate { 200 } else { 201 }));
        }
        server.server.stop().await.unwrap();
    }
    let reader = LogReader::open(&settings.log).unwrap();
    let copies = reader.filter("action:x".parse().unwrap(), 0..u64::MAX).count();
    assert_eq!(copies, 1);
}

#[tokio::test]
async fn an_idempotency_key_makes_a_request_that_is_sent_again_harmless() {
    let server = TestServer::start().await;
    let mut seqs = Vec::new();
    for _ in 0..2 {
        let request = server.request("POST", "/v1/entries").header("content-type", "application/json");
        let many = json!([record("a"), record("b")]).to_string();
        let answer =
            server.send(request.header("idempotency-key", "k-1").body(Body::from(many)).unwrap()).await;
        let receipts = answer.json()["receipts"].clone();
        seqs.push([receipts[0]["seq"].clone(), receipts[1]["seq"].clone()]);
    }
    assert_eq!(seqs[0], seqs[1]);
    server.stop().await;
}

#[tokio::test]
async fn the_same_record_twice_at_once_is_recorded_once() {
    let server = TestServer::start().await;
    let mut named = record("x");
    named["id"] = json!("raced");
    let answers: Vec<_> = (0..16).map(|_| server.post_json("/v1/entries", &named)).collect();
    let answers = futures_util::future::join_all(answers).await;
    let seqs: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.json()["seq"].as_u64()).collect();
    assert_eq!(seqs.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_skipped_number_of_the_emitters_counter_is_told_by_status() {
    let server = TestServer::start().await;
    for (first, action) in [("0", "a"), ("9", "b")] {
        let request = server.request("POST", "/v1/entries").header("content-type", "application/json");
        let request = request.header("bulla-source-seq", first).header("bulla-source-instance", "host-1");
        let answer = server.send(request.body(Body::from(record(action).to_string())).unwrap()).await;
        let stored = server.get(&format!("/v1/entries/{}", answer.json()["seq"])).await.json();
        assert_eq!(stored["source"]["seq"].to_string(), first);
    }
    let sources = server.get("/v1/status").await.json()["sources"].clone();
    assert_eq!(sources[0]["next_seq"], 10);
    assert_eq!((&sources[0]["recorded"], &sources[0]["instance"]), (&json!(2), &json!("host-1")));
    server.stop().await;
}

#[tokio::test]
async fn when_the_queue_is_full_requests_are_refused_whole_or_recorded_whole() {
    let server = TestServer::start_with(|settings| settings.queue_bytes = 64 << 10).await;
    let mut long = record("long");
    long["labels"] = json!({"filler": "x".repeat(40_000)});
    let array = json!([long, long, long]);
    let requests: Vec<_> = (0..32).map(|_| server.post_json("/v1/entries", &array)).collect();
    let answers = futures_util::future::join_all(requests).await;
    let mut recorded = 0;
    for answer in &answers {
        if answer.status == 503 {
            assert_eq!(
                (answer.code().as_str(), &answer.headers["retry-after"]),
                ("queue_full", &"1".parse().unwrap())
            );
            assert!(!answer.text().contains("are in the log"), "nothing of it is");
        } else {
            assert_eq!(
                (answer.status.as_u16(), answer.json()["receipts"].as_array().unwrap().len()),
                (200, 3)
            );
            recorded += 3;
        }
    }
    let log = server.log();
    server
        .stop_keeping_folder(|| {
            let reader = LogReader::open(log).unwrap();
            assert_eq!(reader.filter("action:long".parse().unwrap(), 0..u64::MAX).count(), recorded);
        })
        .await;
}

#[tokio::test]
async fn receipts_are_the_same_whether_they_were_kept_or_are_read_back() {
    let server = TestServer::start().await;
    // More than are kept, and among them one that came before.
    let mut named = record("named");
    named["id"] = json!("id-1");
    let first = server.post_json("/v1/entries", &named).await.json()["seq"].clone();
    let mut lines: String = (0..9000).map(|number| format!("{}\n", record(&number.to_string()))).collect();
    lines.insert_str(0, &format!("{}\n{named}\n", record("before")));
    let body = server.post_lines("/v1/entries", lines).await.json();
    let receipts = body["receipts"].as_array().unwrap();
    assert_eq!((&receipts[1]["seq"], &receipts[1]["duplicate"]), (&first, &json!(true)));
    let expected = ["before", "named"].map(str::to_owned).into_iter();
    let expected: Vec<_> = expected.chain((0..9000).map(|number| number.to_string())).collect();
    assert_eq!(stored_actions(&server, &body), expected);
    let reader = LogReader::open(server.log()).unwrap();
    for receipt in receipts {
        let stored = reader.get(receipt["seq"].as_u64().unwrap()).unwrap().unwrap();
        let stored: Value = serde_json::from_slice(stored.line()).unwrap();
        assert_eq!((&receipt["recorded_at"], &receipt["state"]), (&stored["recorded_at"], &json!("durable")));
    }
    server.stop().await;
}
