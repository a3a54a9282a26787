//! `GET /healthz` and `GET /readyz`.

use serde_json::json;

use super::{anonymous, until};
use crate::server::TestServer;

#[tokio::test]
async fn anyone_may_ask_and_learns_nothing_else() {
    let server = TestServer::start_with(|settings| settings.scrub = None).await;
    let alive = anonymous(&server, "/healthz").await;
    assert_eq!((alive.status.as_u16(), alive.json()), (200, json!({"alive": true})));
    let ready = anonymous(&server, "/readyz").await;
    let expected = json!({"writable": true, "verified": "not_yet", "forwarding": "none configured"});
    assert_eq!((ready.status.as_u16(), ready.json()), (200, expected));
    server.stop().await;
}

#[tokio::test]
async fn the_first_verification_ends_soon_after_the_start() {
    let server = TestServer::start().await;
    until("clean", || async { anonymous(&server, "/readyz").await.json()["verified"] == "clean" }).await;
    server.stop().await;
}
