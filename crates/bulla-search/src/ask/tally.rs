//! Adding up all matches, wherever they are.

use bulla::Filter;
use tantivy::DocId;

use super::walk::Walk;
use super::{AskError, View};
use crate::index::Part;

/// 1,000,000 entries that the index does not hold are looked at for one answer: about a second. What is beyond them
/// stays out of the answer, and the answer says so.
pub(crate) const REST_ENTRIES_MAX: u64 = 1_000_000;

/// Something that matches are added to.
pub(crate) trait Tally {
    /// The matches that follow are in this part of the index.
    fn begin(&mut self, _part: &Part) -> Result<(), AskError> {
        Ok(())
    }

    /// Matches in the part that began last, oldest first.
    fn docs(&mut self, _docs: &[DocId]) -> Result<(), AskError> {
        Ok(())
    }

    /// All matches of that part were told.
    fn end(&mut self) -> Result<(), AskError> {
        Ok(())
    }

    /// A match that the index does not hold.
    fn line(&mut self, line: &[u8]);
}

/// How much of what the index does not hold was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) all: u64,
    pub(crate) looked_at: u64,
    pub(crate) complete_to_seq: u64,
}

impl Looked {
    pub(crate) fn is_whole(&self) -> bool {
        self.all == self.looked_at
    }
}

impl Walk<'_> {
    /// Adds all matches in a range of entries.
    pub(crate) fn tally(&self, range: &std::ops::Range<u64>, tally: &mut impl Tally) -> Result<(), AskError> {
        for part in &self.snapshot.parts {
            tally.begin(part)?;
            self.in_part(part, range, |docs| tally.docs(docs))?;
            tally.end()?;
        }
        Ok(())
    }
}

impl View {
    pub(crate) fn tally_rest(&self, filter: &Filter, tally: &mut impl Tally) -> Result<Looked, AskError> {
        let rest = self.rest();
        let end = rest.end.min(rest.start.saturating_add(REST_ENTRIES_MAX));
        let mut entries = self.log.read(rest.start..end);
        while let Some((_, line)) = entries.next_line()? {
            if filter.matches(line) {
                tally.line(line);
            }
        }
        Ok(Looked { all: rest.end - rest.start, looked_at: end - rest.start, complete_to_seq: end })
    }
}
