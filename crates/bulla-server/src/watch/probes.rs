//! Two questions that anyone may ask, as orchestrators do: is the process alive, and should it be sent traffic. The
//! answers reveal nothing else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bulla::RecordError;
use serde::Serialize;
use utoipa::ToSchema;

use super::health::Verified;
use crate::state::Shared;

/// Whether the process does its work.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// Whether the log takes entries until the server is told to stop: false after a failed write or sync, which only
    /// starting again ends.
    alive: bool,
}

/// What the server is ready for, each told apart.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Whether new entries are taken.
    writable: bool,
    /// Whether the stored log is whole.
    verified: Verified,
    /// Whether entries reach those to whom they are forwarded.
    forwarding: &'static str,
}

fn status(is_fine: bool) -> StatusCode {
    if is_fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn answer(is_fine: bool, body: impl Serialize) -> Response {
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status(is_fine), headers, Json(body)).into_response()
}

/// Tells whether the process should live on.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, description = "Alive", body = Liveness),
    (status = 503, description = "The log stopped after a failure: start the server again", body = Liveness)))]
pub(crate) async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    let alive = !matches!(shared.log.refusal(), Some(RecordError::Poisoned(_)));
    answer(alive, Liveness { alive })
}

/// Tells whether the server should be sent requests.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Ready", body = Readiness),
    (status = 503, description = "It does not take entries, or the log is damaged", body = Readiness)))]
pub(crate) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let writable = shared.log.refusal().is_none() && !shared.health.is_disk_full();
    let verified = shared.health.found().verified();
    let is_ready = writable && verified != Verified::Damaged;
    answer(is_ready, Readiness { writable, verified, forwarding: "none configured" })
}
