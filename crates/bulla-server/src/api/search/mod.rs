//! Questions to the log: entries by page, when there were how many, which values fields have, sessions, sources.
//!
//! All of them take `q`, `from` and `to`, run where they do not hold up other requests, and say up to which entry they
//! looked.

mod cursor;
pub(crate) mod entries;
pub(crate) mod facets;
pub(crate) mod histogram;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod sources;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::{Filter, Timestamp, parse_moment};
use bulla_search::{AskError, Counted, PageLimits, View};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::api::views::Kind;
use crate::problem::{Code, Problem};
use crate::state::Shared;

/// 8 MiB: a page ends early behind the entry that passes it.
const PAGE_BYTES: usize = 8 << 20;
/// 2 s of reading what no index holds: then a page ends with what was found, and its cursor goes on from there.
const PAGE_TIME: Duration = Duration::from_secs(2);

/// What every page ends with.
fn page_limits(entries: usize) -> PageLimits {
    PageLimits { entries, bytes: PAGE_BYTES, time: PAGE_TIME }
}

/// How many entries match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Total {
    /// So many; an estimate when it is not exact.
    value: u64,
    /// Whether all were counted.
    exact: bool,
}

/// How far was looked; part of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// Every entry below this number was looked at.
    complete_to_seq: u64,
    /// Entries that were in the log at that moment.
    size: u64,
    /// Every entry below this number is in the index; null without an index.
    indexed_to_seq: Option<u64>,
}

impl From<bulla_search::Total> for Total {
    fn from(total: bulla_search::Total) -> Self {
        Self { value: total.value, exact: total.is_exact }
    }
}

impl Coverage {
    fn of(view: &View, complete_to_seq: u64) -> Self {
        Self { complete_to_seq, size: view.size(), indexed_to_seq: view.indexed_to_seq() }
    }

    fn counted(view: &View, counted: Counted) -> Self {
        Self::of(view, counted.complete_to_seq)
    }
}

/// The filter of a query and two moments.
pub(crate) fn filter(query: &str, from: Option<&str>, to: Option<&str>) -> Result<Filter, Problem> {
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

/// A number of things to answer with, checked against its limit.
pub(crate) fn limit(name: &str, asked: Option<u64>, default: u64, max: u64) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(default);
    if !(1..=max).contains(&limit) {
        return Err(Problem::new(Code::BadRequest, format!("{name} is {limit}, not 1 to {max}")));
    }
    Ok(usize::try_from(limit).expect("the maximum is small"))
}

/// Asks the log as it is now, in a thread that may wait for the disk, and puts on the record who looked.
async fn ask<T: Send + 'static>(
    shared: &Arc<Shared>,
    caller: &Caller,
    kind: Kind,
    query: &str,
    question: impl FnOnce(&View) -> Result<T, AskError> + Send + 'static,
) -> Result<T, Problem> {
    shared.views.opened(caller, kind, query, Instant::now());
    let (place, view) = (shared.place_to_search().await?, shared.search.now()?);
    let asking = move || {
        let _place = place;
        question(&view)
    };
    let answer = tokio::task::spawn_blocking(asking).await;
    let answer =
        answer.map_err(|error| Problem::new(Code::ReadFailed, format!("the search ended: {error}")))?;
    Ok(answer?)
}
