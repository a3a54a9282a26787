//! `bulla export`: entries in another format. The export is an entry itself, wherever it can be recorded.

use std::io::{BufWriter, Write};

use anyhow::Context;
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, LogReader};
use bulla_formats::export::exporter;
use serde_json::json;

use crate::args::ExportArgs;
use crate::ended::Ended;
use crate::invocation::{Invocation, user};
use crate::new_file::{Readable, create};
use crate::output::amount::counted;
use crate::output::{progress, talk};
use crate::{invocation, log_access};

/// What was exported.
#[derive(Debug, Default)]
struct Exported {
    entries: u64,
    /// Lines that have no place in the format, by number and reason.
    left_out: Vec<(u64, String)>,
}

pub(crate) fn run(this: &mut Invocation, args: &ExportArgs) -> anyhow::Result<Ended> {
    let reader = log_access::reader(&this.log)?;
    let exported = match &args.output {
        None => write(this, args, &reader, None)?,
        Some(path) => {
            let mut file = BufWriter::new(create(path, Readable::Usual)?);
            let exported = write(this, args, &reader, Some(&mut file))?;
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
            file.and_then(|file| file.sync_all()).with_context(|| format!("write {}", path.display()))?;
            talk::note(format!(
                "{} written to {}",
                counted(exported.entries, "entry", "entries"),
                path.display()
            ));
            exported
        }
    };
    this.out.flush()?;
    for (seq, reason) in exported.left_out.iter().take(20) {
        talk::warn(format!("entry {seq} was left out: {reason}"));
    }
    record(this, args, &exported);
    Ok(Ended::fine_if(exported.left_out.is_empty()))
}

fn write(
    this: &mut Invocation,
    args: &ExportArgs,
    reader: &LogReader,
    mut file: Option<&mut dyn Write>,
) -> anyhow::Result<Exported> {
    let filter =
        this.filter(&args.query.text(), args.period.since.as_deref(), args.period.until.as_deref())?;
    let size = reader.size()?;
    let bar = progress::over_entries(size, "exporting");
    let mut exporter = exporter(args.format);
    let mut exported = Exported::default();
    let mut text = Vec::new();
    let mut write = |this: &mut Invocation, text: &mut Vec<u8>| {
        let written = match &mut file {
            Some(file) => file.write_all(text).context("write the export"),
            None => this.out.bytes(text),
        };
        text.clear();
        written
    };
    exporter.begin(&mut text);
    for entry in reader.filter(filter, 0..size) {
        let entry = entry?;
        match exporter.entry(entry.line(), &mut text) {
            Ok(()) => exported.entries += 1,
            Err(error) => exported.left_out.push((entry.seq().get(), error.to_string())),
        }
        bar.set_position(entry.seq().get() + 1);
        write(this, &mut text)?;
    }
    exporter.end(&mut text);
    write(this, &mut text)?;
    bar.finish_and_clear();
    Ok(exported)
}

/// Records the export; says so when it cannot.
fn record(this: &invocation::Invocation, args: &ExportArgs, exported: &Exported) {
    let mut entry = AuditEntry::new(AuditCategory::Audit, "export.created")
        .event_name("export.created")
        .outcome(AuditOutcome::Success)
        .detail(json!({
            "query": args.query.text(), "since": args.period.since, "until": args.period.until,
            "format": args.format.as_str(), "entries": exported.entries, "left_out": exported.left_out.len(),
            "to": args.output.as_ref().map_or("stdout".to_owned(), |path| path.display().to_string()),
        }));
    entry.principal = user();
    let recorded = log_access::writer(AuditLog::builder(&this.log)).and_then(|log| {
        log.record_blocking(entry)?;
        log_access::close(&log)
    });
    if let Err(error) = recorded {
        talk::warn(format!("the export is not recorded in the log: {error:#}"));
    }
}
