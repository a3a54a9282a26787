//! `GET /v1/sources`: where entries come from, when each was heard last, and what never came.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use bulla::Filter;
use bulla_search::{AskError, Order, View};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Coverage, ask, page_limits};
use crate::access::caller::Caller;
use crate::api::views::Kind;
use crate::ingest::sources::SourceCounts;
use crate::problem::{Problem, ProblemBody};
use crate::state::Shared;

/// 1,000 sources, those with the most entries.
const SOURCES_MAX: usize = 1000;

/// Where entries come from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourcesBody {
    /// Those with the most entries first.
    sources: Vec<SourceBody>,
    #[serde(flatten)]
    coverage: Coverage,
}

/// One source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceBody {
    /// `source.id`.
    id: String,
    /// Its entries in the log.
    entries: u64,
    /// When its newest entry was recorded, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
    /// How its newest entry came.
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
    /// The emitter's own number of its newest entry, when it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_source_seq: Option<u64>,
    /// Gaps in its numbers that the log tells of.
    gaps: u64,
    /// What came from it since the server began, by its instances.
    since_start: Vec<SourceCounts>,
}

/// Lists where entries come from.
#[utoipa::path(get, path = "/v1/sources", operation_id = "list_sources", tag = "operation", responses(
    (status = 200, description = "The sources", body = SourcesBody),
    (status = "4XX", description = "The caller may not read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SourcesBody>, Problem> {
    let counts = shared.intake.sources().counts();
    let body = ask(&shared, &caller, Kind::Sources, "", move |view| {
        let field = ["source.id".to_owned()];
        let found = view.facets(&Filter::new().has("source.id"), &field, SOURCES_MAX)?;
        let values = found.facets.into_iter().flat_map(|facet| facet.values);
        let sources = values.map(|value| source(view, value.value, value.count, &counts));
        Ok(SourcesBody {
            sources: sources.collect::<Result<_, _>>()?,
            coverage: Coverage::counted(view, found.counted),
        })
    });
    Ok(Json(body.await?))
}

fn source(view: &View, id: String, entries: u64, counts: &[SourceCounts]) -> Result<SourceBody, AskError> {
    let newest =
        view.page(&Filter::new().field("source.id", &id), Order::NewestFirst, view.all(), page_limits(1))?;
    let envelope = newest.entries.first().and_then(|entry| entry.envelope().ok());
    let source = envelope.as_ref().and_then(|envelope| envelope.source.as_ref());
    let gaps = Filter::new().field("event_name", "gap.detected").field("detail.source", &id);
    Ok(SourceBody {
        entries,
        last_seen: envelope.as_ref().map(|envelope| envelope.recorded_at.to_rfc3339_nanos()),
        transport: source.and_then(|source| source.transport.clone()),
        last_source_seq: source.and_then(|source| source.seq),
        gaps: view.count(&gaps)?.total.value,
        since_start: counts.iter().filter(|count| count.source == id).cloned().collect(),
        id,
    })
}
