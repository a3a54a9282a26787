//! Every way to end, in every mode and under every kind of rule: each request is told exactly once, or counted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use bulla::AuditOutcome::{Failure, Unknown};
use bulla::Phase;
use bulla::capture::tower::Requests;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    NeverPolled,
    DroppedBeforeTheResponse,
    ServiceFails,
    ServicePanics,
    /// The response is dropped after so many frames.
    DroppedAfter(usize),
    BodyFails,
    BodyPanics,
    Whole,
}

const ENDS: [End; 9] = [
    End::NeverPolled,
    End::DroppedBeforeTheResponse,
    End::ServiceFails,
    End::ServicePanics,
    End::DroppedAfter(0),
    End::DroppedAfter(1),
    End::BodyFails,
    End::BodyPanics,
    End::Whole,
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Declared,
    Stream,
    Grpc,
    /// Whose length is known and whose status is not.
    GrpcDeclared,
    Empty,
}

const SHAPES: [Shape; 5] = [Shape::Declared, Shape::Stream, Shape::Grpc, Shape::GrpcDeclared, Shape::Empty];

type Choice = (&'static str, fn(AuditLayer) -> AuditLayer);

const MODES: [Choice; 5] = [
    ("plain", |layer| layer),
    ("begin", |layer| layer.begin(Requests::all())),
    ("wait", |layer| layer.wait_durable()),
    ("closed", |layer| layer.fail_closed()),
    ("begin, wait, closed", |layer| layer.begin(Requests::all()).wait_durable().fail_closed()),
];

const RULES: [Choice; 5] = [
    ("none", |layer| layer),
    ("skip 200", |layer| layer.skip("r", Requests::all().status(200..=200))),
    ("skip 404", |layer| layer.skip("r", Requests::all().status(404..=404))),
    ("keep the first", |layer| layer.sample("r", 1000, Requests::all().status(200..=200))),
    ("skip all", |layer| layer.skip("r", Requests::all())),
];

fn response(shape: Shape, end: End) -> Response<Scripted> {
    let second = match end {
        End::BodyFails => Step::Fails,
        End::BodyPanics => Step::Panics,
        _ => Step::Data("b"),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let body = match shape {
        Shape::Declared => Scripted::stream([Step::Data("a"), second]).declared(2),
        Shape::Stream => Scripted::stream([Step::Data("a"), second]),
        Shape::Grpc => Scripted::stream([Step::Data("a"), second, Step::Trailers(trailers)]),
        Shape::GrpcDeclared => {
            Scripted::stream([Step::Data("a"), second, Step::Trailers(trailers)]).declared(2)
        }
        Shape::Empty => Scripted::whole(""),
    };
    let mut response = respond(200, body);
    if matches!(shape, Shape::Grpc | Shape::GrpcDeclared) {
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    }
    response
}

/// Sends one request to its end.
fn send(layer: &AuditLayer, shape: Shape, end: End) {
    let service = layer.layer(service_fn(move |_: Asked| async move {
        match end {
            End::DroppedBeforeTheResponse => std::future::pending().await,
            End::ServiceFails => Err(io::Error::other("it fails")),
            End::ServicePanics => panic!("as told"),
            _ => Ok(response(shape, end)),
        }
    }));
    let mut service = service;
    let mut future = Box::pin(tower::Service::call(&mut service, get("/")));
    match end {
        End::NeverPolled => return,
        End::DroppedBeforeTheResponse => {
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            return;
        }
        _ => {}
    }
    let act = AssertUnwindSafe(|| {
        let Ok(mut response) = block_on(future) else { return };
        let frames = match end {
            End::DroppedAfter(frames) => frames,
            _ => 10,
        };
        for _ in 0..frames {
            match block_on(response.body_mut().frame()) {
                Some(Ok(_)) => {}
                _ => break,
            }
        }
    });
    let _ = catch_unwind(act);
}

/// Whether nobody saw the whole of it.
fn is_cut(shape: Shape, end: End) -> bool {
    match end {
        End::Whole => false,
        End::DroppedAfter(_) | End::BodyFails | End::BodyPanics => shape != Shape::Empty,
        _ => true,
    }
}

#[test]
fn each_request_is_told_exactly_once_or_counted() {
    for (shape, end) in SHAPES.into_iter().flat_map(|shape| ENDS.map(|end| (shape, end))) {
        for (mode, choose) in MODES {
            for (rule, restrict) in RULES {
                let (log, layer) = in_memory();
                let layer = restrict(choose(layer));
                send(&layer, shape, end);
                layer.flush().unwrap();
                let case = format!("{shape:?}, {end:?}, {mode}, rule: {rule}");
                check(&entries(&log), is_cut(shape, end), (mode, rule), &case);
                assert_eq!(layer.lost(), 0, "{case}");
            }
        }
    }
}

fn check(entries: &[AuditEntry], is_cut: bool, (mode, rule): (&str, &str), case: &str) {
    let case = format!("{case}: {entries:#?}");
    let begins = mode.contains("begin");
    let is_skipped = !begins && (rule == "skip all" || rule == "skip 200" && !is_cut);
    if is_skipped {
        assert_eq!(entries.len(), 1, "{case}");
        assert_eq!(entries[0].detail.as_ref().unwrap()["count"], 1, "{case}");
        return;
    }
    let (before, rest): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.phase == Phase::Pre);
    let (cuts, told): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|entry| entry.event_name.as_deref() == Some("http.response_cut"));
    assert_eq!(told.len(), 1, "told once: {case}");
    assert!(before.len() <= 1 && cuts.len() <= usize::from(is_cut), "{case}");
    assert_eq!(told[0].phase, if before.is_empty() { Phase::Single } else { Phase::Post }, "{case}");
    assert_eq!(told[0].cause_id.as_ref(), before.first().map(|entry| &entry.id), "{case}");
    assert!(before.iter().all(|entry| entry.outcome == Unknown), "{case}");
    assert!(!begins || before.len() == 1, "{case}");
    assert!(mode != "plain" || before.is_empty() && cuts.is_empty(), "{case}");
    assert!(cuts.iter().all(|cut| cut.cause_id.as_ref() == Some(&told[0].id)), "{case}");
    let last = cuts.first().unwrap_or(&told[0]);
    assert_eq!(last.outcome == Failure, is_cut, "{case}");
    assert_eq!(code(last).is_some(), is_cut, "{case}");
}

#[test]
fn counts_add_up_with_many_at_once() {
    let (log, layer) = in_memory();
    let layer = layer.report_skipped(7, std::time::Duration::from_secs(1 << 40)).sample(
        "some",
        10,
        Requests::all().status(200..=200),
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    send(&layer, Shape::Declared, End::Whole);
                }
            });
        }
    });
    layer.flush().unwrap();
    let (counts, told): (Vec<_>, Vec<_>) =
        entries(&log).into_iter().partition(|entry| entry.action == "requests.skipped");
    let skipped: u64 =
        counts.iter().map(|entry| entry.detail.as_ref().unwrap()["count"].as_u64().unwrap()).sum();
    assert_eq!((told.len(), skipped), (400, 3600));
}
