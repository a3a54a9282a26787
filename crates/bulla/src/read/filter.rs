//! The entries of a log that a filter wants, in order or newest first.

use std::ops::Range;

use super::reader::{Entries, LogReader, ReadError};
use super::stored::StoredEntry;
use crate::query::Filter;

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
