//! What of the log the index holds at one moment: parts of consecutive entries, oldest first.
//!
//! In each part, entry `base + n` is document `n`; this is why a part is never made of others than neighbours, and why
//! "newest first" needs no sorting.

use std::ops::Range;

use tantivy::{DocId, Searcher, SegmentReader};

use super::damage::Damage;
use super::entry::schema::{Fields, NumberColumn};

/// The index at one moment. It stays as it is while the index goes on.
pub struct Snapshot {
    pub(crate) searcher: Searcher,
    pub(crate) fields: Fields,
    /// Oldest first, without gaps between them.
    pub(crate) parts: Vec<Part>,
}

/// Consecutive entries.
#[derive(Clone)]
pub(crate) struct Part {
    /// Number of the entry that is document 0.
    pub(crate) base: u64,
    pub(crate) reader: SegmentReader,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("parts", &self.parts.len()).field("covers", &self.covers()).finish()
    }
}

impl Part {
    pub(crate) fn covers(&self) -> Range<u64> {
        self.base..self.base + u64::from(self.reader.max_doc())
    }

    /// The documents that are in a range of entries.
    pub(crate) fn docs(&self, range: &Range<u64>) -> Range<DocId> {
        let covers = self.covers();
        let within = |seq: u64| (seq.clamp(covers.start, covers.end) - self.base) as DocId;
        within(range.start)..within(range.end)
    }
}

impl Snapshot {
    pub(crate) fn of(searcher: Searcher, fields: Fields) -> Result<Self, Damage> {
        let mut parts = Vec::new();
        for reader in searcher.segment_readers() {
            let seqs = reader.fast_fields().u64(NumberColumn::Seq.name())?;
            let (base, last) = (seqs.min_value(), seqs.max_value());
            if reader.has_deletes() || last.checked_sub(base) != Some(u64::from(reader.max_doc()) - 1) {
                return Err(Damage::Content(format!(
                    "a part of {} entries says that it holds {base} to {last}",
                    reader.max_doc()
                )));
            }
            parts.push(Part { base, reader: reader.clone() });
        }
        parts.sort_by_key(|part| part.base);
        for pair in parts.windows(2) {
            if pair[0].covers().end != pair[1].base {
                return Err(Damage::Content(format!(
                    "after entry {} comes entry {}",
                    pair[0].covers().end - 1,
                    pair[1].base
                )));
            }
        }
        Ok(Self { searcher, fields, parts })
    }

    /// The entries that it holds, all of them.
    pub fn covers(&self) -> Range<u64> {
        match (self.parts.first(), self.parts.last()) {
            (Some(first), Some(last)) => first.base..last.covers().end,
            _ => 0..0,
        }
    }
}
