//! What can be asked of a log: pages, counts, histograms, facets, sessions.
//!
//! Every answer comes from two places that together are the whole log: the index, for what it holds, and the stored
//! lines, for what it does not hold yet. Without an index that is everything. So an answer never depends on how far
//! the index is, only its speed does.

mod facets;
mod facts_query;
mod histogram;
mod kept;
mod page;
mod plan;
mod sessions;
mod sets;
mod steady;
mod tally;
mod walk;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bulla::{Filter, LogReader, ReadError, StoredEntry};

pub use facets::{Facet, FacetValue, Facets, ValueCounter, facets_default};
pub use histogram::{Bucket, Histogram, OUTCOMES};
pub use page::{Page, PageLimits};
pub use sessions::{SessionSummary, Sessions, by_session};
pub use walk::Order;

use kept::Kept;
use tally::{Looked, Tally};
use walk::Walk;

use crate::index::schema::Fields;
use crate::index::shapes::{self, ShapeDigest};
use crate::index::{Index, Snapshot};

/// Why a question could not be answered.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The index could not be read; the log can, so asking without it gives the answer.
    #[error("the index could not be read: {0}; ask again, or remove the log's `index` directory")]
    Index(#[from] tantivy::TantivyError),
}

impl From<std::io::Error> for AskError {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.into())
    }
}

/// A number of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// So many; an estimate when it is not exact.
    pub value: u64,
    /// Whether all were counted.
    pub is_exact: bool,
}

/// Where the index comes from.
#[derive(Debug, Clone)]
enum Source {
    None,
    Following(Arc<Index>),
    Fixed(Arc<Snapshot>),
}

/// Answers questions about a log.
#[derive(Debug, Clone)]
pub struct Search {
    log: LogReader,
    source: Source,
    kept: Arc<Kept>,
}

impl Search {
    /// Over stored lines alone.
    pub fn without_index(log: LogReader) -> Self {
        Self::over(log, Source::None)
    }

    /// With an index that follows the log.
    pub fn with_index(log: LogReader, index: Arc<Index>) -> Self {
        Self::over(log, Source::Following(index))
    }

    /// With what an index held at one moment.
    pub fn with_snapshot(log: LogReader, snapshot: Arc<Snapshot>) -> Self {
        Self::over(log, Source::Fixed(snapshot))
    }

    fn over(log: LogReader, source: Source) -> Self {
        Self { log, source, kept: Arc::default() }
    }

    /// The log.
    pub fn log(&self) -> &LogReader {
        &self.log
    }

    /// The log and the index as they are now.
    ///
    /// # Errors
    /// When the log's size cannot be read.
    pub fn now(&self) -> Result<View, ReadError> {
        // The snapshot first: the log never gets smaller, so it holds no entry that the log does not have.
        let snapshot = match &self.source {
            Source::None => None,
            Source::Following(index) => index.snapshot(),
            Source::Fixed(snapshot) => Some(snapshot.clone()),
        };
        let size = self.log.size()?;
        let first = self.log.first_seq().get().min(size);
        Ok(View { snapshot, first, size, log: self.log.clone(), kept: self.kept.clone() })
    }
}

/// The log and its index at one moment; all answers of a view are about the same entries.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Option<Arc<Snapshot>>,
    first: u64,
    size: u64,
    log: LogReader,
    kept: Arc<Kept>,
}

impl View {
    /// Entries of the log.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All entries that are there.
    pub fn all(&self) -> Range<u64> {
        self.first..self.size
    }

    /// Every entry below this number is in the index; `None` without one.
    pub fn indexed_to_seq(&self) -> Option<u64> {
        self.snapshot.as_ref().map(|snapshot| snapshot.covers().end)
    }

    /// The log.
    pub fn log(&self) -> &LogReader {
        &self.log
    }

    /// The newest entry with an id. Without an index the log is read from its end until it is found.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<StoredEntry>, AskError> {
        if self.snapshot.is_none() {
            return Ok(self.log.find(id)?);
        }
        let one = PageLimits { entries: 1, bytes: usize::MAX, time: Duration::MAX };
        let page = self.page(&Filter::new().field("id", id), Order::NewestFirst, self.all(), one)?;
        Ok(page.entries.into_iter().next())
    }

    /// How many entries match.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn count(&self, filter: &Filter) -> Result<Counted, AskError> {
        if filter.is_empty() {
            let total = Total { value: self.size - self.first, is_exact: true };
            return Ok(Counted { total, complete_to_seq: self.size });
        }
        let indexed = match &self.snapshot {
            Some(snapshot) => Walk::new(self, snapshot, filter)?.count(&self.indexed())?,
            None => 0,
        };
        let mut rest = RestCount(0);
        let looked = self.tally_rest(filter, &mut rest)?;
        Ok(self.counted(indexed, rest.0, looked))
    }

    fn counted(&self, indexed: u64, in_rest: u64, looked: Looked) -> Counted {
        let total = match looked.is_whole() {
            true => Total { value: indexed + in_rest, is_exact: true },
            // What was looked at stands for what was not.
            false => {
                let rest = u128::from(looked.all) * u128::from(in_rest) / u128::from(looked.looked_at.max(1));
                Total { value: indexed + u64::try_from(rest).unwrap_or(u64::MAX), is_exact: false }
            }
        };
        Counted { total, complete_to_seq: looked.complete_to_seq }
    }

    /// Where things are in the index, if there is one.
    fn fields(&self) -> Option<Fields> {
        self.snapshot.as_ref().map(|snapshot| snapshot.fields)
    }

    /// Shapes of entries that have something at a path.
    fn shapes_with(&self, path: &str) -> Result<Vec<ShapeDigest>, AskError> {
        let Some(snapshot) = &self.snapshot else { return Ok(Vec::new()) };
        Ok(shapes::with_path(&snapshot.searcher, snapshot.fields.facts, path)?)
    }

    /// What of the index is to be asked: nothing beyond the size of this view.
    fn indexed(&self) -> Range<u64> {
        let covers = self.snapshot.as_ref().map_or(0..0, |snapshot| snapshot.covers());
        covers.start.clamp(self.first, self.size)..covers.end.clamp(self.first, self.size)
    }

    /// What the index does not hold. It begins with the oldest entry of the log, or it would be built anew.
    fn rest(&self) -> Range<u64> {
        let indexed = self.indexed();
        if indexed.is_empty() { self.all() } else { indexed.end..self.size }
    }

    /// Adds all matches to a tally: those in the index, then those that it does not hold yet.
    fn tally(&self, filter: &Filter, tally: &mut impl Tally) -> Result<Looked, AskError> {
        if let Some(snapshot) = &self.snapshot {
            let walk = Walk::new(self, snapshot, filter)?;
            walk.tally(&self.indexed(), tally)?;
        }
        self.tally_rest(filter, tally)
    }
}

/// An answer to "how many".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// So many.
    pub total: Total,
    /// Every entry below this number was looked at.
    pub complete_to_seq: u64,
}

/// Counts lines.
struct RestCount(u64);

impl Tally for RestCount {
    fn line(&mut self, _: &[u8]) {
        self.0 += 1;
    }
}
