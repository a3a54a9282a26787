//! gRPC: the status that counts is not the status of HTTP.

use bulla::AuditOutcome::{Denied, Failure, Success};
use bulla::{AuditOutcome, Phase};

use super::*;

fn call() -> Ask {
    let request = Request::post("/things.Things/Find").header("content-type", "application/grpc");
    request.body(Full::default()).unwrap()
}

fn trailers(status: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().unwrap());
    trailers.insert("grpc-message", "no%20such%20thing".parse().unwrap());
    trailers
}

fn grpc(body: Scripted) -> Response<Scripted> {
    Response::builder().header("content-type", "application/grpc+proto").body(body).unwrap()
}

fn answer(status: &'static str) -> Response<Scripted> {
    grpc(Scripted::stream([Step::Data("12345"), Step::Trailers(trailers(status))]))
}

#[test]
fn the_status_in_the_trailers_is_the_outcome() {
    let check = |status: &'static str, outcome: AuditOutcome, expected: Option<&str>| {
        let (log, layer) = in_memory();
        exchange(&layer, call(), move |_| answer(status)).1.unwrap();
        let entry = only(&log);
        assert_eq!((entry.outcome, code(&entry)), (outcome, expected), "{status}");
        assert_eq!(number(&entry, "grpc_status"), Some(status.parse().unwrap()));
        assert_eq!(entry.event_name.as_deref(), Some("grpc.call"));
        assert_eq!(entry.action, "POST /things.Things/Find");
        assert_eq!(entry.request.unwrap().route.as_deref(), Some("/things.Things/Find"));
        let message = entry.reason.and_then(|reason| reason.message);
        assert_eq!(message.as_deref(), expected.map(|_| "no such thing"));
    };
    check("0", Success, None);
    check("5", Failure, Some("grpc_not_found"));
    check("7", Denied, Some("grpc_permission_denied"));
    check("16", Denied, Some("grpc_unauthenticated"));
}

#[test]
fn the_status_may_stand_in_the_head_alone() {
    let (log, layer) = in_memory();
    exchange(&layer, call(), |_| {
        let mut response = grpc(Scripted::whole(""));
        response.headers_mut().extend(trailers("16"));
        response
    })
    .1
    .unwrap();
    assert_eq!((only(&log).outcome, code(&only(&log))), (Denied, Some("grpc_unauthenticated")));
}

#[test]
fn a_call_that_ends_without_a_status_is_a_failure() {
    let (log, layer) = in_memory();
    exchange(&layer, call(), |_| grpc(Scripted::stream([Step::Data("12345")]))).1.unwrap();
    assert_eq!((only(&log).outcome, code(&only(&log))), (Failure, Some("grpc_status_missing")));
}

#[test]
fn a_request_that_only_claims_to_be_a_call_has_no_route_for_it() {
    let (log, layer) = in_memory();
    exchange(&layer, call(), |_| respond(404, Scripted::whole("x"))).1.unwrap();
    let entry = only(&log);
    assert_eq!((entry.event_name.as_deref(), code(&entry)), (Some("http.request"), Some("http_404")));
    assert_eq!(entry.request.unwrap().route, None);
}

#[test]
fn a_declared_length_is_not_the_end_of_a_call() {
    for data in ["", "12345"] {
        let (log, layer) = in_memory();
        let mut response = ask(&layer, call(), move |_| {
            let body = Scripted::stream([Step::Data(data), Step::Trailers(trailers("7"))]);
            grpc(body.declared(data.len() as u64))
        });
        block_on(response.body_mut().frame()).unwrap().unwrap();
        assert_eq!(entries(&log), []);
        read(response).unwrap();
        assert_eq!(only(&log).outcome, Denied);
    }
}

#[test]
fn a_call_whose_status_comes_last_is_written_before_its_head_as_pre_and_at_its_end_as_post() {
    let (_disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).wait_durable();
    let response = ask(&layer, call(), |_| answer("7"));
    let pre = only(&log);
    assert_eq!((pre.phase, pre.outcome), (Phase::Pre, AuditOutcome::Unknown));
    read(response).unwrap();
    log.close_blocking().unwrap();
    let post = &entries(&log)[1];
    assert_eq!((post.phase, post.outcome, post.cause_id.as_ref()), (Phase::Post, Denied, Some(&pre.id)));
}

#[test]
fn a_refusal_of_a_call_is_one_of_grpc() {
    let (_disk, log) = on_disk();
    let layer = AuditLayer::new(log.clone()).begin(bulla::capture::tower::Requests::all()).fail_closed();
    log.close_blocking().unwrap();
    let response = ask(&layer, call(), |_| panic!("must not be called"));
    assert_eq!(
        (response.status(), &response.headers()["grpc-status"]),
        (StatusCode::OK, &"14".parse().unwrap())
    );
    assert_eq!(read(response).unwrap(), "");
}
