//! `GET /v1/sessions`: which sessions there are, newest activity first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use bulla_search::SessionSummary;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Cursor, Order};
use super::histogram::by_outcome;
use super::{Coverage, ask, filter, limit, page_limits};
use crate::access::caller::Caller;
use crate::api::params::Params;
use crate::api::views::Kind;
use crate::problem::{Problem, ProblemBody};
use crate::state::Shared;

/// Sessions of a page when no other number is asked for.
const LIMIT_DEFAULT: u64 = 50;
/// 500 sessions of a page, of each of which up to 200 entries are read.
const LIMIT_MAX: u64 = 500;

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsParams {
    /// A query: sessions with an entry that matches.
    #[serde(default)]
    q: String,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    from: Option<String>,
    /// Only what happened before this moment.
    to: Option<String>,
    /// Where the page before ended; with it, the other parameters are as they were.
    cursor: Option<String>,
    /// Sessions of the page, 1 to 500; 50 when not given.
    limit: Option<u64>,
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsBody {
    /// By their newest entry that matches.
    sessions: Vec<SummaryBody>,
    /// For the next page; null when there is none.
    next_cursor: Option<String>,
    #[serde(flatten)]
    coverage: Coverage,
}

/// A session at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryBody {
    /// Its id.
    session_id: String,
    /// Its entries, whether they match or not.
    entries: u64,
    /// Number of its first entry.
    first_seq: u64,
    /// Number of its last entry.
    last_seq: u64,
    /// When it began, RFC 3339.
    began: String,
    /// When its last entry happened, RFC 3339.
    ended: String,
    /// Who is accountable.
    principals: BTreeSet<String>,
    /// Types of actors.
    actor_types: BTreeSet<String>,
    /// Models.
    models: BTreeSet<String>,
    /// Calls that began.
    calls: u64,
    /// Entries of each outcome that there is.
    outcomes: BTreeMap<&'static str, u64>,
    /// True when it is long: then all but the numbers of entries is of its newest 200.
    partial: bool,
}

/// Lists sessions.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "list_sessions", tag = "sessions", params(SessionsParams), responses(
    (status = 200, description = "A page", body = SessionsBody),
    (status = "4XX", description = "The query, cursor or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<SessionsParams>,
) -> Result<Json<SessionsBody>, Problem> {
    let filter = filter(&params.q, params.from.as_deref(), params.to.as_deref())?;
    let limit = limit("limit", params.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let cursor: Option<Cursor> = params.cursor.as_deref().map(Cursor::read).transpose()?;
    let body = ask(&shared, &caller, Kind::Sessions, &params.q, move |view| {
        let range = cursor.map_or_else(|| view.all(), |cursor| cursor.rest);
        let found = view.sessions(&filter, range, limit, page_limits(usize::MAX))?;
        let next = Cursor { order: Order::Desc, rest: found.rest };
        Ok(SessionsBody {
            sessions: found.sessions.into_iter().map(SummaryBody::of).collect(),
            next_cursor: (!next.rest.is_empty()).then(|| next.to_string()),
            coverage: Coverage::of(view, view.size()),
        })
    });
    Ok(Json(body.await?))
}

impl SummaryBody {
    fn of(summary: SessionSummary) -> Self {
        Self {
            session_id: summary.session_id,
            entries: summary.entries,
            first_seq: summary.first_seq,
            last_seq: summary.last_seq,
            began: summary.began.to_rfc3339_nanos(),
            ended: summary.ended.to_rfc3339_nanos(),
            principals: summary.principals,
            actor_types: summary.actor_types,
            models: summary.models,
            calls: summary.calls,
            outcomes: by_outcome(summary.outcomes),
            partial: summary.is_partial,
        }
    }
}
