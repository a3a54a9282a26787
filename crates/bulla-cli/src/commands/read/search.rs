//! `bulla search`: entries that match, the newest first, or counts of a field's values.

use std::ops::Range;
use std::time::Duration;

use bulla::{Filter, ReadError, StoredEntry};
use bulla_search::{AskError, Order, PageLimits, View};

use super::count_by;
use crate::args::SearchArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::counted;
use crate::output::{entry_row, talk};

/// 1,000 entries are found before they are printed; 8 MiB of them at most.
const PAGE: PageLimits = PageLimits { entries: 1000, bytes: 8 << 20, time: Duration::from_millis(200) };

pub(crate) fn run(this: &mut Invocation, args: &SearchArgs) -> anyhow::Result<Ended> {
    let filter =
        this.filter(&args.query.text(), args.period.since.as_deref(), args.period.until.as_deref())?;
    let limit = args.limit.unwrap_or(usize::MAX);
    if let Some(field) = &args.count_by {
        return count_by::run(this, &filter, field, limit);
    }
    let view = log_access::search(&this.log)?.now()?;
    let order = if args.oldest_first { Order::OldestFirst } else { Order::NewestFirst };
    let found = print_found(this, &view, &filter, order, limit)?;
    this.out.flush()?;
    if found.entries == 0 && !found.is_damaged {
        talk::note(format!("no entry matches, of {}", counted(view.size(), "entry", "entries")));
    }
    Ok(Ended::fine_if(!found.is_damaged))
}

/// Prints page after page; from where a page could not be read on, entry by entry.
fn print_found(
    this: &mut Invocation,
    view: &View,
    filter: &Filter,
    order: Order,
    limit: usize,
) -> anyhow::Result<Found> {
    let (mut rest, mut entries) = (view.all(), 0);
    while !rest.is_empty() && entries < limit {
        let limits = PageLimits { entries: PAGE.entries.min(limit - entries), ..PAGE };
        let page = match view.page(filter, order, rest.clone(), limits) {
            Ok(page) => page,
            Err(AskError::Log(_)) => {
                let found = print_one_by_one(this, view, filter, order, rest, limit - entries)?;
                return Ok(Found { entries: entries + found.entries, ..found });
            }
            Err(error) => return Err(error.into()),
        };
        for entry in &page.entries {
            print(this, entry)?;
        }
        entries += page.entries.len();
        rest = page.rest;
    }
    Ok(Found { entries, is_damaged: false })
}

fn print_one_by_one(
    this: &mut Invocation,
    view: &View,
    filter: &Filter,
    order: Order,
    range: Range<u64>,
    limit: usize,
) -> anyhow::Result<Found> {
    let log = view.log();
    match order {
        Order::OldestFirst => print_all(this, log.filter(filter.clone(), range), limit),
        Order::NewestFirst => print_all(this, log.filter_back(filter.clone(), range), limit),
    }
}

/// What was printed.
struct Found {
    entries: usize,
    /// Whether some entries could not be read.
    is_damaged: bool,
}

/// Prints what can be read, and says what cannot.
fn print_all(
    this: &mut Invocation,
    mut entries: impl Iterator<Item = Result<StoredEntry, ReadError>>,
    limit: usize,
) -> anyhow::Result<Found> {
    let mut found = Found { entries: 0, is_damaged: false };
    // The limit is looked at first: finding that there is one more could mean reading the whole log.
    while found.entries < limit
        && let Some(entry) = entries.next()
    {
        match entry {
            Ok(entry) => {
                print(this, &entry)?;
                found.entries += 1;
            }
            Err(error) => {
                found.is_damaged = true;
                this.out.flush()?;
                talk::warn(error);
            }
        }
    }
    Ok(found)
}

/// Prints an entry: the stored line, or one row.
pub(crate) fn print(this: &mut Invocation, entry: &StoredEntry) -> anyhow::Result<()> {
    if this.json {
        this.out.json_text(entry.line())?;
        return this.out.bytes(b"\n");
    }
    let row = entry_row::row(entry, &this.palette, this.out.columns());
    this.out.line(row)
}
