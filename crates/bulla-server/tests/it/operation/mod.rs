//! What the server watches, and how it tells.

mod damage;
mod disk;
mod lines;
mod metrics;
mod probes;

use std::future::Future;
use std::time::{Duration, Instant};

use axum::body::Body;
use bulla::{AuditEntry, LogReader};

use crate::server::{Answer, TestServer};

/// 60 seconds: on a machine that does something else besides.
const COMES_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until `holds`, and fails when that does not come.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < COMES_WITHIN, "it does not come: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn anonymous(server: &TestServer, path: &str) -> Answer {
    server.send(server.anonymous("GET", path).body(Body::empty()).unwrap()).await
}

/// The log's own entries of that name, in order.
fn alarms(server: &TestServer, name: &str) -> Vec<AuditEntry> {
    let reader = LogReader::open(server.log()).unwrap();
    let found = reader.filter(format!("category:audit action:{name}").parse().unwrap(), 0..u64::MAX);
    found.map(|entry| entry.unwrap().entry().unwrap()).collect()
}

async fn until_alarm(server: &TestServer, name: &str) {
    until(name, || async { !alarms(server, name).is_empty() }).await;
}

/// The value of a metric, with its labels; nothing when it is absent.
async fn metric(server: &TestServer, name: &str) -> Option<f64> {
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// Records so many entries and waits until a checkpoint covers them.
async fn record(server: &TestServer, count: usize) {
    let many: Vec<_> = (0..count).map(|number| crate::server::record(&format!("act {number}"))).collect();
    let answer = server.post_json("/v1/entries?wait=published", &many.into()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
