//! Begin, wait, fail closed: what is durable when, and what happens when it cannot be.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use bulla::AuditOutcome::{Failure, Success, Unknown};
use bulla::capture::tower::Requests;
use bulla::{AuditCategory, LogReader, Phase};
use bulla_sim::{Errno, Fault};

use super::*;

/// Durable entries of a disk, as another process would read them.
fn stored(disk: &SimDisk) -> Vec<AuditEntry> {
    let reader = LogReader::open_disk(Arc::new(disk.clone())).unwrap();
    let entries = reader.read(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap());
    entries.filter(|entry| entry.category != AuditCategory::Audit && entry.action != "fill").collect()
}

/// A log whose every further call is refused, after a write that failed.
fn poisoned() -> AuditLog {
    let (disk, log) = on_disk();
    disk.fail_next(ActKind::Append, "entries/", Fault::Fails(Errno::NoSpace));
    log.record_blocking(filler()).unwrap_err();
    log.close_blocking().unwrap_err(); // the queue knows it by now
    log
}

/// A layer's choices, each on its own.
fn choices() -> [fn(AuditLayer) -> AuditLayer; 4] {
    [
        |layer| layer,
        |layer| layer.begin(Requests::all()),
        |layer| layer.wait_durable(),
        |layer| layer.begin(Requests::all()).wait_durable(),
    ]
}

#[test]
fn the_entry_before_is_durable_before_the_service_is_called() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).begin(Requests::all().path("/deploy"));
    let seen = disk.clone();
    let response = ask(&layer, get("/deploy"), move |_| {
        let before = stored(&seen.copy(2));
        assert_eq!(before.len(), 1);
        assert_eq!((before[0].phase, before[0].outcome), (Phase::Pre, Unknown));
        let durable = seen.durable_bytes("entries/00000000000000000000.jsonl");
        let id = before[0].id.as_bytes();
        assert!(durable.windows(id.len()).any(|text| text == id), "a crash now would not take it away");
        respond(200, Scripted::whole("done"))
    });
    read(response).unwrap();
    exchange(&layer, get("/other"), |_| respond(200, Scripted::whole(""))).1.unwrap();
    log.close_blocking().unwrap();
    let entries = stored(&disk);
    let phases: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.phase)).collect();
    let (deploy, other) = ("GET /deploy", "GET /other");
    assert_eq!(phases, [(deploy, Phase::Pre), (deploy, Phase::Post), (other, Phase::Single)]);
    assert_eq!(entries[1].cause_id.as_ref(), Some(&entries[0].id));
    assert_eq!(entries[1].outcome, Success);
    assert!(entries[1].duration_ms.is_some());
}

#[test]
fn the_service_is_not_called_while_the_entry_before_is_on_its_way() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).begin(Requests::all());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let service = service(&layer, move |_| {
        counted.fetch_add(1, SeqCst);
        respond(200, Scripted::whole(""))
    });
    disk.hold_next_of(ActKind::Sync, "entries/");
    let mut future = Box::pin(service.oneshot(get("/")));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(disk.await_waiting());
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(calls.load(SeqCst), 0);
    disk.release();
    block_on(future).unwrap();
    assert_eq!(calls.load(SeqCst), 1);
}

#[test]
fn an_act_that_is_dropped_is_abandoned() {
    let (log, layer) = in_memory();
    let layer = layer.begin(Requests::all());
    let hanging = service_fn(|_: Asked| std::future::pending::<Result<Response<Scripted>, Infallible>>());
    let mut future = Box::pin(layer.layer(hanging).oneshot(get("/")));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(future);
    let entries = entries(&log);
    let said: Vec<_> = entries.iter().map(|entry| (entry.phase, entry.outcome, code(entry))).collect();
    assert_eq!(said, [(Phase::Pre, Unknown, None), (Phase::Post, Failure, Some("abandoned"))]);
}

#[test]
fn a_response_waits_until_its_entry_is_durable() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).wait_durable();
    disk.hold_next_of(ActKind::Sync, "entries/");
    let service = service(&layer, |_| respond(200, Scripted::whole("x")));
    let mut future = Box::pin(service.oneshot(get("/")));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(disk.await_waiting());
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    disk.release();
    let response = block_on(future).unwrap();
    let entry = stored(&disk).remove(0);
    assert_eq!(
        (entry.phase, entry.outcome, number(&entry, "response_bytes")),
        (Phase::Single, Success, Some(1))
    );
    read(response).unwrap();
    log.close_blocking().unwrap();
    assert_eq!(stored(&disk).len(), 1, "a response sent whole needs no second entry");
}

#[test]
fn a_response_that_is_cut_after_its_entry_was_written_has_a_second_one() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).wait_durable();
    drop(ask(&layer, get("/"), |_| respond(200, Scripted::whole("abc"))));
    log.close_blocking().unwrap();
    let entries = stored(&disk);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].event_name.as_deref(), Some("http.response_cut"));
    assert_eq!(entries[1].cause_id.as_ref(), Some(&entries[0].id));
    assert_eq!((entries[1].outcome, code(&entries[1])), (Failure, Some("response_dropped")));
    assert_eq!(number(&entries[1], "response_bytes"), Some(0));
}

#[test]
fn a_client_that_leaves_while_its_response_waits_is_recorded() {
    for status in [200, 204] {
        let (disk, log) = on_disk();
        let layer = AuditLayer::new(log.clone()).wait_durable();
        disk.hold_next_of(ActKind::Sync, "entries/");
        let service = service(&layer, move |_| respond(status, Scripted::whole("abc")));
        let mut future = Box::pin(service.oneshot(get("/")));
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(future);
        disk.release();
        log.close_blocking().unwrap();
        let entries = stored(&disk);
        let said: Vec<_> = entries.iter().map(|entry| (entry.outcome, code(entry))).collect();
        assert_eq!(said, [(Success, None), (Failure, Some("response_dropped"))], "{status}");
    }
}

#[test]
fn a_stream_is_written_before_its_head_as_pre_and_at_its_end_as_post() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).wait_durable();
    exchange(&layer, get("/"), |_| respond(200, Scripted::stream([Step::Data("abc")]))).1.unwrap();
    log.close_blocking().unwrap();
    let entries = stored(&disk);
    let said: Vec<_> = entries.iter().map(|entry| (entry.phase, entry.outcome)).collect();
    assert_eq!(said, [(Phase::Pre, Unknown), (Phase::Post, Success)]);
    assert_eq!(number(&entries[1], "response_bytes"), Some(3));
}

#[test]
fn failing_open_serves_and_counts() {
    for choose in choices() {
        let layer = choose(AuditLayer::new(poisoned()));
        let (status, body) = exchange(&layer, get("/"), |_| respond(200, Scripted::whole("x")));
        assert_eq!((status, body.unwrap()), (StatusCode::OK, "x".into()));
        assert!(layer.lost() > 0);
    }
}

#[test]
fn failing_closed_answers_503_and_begins_nothing() {
    for (number, choose) in choices().into_iter().enumerate() {
        let layer = choose(AuditLayer::new(poisoned())).fail_closed();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let response = ask(&layer, get("/"), move |_| {
            counted.fetch_add(1, SeqCst);
            respond(200, Scripted::whole("x"))
        });
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert!(!response.headers().contains_key("retry-after"), "a stopped log does not mend itself");
        let problem: serde_json::Value = serde_json::from_slice(&read(response).unwrap()).unwrap();
        assert_eq!(problem["status"], 503);
        let begins = number % 2 == 1;
        assert_eq!(calls.load(SeqCst), usize::from(!begins), "choice {number}");
        assert_eq!(layer.lost(), 1);
    }
}

#[test]
fn a_write_that_fails_while_the_response_waits_takes_its_place() {
    for streams in [false, true] {
        let (disk, log) = on_disk();
        let layer = AuditLayer::new(log).wait_durable().fail_closed();
        disk.fail_next(ActKind::Sync, "entries/", Fault::Fails(Errno::Io));
        let (status, _) = exchange(&layer, get("/"), move |_| {
            respond(200, if streams { Scripted::stream([Step::Data("x")]) } else { Scripted::whole("x") })
        });
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(layer.lost(), 1, "the response that was not sent is not lost as well");
    }
}

#[test]
fn a_full_queue_is_503_with_a_time_to_come_back_and_the_log_says_how_many() {
    let (disk, log) = on_disk();
    let filled = fill(&disk, &log);
    let layer = AuditLayer::new(log.clone()).begin(Requests::all()).fail_closed();
    for _ in 0..3 {
        let response = ask(&layer, get("/"), |_| panic!("must not be called"));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
    }
    disk.release();
    log.close_blocking().unwrap();
    let reader = LogReader::open_disk(Arc::new(disk.clone())).unwrap();
    let entries: Vec<_> = reader.read(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap()).collect();
    let dropped = entries.iter().find(|entry| entry.action == "entries.dropped").unwrap();
    assert_eq!(dropped.detail.as_ref().unwrap()["count"], 3);
    assert_eq!(entries.iter().filter(|entry| entry.action == "fill").count(), filled);
}

#[test]
fn a_full_queue_that_fails_open_is_said_in_the_log() {
    let (disk, log) = on_disk();
    fill(&disk, &log);
    let layer = AuditLayer::new(log.clone());
    for _ in 0..5 {
        exchange(&layer, get("/"), |_| respond(200, Scripted::whole("x"))).1.unwrap();
    }
    assert_eq!(layer.lost(), 5);
    disk.release();
    log.close_blocking().unwrap();
    let reader = LogReader::open_disk(Arc::new(disk.clone())).unwrap();
    let entries = reader.read(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap());
    let dropped: Vec<_> = entries.filter(|entry| entry.action == "entries.dropped").collect();
    let count: u64 =
        dropped.iter().map(|entry| entry.detail.as_ref().unwrap()["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 5);
}
