//! `GET /metrics`.

use super::{anonymous, metric, until};
use crate::server::{TestServer, record};

#[tokio::test]
async fn metrics_need_the_scope_read_unless_they_are_public() {
    let server = TestServer::start().await;
    assert_eq!(anonymous(&server, "/metrics").await.code(), "unauthenticated");
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let media = answer.headers["content-type"].to_str().unwrap();
    assert!(media.starts_with("application/openmetrics-text"), "{media}");
    assert!(answer.text().ends_with("# EOF\n"));
    server.stop().await;
    let server = TestServer::start_with(|settings| settings.metrics_public = true).await;
    assert_eq!(anonymous(&server, "/metrics").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_the_server_did_is_counted() {
    let server = TestServer::start_with(|settings| settings.index = false).await;
    assert_eq!(metric(&server, "bulla_index_lag_entries").await, None, "there is no index");
    super::record(&server, 10).await;
    server.post_json("/v1/entries", &record("one")).await;
    server.get("/v1/entries/1").await;
    server.get("/v1/entries/never-there").await;
    server.get("/nowhere/secret").await;
    anonymous(&server, "/v1/status").await;
    // What was looked at and refused is recorded when it has been gathered, so the log may grow between two looks.
    let size = || bulla::LogReader::open(server.log()).unwrap().size().unwrap() as f64;
    let before = size();
    let told = metric(&server, "bulla_log_entries{state=\"durable\"}").await.unwrap();
    assert!((before..=size()).contains(&told), "{before} entries, then {told}");
    for (name, expected) in [
        ("bulla_log_poisoned", 0.0),
        ("bulla_files_misplaced", 0.0),
        ("bulla_disk_full", 0.0),
        ("bulla_entries_dropped_total", 0.0),
        ("bulla_records_missing_total", 0.0),
        ("bulla_append_duration_seconds_count{state=\"published\"}", 1.0),
        ("bulla_append_duration_seconds_count{state=\"durable\"}", 1.0),
        ("bulla_requests_refused_total{code=\"unauthenticated\"}", 1.0),
        ("bulla_requests_refused_total{code=\"not_found\"}", 1.0),
        ("bulla_requests_refused_total{code=\"entry_not_found\"}", 1.0),
        ("bulla_requests_refused_total{code=\"rate_limited\"}", 0.0),
        ("bulla_queue_limit_bytes", (16 << 20) as f64),
        ("bulla_connections_limit", 1024.0),
        ("bulla_followers", 0.0),
    ] {
        assert_eq!(metric(&server, name).await, Some(expected), "{name}");
    }
    let text = server.get("/metrics").await.text();
    let requests = "bulla_http_request_duration_seconds_count{";
    let labels = |status: &str, route: &str| {
        format!("{requests}method=\"GET\",route=\"{route}\",status=\"{status}\"}}")
    };
    for line in
        [labels("2xx", "/v1/entries/{name}"), labels("4xx", "/v1/entries/{name}"), labels("4xx", "none")]
    {
        assert!(text.contains(&line), "{line} in\n{text}");
    }
    assert!(!text.contains("secret") && !text.contains("never-there"), "paths are not told");
    for name in [
        "bulla_queue_peak_bytes",
        "bulla_recorded_bytes_total",
        "bulla_entries_recorded_total",
        "bulla_connections",
    ] {
        assert!(metric(&server, name).await.is_some_and(|value| value > 0.0), "{name}");
    }
    until("the disk and the checkpoint were looked at", || async {
        metric(&server, "bulla_disk_free_bytes").await.is_some_and(|free| free > 0.0)
            && metric(&server, "bulla_checkpoint_age_seconds").await.is_some()
    })
    .await;
    server.stop().await;
}
