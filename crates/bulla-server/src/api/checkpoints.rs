//! `GET /v1/checkpoints`: the published history, the newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bulla::{CheckpointsBack, LogReader, PublishedNote, ReadError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::params::Params;
use super::search::limit;
use crate::problem::{Problem, ProblemBody};
use crate::state::Shared;

/// 100 checkpoints when none is asked for, 1,000 at most: each costs a look at its newest entry.
const LIMIT_DEFAULT: u64 = 100;
const LIMIT_MAX: u64 = 1000;
/// 4 MiB of notes: a page ends behind the one that passes it.
const PAGE_BYTES: usize = 4 << 20;

/// Which checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckpointsParams {
    /// How many at most, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// Only those that cover fewer entries than this: `next` of the page before.
    before: Option<u64>,
}

/// A page of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointsBody {
    /// The newest first.
    checkpoints: Vec<CheckpointBody>,
    /// `before` of the next page; null when this is the last one.
    next: Option<u64>,
}

/// One checkpoint, as it was published. Whether it is signed by the log's key is for its reader to check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointBody {
    /// Entries that it covers.
    size: u64,
    /// Root of their tree, base64.
    root_hash: String,
    /// The signed note, whole.
    note: String,
    /// When the newest entry that it covers was recorded, RFC 3339; left out when that entry cannot be read any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_entry_at: Option<String>,
}

/// Lists published checkpoints, the newest first. What in the history is no checkpoint of this log is passed over;
/// verification names it.
#[utoipa::path(get, path = "/v1/checkpoints", operation_id = "list_checkpoints", tag = "operation", params(CheckpointsParams), responses(
    (status = 200, description = "A page of checkpoints", body = CheckpointsBody),
    (status = "4XX", description = "A parameter is wrong, or the caller may not read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Params(params): Params<CheckpointsParams>,
) -> Result<Json<CheckpointsBody>, Problem> {
    let limit = limit("limit", params.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let before = params.before.unwrap_or(u64::MAX);
    let page = shared.reading(move |shared| {
        let (notes, next) = page(shared.reader.checkpoints_back(before)?, limit)?;
        let checkpoints = notes.into_iter().map(|note| described(&shared.reader, &note)).collect();
        Ok(CheckpointsBody { checkpoints, next })
    });
    Ok(Json(page.await?))
}

/// Takes notes until there are enough, and gives where the next page begins.
fn page(back: CheckpointsBack, limit: usize) -> Result<(Vec<PublishedNote>, Option<u64>), ReadError> {
    let (mut notes, mut bytes): (Vec<PublishedNote>, _) = (Vec::new(), 0);
    for note in back {
        let note = note?;
        let last = notes.last().map_or(note.size(), PublishedNote::size);
        let is_full = notes.len() >= limit || bytes > PAGE_BYTES;
        if is_full && note.size() != last {
            return Ok((notes, Some(last)));
        }
        // Several of one size, as one log never writes them, stay on one page as long as it holds them.
        if !is_full || notes.len() < 2 * LIMIT_MAX as usize && bytes <= 2 * PAGE_BYTES {
            bytes += note.note().len();
            notes.push(note);
        }
    }
    Ok((notes, None))
}

fn described(reader: &LogReader, note: &PublishedNote) -> CheckpointBody {
    let newest = note.size().checked_sub(1).and_then(|seq| reader.get(seq).ok().flatten());
    let envelope = newest.and_then(|entry| entry.envelope().ok());
    CheckpointBody {
        size: note.size(),
        root_hash: note.root().to_base64(),
        note: note.note().to_owned(),
        newest_entry_at: envelope.map(|envelope| envelope.recorded_at.to_rfc3339_nanos()),
    }
}
