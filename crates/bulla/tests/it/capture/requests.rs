//! How an exchange ends, and what its entry says of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bulla::AuditOutcome::{Denied, Failure, Success};
use bulla::capture::tower::AuditContext;
use bulla::{AuditCategory, Phase};
use http::Method;

use super::*;

#[derive(Clone)]
struct User(&'static str);

#[test]
fn four_requests_give_four_entries_with_principals_also_those_denied() {
    let (log, layer) = in_memory();
    let layer = layer.principal_from(|user: &User| user.0);
    for (status, user) in [(200, "alice"), (401, "nobody"), (403, "mallory"), (404, "bob")] {
        let mut request = get("/v1/things/7");
        request.extensions_mut().insert(User(user));
        exchange(&layer, request, move |_| respond(status, Scripted::whole("x"))).1.unwrap();
    }
    let entries = entries(&log);
    let said: Vec<_> = entries
        .iter()
        .map(|entry| {
            let status = entry.request.as_ref().and_then(|request| request.status_code);
            (status, entry.outcome, entry.principal.as_deref(), code(entry))
        })
        .collect();
    assert_eq!(
        said,
        [
            (Some(200), Success, Some("alice"), None),
            (Some(401), Denied, Some("nobody"), Some("http_401")),
            (Some(403), Denied, Some("mallory"), Some("http_403")),
            (Some(404), Failure, Some("bob"), Some("http_404")),
        ]
    );
    for entry in entries {
        assert_eq!(entry.action, "GET /v1/things/7");
        assert_eq!(entry.category, AuditCategory::Api);
        assert_eq!(entry.event_name.as_deref(), Some("http.request"));
        assert_eq!(entry.phase, Phase::Single);
        assert!(entry.duration_ms.is_some());
    }
}

#[test]
fn what_the_inside_says_goes_before_what_was_found_also_when_it_denies() {
    let (log, layer) = in_memory();
    let layer = layer.principal_of(|_| Some("found".to_owned())).route_of(|_| Some("/found".to_owned()));
    exchange(&layer, get("/x?a=1"), |request: Asked| {
        let audit = request.extensions().get::<AuditContext>().unwrap();
        audit.set_principal("said");
        audit.set_route("/{said}");
        audit.set_session("sess-9");
        audit.set_detail("plan", "free");
        audit.set_label("team", "red");
        audit.set_reason("quota", "used up");
        respond(403, Scripted::default())
    })
    .1
    .unwrap();
    let entry = only(&log);
    assert_eq!(entry.principal.as_deref(), Some("said"));
    assert_eq!(entry.action, "GET /{said}");
    let request = entry.request.as_deref().unwrap();
    assert_eq!((request.route.as_deref(), request.path.as_deref()), (Some("/{said}"), Some("/x")));
    assert_eq!(entry.session_id.as_deref(), Some("sess-9"));
    assert_eq!((entry.outcome, code(&entry)), (Denied, Some("quota")));
    assert_eq!(entry.labels["team"], "red");
    assert_eq!(entry.detail.as_ref().unwrap()["plan"], "free");
}

#[test]
fn an_outcome_that_the_inside_says_replaces_that_of_the_status() {
    for (said, status, expected, expected_code) in
        [(Denied, 200, Denied, None), (Success, 404, Success, None), (Failure, 200, Failure, None)]
    {
        let (log, layer) = in_memory();
        exchange(&layer, get("/"), move |request: Asked| {
            request.extensions().get::<AuditContext>().unwrap().set_outcome(said);
            respond(status, Scripted::whole("x"))
        })
        .1
        .unwrap();
        let entry = only(&log);
        assert_eq!((entry.outcome, code(&entry)), (expected, expected_code), "{status}");
    }
}

#[test]
fn principal_and_route_are_found_at_the_marker_and_in_the_response() {
    #[derive(Clone)]
    struct Route(&'static str);
    let (log, layer) = in_memory();
    let layer = layer.principal_from(|user: &User| user.0).route_from(|route: &Route| route.0);
    let inner = layer.marker().layer(service_fn(async |_: Asked| {
        let mut response = respond(200, Scripted::whole("x"));
        response.extensions_mut().insert(User("from the response"));
        Ok::<_, Infallible>(response)
    }));
    let router = tower::util::MapRequest::new(inner, |mut request: Asked| {
        request.extensions_mut().insert(Route("/things/{id}"));
        request
    });
    read(block_on(layer.layer(router).oneshot(get("/things/7"))).unwrap()).unwrap();
    let entry = only(&log);
    assert_eq!(entry.action, "GET /things/{id}");
    assert_eq!(entry.principal.as_deref(), Some("from the response"));
}

#[test]
fn a_streaming_body_is_recorded_at_its_end_with_the_bytes_both_ways() {
    let (log, layer) = in_memory();
    let service = layer.layer(service_fn(async |request: Asked| {
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "hello");
        Ok::<_, Infallible>(respond(200, Scripted::stream([Step::Data("abc"), Step::Data("de")])))
    }));
    let request = Request::post("/").body(Full::from("hello")).unwrap();
    let response = block_on(service.oneshot(request)).unwrap();
    assert_eq!(entries(&log), [], "not before the body's end");
    assert_eq!(read(response).unwrap(), "abcde");
    let entry = only(&log);
    assert_eq!(entry.outcome, Success);
    assert_eq!((number(&entry, "request_bytes"), number(&entry, "response_bytes")), (Some(5), Some(5)));
}

#[test]
fn a_body_that_does_not_reach_its_end_is_a_failure_that_says_how() {
    let check = |steps: Vec<Step>, frames: usize, expected: &str, bytes: u64| {
        let (log, layer) = in_memory();
        let steps = Arc::new(std::sync::Mutex::new(Some(steps)));
        let mut response = ask(&layer, get("/"), move |_| {
            respond(200, Scripted::stream(steps.lock().unwrap().take().unwrap()))
        });
        let polled = catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..frames {
                let _ = block_on(response.body_mut().frame());
            }
        }));
        assert_eq!(polled.is_err(), expected == "panicked", "a panic goes on");
        drop(response);
        let entry = only(&log);
        assert_eq!((entry.outcome, code(&entry)), (Failure, Some(expected)));
        assert_eq!(number(&entry, "response_bytes"), Some(bytes), "{expected}");
        assert_eq!(entry.request.unwrap().status_code, Some(200));
    };
    check(vec![Step::Data("abc"), Step::Data("de")], 0, "response_dropped", 0);
    check(vec![Step::Data("abc"), Step::Data("de")], 1, "response_dropped", 3);
    check(vec![Step::Data("abc"), Step::Data("de")], 2, "response_dropped", 5);
    check(vec![Step::Data("abc"), Step::Hangs], 1, "response_dropped", 3);
    check(vec![Step::Data("abc"), Step::Fails], 2, "body_failed", 3);
    check(vec![Step::Data("abc"), Step::Panics], 2, "panicked", 3);
}

#[test]
fn a_server_need_not_ask_a_body_whose_end_it_knows() {
    let check = |request: Ask, status: u16, body: fn() -> Scripted, frames: usize| {
        let (log, layer) = in_memory();
        let mut response = ask(&layer, request, move |_| respond(status, body()));
        for _ in 0..frames {
            block_on(response.body_mut().frame()).unwrap().unwrap();
        }
        drop(response);
        assert_eq!((only(&log).outcome, code(&only(&log))), (Success, None), "{status}");
    };
    let head = || Request::head("/").body(Full::default()).unwrap();
    let connect = || Request::builder().method(Method::CONNECT).uri("a:1").body(Full::default()).unwrap();
    check(get("/"), 200, || Scripted::whole(""), 0);
    check(get("/"), 200, || Scripted::whole("abc"), 1);
    check(get("/"), 200, || Scripted::stream([Step::Data("abc"), Step::Hangs]).declared(3), 1);
    check(get("/"), 200, || Scripted { knows_its_end: true, ..Scripted::stream([Step::Data("abc")]) }, 1);
    check(get("/"), 204, || Scripted::stream([]), 0);
    check(get("/"), 304, || Scripted::stream([]), 0);
    check(head(), 200, || Scripted::whole("abc"), 0);
    check(connect(), 200, || Scripted::stream([Step::Hangs]), 0);
}

#[test]
fn a_content_length_header_tells_the_end_as_well() {
    let (log, layer) = in_memory();
    let mut response = ask(&layer, get("/"), |_| {
        let mut response = respond(200, Scripted::stream([Step::Data("abc"), Step::Hangs]));
        response.headers_mut().insert("content-length", 3.into());
        response
    });
    block_on(response.body_mut().frame()).unwrap().unwrap();
    assert_eq!(only(&log).outcome, Success);
}

#[test]
fn an_upgrade_is_recorded_with_what_the_connection_becomes() {
    let (log, layer) = in_memory();
    let response = ask(&layer, get("/socket"), |_| {
        let mut response = respond(101, Scripted::stream([]));
        response.headers_mut().insert("upgrade", "websocket".parse().unwrap());
        response
    });
    let entry = only(&log);
    assert_eq!((entry.outcome, entry.request.unwrap().status_code), (Success, Some(101)));
    assert_eq!(entry.detail.unwrap()["http"]["upgrade"], "websocket");
    drop(response);
    assert_eq!(entries(&log).len(), 1);
}

#[test]
fn a_client_that_leaves_before_the_response_is_recorded() {
    let (log, layer) = in_memory();
    let service =
        layer.layer(service_fn(|_: Asked| std::future::pending::<Result<Response<Scripted>, Infallible>>()));
    let mut never_polled = service.clone();
    drop(tower::Service::call(&mut never_polled, get("/never-polled")));
    let mut polled = Box::pin(service.oneshot(get("/polled")));
    assert!(polled.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    drop(polled);
    let entries = entries(&log);
    let said: Vec<_> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.outcome, code(entry))).collect();
    assert_eq!(
        said,
        [
            ("GET /never-polled", Failure, Some("request_dropped")),
            ("GET /polled", Failure, Some("request_dropped")),
        ]
    );
    assert_eq!(entries[1].request.as_ref().unwrap().status_code, None);
}

#[tokio::test]
async fn a_timeout_inside_is_a_failure_that_names_it() {
    let (log, layer) = in_memory();
    let inner = tower::timeout::Timeout::new(
        service_fn(|_: Asked| std::future::pending::<Result<Response<Scripted>, tower::BoxError>>()),
        Duration::ZERO,
    );
    layer.layer(inner).oneshot(get("/slow")).await.unwrap_err();
    let entry = only(&log);
    assert_eq!((entry.outcome, code(&entry)), (Failure, Some("service_error")));
    assert_eq!(entry.reason.unwrap().message.as_deref(), Some("the service failed: request timed out"));
}

#[test]
fn a_panic_is_recorded_without_its_words_and_goes_on() {
    for when in ["call", "poll"] {
        let (log, layer) = in_memory();
        let service = layer.layer(service_fn(move |_: Asked| {
            assert_ne!(when, "call", "secret");
            async move {
                assert_ne!(when, "poll", "secret");
                Ok::<_, Infallible>(respond(200, Scripted::default()))
            }
        }));
        let panic = catch_unwind(AssertUnwindSafe(|| block_on(service.oneshot(get("/"))))).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("secret"), "the panic itself is untouched");
        let entry = only(&log);
        assert_eq!((entry.outcome, code(&entry)), (Failure, Some("panicked")), "{when}");
        assert!(!serde_json::to_string(&entry).unwrap().contains("secret"));
    }
}
