//! Rules that skip and sample: what is not recorded is counted, and the counts add up.

use std::time::Duration;

use bulla::capture::tower::Requests;
use http::Method;

use super::*;

const NEVER: Duration = Duration::from_secs(1 << 40);

/// Entries of requests, and what the counts say was skipped, by rule.
fn told(log: &AuditLog) -> (usize, Vec<(String, u64)>) {
    let (counts, requests): (Vec<_>, Vec<_>) =
        entries(log).into_iter().partition(|entry| entry.action == "requests.skipped");
    let mut skipped = std::collections::BTreeMap::<String, u64>::new();
    for entry in counts {
        let detail = entry.detail.unwrap();
        *skipped.entry(detail["rule"].as_str().unwrap().to_owned()).or_default() +=
            detail["count"].as_u64().unwrap();
    }
    (requests.len(), skipped.into_iter().collect())
}

fn status_of(path: &str) -> u16 {
    path.trim_start_matches('/').parse().unwrap_or(200)
}

fn send(layer: &AuditLayer, path: &str) {
    let answer = |request: Asked| respond(status_of(request.uri().path()), Scripted::whole("x"));
    exchange(layer, get(path), answer).1.unwrap();
}

#[test]
fn entries_and_counts_add_up_exactly() {
    let (log, layer) = in_memory();
    let layer = layer
        .report_skipped(7, NEVER)
        .skip("probes", Requests::all().method(Method::GET).path("/healthz").path("/readyz"))
        .sample("found", 10, Requests::all().path_prefix("/2").status(200..=299))
        .skip("other numbers", Requests::all().path_prefix("/2"));
    for _ in 0..100 {
        send(&layer, "/healthz");
        send(&layer, "/readyz");
        send(&layer, "/200");
        send(&layer, "/404");
    }
    for _ in 0..3 {
        send(&layer, "/299");
    }
    assert_eq!(told(&log).1, [("found".to_owned(), 91), ("probes".to_owned(), 196)], "reported by sevens");
    layer.flush().unwrap();
    let sampled = 11; // 103 that were found: the 1st, the 11th, … the 101st
    assert_eq!(told(&log), (100 + sampled, vec![("found".to_owned(), 103 - 11), ("probes".to_owned(), 200)]));
    let entries = entries(&log);
    let kept =
        entries.iter().filter(|entry| entry.detail.as_ref().unwrap()["http"]["sampled"]["one_in"] == 10);
    assert_eq!(kept.count(), sampled);
}

#[test]
fn a_later_rule_decides_where_the_status_of_an_earlier_does_not_fit() {
    let (log, layer) = in_memory();
    let layer = layer
        .skip("found", Requests::all().status(200..=299))
        .skip("rest", Requests::all().when(|head| head.uri.path() != "/500"));
    for path in ["/200", "/404", "/500"] {
        send(&layer, path);
    }
    layer.flush().unwrap();
    assert_eq!(told(&log), (1, vec![("found".to_owned(), 1), ("rest".to_owned(), 1)]));
}

#[test]
fn what_is_cut_short_is_not_skipped_by_a_status() {
    for waits in [false, true] {
        let (log, layer) = in_memory();
        let layer = layer.skip("found", Requests::all().status(200..=299));
        let layer = if waits { layer.wait_durable() } else { layer };
        drop(ask(&layer, get("/"), |_| respond(200, Scripted::whole("abc"))));
        send(&layer, "/200");
        layer.flush().unwrap();
        assert_eq!(told(&log), (1, vec![("found".to_owned(), 1)]));
        assert_eq!(code(&entries(&log)[0]), Some("response_dropped"));
    }
}

#[test]
fn what_is_left_is_written_when_the_last_clone_goes() {
    let (log, layer) = in_memory();
    let layer = layer.report_skipped(1000, NEVER).skip("all", Requests::all());
    let service = service(&layer, |_| respond(200, Scripted::whole("")));
    send(&layer, "/");
    drop(layer);
    assert_eq!(told(&log), (0, vec![]));
    block_on(service.oneshot(get("/"))).unwrap();
    assert_eq!(told(&log), (0, vec![("all".to_owned(), 2)]));
}

#[test]
fn an_interval_that_has_passed_reports_with_the_next_request() {
    let (log, layer) = in_memory();
    let layer = layer.report_skipped(1000, Duration::ZERO).skip("all", Requests::all());
    send(&layer, "/");
    assert_eq!(told(&log), (0, vec![("all".to_owned(), 1)]));
}

#[test]
fn counts_that_cannot_be_written_are_kept() {
    let (disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).report_skipped(2, NEVER).skip("all", Requests::all());
    fill(&disk, &log);
    for _ in 0..5 {
        send(&layer, "/");
    }
    layer.flush().unwrap_err();
    assert_eq!(layer.lost(), 0);
    disk.release();
    log.record_blocking(filler()).unwrap();
    layer.flush().unwrap();
    log.record_blocking(filler()).unwrap();
    assert_eq!(told(&log).1, [("all".to_owned(), 5)]);
}

#[test]
fn counts_that_can_never_be_written_are_an_error() {
    let (_disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).skip("all", Requests::all());
    send(&layer, "/");
    log.close_blocking().unwrap();
    assert!(matches!(layer.flush(), Err(bulla::RecordError::Closed)));
}

#[test]
fn what_begins_is_not_skipped() {
    let (log, layer) = in_memory();
    let layer = layer.begin(Requests::all().path("/200")).skip("all", Requests::all());
    send(&layer, "/200");
    send(&layer, "/404");
    layer.flush().unwrap();
    assert_eq!(told(&log), (2, vec![("all".to_owned(), 1)]));
}
