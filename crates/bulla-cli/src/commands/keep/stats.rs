//! `bulla stats`: sizes, rates, how far the log is, and what it is about. Reads the whole log once.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use bulla::{Filter, LogReader, Timestamp};
use serde::{Deserialize, Serialize};

use crate::args::StatsArgs;
use crate::commands::read::count_by;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::{self, count};
use crate::output::palette::painted;
use crate::output::progress;
use crate::output::text::{padded, shown};

/// Values of a field that are printed; `--json` has all.
const VALUES_SHOWN: usize = 12;

#[derive(Debug, Serialize)]
struct Stats {
    origin: String,
    entries: u64,
    first_seq: u64,
    /// Entries that the newest checkpoint covers.
    published: u64,
    disk: Disk,
    content: Content,
    /// Bytes of lines for each byte that they take on disk.
    compression: Option<f64>,
    /// Entries per hour between the first and the last; absent when they are not a minute apart.
    entries_per_hour: Option<f64>,
}

/// Bytes of files, by what they are.
#[derive(Debug, Default, Serialize)]
struct Disk {
    plain_segments: u64,
    plain_bytes: u64,
    sealed_segments: u64,
    sealed_bytes: u64,
    tree_bytes: u64,
    payloads: u64,
    payload_bytes: u64,
    checkpoint_bytes: u64,
    other_bytes: u64,
}

/// What the lines say.
#[derive(Debug, Default, Serialize)]
struct Content {
    line_bytes: u64,
    first_recorded_at: Option<Timestamp>,
    last_recorded_at: Option<Timestamp>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    categories: BTreeMap<String, u64>,
    outcomes: BTreeMap<String, u64>,
    sources: BTreeMap<String, u64>,
    unreadable: u64,
}

pub(crate) fn run(this: &mut Invocation, args: &StatsArgs) -> anyhow::Result<Ended> {
    if let Some(field) = &args.by {
        return count_by::run(this, &Filter::new(), field, usize::MAX);
    }
    let reader = log_access::reader(&this.log)?;
    let disk = Disk::of(&this.log)?;
    let content = Content::of(&reader)?;
    let entries = reader.size()?;
    let on_disk = disk.plain_bytes + disk.sealed_bytes;
    let compression = (on_disk > 0).then(|| content.line_bytes as f64 / on_disk as f64);
    let stats = Stats {
        origin: reader.identity().origin.clone(),
        entries,
        first_seq: reader.first_seq().get(),
        published: reader.checkpoint()?.map_or(0, |checkpoint| checkpoint.size().get()),
        entries_per_hour: content.rate(entries),
        compression,
        disk,
        content,
    };
    if this.json {
        this.out.json(&stats)?;
    } else {
        print(this, &stats)?;
    }
    Ok(Ended::Fine)
}

impl Disk {
    fn of(log: &Path) -> anyhow::Result<Self> {
        let mut disk = Self::default();
        disk.add_folder(log, Path::new("")).with_context(|| format!("measure {}", log.display()))?;
        Ok(disk)
    }

    fn add_folder(&mut self, log: &Path, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(log.join(folder))? {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            let about = match entry.metadata() {
                // A segment that was sealed, a temporary that was renamed: gone since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                about => about?,
            };
            if about.is_dir() {
                self.add_folder(log, &name)?;
            } else {
                self.add_file(&name, about.len());
            }
        }
        Ok(())
    }

    fn add_file(&mut self, name: &Path, len: u64) {
        let text = name.to_string_lossy();
        match name.components().next().map(|first| first.as_os_str().to_string_lossy()).as_deref() {
            Some("entries") if text.ends_with(".jsonl") => {
                self.plain_segments += 1;
                self.plain_bytes += len;
            }
            Some("entries") if text.ends_with(".jsonl.zst") => {
                self.sealed_segments += 1;
                self.sealed_bytes += len;
            }
            Some("tree") => self.tree_bytes += len,
            Some("payloads") => {
                self.payloads += 1;
                self.payload_bytes += len;
            }
            Some("checkpoint" | "checkpoints") => self.checkpoint_bytes += len,
            _ => self.other_bytes += len,
        }
    }
}

/// The members that are counted.
#[derive(Deserialize)]
struct Counted {
    recorded_at: Timestamp,
    timestamp: Timestamp,
    category: String,
    outcome: String,
    source: Option<CountedSource>,
}

#[derive(Deserialize)]
struct CountedSource {
    id: Option<String>,
}

impl Content {
    fn of(reader: &LogReader) -> anyhow::Result<Self> {
        let size = reader.size()?;
        let first = reader.first_seq().get();
        let bar = progress::over_entries(size - first.min(size), "counting");
        let mut content = Self::default();
        let mut entries = reader.read(first..size);
        while let Some((seq, line)) = entries.next_line()? {
            content.line_bytes += line.len() as u64 + 1;
            match serde_json::from_slice::<Counted>(line) {
                Ok(entry) => content.add(entry),
                Err(_) => content.unreadable += 1,
            }
            bar.set_position(seq.get() - first);
        }
        bar.finish_and_clear();
        Ok(content)
    }

    fn add(&mut self, entry: Counted) {
        self.first_recorded_at.get_or_insert(entry.recorded_at);
        self.last_recorded_at = Some(entry.recorded_at);
        self.earliest = Some(self.earliest.map_or(entry.timestamp, |earliest| earliest.min(entry.timestamp)));
        self.latest = Some(self.latest.map_or(entry.timestamp, |latest| latest.max(entry.timestamp)));
        *self.categories.entry(entry.category).or_default() += 1;
        *self.outcomes.entry(entry.outcome).or_default() += 1;
        let source = entry.source.and_then(|source| source.id).unwrap_or_else(|| "this log".to_owned());
        *self.sources.entry(source).or_default() += 1;
    }

    fn rate(&self, entries: u64) -> Option<f64> {
        let seconds = self.last_recorded_at?.since(self.first_recorded_at?).as_secs_f64();
        // Below a minute a rate says nothing about an hour.
        (seconds >= 60.0).then(|| entries as f64 / (seconds / 3600.0))
    }
}

fn print(this: &mut Invocation, stats: &Stats) -> anyhow::Result<()> {
    let Stats { disk, content, .. } = stats;
    let stored = disk.plain_bytes + disk.sealed_bytes;
    line(this, "log", &format!("{} ({})", shown(&this.log.display().to_string()), shown(&stats.origin)))?;
    line(this, "entries", &count(stats.entries))?;
    let uncovered = stats.entries.saturating_sub(stats.published);
    line(
        this,
        "published",
        &format!("{} covered by the newest checkpoint, {} not yet", count(stats.published), count(uncovered)),
    )?;
    if let (Some(first), Some(last)) = (content.first_recorded_at, content.last_recorded_at) {
        let span = amount::duration(amount::elapsed(first, last));
        line(this, "recorded", &format!("{} to {} ({span})", amount::moment(first), amount::moment(last)))?;
    }
    if let (Some(first), Some(last)) = (content.earliest, content.latest) {
        line(this, "happened", &format!("{} to {}", amount::moment(first), amount::moment(last)))?;
    }
    if let Some(rate) = stats.entries_per_hour {
        line(this, "rate", &format!("{rate:.1} entries per hour since the first"))?;
    }
    let ratio = stats.compression.map_or(String::new(), |ratio| format!(", {ratio:.1} to 1"));
    line(
        this,
        "lines",
        &format!("{} in {} on disk{ratio}", amount::bytes(content.line_bytes), amount::bytes(stored)),
    )?;
    line(
        this,
        "  plain",
        &format!(
            "{} in {}",
            amount::bytes(disk.plain_bytes),
            amount::counted(disk.plain_segments, "segment", "segments")
        ),
    )?;
    line(
        this,
        "  sealed",
        &format!(
            "{} in {}",
            amount::bytes(disk.sealed_bytes),
            amount::counted(disk.sealed_segments, "segment", "segments")
        ),
    )?;
    line(this, "tree", &amount::bytes(disk.tree_bytes))?;
    line(
        this,
        "payloads",
        &format!(
            "{} in {}",
            amount::bytes(disk.payload_bytes),
            amount::counted(disk.payloads, "file", "files")
        ),
    )?;
    line(this, "checkpoints", &amount::bytes(disk.checkpoint_bytes))?;
    line(this, "other", &amount::bytes(disk.other_bytes))?;
    for (title, counts) in
        [("categories", &content.categories), ("outcomes", &content.outcomes), ("sources", &content.sources)]
    {
        table(this, title, counts)?;
    }
    if content.unreadable > 0 {
        let text = format!("{} that are no entries: run `bulla verify`", count(content.unreadable));
        line(this, "unreadable", &painted(this.palette.bad, &text))?;
    }
    Ok(())
}

fn line(this: &mut Invocation, name: &str, text: &str) -> anyhow::Result<()> {
    let name = painted(this.palette.strong, &padded(name, 12));
    this.out.line(format!("{name} {text}"))
}

fn table(this: &mut Invocation, title: &str, counts: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1));
    let columns = sorted.first().map_or(0, |(_, number)| count(**number).len());
    this.out.line(painted(this.palette.strong, title))?;
    for (value, number) in sorted.iter().take(VALUES_SHOWN) {
        this.out.line(format!("  {:>columns$}  {}", count(**number), shown(value)))?;
    }
    if sorted.len() > VALUES_SHOWN {
        this.out.line(format!("  and {} more: see --json", sorted.len() - VALUES_SHOWN))?;
    }
    Ok(())
}
