//! Entries counted by the values of a field: by the index when it is there, by reading the log otherwise.

use std::collections::HashMap;

use bulla::{Filter, LogReader};
use bulla_search::{Facet, ValueCounter, View};
use indicatif::ProgressBar;

use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::count;
use crate::output::progress;
use crate::output::talk;
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
    Ok(facets.facets.into_iter().next().map(counts_of))
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
    let mut values = ValueCounter::of(field);
    for entry in reader.filter(filter.clone(), 0..u64::MAX) {
        let entry = entry?;
        bar.set_position(entry.seq().get());
        values.add(entry.line());
    }
    let facet = values.facet(usize::MAX);
    if facet.other > 0 {
        talk::warn(format!(
            "{} entries have other values of {field}: too many to tell apart",
            count(facet.other)
        ));
    }
    Ok(counts_of(facet))
}

fn counts_of(facet: Facet) -> Counts {
    let missing = (facet.missing > 0).then_some((None, facet.missing));
    facet.values.into_iter().map(|value| (Some(value.value), value.count)).chain(missing).collect()
}
