//! `bulla export`: entries in another format. The export is an entry itself, wherever it can be recorded.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, Filter, LogReader};
use bulla_formats::export::{ExportError, ExportFormat, Exporter};
use serde_json::json;

use crate::args::ExportArgs;
use crate::ended::Ended;
use crate::invocation::{Invocation, user};
use crate::log_access;
use crate::new_file::{self, Readable};
use crate::output::amount::counted;
use crate::output::{progress, talk};

/// 20 entries that have no place in the format are named; the rest is counted.
const LEFT_OUT_NAMED_MAX: usize = 20;

/// What was exported.
#[derive(Debug, Default)]
struct Exported {
    entries: u64,
    /// Lines that have no place in the format.
    left_out: u64,
    /// The first of them, by number and reason.
    left_out_named: Vec<(u64, String)>,
}

pub(crate) fn run(this: &mut Invocation, args: &ExportArgs) -> anyhow::Result<Ended> {
    let reader = log_access::reader(&this.log)?;
    let filter =
        this.filter(&args.query.text(), args.period.since.as_deref(), args.period.until.as_deref())?;
    let mut exported = Exported::default();
    let mut is_begun = false;
    let written = write_to(args, |sink| {
        is_begun = true;
        write(args, &reader, filter, sink, &mut exported)
    });
    if let (Ok(()), Some(path)) = (&written, &args.output) {
        let entries = counted(exported.entries, "entry", "entries");
        talk::note(format!("{entries} written to {}", path.display()));
    }
    for (seq, reason) in &exported.left_out_named {
        talk::warn(format!("entry {seq} was left out: {reason}"));
    }
    // A file that was there already is a mistake, not an export.
    if is_begun {
        record(this, args, &exported, written.as_ref().err());
    }
    written.map(|()| Ended::fine_if(exported.left_out == 0))
}

/// Gives `write` the file or stdout. A file that could not be written whole is removed.
pub(crate) fn write_to(
    args: &ExportArgs,
    write: impl FnOnce(&mut (dyn Write + Send)) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = &args.output else {
        let mut stdout = io::stdout();
        refuse_terminal(args.format, &stdout)?;
        return write(&mut stdout).and_then(|()| stdout.flush().context("write to stdout"));
    };
    new_file::write_with(path, Readable::Usual, write)
}

/// A table is no text.
fn refuse_terminal(format: ExportFormat, stdout: &io::Stdout) -> anyhow::Result<()> {
    if format == ExportFormat::Parquet && stdout.is_terminal() {
        bail!("parquet is not for a terminal: name a file with -o, or pipe it");
    }
    Ok(())
}

fn write(
    args: &ExportArgs,
    reader: &LogReader,
    filter: Filter,
    sink: &mut (dyn Write + Send),
    exported: &mut Exported,
) -> anyhow::Result<()> {
    let size = reader.size()?;
    let bar = progress::over_entries(size, "exporting");
    let exporter = Exporter::new(args.format, &reader.identity().origin, sink);
    let mut exporter = exporter.map_err(|error| failed(args, error))?.with_segments(reader.segment_starts());
    for entry in reader.filter(filter, 0..size) {
        let entry = entry?;
        match exporter.write(entry.line()) {
            Ok(()) => exported.entries += 1,
            Err(error) if error.is_about_entry() => {
                exported.left_out += 1;
                if exported.left_out_named.len() < LEFT_OUT_NAMED_MAX {
                    exported.left_out_named.push((entry.seq().get(), error.to_string()));
                }
            }
            Err(error) => return Err(failed(args, error)),
        }
        bar.set_position(entry.seq().get() + 1);
    }
    exporter.finish().map_err(|error| failed(args, error))?;
    bar.finish_and_clear();
    Ok(())
}

/// An error of the file or of stdout, named as those are everywhere.
fn failed(args: &ExportArgs, error: ExportError) -> anyhow::Error {
    match (error, &args.output) {
        (ExportError::Write(error), None) => anyhow::Error::new(error).context("write to stdout"),
        (ExportError::Write(error), Some(path)) => {
            anyhow::Error::new(error).context(format!("write {}", path.display()))
        }
        (other, _) => other.into(),
    }
}

/// Records the export, whole or not; says so when it cannot.
fn record(this: &Invocation, args: &ExportArgs, exported: &Exported, failed: Option<&anyhow::Error>) {
    let outcome = if failed.is_none() { AuditOutcome::Success } else { AuditOutcome::Failure };
    let mut entry = AuditEntry::new(AuditCategory::Audit, "export.created")
        .event_name("export.created")
        .outcome(outcome)
        .detail(json!({
            "query": args.query.text(), "since": args.period.since, "until": args.period.until,
            "format": args.format.as_str(), "entries": exported.entries, "left_out": exported.left_out,
            "complete": failed.is_none(),
            "to": args.output.as_ref().map_or("stdout".to_owned(), |path| path.display().to_string()),
        }));
    entry.principal = user();
    if let Some(error) = failed {
        entry = entry.reason("export.failed", format!("{error:#}"));
    }
    let recorded = log_access::writer(AuditLog::builder(&this.log)).and_then(|log| {
        log.record_blocking(entry)?;
        log_access::close(&log)
    });
    if let Err(error) = recorded {
        talk::warn(format!("the export is not recorded in the log: {error:#}"));
    }
}
