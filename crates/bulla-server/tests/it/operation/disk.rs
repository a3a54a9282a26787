//! A disk that fills up, as the server is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bulla::AuditOutcome;
use bulla_server::settings::DiskLimits;
use bulla_server::{Space, SpaceSource};

use super::{alarms, anonymous, metric, until, until_alarm};
use crate::server::{TestServer, record};

#[tokio::test]
async fn a_disk_that_fills_up_warns_then_refuses_then_takes_again() {
    let free = Arc::new(AtomicU64::new(5000));
    let told = free.clone();
    let server = TestServer::start_with(move |settings| {
        settings.disk = DiskLimits { warn_bytes: 1000, refuse_bytes: 100 };
        settings.disk_interval = Duration::from_millis(2);
        settings.space = SpaceSource::new(move |_| {
            Ok(Space { free_bytes: told.load(Ordering::Relaxed), total_bytes: 10_000 })
        });
    })
    .await;
    let write = || async { server.post_json("/v1/entries", &record("x")).await };
    assert_eq!(write().await.status, 201);

    free.store(999, Ordering::Relaxed);
    until_alarm(&server, "disk.low").await;
    assert_eq!(metric(&server, "bulla_disk_free_bytes").await, Some(999.0));
    assert_eq!(write().await.status, 201, "a warning refuses nothing");
    assert_eq!(anonymous(&server, "/readyz").await.status, 200);

    free.store(99, Ordering::Relaxed);
    until_alarm(&server, "disk.full").await;
    let refused = write().await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "disk_low".to_owned()));
    assert!(refused.headers.contains_key("retry-after"));
    let ready = anonymous(&server, "/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()["writable"].clone()), (503, false.into()));
    assert_eq!(anonymous(&server, "/healthz").await.status, 200, "starting again would not help");
    assert_eq!(metric(&server, "bulla_disk_full").await, Some(1.0));

    free.store(105, Ordering::Relaxed);
    until("it is seen", || async { metric(&server, "bulla_disk_free_bytes").await == Some(105.0) }).await;
    assert_eq!(write().await.code(), "disk_low", "a little above the limit is not enough");

    free.store(5000, Ordering::Relaxed);
    until_alarm(&server, "disk.freed").await;
    assert_eq!(write().await.status, 201);
    assert_eq!(anonymous(&server, "/readyz").await.status, 200);
    for (name, outcome) in [
        ("disk.low", AuditOutcome::Failure),
        ("disk.full", AuditOutcome::Failure),
        ("disk.freed", AuditOutcome::Success),
    ] {
        let found = alarms(&server, name);
        assert_eq!(found.len(), 1, "{name} once for each crossing");
        assert_eq!(found[0].outcome, outcome, "{name}");
    }
    assert_eq!(alarms(&server, "disk.full")[0].detail.as_ref().unwrap()["free_bytes"], 99);
    server.stop().await;
}

#[tokio::test]
async fn a_disk_that_cannot_be_asked_refuses_nothing() {
    let server = TestServer::start_with(|settings| {
        settings.disk_interval = Duration::from_millis(2);
        settings.space = SpaceSource::new(|_| Err(std::io::Error::other("nobody knows")));
    })
    .await;
    assert_eq!(server.post_json("/v1/entries", &record("x")).await.status, 201);
    assert_eq!(metric(&server, "bulla_disk_free_bytes").await, None);
    assert_eq!(anonymous(&server, "/readyz").await.status, 200);
    server.stop().await;
}
