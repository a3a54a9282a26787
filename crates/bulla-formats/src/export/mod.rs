//! Stored lines to foreign records: one file per format, each a pure function from a line to a record.
//!
//! The invariant of this room: no field of an entry disappears silently. What has no place in a format goes where that
//! format keeps such things (`fields.rs` keeps count); only `seed`, whose keys are fixed, leaves fields out.

mod cef;
mod cloudevents;
mod csv;
mod ecs;
mod exporter;
mod fields;
mod format;
mod jsonl;
mod object;
mod ocsf;
#[cfg(feature = "parquet")]
mod parquet;
mod seed;

use std::io;

use bulla::Timestamp;

pub use exporter::Exporter;
pub use format::{ExportFormat, UnknownExportFormat};
pub use seed::record as seed_record;

use fields::Fields;

/// Why an entry, or anything at all, could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The line is not a JSON object; `bulla verify` tells whether it was changed. Nothing was written of it.
    #[error("export entry: line is not a JSON object: {0}")]
    NotAnEntry(String),
    /// A field that the target format cannot do without is missing. Nothing was written of the entry.
    #[error("export entry: field `{0}` is missing")]
    MissingField(&'static str),
    /// A field that the target format cannot do without cannot be read. Nothing was written of the entry.
    #[error("export entry: field `{0}` has a value that cannot be read: {1}")]
    UnreadableField(&'static str, String),
    /// What was written so far is not whole: the file or the connection takes no more.
    #[error("write export: {0}")]
    Write(#[from] io::Error),
    /// The table could not be written. What was written so far is not whole.
    #[error("write export: {0}")]
    Table(String),
}

impl ExportError {
    /// Whether this is about one entry, and the export can go on without it.
    pub fn is_about_entry(&self) -> bool {
        matches!(self, Self::NotAnEntry(_) | Self::MissingField(_) | Self::UnreadableField(..))
    }
}

/// One stored line, and the name of its log.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    bytes: &'a [u8],
    origin: &'a str,
}

impl<'a> Line<'a> {
    fn fields(&self) -> Result<Fields<'a>, ExportError> {
        Fields::of_line(self.bytes)
    }

    /// Hash of the line's leaf in the tree, in hexadecimal.
    fn leaf_hash(&self) -> String {
        bulla_proof::leaf_hash(self.bytes).to_string()
    }
}

/// What every format that has a time needs of an entry.
struct Moment<'a> {
    at: Timestamp,
    /// As the entry says it.
    text: std::borrow::Cow<'a, str>,
}

impl Moment<'_> {
    /// Milliseconds since 1970 began.
    fn millis(&self) -> i64 {
        let millis = self.at.unix_nanos().div_euclid(1_000_000);
        i64::try_from(millis).expect("milliseconds of the years to 9999 fit in 64 bits")
    }
}

/// When the entry happened; it stays in the rest.
fn moment<'a>(fields: &mut Fields<'a>) -> Result<Moment<'a>, ExportError> {
    let text = fields.see_text("timestamp").ok_or(ExportError::MissingField("timestamp"))?;
    match text.parse() {
        Ok(at) => Ok(Moment { at, text }),
        Err(_) => Err(ExportError::UnreadableField("timestamp", crate::record::clip(&text, 80))),
    }
}

/// A field without which there is no entry; it stays in the rest.
fn needed<'a>(fields: &mut Fields<'a>, name: &'static str) -> Result<std::borrow::Cow<'a, str>, ExportError> {
    fields.see_text(name).filter(|text| !text.is_empty()).ok_or(ExportError::MissingField(name))
}
