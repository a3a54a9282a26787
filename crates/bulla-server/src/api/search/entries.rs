//! `GET /v1/entries`: the entries that a query wants, a page at a time.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bulla_search::{Counted, Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Cursor, Order};
use super::{Coverage, Total, ask, filter, limit, page_limits};
use crate::access::caller::Caller;
use crate::api::params::Params;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// Entries of a page when no other number is asked for.
const LIMIT_DEFAULT: u64 = 100;
/// 10,000 entries of a page: at most 625 MiB of the longest lines, some 4 MiB of usual ones.
const LIMIT_MAX: u64 = 10_000;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesParams {
    /// A query, such as `outcome:denied principal:alice since:2h`; without one, every entry.
    #[serde(default)]
    q: String,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    from: Option<String>,
    /// Only what happened before this moment.
    to: Option<String>,
    /// Where the page before ended; with it, the other parameters are as they were. To begin anywhere else, make one: `d`
    /// (the newest first) or `a`, then the numbers of the first entry to look at and of the one behind the last, as in
    /// `d0-500`. It decides the order.
    cursor: Option<String>,
    /// Entries of the page, 1 to 10,000; 100 when not given.
    limit: Option<u64>,
    /// Which come first.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Also says how many entries match in all.
    #[serde(default)]
    count: bool,
}

/// A page of entries.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes a body that is written from stored bytes")]
pub(crate) struct EntriesPage {
    /// The stored lines, byte for byte.
    entries: Vec<serde_json::Value>,
    /// For the next page; null when there is none.
    next_cursor: Option<String>,
    /// Every entry below this number was looked at or is for a later page.
    complete_to_seq: u64,
    /// Entries that were in the log at that moment.
    size: u64,
    /// Every entry below this number is in the index; null without an index.
    indexed_to_seq: Option<u64>,
    /// Entries that were looked at for this page, one by one or by the index.
    scanned: u64,
    /// How many entries match in all; only when asked for.
    total: Option<Total>,
}

/// Finds entries. What the index does not hold yet is read from the log: a page may come with fewer entries than asked
/// for, or none, and a cursor that goes on.
#[utoipa::path(get, path = "/v1/entries", operation_id = "list_entries", tag = "entries", params(EntriesParams), responses(
    (status = 200, description = "A page", body = EntriesPage),
    (status = "4XX", description = "The query, cursor or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<EntriesParams>,
) -> Result<Response, Problem> {
    let filter = filter(&params.q, params.from.as_deref(), params.to.as_deref())?;
    let limit = limit("limit", params.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let cursor: Option<Cursor> = params.cursor.as_deref().map(Cursor::read).transpose()?;
    let (order, is_counted) = (params.order, params.count);
    let found = ask(&shared, &caller, Kind::Search, &params.q, move |view| {
        let cursor = cursor.unwrap_or_else(|| Cursor { order, rest: view.all() });
        let page = view.page(&filter, cursor.order.into(), cursor.rest.clone(), page_limits(limit))?;
        let counted = is_counted.then(|| view.count(&filter)).transpose()?;
        Ok(Found { page, order: cursor.order, counted, coverage: Coverage::of(view, view.size()) })
    });
    Ok(found.await?.into_response())
}

/// What is answered.
struct Found {
    page: Page,
    order: Order,
    counted: Option<Counted>,
    coverage: Coverage,
}

impl Found {
    /// The page: stored lines go out as they are.
    fn into_response(self) -> Response {
        let Self { page, order, counted, coverage } = self;
        let bytes: usize = page.entries.iter().map(|entry| entry.line().len() + 1).sum();
        let mut text = Vec::with_capacity(bytes + 256);
        text.extend_from_slice(b"{\"entries\":[");
        for (index, entry) in page.entries.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(entry.line());
        }
        let mut rest = serde_json::json!({
            "next_cursor": (!page.rest.is_empty()).then(|| Cursor { order, rest: page.rest }.to_string()),
            "complete_to_seq": coverage.complete_to_seq,
            "size": coverage.size,
            "indexed_to_seq": coverage.indexed_to_seq,
            "scanned": page.scanned,
        });
        if let Some(counted) = counted {
            rest["total"] = serde_json::json!(Total::from(counted.total));
        }
        text.extend_from_slice(b"],");
        text.extend_from_slice(&rest.to_string().as_bytes()[1..]);
        text.push(b'\n');
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (headers, text).into_response()
    }
}

impl Cursor {
    /// The cursor that a caller was given.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let wrong = "the cursor is not one of this API; begin again without it";
        text.parse().map_err(|_| Problem::new(Code::InvalidCursor, wrong))
    }
}

impl From<Order> for bulla_search::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Desc => Self::NewestFirst,
            Order::Asc => Self::OldestFirst,
        }
    }
}
