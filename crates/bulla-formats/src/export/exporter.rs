//! One export, from its first byte to its last: entries in, bytes of one format out. Memory does not grow with what
//! is exported: text leaves in blocks, a table in row groups.

use std::fmt;
use std::io::Write;

#[cfg(feature = "parquet")]
use super::parquet::Table;
use super::{ExportError, ExportFormat, Line, cef, cloudevents, csv, ecs, jsonl, ocsf, seed};

/// 64 KiB: text leaves when there is as much.
const BLOCK: usize = 64 << 10;

/// How one line becomes one record.
type Record = fn(&Line<'_>, &mut Vec<u8>) -> Result<(), ExportError>;

/// Writes entries in one format to `W`.
///
/// ```
/// use bulla_formats::export::{ExportFormat, Exporter};
/// let line = br#"{"seq":0,"recorded_at":"2026-11-23T12:00:00.000000000Z","id":"a","timestamp":"2026-11-23T12:00:00Z","category":"api","action":"GET /health","outcome":"success"}"#;
/// let mut exporter = Exporter::new(ExportFormat::Seed, "example.org/audit", Vec::new())?;
/// exporter.write(line)?;
/// assert!(exporter.finish()?.starts_with(br#"{"id":"a","timestamp":"#));
/// # Ok::<(), bulla_formats::export::ExportError>(())
/// ```
pub struct Exporter<W: Write + Send> {
    origin: String,
    to: To<W>,
}

enum To<W: Write + Send> {
    Text {
        record: Record,
        text: Vec<u8>,
        sink: W,
    },
    #[cfg(feature = "parquet")]
    Table(Box<Table<W>>),
}

impl<W: Write + Send> fmt::Debug for Exporter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl<W: Write + Send> Exporter<W> {
    /// Begins an export of the log of that name.
    ///
    /// # Errors
    /// When the table cannot be begun. Text formats write nothing yet.
    pub fn new(format: ExportFormat, origin: &str, sink: W) -> Result<Self, ExportError> {
        let mut text = Vec::new();
        let record = match format {
            ExportFormat::Jsonl => jsonl::record,
            ExportFormat::Seed => seed_record,
            ExportFormat::Csv => {
                csv::header(&mut text);
                csv::record
            }
            ExportFormat::Ocsf => ocsf::record,
            ExportFormat::Ecs => ecs::record,
            ExportFormat::Cef => cef::record,
            ExportFormat::CloudEvents => cloudevents::record,
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => {
                let table = Box::new(Table::begin(origin, sink)?);
                return Ok(Self { origin: origin.to_owned(), to: To::Table(table) });
            }
        };
        Ok(Self { origin: origin.to_owned(), to: To::Text { record, text, sink } })
    }

    /// Numbers of the first entry of each of the log's segments: a table begins a row group with each of them. Text
    /// formats have no groups.
    #[must_use]
    pub fn with_segments(self, starts: Vec<u64>) -> Self {
        #[cfg(feature = "parquet")]
        if let To::Table(table) = self.to {
            return Self { to: To::Table(Box::new(table.with_groups(starts))), ..self };
        }
        #[cfg(not(feature = "parquet"))]
        drop(starts);
        self
    }

    /// Writes one entry, given as its stored line without the newline.
    ///
    /// # Errors
    /// When the line has no place in the format ([`ExportError::is_about_entry`]): nothing was written of it, and the
    /// export can go on. With any other error the export is over, and not whole.
    pub fn write(&mut self, line: &[u8]) -> Result<(), ExportError> {
        let line = Line { bytes: line, origin: &self.origin };
        match &mut self.to {
            To::Text { record, text, sink } => {
                let before = text.len();
                if let Err(error) = record(&line, text) {
                    text.truncate(before);
                    return Err(error);
                }
                if text.len() >= BLOCK { send(text, sink) } else { Ok(()) }
            }
            #[cfg(feature = "parquet")]
            To::Table(table) => table.write(&line),
        }
    }

    /// Hands on what is held, as far as the format can: a table holds what is not a whole row group.
    ///
    /// # Errors
    /// When the sink takes no more.
    pub fn flush(&mut self) -> Result<(), ExportError> {
        match &mut self.to {
            To::Text { text, sink, .. } => {
                send(text, sink)?;
                Ok(sink.flush()?)
            }
            #[cfg(feature = "parquet")]
            To::Table(_) => Ok(()),
        }
    }

    /// Writes what stands after the last entry, and gives the sink back.
    ///
    /// # Errors
    /// When the sink takes no more; what was written is not whole then.
    pub fn finish(self) -> Result<W, ExportError> {
        match self.to {
            To::Text { mut text, mut sink, .. } => {
                send(&mut text, &mut sink)?;
                sink.flush()?;
                Ok(sink)
            }
            #[cfg(feature = "parquet")]
            To::Table(table) => table.finish(),
        }
    }
}

fn send(text: &mut Vec<u8>, sink: &mut impl Write) -> Result<(), ExportError> {
    sink.write_all(text)?;
    text.clear();
    Ok(())
}

fn seed_record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    seed::record(line.bytes, out)
}
