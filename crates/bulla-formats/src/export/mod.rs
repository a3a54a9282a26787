//! Stored lines to foreign records.
//!
//! What has no place in the target format never disappears silently: each format's file says what it keeps. A new
//! format (OCSF, ECS, CEF, CloudEvents, Parquet) is one file with one [`Exporter`] and one row of [`ExportFormat`].

mod csv;
mod format;
mod jsonl;
mod seed;

use crate::record::Record;

pub use format::{ExportFormat, UnknownExportFormat};

/// Writes entries in one format.
pub trait Exporter {
    /// Writes what stands before the first entry.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes one entry, given as its stored line without the newline.
    ///
    /// # Errors
    /// [`ExportError`] when the line is not an entry; nothing was written to `out`.
    fn entry(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), ExportError>;

    /// Writes what stands after the last entry.
    fn end(&mut self, out: &mut Vec<u8>);
}

/// Why a stored line could not be exported. Lines before and after it are not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The line is not a JSON object; `bulla verify` tells whether it was changed.
    #[error("export entry: line is not a JSON object: {0}")]
    NotAnEntry(String),
    /// A field that the target format cannot do without is missing.
    #[error("export entry: field `{0}` is missing")]
    MissingField(&'static str),
}

/// An exporter of that format.
///
/// ```
/// use bulla_formats::export::{ExportFormat, exporter};
/// let line = br#"{"seq":0,"recorded_at":"2026-11-23T12:00:00.000000000Z","id":"a","timestamp":"2026-11-23T12:00:00Z","category":"api","action":"GET /health","outcome":"success"}"#;
/// let mut exporter = exporter(ExportFormat::Seed);
/// let mut out = Vec::new();
/// exporter.begin(&mut out);
/// exporter.entry(line, &mut out)?;
/// exporter.end(&mut out);
/// assert!(out.starts_with(br#"{"id":"a","timestamp":"#));
/// # Ok::<(), bulla_formats::export::ExportError>(())
/// ```
pub fn exporter(format: ExportFormat) -> Box<dyn Exporter> {
    match format {
        ExportFormat::Jsonl => Box::new(jsonl::Jsonl),
        ExportFormat::Seed => Box::new(seed::Seed),
        ExportFormat::Csv => Box::new(csv::Csv),
    }
}

fn fields_of(line: &[u8]) -> Result<Record<'_>, ExportError> {
    Record::of_line(line).map_err(|error| ExportError::NotAnEntry(error.to_string()))
}
