//! What the server records of its own requests: all that its handlers and gates do not record themselves, which is what
//! went wrong. Records and exports have the layer that others use; reads are watched here, because a page lets go of
//! what nobody waits for any more, and that is no failure.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bulla::capture::tower::{AuditLayer, Query, Requests};
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome};
use futures_util::FutureExt;

use crate::access::caller::{Caller, Peer, recorded_request};
use crate::problem::Code;

/// 1 hour: how often the counts of what was skipped are in the log.
const SKIPPED_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The layer for routes behind the gate: whoever comes so far has a name, so nobody fills the log without one. Refusals
/// are the gate's, records are entries themselves, and views are recorded as such; they are counted here only.
pub(crate) fn layer(log: AuditLog) -> AuditLayer {
    AuditLayer::new(log)
        .route_from(MatchedPath::as_str)
        .principal_from(|caller: &Caller| caller.name.as_str())
        .peer_from(|peer: &Peer| peer.address.ip())
        .query(Query::LeftOut)
        // First, because the first rule that fits decides; see `failed_read`.
        .skip("reads", Requests::all().when(is_read))
        .skip(
            "recorded or rejected",
            Requests::all().method(Method::POST).path("/v1/entries").status(200..=407).status(409..=499),
        )
        .skip("token changes", Requests::all().path_prefix("/v1/tokens").status(200..=299))
        .skip("refused for now", Requests::all().path_prefix("/").status(503..=503))
        .skip("exports", Requests::all().method(Method::GET).method(Method::HEAD).status(200..=499))
        .report_skipped(u64::MAX, SKIPPED_INTERVAL)
}

/// Whether somebody reads what they may let go of. An export that is cut short is a file with a part missing.
fn is_read(head: &Parts) -> bool {
    matches!(head.method, Method::GET | Method::HEAD) && route(head) != "/v1/export"
}

fn route(head: &Parts) -> &str {
    head.extensions.get::<MatchedPath>().map_or_else(|| head.uri.path(), MatchedPath::as_str)
}

/// Records a read that the server could not answer; goes between the gate and the layer.
pub(crate) async fn failed_read(State(log): State<AuditLog>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if !is_read(&head) {
        return next.run(Request::from_parts(head, body)).await;
    }
    let (kept, began) = (head.clone(), Instant::now());
    let answer = AssertUnwindSafe(next.run(Request::from_parts(head, body))).catch_unwind().await;
    let (status, code) = match &answer {
        Ok(response) => {
            (response.status(), response.extensions().get::<Code>().map_or("", |code| code.as_str()))
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "panicked"),
    };
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        let entry = failure(&kept, status, code).duration(began.elapsed());
        if log.submit(entry).is_err() {
            log.report_dropped("a failed read could not be queued", 1);
        }
    }
    answer.unwrap_or_else(|panic| resume_unwind(panic))
}

fn failure(head: &Parts, status: StatusCode, code: &str) -> AuditEntry {
    let mut request = recorded_request(head, status.as_u16());
    request.route = Some(route(head).to_owned());
    let entry = AuditEntry::new(AuditCategory::Api, format!("{} {}", head.method, route(head)))
        .event_name("http.request")
        .outcome(AuditOutcome::Failure)
        .reason(code, "the read could not be answered")
        .request(request);
    match head.extensions.get::<Caller>() {
        Some(caller) => entry.principal(&caller.name).actor(caller.actor()),
        None => entry,
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};
    use tower::ServiceExt;

    use super::*;
    use crate::problem::Problem;

    fn server(log: &AuditLog) -> Router {
        async fn panics() -> Response {
            panic!("a mistake")
        }
        Router::new()
            .route("/fine", get(async || "fine"))
            .route("/missing", get(async || Problem::new(Code::NotFound, "not here")))
            .route("/broken", get(async || Problem::new(Code::ReadFailed, "input/output error")))
            .route("/busy", get(async || Problem::new(Code::Busy, "come back")))
            .route("/panics", get(panics))
            .route("/slow", get(pending::<()>))
            .route("/v1/export", get(pending::<()>))
            .route_layer(layer(log.clone()))
            .route_layer(middleware::from_fn_with_state(log.clone(), failed_read))
    }

    fn ask(log: &AuditLog, path: &str) -> impl Future<Output = Result<Response, std::convert::Infallible>> {
        server(log).oneshot(Request::get(path).body(Body::empty()).unwrap())
    }

    #[tokio::test]
    async fn reads_are_recorded_when_the_server_fails_them_and_only_then() {
        let log = AuditLog::in_memory(64);
        for path in ["/fine", "/missing", "/busy"] {
            // The body is dropped, as it is when a browser has gone.
            drop(ask(&log, path).await.unwrap());
        }
        assert!(ask(&log, "/slow").now_or_never().is_none(), "dropped while it is asked");
        assert!(log.recent(64).await.iter().all(|entry| entry.event_name.as_deref() != Some("http.request")));

        assert_eq!(ask(&log, "/broken").await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(AssertUnwindSafe(ask(&log, "/panics")).catch_unwind().await.is_err());
        assert!(ask(&log, "/v1/export").now_or_never().is_none());
        let failed: Vec<_> = log
            .recent(64)
            .await
            .into_iter()
            .filter(|entry| entry.event_name.as_deref() == Some("http.request"))
            .collect();
        let told: Vec<_> = failed
            .iter()
            .map(|entry| (entry.action.as_str(), entry.reason.as_ref().unwrap().code.as_deref()))
            .collect();
        let expected = [
            ("GET /v1/export", Some("request_dropped")),
            ("GET /panics", Some("panicked")),
            ("GET /broken", Some("read_failed")),
        ];
        assert_eq!(told, expected);
    }
}
