//! Payloads: files to keep, checked before they are sent, and a reason when there is none.

use std::path::PathBuf;

use axum::body::Body;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::{TestServer, record};

/// Records an entry whose `detail.output` is long enough to lie beside the log; gives its number.
async fn with_payload(server: &TestServer, output: &str) -> u64 {
    let mut long = record("long");
    long["id"] = json!("with-payload");
    long["detail"] = json!({"output": output});
    server.post_json("/v1/entries", &long).await.json()["seq"].as_u64().unwrap()
}

fn file_of(server: &TestServer, entry: &Value) -> PathBuf {
    let digest = entry["payloads"][0]["ref"].as_str().unwrap();
    let digest = digest.rsplit('/').next().unwrap();
    server.log().join("payloads").join(&digest[..2]).join(digest)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_payload_comes_as_a_file_that_no_browser_shows() {
    let server = TestServer::start().await;
    // More than two pieces, and a character at every border.
    let output = "<script>alert('ü')</script>\u{0}\r\n".repeat(25_000);
    let seq = with_payload(&server, &output).await;
    let entry = server.get(&format!("/v1/entries/{seq}")).await.json();
    for name in [seq.to_string(), "with-payload".to_owned()] {
        let answer = server.get(&format!("/v1/entries/{name}/payloads/0")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.body == output.as_bytes(), "the content is not what was recorded");
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/octet-stream");
        let expected = format!("attachment; filename=\"bulla-{seq}-0-detail_output\"");
        assert_eq!(header("content-disposition"), expected);
        assert_eq!(header("content-length"), output.len().to_string());
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
        assert_eq!(header("cache-control"), "no-store");
        let salt = header("bulla-payload-salt");
        let bytes = salt.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        let salt: Vec<u8> = bytes.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
        let digest = Sha256::digest([&salt, output.as_bytes()].concat());
        assert_eq!(entry["payloads"][0]["sha256"], hex(&digest));
    }
    let head = server.request("HEAD", &format!("/v1/entries/{seq}/payloads/0")).body(Body::empty()).unwrap();
    let head = server.send(head).await;
    let length = head.headers["content-length"].to_str().unwrap().to_owned();
    assert_eq!((head.status.as_u16(), length, head.body.len()), (200, output.len().to_string(), 0));
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_payload_of_the_entry_is_told_with_its_reason() {
    let server = TestServer::start().await;
    let seq = with_payload(&server, &"x".repeat(20_000)).await;
    let mut foreign = record("names what lies elsewhere");
    foreign["payloads"] = json!([{"name": "../../log.key"}]);
    let elsewhere = server.post_json("/v1/entries", &foreign).await.json()["seq"].as_u64().unwrap();
    let huge = "9".repeat(200);
    for (entry, index, status, code) in [
        ("999999", "0", 404, "entry_not_found"),
        (&huge, "0", 404, "entry_not_found"),
        ("no-such-id", "0", 404, "entry_not_found"),
        ("..%2f..%2flog.key", "0", 404, "entry_not_found"),
        ("%00", "0", 404, "entry_not_found"),
        ("%ff", "0", 400, "bad_request"),
        ("0", "0", 404, "payload_not_found"),
        (&elsewhere.to_string(), "0", 404, "payload_not_found"),
        (&seq.to_string(), "1", 404, "payload_not_found"),
        (&seq.to_string(), "18446744073709551616", 404, "payload_not_found"),
        (&seq.to_string(), &huge, 404, "payload_not_found"),
        (&seq.to_string(), "-1", 400, "bad_request"),
        (&seq.to_string(), "+0", 400, "bad_request"),
        (&seq.to_string(), "0x0", 400, "bad_request"),
        (&seq.to_string(), "0%00", 400, "bad_request"),
        (&seq.to_string(), "%ff", 400, "bad_request"),
        (&seq.to_string(), "0%2f..%2f..%2flog.key", 400, "bad_request"),
        (&seq.to_string(), "%d9%a0", 400, "bad_request"),
        (&seq.to_string(), "", 404, "not_found"),
        (&seq.to_string(), "0/0", 404, "not_found"),
    ] {
        let answer = server.get(&format!("/v1/entries/{entry}/payloads/{index}")).await;
        let told = (answer.status.as_u16(), answer.code());
        assert_eq!(told, (status, code.to_owned()), "{entry} {index}");
    }
    for (entry, index, reason) in [
        (0, 0, "has no payloads"),
        (seq, 1, "has one payload, with the number 0"),
        (elsewhere, 0, "was never in this log"),
    ] {
        let detail = server.get(&format!("/v1/entries/{entry}/payloads/{index}")).await.json();
        assert!(detail["detail"].as_str().unwrap().contains(reason), "{detail}");
    }
    let post = server.request("POST", &format!("/v1/entries/{seq}/payloads/0"));
    assert_eq!(server.send(post.body(Body::empty()).unwrap()).await.code(), "method_not_allowed");
    let same = server.get(&format!("/v1/entries/{seq}/payloads/000")).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (200, 20_000));
    server.stop().await;
}

#[tokio::test]
async fn a_payload_that_is_missing_changed_or_erased_is_told_apart() {
    let server = TestServer::start().await;
    let seq = with_payload(&server, &"secret ".repeat(4000)).await;
    let entry = server.get(&format!("/v1/entries/{seq}")).await.json();
    let (file, path) = (file_of(&server, &entry), format!("/v1/entries/{seq}/payloads/0"));
    let kept = std::fs::read(&file).unwrap();

    std::fs::remove_file(&file).unwrap();
    let answer = server.get(&path).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "payload_not_found"));
    assert!(answer.text().contains("is missing"), "{}", answer.text());

    let mut changed = kept.clone();
    changed[100] ^= 1;
    for damaged in [&changed[..], &kept[..kept.len() - 1], &kept[..10], &[]] {
        std::fs::write(&file, damaged).unwrap();
        let answer = server.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "read_failed"));
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }

    std::fs::remove_file(&file).unwrap();
    let mut erased = record("erase");
    erased["event_name"] = json!("payload.erased");
    erased["detail"] = json!({"ref": entry["payloads"][0]["ref"]});
    server.post_json("/v1/entries", &erased).await;
    let answer = server.get(&path).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (410, "payload_erased"));
    // Verification says so too: it is clean.
    server.stop().await;
}

#[tokio::test]
async fn a_person_who_takes_a_payload_is_on_the_record() {
    let server = TestServer::start().await;
    let seq = with_payload(&server, &"x".repeat(20_000)).await;
    let cookie = server.log_in().await;
    let request = server.anonymous("GET", &format!("/v1/entries/{seq}/payloads/0")).header("cookie", cookie);
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 200);
    // What is durable after it has what was queued before it in front.
    server.post_json("/v1/entries", &record("after")).await;
    let seen = server.get("/v1/entries?q=event_name:view.opened").await.json();
    assert_eq!(seen["entries"][0]["detail"]["views"], json!({"payload": [format!("{seq}/0")]}));
    assert_eq!(seen["entries"][0]["principal"], "local-operator");
    server.stop().await;
}
