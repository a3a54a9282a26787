//! `GET /v1/audit`: the endpoint of the module that Bulla replaces, in its own form: a bare array, the newest first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bulla::{Filter, LogReader};
use bulla_formats::export::seed_record;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::Params;
use crate::access::caller::Caller;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// As the replaced endpoint had it.
const LIMIT_DEFAULT: usize = 100;
/// 10,000: the replaced module's whole ring.
const LIMIT_MAX: usize = 10_000;

/// 2 s: a category of which there is little is looked for in the newest part of the log only.
const TIME: Duration = Duration::from_secs(2);

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// How many, at most 10,000; 100 when not given.
    limit: Option<usize>,
    /// Only of this category.
    category: Option<String>,
}

/// The newest entries, as the replaced module gave them: its keys only, and without the log's own entries, which its
/// callers do not know.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "entries", params(AuditParams), responses(
    (status = 200, description = "The newest first", body = Vec<serde_json::Value>),
    (status = "4XX", description = "A parameter is wrong", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<AuditParams>,
) -> Result<Response, Problem> {
    let limit = params.limit.unwrap_or(LIMIT_DEFAULT);
    if limit > LIMIT_MAX {
        return Err(Problem::new(Code::BadRequest, format!("limit is {limit}, at most {LIMIT_MAX}")));
    }
    let filter = match params.category {
        None => "-category:audit".parse::<Filter>()?,
        Some(category) => Filter::new().field("category", &category),
    };
    shared.views.opened(&caller, Kind::Audit, "", Instant::now());
    let (place, reader) = (shared.place_to_search().await?, shared.reader.clone());
    let search = move || {
        let _place = place;
        newest(&reader, filter, limit)
    };
    let array = tokio::task::spawn_blocking(search)
        .await
        .map_err(|error| Problem::new(Code::ReadFailed, error.to_string()))??;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, array).into_response())
}

fn newest(reader: &LogReader, filter: Filter, limit: usize) -> Result<Vec<u8>, Problem> {
    let began = Instant::now();
    let mut array = b"[".to_vec();
    for entry in reader.filter_back(filter, 0..u64::MAX).take(limit) {
        let entry = entry?;
        if array.len() > 1 {
            array.push(b',');
        }
        seed_record(entry.line(), &mut array)
            .map_err(|error| Problem::new(Code::ReadFailed, format!("entry {}: {error}", entry.seq())))?;
        array.truncate(array.trim_ascii_end().len());
        if began.elapsed() > TIME {
            break;
        }
    }
    array.extend_from_slice(b"]\n");
    Ok(array)
}
