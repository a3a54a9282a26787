//! Entries counted by the values of a field: by the index when it is there, by reading the log otherwise.

use std::collections::HashMap;

use bulla::{Filter, LogReader};
use bulla_search::View;
use indicatif::ProgressBar;
use serde_json::Value;

use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::count;
use crate::output::progress;
use crate::output::text::shown;

/// Counts by value; those of entries without one are by none.
type Counts = HashMap<Option<String>, u64>;

pub(crate) fn run(
    this: &mut Invocation,
    filter: &Filter,
    field: &str,
    limit: usize,
) -> anyhow::Result<Ended> {
    let search = log_access::search(&this.log)?;
    let view = search.now()?;
    let counts = match by_index(&view, filter, field)? {
        Some(counts) => counts,
        None => {
            let bar = progress::over_entries(view.size(), "counting");
            let counts = by_reading(search.log(), filter, field, &bar);
            bar.finish_and_clear();
            counts?
        }
    };
    print(this, counts, limit)?;
    Ok(Ended::Fine)
}

/// What the index says; nothing when there is none, or it does not say all.
fn by_index(view: &View, filter: &Filter, field: &str) -> anyhow::Result<Option<Counts>> {
    if view.indexed_to_seq().is_none() {
        return Ok(None);
    }
    let facets = view.facets(filter, &[field.to_owned()], usize::MAX)?;
    if !facets.counted.total.is_exact || !facets.facets.iter().all(|facet| facet.is_exact) {
        return Ok(None);
    }
    let mut counts = Counts::new();
    for facet in facets.facets {
        counts.extend(facet.values.into_iter().map(|value| (Some(value.value), value.count)));
        if facet.missing > 0 {
            counts.insert(None, facet.missing);
        }
    }
    Ok(Some(counts))
}

pub(crate) fn print(this: &mut Invocation, counts: Counts, limit: usize) -> anyhow::Result<()> {
    let mut counts: Vec<(Option<String>, u64)> = counts.into_iter().collect();
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
    Ok(())
}

fn by_reading(reader: &LogReader, filter: &Filter, field: &str, bar: &ProgressBar) -> anyhow::Result<Counts> {
    let mut counts = Counts::new();
    for entry in reader.filter(filter.clone(), 0..u64::MAX) {
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
