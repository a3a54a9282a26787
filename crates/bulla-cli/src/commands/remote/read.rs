//! `bulla search`, `tail`, `show` and `session` on a server's log: the stored lines, printed as those of a directory are.

use std::collections::HashMap;

use anyhow::Context;
use bulla::StoredEntry;
use bulla_client::{Client, Order, Search};
use bulla_search::by_session;

use crate::args::{SearchArgs, SessionArgs, ShowArgs, TailArgs};
use crate::commands::read::{count_by, search, session, show};
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::amount::count;
use crate::output::talk;

pub(super) fn search(this: &mut Invocation, client: &Client, args: &SearchArgs) -> anyhow::Result<Ended> {
    let mut search = Search::of(args.query.text());
    search.from.clone_from(&args.period.since);
    search.to.clone_from(&args.period.until);
    if let Some(field) = &args.count_by {
        return count_by(this, client, &search, field, args.limit.unwrap_or(usize::MAX));
    }
    search.order = if args.oldest_first { Order::Oldest } else { Order::Newest };
    let mut found = 0_u64;
    for line in client.search(search, args.limit.map(|limit| limit as u64)) {
        search::print(this, &stored(line?.get().as_bytes())?)?;
        found += 1;
    }
    this.out.flush()?;
    if found == 0 {
        talk::note("no entry matches");
    }
    Ok(Ended::Fine)
}

/// Counts by the values of a field, as the server has them.
pub(super) fn count_by(
    this: &mut Invocation,
    client: &Client,
    search: &Search,
    field: &str,
    limit: usize,
) -> anyhow::Result<Ended> {
    /// The most values that a server lists.
    const VALUES_MAX: u64 = 10_000;
    let facet = client.facet(search, field, VALUES_MAX)?;
    let mut counts: HashMap<Option<String>, u64> =
        facet.values.into_iter().map(|value| (Some(value.value), value.count)).collect();
    if facet.missing > 0 {
        counts.insert(None, facet.missing);
    }
    count_by::print(this, counts, limit)?;
    if facet.other > 0 || !facet.exact {
        talk::note(format_args!("there are more values, with {} entries", count(facet.other)));
    }
    Ok(Ended::Fine)
}

pub(super) fn tail(this: &mut Invocation, client: &Client, args: &TailArgs) -> anyhow::Result<Ended> {
    let query = args.query.text();
    let newest = Newest::of(client, &query, args.lines)?;
    newest.lines.iter().rev().try_for_each(|line| search::print(this, &stored(line)?))?;
    this.out.flush()?;
    if !args.follow {
        return Ok(Ended::Fine);
    }
    for entry in client.tail(query, newest.end) {
        search::print(this, &stored(&entry?.line)?)?;
        this.out.flush()?;
    }
    Ok(Ended::Fine)
}

/// The newest entries that a query wants, the newest first, and where to go on behind them.
struct Newest {
    lines: Vec<Vec<u8>>,
    end: u64,
}

impl Newest {
    fn of(client: &Client, query: &str, count: usize) -> anyhow::Result<Self> {
        /// Entries of a page, as many as a server gives.
        const PAGE: usize = 1000;
        let search = Search::of(query);
        let mut newest = Self { lines: Vec::new(), end: 0 };
        let mut cursor: Option<String> = None;
        loop {
            let limit = (count - newest.lines.len()).clamp(1, PAGE) as u64;
            let page = client.page(&search, limit, cursor.as_deref())?;
            if cursor.is_none() {
                newest.end = page.complete_to_seq;
            }
            let room = count - newest.lines.len();
            newest.lines.extend(page.entries.iter().take(room).map(|line| line.get().as_bytes().to_vec()));
            cursor = page.next_cursor;
            if cursor.is_none() || newest.lines.len() >= count {
                return Ok(newest);
            }
        }
    }
}

pub(super) fn show(this: &mut Invocation, client: &Client, args: &ShowArgs) -> anyhow::Result<Ended> {
    if let Some(place) = args.payload {
        this.out.bytes(&client.payload(name(&args.entry), place)?)?;
        this.out.flush()?;
        return Ok(Ended::Fine);
    }
    let entry = stored(&client.entry(name(&args.entry))?)?;
    show::show(this, &entry, args.raw)?;
    Ok(Ended::Fine)
}

pub(super) fn session(this: &mut Invocation, client: &Client, args: &SessionArgs) -> anyhow::Result<Ended> {
    let found = session::find(&args.id, |filter| {
        let mut search = Search::of(filter.to_string());
        search.order = Order::Oldest;
        let entries: anyhow::Result<Vec<StoredEntry>> =
            client.search(search, None).map(|line| stored(line?.get().as_bytes())).collect();
        Ok(by_session(entries?))
    })?;
    session::print(this, &found, args.verbose)
}

/// A number or id, as it was typed.
pub(super) fn name(typed: &str) -> &str {
    match typed.strip_prefix('#') {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => number,
        _ => typed,
    }
}

/// What the server says is a stored line.
pub(super) fn stored(line: &[u8]) -> anyhow::Result<StoredEntry> {
    StoredEntry::from_line(line.to_vec()).context("the server sent something that is no stored entry")
}
