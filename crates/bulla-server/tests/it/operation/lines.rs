//! The server's own lines hold no secret, however much is asked of them.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bulla_server::logs::{LogFormat, subscriber};
use serde_json::json;

use super::{anonymous, until};
use crate::server::TestServer;

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For the whole test binary: the server's threads are not this one.
fn listen() -> Lines {
    let lines = Lines::default();
    let made = lines.clone();
    let subscriber = subscriber(LogFormat::Json, "trace".parse().unwrap(), move || made.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    lines
}

#[tokio::test]
async fn planted_secrets_are_in_no_line() {
    let lines = listen();
    let server = TestServer::start().await;
    let planted = json!({
        "category": "api", "action": "planted-action", "outcome": "success", "principal": "planted-principal",
        "detail": {"note": "planted-detail"},
    });
    assert_eq!(server.post_json("/v1/entries?wait=published", &planted).await.status, 201);
    server.post_json("/v1/entries", &json!({"category": "planted category", "outcome": 7})).await;
    server.post_json("/v1/entries", &json!([planted, {"planted-key": 1}])).await;
    server.post_lines("/v1/entries", "planted-line\n").await;
    server.get("/v1/entries?q=action:planted-query").await;
    server.get("/v1/entries?q=((planted-broken-query").await;
    server.get("/planted-path?planted-parameter=1").await;
    anonymous(&server, "/login?code=planted-code").await;
    let with_secrets = server
        .anonymous("POST", "/v1/entries")
        .header("authorization", "Bearer planted-token")
        .header("cookie", "bulla_session=planted-cookie")
        .header("x-planted-header", "planted-value")
        .body(Body::from("planted-body"));
    assert_eq!(server.send(with_secrets.unwrap()).await.status, 401);
    // A file that is gone makes it talk. Not the checkpoint: the next one may replace it before anyone looks.
    std::fs::remove_file(server.log().join("tree/00")).unwrap();
    until("an alarm", || async { lines.text().contains("a file of the log is damaged") }).await;
    let token = server.token.clone();
    server.server.stop().await.unwrap();
    let text = lines.text();
    let is_ours = |line: &&str| line.contains("\"message\":\"request\"");
    assert!(text.lines().filter(is_ours).count() >= 9, "requests are told:\n{text}");
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    for secret in ["planted", token.as_str(), "audit_id"] {
        let found: Vec<_> = text.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} in {found:?}");
    }
}
