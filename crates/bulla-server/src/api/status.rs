//! `GET /v1/status`: how far the log is, what waits, and what came from whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ingest::sources::SourceCounts;
use crate::problem::{Problem, ProblemBody};
use crate::state::Shared;
use crate::watch::health::{Health, Verified};

/// The state of the log and its server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// Version of the server.
    version: &'static str,
    /// Name of the log.
    origin: String,
    /// Key by which its checkpoints are checked.
    vkey: String,
    /// How many entries are in each state.
    watermarks: Marks,
    /// Number of the oldest entry that is stored.
    first_seq: u64,
    /// What waits for the writer.
    queue: QueueStatus,
    /// Room where the log lies.
    disk: DiskStatus,
    /// How far the index is.
    index: IndexBody,
    /// Whether the stored log is whole, as far as the server knows.
    verified: Verified,
    /// What came from each source since the server began.
    sources: Vec<SourceCounts>,
}

/// Sizes: each state holds for every entry below its number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Marks {
    /// On disk and synced.
    durable: u64,
    /// In the tree, and readable.
    integrated: u64,
    /// Covered by a checkpoint.
    published: u64,
    /// Covered by a cosigned checkpoint.
    witnessed: u64,
}

/// What waits for the writer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueStatus {
    /// Bytes that wait.
    bytes: usize,
    /// Bytes that may wait.
    bytes_max: usize,
}

/// Room where the log lies; what is not known is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiskStatus {
    /// Bytes that can still be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_bytes: Option<u64>,
    /// Bytes of the file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<u64>,
    /// Days until entries are refused, at the rate of about the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<f64>,
}

impl DiskStatus {
    fn of(health: &Health) -> Self {
        let space = health.found().space;
        Self {
            free_bytes: space.map(|space| space.free_bytes),
            total_bytes: space.map(|space| space.total_bytes),
            days_left: health.days_left(),
        }
    }
}

/// How far the index is; it is derived from the log, and searches read what it does not hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndexBody {
    /// Whether one is kept.
    enabled: bool,
    /// Every entry below this number is in it; left out while none is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_to_seq: Option<u64>,
    /// Entries of the log that it does not hold yet.
    lag_entries: u64,
    /// What stopped it, while it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// How often it was built anew since the server began.
    rebuilds: u64,
}

impl IndexBody {
    fn of(shared: &Shared) -> Self {
        let status = shared.index.as_ref().map(|index| index.status());
        let complete = status.as_ref().and_then(|status| status.complete_to_seq);
        Self {
            enabled: status.is_some(),
            complete_to_seq: complete,
            lag_entries: shared.log.size().saturating_sub(complete.unwrap_or(0)),
            trouble: status.as_ref().and_then(|status| status.trouble.as_ref().map(ToString::to_string)),
            rebuilds: status.map_or(0, |status| status.rebuilds),
        }
    }
}

/// How far the log is, what waits, and what came from whom.
#[utoipa::path(get, path = "/v1/status", operation_id = "show_status", tag = "operation", responses(
    (status = 200, description = "The status", body = Status),
    (status = "4XX", description = "The caller may not read", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Result<Json<Status>, Problem> {
    let (identity, marks) = (shared.reader.identity(), shared.log.watermarks());
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        origin: identity.origin.clone(),
        vkey: identity.vkey.clone(),
        watermarks: Marks {
            durable: marks.durable,
            integrated: marks.integrated,
            published: marks.published,
            witnessed: marks.witnessed,
        },
        first_seq: shared.reader.first_seq().get(),
        queue: QueueStatus { bytes: shared.log.queued_bytes(), bytes_max: shared.settings.queue_bytes },
        disk: DiskStatus::of(&shared.health),
        index: IndexBody::of(&shared),
        verified: shared.health.found().verified(),
        sources: shared.intake.sources().counts(),
    }))
}
