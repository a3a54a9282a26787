//! `GET /v1/entries`: the entries that a query wants, a page at a time.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bulla::{Filter, LogReader, StoredEntry, Timestamp, parse_moment};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Cursor, Order};
use super::params::Params;
use crate::access::caller::Caller;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// Entries of a page when no other number is asked for.
const LIMIT_DEFAULT: u64 = 100;
/// 10,000 entries of a page: at most 625 MiB of the longest lines, some 4 MiB of usual ones.
const LIMIT_MAX: u64 = 10_000;
/// 8 MiB: a page ends early behind the entry that passes it.
const PAGE_BYTES: usize = 8 << 20;
/// 2 s: then a page ends with what was found, and its cursor goes on from there.
const PAGE_TIME: Duration = Duration::from_secs(2);
/// 4,096 entries are looked at between two looks at the clock.
const BLOCK: u64 = 4096;

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
    /// Where the page before ended; with it, the other parameters are as they were.
    cursor: Option<String>,
    /// Entries of the page, 1 to 10,000; 100 when not given.
    limit: Option<u64>,
    /// Which come first.
    #[serde(default)]
    #[param(inline)]
    order: Order,
}

/// A page of entries.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes a body that is written from stored bytes")]
pub(crate) struct Page {
    /// The stored lines, byte for byte.
    entries: Vec<serde_json::Value>,
    /// For the next page; null when there is none.
    next_cursor: Option<String>,
    /// Every entry below this number was looked at or is for a later page.
    complete_to_seq: u64,
    /// Entries that were looked at for this page.
    scanned: u64,
}

/// Finds entries. Without an index this reads the log: a page may come with fewer entries than asked for, or none,
/// and a cursor that goes on.
#[utoipa::path(get, path = "/v1/entries", operation_id = "list_entries", tag = "entries", params(EntriesParams), responses(
    (status = 200, description = "A page", body = Page),
    (status = "4XX", description = "The query, cursor or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<EntriesParams>,
) -> Result<Response, Problem> {
    let filter = filter(&params.q, params.from.as_deref(), params.to.as_deref())?;
    let limit = params.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::new(Code::BadRequest, format!("limit is {limit}, not 1 to {LIMIT_MAX}")));
    }
    let size = shared.reader.size()?;
    let cursor = match &params.cursor {
        Some(text) => text.parse().map_err(|_| {
            Problem::new(Code::InvalidCursor, "the cursor is not one of this API; begin again without it")
        })?,
        None => Cursor { order: params.order, rest: 0..size },
    };
    shared.views.opened(&caller, "entries", &params.q, Instant::now());
    let (place, reader) = (shared.place_to_search()?, shared.reader.clone());
    let search = move || {
        let _place = place;
        scan(&reader, &filter, cursor, limit as usize)
    };
    let page = tokio::task::spawn_blocking(search)
        .await
        .map_err(|error| Problem::new(Code::ReadFailed, format!("the search ended: {error}")))??;
    Ok(page.into_response(size))
}

/// The filter of a query and two moments.
pub(super) fn filter(query: &str, from: Option<&str>, to: Option<&str>) -> Result<Filter, Problem> {
    let now = Timestamp::now();
    let moment = |name: &str, text: &str| {
        parse_moment(text, now).map_err(|error| Problem::new(Code::BadRequest, format!("{name}: {error}")))
    };
    let mut filter = Filter::parse(query, now)?;
    if let Some(from) = from {
        filter = filter.since(moment("from", from)?);
    }
    if let Some(to) = to {
        filter = filter.until(moment("to", to)?);
    }
    Ok(filter)
}

/// What a scan found.
struct Found {
    entries: Vec<StoredEntry>,
    next: Option<Cursor>,
    scanned: u64,
}

fn scan(reader: &LogReader, filter: &Filter, cursor: Cursor, limit: usize) -> Result<Found, Problem> {
    let (began, mut bytes) = (Instant::now(), 0);
    let Cursor { order, mut rest } = cursor;
    rest.end = rest.end.min(reader.size()?);
    rest.start = rest.start.max(reader.first_seq().get()).min(rest.end);
    let all = rest.end - rest.start;
    let mut entries = Vec::new();
    let mut is_full = false;
    while !rest.is_empty() && !is_full && began.elapsed() < PAGE_TIME {
        let block = block(order, &rest);
        let mut found: Vec<_> = reader.filter(filter.clone(), block.clone()).collect::<Result<_, _>>()?;
        if order == Order::Desc {
            found.reverse();
        }
        rest = without(order, rest, block);
        for entry in found {
            bytes += entry.line().len();
            let seq = entry.seq().get();
            entries.push(entry);
            if entries.len() == limit || bytes >= PAGE_BYTES {
                // What the block holds beyond this entry is for the next page.
                rest = match order {
                    Order::Desc => rest.start..seq,
                    Order::Asc => seq + 1..rest.end,
                };
                is_full = true;
                break;
            }
        }
    }
    let scanned = all - (rest.end - rest.start);
    Ok(Found { entries, next: (!rest.is_empty()).then_some(Cursor { order, rest }), scanned })
}

/// The entries to look at next. Blocks begin and end at multiples of a frame, so that no frame is read twice.
fn block(order: Order, rest: &Range<u64>) -> Range<u64> {
    match order {
        Order::Desc => ((rest.end - 1) / BLOCK * BLOCK).max(rest.start)..rest.end,
        Order::Asc => rest.start..((rest.start / BLOCK + 1) * BLOCK).min(rest.end),
    }
}

fn without(order: Order, rest: Range<u64>, block: Range<u64>) -> Range<u64> {
    match order {
        Order::Desc => rest.start..block.start,
        Order::Asc => block.end..rest.end,
    }
}

impl Found {
    /// The page: stored lines go out as they are.
    fn into_response(self, size: u64) -> Response {
        let bytes: usize = self.entries.iter().map(|entry| entry.line().len() + 1).sum();
        let mut text = Vec::with_capacity(bytes + 128);
        text.extend_from_slice(b"{\"entries\":[");
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(entry.line());
        }
        let next = self.next.map_or("null".to_owned(), |cursor| format!("\"{cursor}\""));
        let tail =
            format!("],\"next_cursor\":{next},\"complete_to_seq\":{size},\"scanned\":{}}}\n", self.scanned);
        text.extend_from_slice(tail.as_bytes());
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (headers, text).into_response()
    }
}
