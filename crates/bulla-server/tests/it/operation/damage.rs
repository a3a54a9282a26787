//! Files of a log that another hand changes, removes, replaces or cuts while the server runs.

use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use bulla::AuditOutcome;
use bulla_server::settings::{Scrub, Settings};

use super::{alarms, anonymous, metric, until, until_alarm};
use crate::server::{TestServer, record};

const SEGMENT: &str = "entries/00000000000000000000.jsonl";

fn scrubbing(settings: &mut Settings) {
    settings.scrub = Some(Scrub { interval: Duration::from_millis(5), bytes_per_second: 1 << 30 });
}

fn not_scrubbing(settings: &mut Settings) {
    settings.scrub = None;
}

async fn verified(server: &TestServer) -> String {
    anonymous(server, "/readyz").await.json()["verified"].as_str().unwrap().to_owned()
}

async fn until_verified(server: &TestServer, state: &str) {
    until(state, || async { verified(server).await == state }).await;
}

async fn runs(server: &TestServer, result: &str) -> f64 {
    metric(server, &format!("bulla_scrub_runs_total{{result=\"{result}\"}}")).await.unwrap()
}

#[tokio::test]
async fn a_changed_byte_is_found_said_once_and_forgotten_when_it_is_restored() {
    let server = TestServer::start_with(scrubbing).await;
    super::record(&server, 20).await;
    until_verified(&server, "clean").await;
    let path = server.log().join(SEGMENT);
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.find("act 7").unwrap() as u64;
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(b"not 7", at).unwrap();

    until_verified(&server, "damaged").await;
    assert_eq!(anonymous(&server, "/readyz").await.status, 503);
    until_alarm(&server, "log.damaged").await;
    let runs_then = runs(&server, "damaged").await;
    until("it is found again", || async { runs(&server, "damaged").await >= runs_then + 2.0 }).await;
    assert_eq!(metric(&server, "bulla_scrub_findings").await, Some(1.0));
    assert_eq!(server.post_json("/v1/entries", &record("x")).await.status, 201, "the log goes on");

    file.write_all_at(b"act 7", at).unwrap();
    until_verified(&server, "clean").await;
    until_alarm(&server, "log.restored").await;
    let damaged = alarms(&server, "log.damaged");
    assert_eq!(damaged.len(), 1, "the same findings are said once");
    assert_eq!(damaged[0].outcome, AuditOutcome::Failure);
    let detail = damaged[0].detail.as_ref().unwrap();
    let finding = &detail["findings"][0];
    assert_eq!((&finding["kind"], &finding["file"]), (&"line_changed".into(), &SEGMENT.into()));
    let seq = finding["first_seq"].as_u64().unwrap();
    assert_eq!(
        bulla::LogReader::open(server.log()).unwrap().get(seq).unwrap().unwrap().entry().unwrap().action,
        "act 7"
    );
    assert_eq!(alarms(&server, "log.restored")[0].outcome, AuditOutcome::Success);
    assert_eq!(anonymous(&server, "/readyz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_verification_does_not_hold_up_the_end() {
    let server = TestServer::start_with(not_scrubbing).await;
    // 6 MB, a minute and a half at the pace below: longer than this test waits for anything.
    for _ in 0..6 {
        let many: Vec<_> = (0..100).map(|_| record(&"x".repeat(10_000))).collect();
        assert_eq!(server.post_json("/v1/entries?wait=published", &many.into()).await.status, 200);
    }
    let folder = server.stop().await;
    let server = TestServer::start_with(|settings| {
        settings.log = folder.path().join("audit");
        settings.scrub = Some(Scrub { interval: Duration::from_secs(3600), bytes_per_second: 64 << 10 });
    })
    .await;
    until("it runs", || async { metric(&server, "bulla_scrub_done_bytes").await.is_some() }).await;
    tokio::time::timeout(super::COMES_WITHIN, server.stop())
        .await
        .expect("it ends before the verification could");
}

async fn is_poisoned(server: &TestServer, change: &str) {
    until("poisoned", || async { anonymous(server, "/healthz").await.status == 503 }).await;
    until("misplaced", || async { verified(server).await == "damaged" }).await;
    let refused = server.post_json("/v1/entries", &record("lost")).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "log_poisoned".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains(change), "{}", refused.text());
    assert_eq!(anonymous(server, "/readyz").await.json()["writable"], false);
    assert_eq!(metric(server, "bulla_log_poisoned").await, Some(1.0));
    assert_eq!(metric(server, "bulla_files_misplaced").await, Some(1.0));
}

#[tokio::test]
async fn an_open_segment_that_is_lost_stops_an_idle_log_within_an_interval() {
    type Hand = fn(PathBuf);
    let hands: [(&str, Hand); 4] = [
        ("removed", |path| std::fs::remove_file(path).unwrap()),
        ("removed", |path| std::fs::rename(&path, path.with_extension("elsewhere")).unwrap()),
        ("replaced", |path| {
            let copy = path.with_extension("copy");
            std::fs::copy(&path, &copy).unwrap();
            std::fs::rename(copy, path).unwrap();
        }),
        ("cut", |path| std::fs::File::options().write(true).open(path).unwrap().set_len(10).unwrap()),
    ];
    for (change, hand) in hands {
        let server = TestServer::start_with(not_scrubbing).await;
        super::record(&server, 5).await;
        hand(server.log().join(SEGMENT));
        is_poisoned(&server, change).await;
        server.server.stop().await.unwrap_err();
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_after_the_open_segment_is_removed() {
    let server = TestServer::start_with(|settings| {
        not_scrubbing(settings);
        settings.publish_interval = Duration::from_secs(3600); // nobody looks but the writer
    })
    .await;
    assert_eq!(server.post_json("/v1/entries", &record("before")).await.status, 201);
    std::fs::remove_file(server.log().join(SEGMENT)).unwrap();
    let refused = server.post_json("/v1/entries", &record("after")).await;
    assert_eq!(refused.code(), "log_poisoned", "{}", refused.text());
    server.server.stop().await.unwrap_err();
}

#[tokio::test]
async fn a_removed_checkpoint_is_told_and_the_next_one_replaces_it() {
    let server = TestServer::start_with(not_scrubbing).await;
    super::record(&server, 5).await;
    std::fs::remove_file(server.log().join("checkpoint")).unwrap();
    until_alarm(&server, "log.damaged").await;
    until_alarm(&server, "log.restored").await;
    let detail = alarms(&server, "log.damaged").remove(0).detail.unwrap();
    assert_eq!(detail["findings"], serde_json::json!([{"file": "checkpoint", "change": "removed"}]));
    assert!(server.log().join("checkpoint").exists());
    server.stop().await;
}

#[tokio::test]
async fn other_removed_files_are_told_and_the_log_goes_on() {
    let server = TestServer::start_with(not_scrubbing).await;
    super::record(&server, 5).await;
    let (identity, kept) = (server.log().join("log.json"), server.log().join("kept"));
    std::fs::rename(&identity, &kept).unwrap();
    until_verified(&server, "damaged").await;
    assert_eq!(anonymous(&server, "/readyz").await.json()["writable"], true);
    assert_eq!(server.post_json("/v1/entries", &record("x")).await.status, 201);
    assert_eq!(metric(&server, "bulla_files_misplaced").await, Some(1.0));
    std::fs::rename(kept, identity).unwrap();
    until_alarm(&server, "log.restored").await;
    assert_eq!(alarms(&server, "log.damaged").len(), 1);

    std::fs::remove_file(server.log().join("tree/00")).unwrap();
    until_verified(&server, "damaged").await;
    assert_eq!(server.post_json("/v1/entries", &record("y")).await.status, 201);
    let log = server.log();
    server.server.stop().await.unwrap();
    let log = bulla::AuditLog::open(log).unwrap();
    let stored: Vec<_> =
        log.read(0..u64::MAX).unwrap().map(|entry| entry.unwrap().entry().unwrap()).collect();
    assert!(stored.iter().any(|entry| entry.action == "y"), "the tree was made again from the entries");
}
