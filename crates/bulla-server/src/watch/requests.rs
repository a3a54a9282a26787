//! Watches every request from outside: how long it took, how it was answered, and a line for debugging. Only the
//! route's pattern is kept: a path, a query or a header may hold what nobody meant to tell.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::counters::Answered;
use crate::problem::Code;
use crate::state::Shared;

/// Counts a request and its answer.
pub(crate) async fn observe(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let took = began.elapsed();
    if let Some(code) = response.extensions().get::<Code>() {
        shared.counters.refused(*code);
    }
    let status = response.status();
    tracing::debug!(method, route, status = status.as_u16(), took_us = took.as_micros() as u64, "request");
    shared.counters.answered(&Answered { method, route, status: status_class(status) }, took);
    response
}

/// Clients make up methods: those that no route takes are one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
