//! `GET /v1/histogram`: when there were how many entries, by outcome.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use bulla::AuditOutcome;
use bulla_search::OUTCOMES;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Coverage, Total, ask, filter, limit};
use crate::access::caller::Caller;
use crate::api::params::Params;
use crate::api::views::Kind;
use crate::problem::{Problem, ProblemBody};
use crate::state::Shared;

/// Buckets when no other number is asked for.
const BUCKETS_DEFAULT: u64 = 60;
/// 1,000 buckets: more than a screen has columns.
const BUCKETS_MAX: u64 = 1000;

/// Of which entries, and how fine.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistogramParams {
    /// A query; without one, every entry.
    #[serde(default)]
    q: String,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    from: Option<String>,
    /// Only what happened before this moment.
    to: Option<String>,
    /// Buckets at most, 1 to 1,000; 60 when not given.
    buckets: Option<u64>,
}

/// Entries over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistogramBody {
    /// Start of the first bucket; null when nothing matches.
    from: Option<String>,
    /// End of the last bucket; null when nothing matches.
    to: Option<String>,
    /// Width of a bucket in milliseconds.
    interval_ms: u64,
    /// How many entries match.
    total: Total,
    #[serde(flatten)]
    coverage: Coverage,
    /// Buckets with entries, oldest first.
    buckets: Vec<BucketBody>,
}

/// Entries of one span of time, by `timestamp`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BucketBody {
    /// Its first moment, RFC 3339.
    start: String,
    /// Its entries.
    count: u64,
    /// Those of each outcome that there is.
    outcomes: BTreeMap<&'static str, u64>,
}

/// Counts entries over time, by outcome.
#[utoipa::path(get, path = "/v1/histogram", operation_id = "show_histogram", tag = "entries", params(HistogramParams), responses(
    (status = 200, description = "Counts over time", body = HistogramBody),
    (status = "4XX", description = "The query or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<HistogramParams>,
) -> Result<Json<HistogramBody>, Problem> {
    let filter = filter(&params.q, params.from.as_deref(), params.to.as_deref())?;
    let buckets = limit("buckets", params.buckets, BUCKETS_DEFAULT, BUCKETS_MAX)?;
    let body = ask(&shared, &caller, Kind::Search, &params.q, move |view| {
        let found = view.histogram(&filter, buckets)?;
        let width = i128::from(found.interval_ms) * 1_000_000;
        let end = |start: &bulla::Timestamp| {
            bulla::Timestamp::from_unix_nanos(start.unix_nanos() + width).unwrap_or(*start).to_rfc3339_nanos()
        };
        Ok(HistogramBody {
            from: found.buckets.first().map(|bucket| bucket.start.to_rfc3339_nanos()),
            to: found.buckets.last().map(|bucket| end(&bucket.start)),
            interval_ms: found.interval_ms,
            total: found.counted.total.into(),
            coverage: Coverage::counted(view, found.counted),
            buckets: found.buckets.iter().map(BucketBody::of).collect(),
        })
    });
    Ok(Json(body.await?))
}

impl BucketBody {
    fn of(bucket: &bulla_search::Bucket) -> Self {
        Self {
            start: bucket.start.to_rfc3339_nanos(),
            count: bucket.count(),
            outcomes: by_outcome(bucket.outcomes),
        }
    }
}

/// Counts by outcome, without those that are zero.
pub(super) fn by_outcome(counts: [u64; 4]) -> BTreeMap<&'static str, u64> {
    let named = OUTCOMES.into_iter().map(AuditOutcome::as_str).zip(counts);
    named.filter(|(_, count)| *count > 0).collect()
}
