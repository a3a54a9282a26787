//! Opening the log, for reading or writing, and finding an entry in it by what a user typed.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use bulla::store::IdentityError;
use bulla::{AuditLog, Filter, LogBuilder, LogReader, OpenError, ReadError, StoredEntry};
use bulla_search::{INDEX_DIRECTORY, Order, PageLimits, Search};

use crate::output::talk;

/// Opens the log for reading; needs no lock.
pub(crate) fn reader(log: &Path) -> anyhow::Result<LogReader> {
    LogReader::open(log).map_err(|error| match error {
        ReadError::Identity(IdentityError::NotALog(_)) => no_log(log),
        error => error.into(),
    })
}

/// Opens the log for searching: with its index, when it has one that can be used.
pub(crate) fn search(log: &Path) -> anyhow::Result<Search> {
    let reader = reader(log)?;
    let directory = log.join(INDEX_DIRECTORY);
    if !directory.is_dir() {
        return Ok(Search::without_index(reader));
    }
    match bulla_search::open_snapshot(&directory, &reader) {
        Ok(snapshot) => Ok(Search::with_snapshot(reader, snapshot)),
        Err(damage) => {
            talk::note(format_args!(
                "searching without the index, which `bulla index` builds anew: {damage}"
            ));
            Ok(Search::without_index(reader))
        }
    }
}

/// Opens the log for writing; makes it when the directory is missing or empty.
pub(crate) fn writer(builder: LogBuilder) -> anyhow::Result<AuditLog> {
    builder.open().map_err(|error| match error {
        OpenError::Disk(error) => anyhow::anyhow!(
            "{error}; nothing was recorded: name a place that this user can write with --log DIR, or mend this one"
        ),
        error => error.into(),
    })
}

/// Closes the log: all is on disk and covered by a checkpoint then.
pub(crate) fn close(log: &AuditLog) -> anyhow::Result<()> {
    log.close_blocking().context("close the log")
}

/// The entry that a number or an id names.
///
/// An id is looked up in the index where there is one; without it the log is read from its end.
pub(crate) fn find(search: &Search, name: &str) -> anyhow::Result<StoredEntry> {
    let reader = search.log();
    // An id may look like a number, but a number is what people type.
    if let Ok(seq) = name.strip_prefix('#').unwrap_or(name).parse::<u64>()
        && let Some(entry) = reader.get(seq)?
    {
        return Ok(entry);
    }
    if let Some(entry) = find_id(search, name)? {
        return Ok(entry);
    }
    match reader.size()? {
        0 => bail!("there is no entry {name}: the log is empty"),
        size => bail!(
            "there is no entry with the number or id {name}: the log has entries 0 to {}; `bulla search` finds entries",
            size - 1
        ),
    }
}

/// The newest entry with an id.
fn find_id(search: &Search, id: &str) -> anyhow::Result<Option<StoredEntry>> {
    let view = search.now()?;
    if view.indexed_to_seq().is_none() {
        return Ok(search.log().find(id)?);
    }
    let one = PageLimits { entries: 1, bytes: usize::MAX, time: Duration::MAX };
    let page = view.page(&Filter::new().field("id", id), Order::NewestFirst, view.all(), one)?;
    Ok(page.entries.into_iter().next())
}

fn no_log(log: &Path) -> anyhow::Error {
    let log = log.display();
    anyhow::anyhow!(
        "{log} is not a log: name one with --log DIR or BULLA_LOG, or begin one with `bulla record` or `bulla import`"
    )
}

/// Says early and well when a directory is no log at all; what is damaged in one is for the verdict to say.
pub(crate) fn reader_or_damage(log: &Path) -> anyhow::Result<()> {
    match LogReader::open(log) {
        Err(ReadError::Identity(IdentityError::NotALog(_))) => Err(no_log(log)),
        _ => Ok(()),
    }
}
