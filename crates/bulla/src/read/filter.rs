//! Which entries are wanted: conditions that must all hold, and the entries of a log for which they do.
//!
//! Matching looks at the stored bytes first and parses only what may match; what it says is the same either way.

mod condition;
mod field;
mod moment;
mod query;

use std::ops::Range;

use condition::{Condition, Line};

pub use moment::{InvalidMoment, parse_moment};
pub use query::InvalidFilter;

use super::reader::{Entries, LogReader, ReadError};
use super::stored::StoredEntry;
use crate::clock::Timestamp;
use crate::entry::{AuditCategory, AuditOutcome};

/// Conditions on an entry; all must hold. Without any, every entry matches.
///
/// As a string: terms with spaces between them.
///
/// | term | holds when |
/// |---|---|
/// | `outcome:denied` `tool.name:bash` `detail.exit_code:2` | the field has that value; a path goes through objects and arrays |
/// | `action:"GET /health"` | as above; quotes keep spaces and stars |
/// | `action:deploy*` | the text begins so |
/// | `duration_ms:>500` `>=` `<` `<=`, `seq:10..20` | the number is in that range, both ends included |
/// | `timestamp:2026-10-01..2026-10-07` | the time is in that range, last day included |
/// | `since:2h` `until:2026-10-07` | `timestamp` is at or after, or before, that moment |
/// | `has:changes` | the field is there and not null |
/// | `denied "no such file"` | `action`, `principal`, `reason` or the text in `detail` contains it, in any case |
/// | `-action:deploy*` `NOT has:tool` | the term does not hold |
///
/// ```
/// use bulla::{AuditOutcome, Filter};
/// let filter: Filter = "outcome:denied -principal:alice tool.name:ba*".parse()?;
/// assert!(filter.matches(br#"{"outcome":"denied","principal":"bob","tool":{"name":"bash"}}"#));
/// assert!(!filter.matches(br#"{"outcome":"denied","principal":"alice","tool":{"name":"bash"}}"#));
/// assert!(Filter::new().outcome(AuditOutcome::Denied).matches(br#"{"outcome":"denied"}"#));
/// # Ok::<(), bulla::InvalidFilter>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

/// A condition, or that it does not hold.
#[derive(Debug, Clone)]
struct Term {
    negated: bool,
    condition: Condition,
}

impl Filter {
    /// The filter that every entry matches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a query; relative times in it, such as `since:2h`, are before `now`.
    ///
    /// # Errors
    /// Says at which character the query cannot be understood, and why.
    pub fn parse(query: &str, now: Timestamp) -> Result<Self, InvalidFilter> {
        query::parse(query, Some(now)).map(|terms| Self { terms })
    }

    /// Adds that an entry has this category.
    #[must_use]
    pub fn category(self, category: AuditCategory) -> Self {
        self.with(Condition::equals("category", category.as_str()))
    }

    /// Adds that an entry has this outcome.
    #[must_use]
    pub fn outcome(self, outcome: AuditOutcome) -> Self {
        self.with(Condition::equals("outcome", outcome.as_str()))
    }

    /// Adds that an entry has this principal.
    #[must_use]
    pub fn principal(self, principal: &str) -> Self {
        self.with(Condition::equals("principal", principal))
    }

    /// Adds that an entry belongs to this session.
    #[must_use]
    pub fn session(self, session_id: &str) -> Self {
        self.with(Condition::equals("session_id", session_id))
    }

    /// Adds that the field at a dotted path has this value.
    #[must_use]
    pub fn field(self, path: &str, value: &str) -> Self {
        self.with(Condition::equals(path, value))
    }

    /// Adds that the text of the field at a dotted path begins so.
    #[must_use]
    pub fn field_prefix(self, path: &str, start: &str) -> Self {
        self.with(Condition::prefix(path, start))
    }

    /// Adds that the field at a dotted path is there and not null.
    #[must_use]
    pub fn has(self, path: &str) -> Self {
        self.with(Condition::has(path))
    }

    /// Adds that `action`, `principal`, `reason` or the text in `detail` contains this, in any case.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.with(Condition::text(text))
    }

    /// Adds that it happened at or after this moment.
    #[must_use]
    pub fn since(self, moment: Timestamp) -> Self {
        self.with(Condition::since(moment))
    }

    /// Adds that it happened before this moment.
    #[must_use]
    pub fn until(self, moment: Timestamp) -> Self {
        self.with(Condition::until(moment))
    }

    /// Whether every entry matches.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a stored line matches. A line that is not an entry matches only the empty filter.
    pub fn matches(&self, line: &[u8]) -> bool {
        if self.terms.iter().any(|term| !term.negated && term.condition.is_ruled_out(line)) {
            return false;
        }
        if self.terms.is_empty() {
            return true;
        }
        Line::parse(line)
            .is_some_and(|line| self.terms.iter().all(|term| term.condition.holds(&line) != term.negated))
    }

    fn with(mut self, condition: Condition) -> Self {
        self.terms.push(Term { negated: false, condition });
        self
    }
}

impl std::str::FromStr for Filter {
    type Err = InvalidFilter;

    /// As [`Filter::parse`], but relative times are refused: a string alone does not say what time it is.
    fn from_str(query: &str) -> Result<Self, InvalidFilter> {
        query::parse(query, None).map(|terms| Self { terms })
    }
}

impl LogReader {
    /// Entries of a half-open range that match, in order, up to the durable end.
    ///
    /// ```no_run
    /// # let log = bulla::LogReader::open("audit")?;
    /// for entry in log.filter("outcome:denied".parse()?, 0..u64::MAX) {
    ///     println!("{}", entry?.seq());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(&self, filter: Filter, range: Range<u64>) -> Filtered {
        let start = range.start.max(self.first_seq().get());
        Filtered { filter, entries: self.read(start..range.end) }
    }

    /// Entries of a half-open range that match, newest first. After an error it goes on with what is older.
    pub fn filter_back(&self, filter: Filter, range: Range<u64>) -> FilteredBack {
        let start = range.start.max(self.first_seq().get());
        let (end, failed) = match self.size() {
            Ok(size) => (range.end.min(size), None),
            Err(error) => (start, Some(error)),
        };
        FilteredBack { reader: self.clone(), filter, start, end, block: Vec::new(), failed }
    }
}

/// Iterator of [`LogReader::filter`].
#[derive(Debug)]
pub struct Filtered {
    filter: Filter,
    entries: Entries,
}

impl Iterator for Filtered {
    type Item = Result<StoredEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next_line() {
                Ok(Some((seq, line))) if self.filter.matches(line) => {
                    return Some(Ok(StoredEntry::new(seq.get(), line.to_vec())));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// 4,096 entries, sixteen frames of a sealed segment, are read forward, then given back in reverse.
const BLOCK: u64 = 4096;

/// Iterator of [`LogReader::filter_back`].
#[derive(Debug)]
pub struct FilteredBack {
    reader: LogReader,
    filter: Filter,
    start: u64,
    /// Entries from here on were looked at.
    end: u64,
    /// Matches of the last block, still to be given, the newest last.
    block: Vec<StoredEntry>,
    /// What ended the reading of the last block; told before its matches, because what could not be read is newer.
    failed: Option<ReadError>,
}

impl FilteredBack {
    /// Entries that were not looked at yet.
    pub fn remaining(&self) -> u64 {
        self.end - self.start
    }

    fn read_block(&mut self) {
        // Blocks begin at multiples of a frame, so that no frame is read twice.
        let start = (self.end.saturating_sub(1) / BLOCK * BLOCK).max(self.start);
        for entry in self.reader.filter(self.filter.clone(), start..self.end) {
            match entry {
                Ok(entry) => self.block.push(entry),
                Err(error) => self.failed = Some(error),
            }
        }
        self.end = start;
    }
}

impl Iterator for FilteredBack {
    type Item = Result<StoredEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if let Some(entry) = self.block.pop() {
                return Some(Ok(entry));
            }
            if self.end <= self.start {
                return None;
            }
            self.read_block();
        }
    }
}

#[cfg(test)]
mod tests;
