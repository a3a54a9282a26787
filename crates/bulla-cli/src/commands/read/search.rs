//! `bulla search`: entries that match, the newest first, or counts of a field's values.

use std::collections::HashMap;

use bulla::{Filter, LogReader, ReadError, StoredEntry};
use indicatif::ProgressBar;
use serde_json::Value;

use crate::args::SearchArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::{count, counted};
use crate::output::text::shown;
use crate::output::{entry_row, progress, talk};

pub(crate) fn run(this: &mut Invocation, args: &SearchArgs) -> anyhow::Result<Ended> {
    let filter =
        this.filter(&args.query.text(), args.period.since.as_deref(), args.period.until.as_deref())?;
    let reader = log_access::reader(&this.log)?;
    let size = reader.size()?;
    let limit = args.limit.unwrap_or(usize::MAX);
    if let Some(field) = &args.count_by {
        return count_by(this, &reader, filter, field, limit);
    }
    let found = if args.oldest_first {
        print_all(this, reader.filter(filter, 0..size), limit)?
    } else {
        print_all(this, reader.filter_back(filter, 0..size), limit)?
    };
    this.out.flush()?;
    if found.entries == 0 && !found.is_damaged {
        talk::note(format!("no entry matches, of {}", counted(size, "entry", "entries")));
    }
    Ok(Ended::fine_if(!found.is_damaged))
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

fn count_by(
    this: &mut Invocation,
    reader: &LogReader,
    filter: Filter,
    field: &str,
    limit: usize,
) -> anyhow::Result<Ended> {
    let size = reader.size()?;
    let bar = progress::over_entries(size, "counting");
    let counts = counts(reader, filter, field, &bar);
    bar.finish_and_clear();
    let mut counts: Vec<(Option<String>, u64)> = counts?.into_iter().collect();
    counts.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
    let columns = counts.first().map_or(0, |(_, number)| count(*number).len());
    for (value, number) in counts.into_iter().take(limit) {
        if this.json {
            this.out.json(&serde_json::json!({"value": value, "count": number}))?;
        } else {
            let value = value.as_deref().map_or("(none)".into(), shown);
            this.out.line(format!("{:>columns$}  {value}", count(number)))?;
        }
    }
    Ok(Ended::Fine)
}

fn counts(
    reader: &LogReader,
    filter: Filter,
    field: &str,
    bar: &ProgressBar,
) -> anyhow::Result<HashMap<Option<String>, u64>> {
    let mut counts = HashMap::new();
    for entry in reader.filter(filter, 0..u64::MAX) {
        let entry = entry?;
        bar.set_position(entry.seq().get());
        let line: Value = serde_json::from_slice(entry.line()).unwrap_or_default();
        let mut values = Vec::new();
        values_at(&line, field, &mut values);
        if values.is_empty() {
            values.push(None);
        }
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The values at a dotted path, through objects and arrays; keys that have dots themselves are found too.
fn values_at(value: &Value, path: &str, found: &mut Vec<Option<String>>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| values_at(value, path, found)),
        Value::Object(map) => {
            if let Some(value) = map.get(path) {
                leaves(value, found);
            }
            for (dot, _) in path.match_indices('.') {
                if let Some(value) = map.get(&path[..dot]) {
                    values_at(value, &path[dot + 1..], found);
                }
            }
        }
        _ => {}
    }
}

fn leaves(value: &Value, found: &mut Vec<Option<String>>) {
    match value {
        Value::Null => found.push(None),
        Value::String(text) => found.push(Some(text.clone())),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, found)),
        other => found.push(Some(other.to_string())),
    }
}
