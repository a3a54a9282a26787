//! `bulla import`: the lines of foreign files as entries, each line accounted for, none taken twice.

use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail};
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, Redaction, Ticket};
use bulla_formats::import::{
    ImportFormat, ImportOptions, ImportReport, Imported, Line, Lines, importer, quarantine_entry,
};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;

use super::import_place::{Resume, instance};
use crate::args::ImportArgs;
use crate::ended::Ended;
use crate::input::Input;
use crate::interrupt::Interrupt;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::{count, counted};
use crate::output::palette::painted;
use crate::output::text::shown;
use crate::output::{progress, talk};

/// 4,096 tickets are awaited together: the queue stays full, and memory bounded.
const IN_FLIGHT: usize = 4096;

/// Reasons that are printed for each file; `--json` has more.
const REASONS_SHOWN: usize = 20;

/// What became of one file.
#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    instance: String,
    lines: u64,
    /// Lines that were in the log before.
    known_lines: u64,
    blank: u64,
    /// Entries recorded now.
    entries: u64,
    /// Records that have no place in an entry, each kept whole in a quarantine entry.
    unmapped: u64,
    reasons: Vec<Reason>,
    /// In hexadecimal, as `sha256sum` prints it.
    sha256: String,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct Reason {
    line: u64,
    reason: String,
}

pub(crate) fn run(this: &mut Invocation, args: &ImportArgs) -> anyhow::Result<Ended> {
    if args.instance.is_some() && args.files.len() > 1 {
        bail!("--as names one file, and {} are given: import them one by one", args.files.len());
    }
    let interrupt = Interrupt::listen()?;
    // Opened before the log is made, so that a mistyped name makes none.
    for file in &args.files {
        Input::open(file, &interrupt)?;
    }
    let redaction = if args.redact { Redaction::secrets() } else { Redaction::none() };
    let log = log_access::writer(AuditLog::builder(&this.log).redaction(redaction))?;
    let imported = import_all(this, args, &log, &interrupt);
    let closed = log_access::close(&log);
    let unmapped = imported?;
    closed?;
    Ok(Ended::fine_if(unmapped == 0))
}

/// Imports file by file; returns how many records were unmapped.
fn import_all(
    this: &mut Invocation,
    args: &ImportArgs,
    log: &AuditLog,
    interrupt: &Interrupt,
) -> anyhow::Result<u64> {
    let mut unmapped = 0;
    for path in &args.files {
        let report = FileImport { log, format: args.from, interrupt, path }
            .run(args.instance.as_deref())
            .with_context(|| format!("import {}", path.display()))?;
        print(this, &report)?;
        unmapped += report.unmapped;
    }
    this.out.flush()?;
    let sealing = progress::spinner("compressing full segments");
    log.wait_sealed();
    sealing.finish_and_clear();
    Ok(unmapped)
}

/// The import of one file.
struct FileImport<'a> {
    log: &'a AuditLog,
    format: ImportFormat,
    interrupt: &'a Interrupt,
    path: &'a Path,
}

impl FileImport<'_> {
    fn run(&self, name: Option<&str>) -> anyhow::Result<FileReport> {
        let input = Input::open(self.path, self.interrupt)?;
        let bar = progress::over_bytes(input.get_ref().len, &self.path.display().to_string());
        let ended = self.lines(input, name, &bar);
        bar.finish_and_clear();
        let report = ended?;
        if report.entries > 0 || report.unmapped > 0 {
            self.record_completion(&report)?;
        }
        Ok(report)
    }

    fn lines(
        &self,
        mut input: BufReader<Input>,
        name: Option<&str>,
        bar: &ProgressBar,
    ) -> anyhow::Result<FileReport> {
        let mut lines = Lines::new(&mut input);
        // The first line that is not blank says which file this is; those before it are blank.
        let mut first = Vec::new();
        let mut begin = OwnedLine::default();
        while first.is_empty()
            && let Some(line) = lines.next_line().context("read it")?
        {
            first = line.content().to_vec();
            begin = OwnedLine::of(line);
        }
        let instance = name.map_or_else(|| instance(self.path, &first), str::to_owned);
        let options =
            ImportOptions { event: self.log.event_options(), ..ImportOptions::at(bulla::Timestamp::now()) };
        let mut importer = importer(self.format, &instance, options.clone());
        let source = self.format.source_id();
        let mut resume = Resume::of(self.log, &source, &instance)?;
        let mut report = ImportReport::default();
        (1..begin.number).for_each(|_| report.count_line(true, &[]));
        let mut recorded = Recorded { log: self.log, tickets: Vec::new(), entries: 0 };
        let mut became = Vec::new();
        let mut line = (begin.number > 0).then(|| begin.line());
        while let Some(this) = line {
            if self.interrupt.is_asked() {
                recorded.settle()?;
                bail!(
                    "interrupted at line {}: {} recorded; run the same command again to go on",
                    this.number,
                    counted(recorded.entries, "entry is", "entries are")
                );
            }
            let (number, end, is_blank) = (this.number, this.offset + this.size, this.is_blank());
            importer.line(this, &mut became);
            resume.keep_new(number, &mut became)?;
            report.count_line(is_blank, &became);
            recorded.submit(&mut became, self.format, &instance, &options)?;
            bar.set_position(end);
            line = lines.next_line().context("read it")?;
        }
        importer.finish(&mut became);
        recorded.submit(&mut became, self.format, &instance, &options)?;
        recorded.settle()?;
        resume.settle()?;
        let known_lines = resume.known_lines().min(report.lines);
        if report.lines > resume.known_lines() {
            self.log.store_import_position(&source, &instance, report.lines)?;
        }
        let input = input.get_ref();
        Ok(FileReport {
            file: self.path.display().to_string(),
            instance,
            lines: report.lines,
            known_lines,
            blank: report.blank,
            entries: recorded.entries,
            unmapped: report.unmapped_total,
            reasons: report.unmapped.into_iter().map(|(line, reason)| Reason { line, reason }).collect(),
            sha256: input.sha256().to_string(),
            bytes: input.count(),
        })
    }

    /// Says in the log itself what was imported.
    fn record_completion(&self, report: &FileReport) -> anyhow::Result<()> {
        let outcome = if report.unmapped == 0 { AuditOutcome::Success } else { AuditOutcome::Failure };
        let mut entry = AuditEntry::new(AuditCategory::Audit, "import.completed")
            .event_name("import.completed")
            .outcome(outcome)
            .detail(json!({
                "file": report.file, "instance": report.instance, "format": self.format.as_str(),
                "sha256": report.sha256, "bytes": report.bytes, "lines": report.lines,
                "lines_known_before": report.known_lines, "blank": report.blank, "entries": report.entries,
                "unmapped": report.unmapped,
            }));
        entry.principal = crate::invocation::user();
        self.log.record_blocking(entry).context("record that the import is complete")?;
        Ok(())
    }
}

/// The first line, kept while it is used to name the file.
#[derive(Debug, Default)]
struct OwnedLine {
    number: u64,
    offset: u64,
    bytes: Vec<u8>,
    size: u64,
    is_torn: bool,
}

impl OwnedLine {
    fn of(line: Line<'_>) -> Self {
        let Line { number, offset, bytes, size, is_torn } = line;
        Self { number, offset, bytes: bytes.to_vec(), size, is_torn }
    }

    fn line(&self) -> Line<'_> {
        let Self { number, offset, bytes, size, is_torn } = self;
        Line { number: *number, offset: *offset, bytes, size: *size, is_torn: *is_torn }
    }
}

/// Entries on their way to the log.
struct Recorded<'a> {
    log: &'a AuditLog,
    tickets: Vec<Ticket>,
    entries: u64,
}

impl Recorded<'_> {
    fn submit(
        &mut self,
        became: &mut Vec<Imported>,
        format: ImportFormat,
        instance: &str,
        options: &ImportOptions,
    ) -> anyhow::Result<()> {
        for imported in became.drain(..) {
            let event = match imported {
                Imported::Event(imported) => {
                    self.entries += 1;
                    imported.event
                }
                Imported::Unmapped(unmapped) => quarantine_entry(&unmapped, format, instance, options),
            };
            self.tickets.push(self.log.submit_event_blocking(event)?);
            if self.tickets.len() == IN_FLIGHT {
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Waits until all of them are durable.
    fn settle(&mut self) -> anyhow::Result<()> {
        self.tickets.drain(..).try_for_each(|ticket| ticket.wait_durable().map(|_| ()))?;
        Ok(())
    }
}

fn print(this: &mut Invocation, report: &FileReport) -> anyhow::Result<()> {
    if this.json {
        this.out.json(report)?;
    } else {
        print_counts(this, report)?;
    }
    if report.unmapped > 0 {
        this.out.flush()?;
        warn_of_unmapped(report);
    }
    Ok(())
}

fn print_counts(this: &mut Invocation, report: &FileReport) -> anyhow::Result<()> {
    let file = shown(&report.file).into_owned();
    if report.entries == 0 && report.unmapped == 0 {
        let known = counted(report.known_lines, "line is", "lines are");
        return this.out.line(format!("{file}: nothing new, {known} in the log already"));
    }
    let mut parts = vec![
        counted(report.lines, "line", "lines"),
        painted(this.palette.good, &counted(report.entries, "entry recorded", "entries recorded")),
    ];
    if report.known_lines > 0 {
        parts.push(format!("{} in the log before", counted(report.known_lines, "line", "lines")));
    }
    if report.blank > 0 {
        parts.push(format!("{} blank", count(report.blank)));
    }
    if report.unmapped > 0 {
        let unmapped = counted(report.unmapped, "record not mapped", "records not mapped");
        parts.push(painted(this.palette.bad, &unmapped));
    }
    this.out.line(format!("{file}: {}", parts.join(", ")))
}

fn warn_of_unmapped(report: &FileReport) {
    for Reason { line, reason } in report.reasons.iter().take(REASONS_SHOWN) {
        talk::warn(format!("{}, line {line}: {reason}", report.file));
    }
    let rest = report.unmapped.saturating_sub(report.reasons.len().min(REASONS_SHOWN) as u64);
    if rest > 0 {
        talk::warn(format!("and {} more", count(rest)));
    }
    talk::note(
        "each is kept whole as the payload of an entry: `bulla search action:import.unmapped` lists them",
    );
}
