//! Foreign records, one per line, to events that a log can record.
//!
//! The invariant of this room: every line is accounted for. It becomes one or more events, or an [`Unmapped`]
//! that keeps its bytes and says why, or it is blank. A bad record among good ones never stops an import.

mod agent;
mod cloudtrail;
mod derived_id;
mod format;
mod found;
mod json_lines;
mod lines;
mod name;
mod quarantine;
mod report;
mod seal;
mod time;

use std::io::{self, BufRead};

use bulla::{Event, EventOptions, Redaction, Timestamp};

pub use format::{ImportFormat, UnknownImportFormat};
pub use lines::{IMPORT_LINE_BYTES_MAX, Line, Lines};
pub use quarantine::quarantine_entry;
pub use report::{ImportReport, UNMAPPED_LISTED_MAX};

use seal::LineImporter;

/// Maps the lines of one file, in order.
///
/// An importer remembers what joins lines: open tool calls, the session's model. To resume an import, feed the
/// file from its beginning again and drop what came before; ids are the same each time.
pub trait Importer {
    /// Maps one line. A blank line gives nothing; any other gives at least one [`Imported`].
    fn line(&mut self, line: Line<'_>, out: &mut Vec<Imported>);

    /// Gives what is still held after the last line.
    fn finish(&mut self, out: &mut Vec<Imported>);
}

/// What one record became.
#[derive(Debug, Clone)]
pub enum Imported {
    /// An event, ready to be recorded.
    Event(ImportedEvent),
    /// A record that has no place in an entry; see [`quarantine_entry`].
    Unmapped(Unmapped),
}

/// An event and the place that it was read from.
#[derive(Debug, Clone)]
pub struct ImportedEvent {
    /// Line of the file, from 1.
    pub line: u64,
    /// Byte of the file at which the line begins.
    pub offset: u64,
    /// Id of the entry: the record's own, or one made from its place and bytes.
    pub id: String,
    /// The event.
    pub event: Event,
}

/// A record that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// Line of the file, from 1.
    pub line: u64,
    /// Byte of the file at which the record begins.
    pub offset: u64,
    /// Bytes of the whole record, also when `original` holds only its first part.
    pub size: u64,
    /// Why, in words for people.
    pub reason: String,
    /// The record's bytes, at most [`IMPORT_LINE_BYTES_MAX`].
    pub original: Vec<u8>,
}

/// How records are imported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// How entries are prepared. Nothing is redacted unless this says so: the original is the evidence.
    pub event: EventOptions,
    /// Time of an entry whose record has no readable one; the entry then says so.
    pub imported_at: Timestamp,
}

impl ImportOptions {
    /// Options that keep every original as it is, for an import at that time.
    pub fn at(imported_at: Timestamp) -> Self {
        Self { event: EventOptions { redaction: Redaction::none(), ..EventOptions::default() }, imported_at }
    }
}

/// An importer for one file of that format; `instance` is the file's name, as entries will give it.
///
/// ```
/// use bulla_formats::import::{ImportFormat, ImportOptions, Imported, Lines, importer};
/// let file = br#"{"eventTime":"2026-11-23T12:00:00Z","level":"error","message":"disk full"}"#;
/// let options = ImportOptions::at("2026-11-24T00:00:00Z".parse()?);
/// let mut importer = importer(ImportFormat::Jsonl, "app.jsonl", options);
/// let mut lines = Lines::new(&file[..]);
/// let mut out = Vec::new();
/// while let Some(line) = lines.next_line()? {
///     importer.line(line, &mut out);
/// }
/// importer.finish(&mut out);
/// assert!(matches!(&out[..], [Imported::Event(_)]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn importer(format: ImportFormat, instance: &str, options: ImportOptions) -> Box<dyn Importer> {
    match format {
        ImportFormat::Jsonl => Box::new(LineImporter::new(format, instance, options, json_lines::Jsonl)),
        ImportFormat::Seed => Box::new(LineImporter::new(format, instance, options, json_lines::Seed)),
        ImportFormat::Cloudtrail => {
            Box::new(LineImporter::new(format, instance, options, cloudtrail::Cloudtrail))
        }
        ImportFormat::ClaudeCode => {
            Box::new(LineImporter::new(format, instance, options, agent::ClaudeCode::default()))
        }
        ImportFormat::Codex => {
            Box::new(LineImporter::new(format, instance, options, agent::Codex::default()))
        }
    }
}

/// Imports everything that `reader` gives, handing each result to `sink`, and counts.
///
/// # Errors
/// Those of the reader and of `sink`. Results that `sink` took before stay taken.
pub fn import<R, E>(
    reader: R,
    importer: &mut dyn Importer,
    mut sink: impl FnMut(Imported) -> Result<(), E>,
) -> Result<ImportReport, E>
where
    R: BufRead,
    E: From<io::Error>,
{
    let mut report = ImportReport::default();
    let mut lines = Lines::new(reader);
    let mut out = Vec::new();
    while let Some(line) = lines.next_line()? {
        let is_blank = line.is_blank();
        importer.line(line, &mut out);
        report.count_line(is_blank, &out);
        out.drain(..).try_for_each(&mut sink)?;
    }
    importer.finish(&mut out);
    report.count_rest(&out);
    out.drain(..).try_for_each(&mut sink)?;
    Ok(report)
}
