//! A page of entries, in order.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use bulla::{Filter, StoredEntry};

use super::walk::{Order, Walk};
use super::{AskError, View};

/// When a page ends, beside its last match.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// After so many entries.
    pub entries: usize,
    /// Behind the entry that passes so many bytes.
    pub bytes: usize,
    /// After so long a time of reading entries that are not in the index.
    pub time: Duration,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// What matches, in the order that was asked for.
    pub entries: Vec<StoredEntry>,
    /// Entries that were not looked at; the next page goes on there. Empty at the end.
    pub rest: Range<u64>,
    /// Entries that were looked at, one by one or by the index.
    pub scanned: u64,
}

/// 4,096 entries are looked at between two looks at the clock. Blocks begin and end at multiples of it, so that no frame
/// of a sealed segment is read twice.
const BLOCK: u64 = 4096;

/// 128 entries are read at once.
const FETCH: usize = 128;
/// 512 entries, two frames of a sealed segment, are read over rather than begun anew behind them.
const READ_OVER: u64 = 512;

impl View {
    /// Entries by their numbers, oldest first, whatever the order of the numbers.
    fn entries(&self, seqs: &[u64]) -> Result<Vec<StoredEntry>, AskError> {
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        let mut found = Vec::with_capacity(seqs.len());
        for run in seqs.chunk_by(|a, b| b - a <= READ_OVER) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let mut lines = self.log.read(*first..last + 1);
            let mut wanted = run.iter().copied().peekable();
            while let Some((seq, line)) = lines.next_line()? {
                if wanted.next_if_eq(&seq.get()).is_some() {
                    let entry = StoredEntry::from_line(line.to_vec());
                    found.push(entry.expect("the reader checked that it begins with its number"));
                }
            }
        }
        Ok(found)
    }

    /// The next matches in a range of entries, newest or oldest first.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn page(
        &self,
        filter: &Filter,
        order: Order,
        range: Range<u64>,
        limits: PageLimits,
    ) -> Result<Page, AskError> {
        let start = range.start.clamp(self.first, self.size);
        let range = start..range.end.clamp(start, self.size);
        let mut filling = Filling {
            view: self,
            filter,
            order,
            limits,
            began: Instant::now(),
            bytes: 0,
            entries: Vec::new(),
        };
        let rest = filling.fill(range.clone())?;
        let scanned = (range.end - range.start) - (rest.end - rest.start);
        Ok(Page { entries: filling.entries, rest, scanned })
    }
}

/// A page that is being filled.
struct Filling<'a> {
    view: &'a View,
    filter: &'a Filter,
    order: Order,
    limits: PageLimits,
    began: Instant,
    bytes: usize,
    entries: Vec<StoredEntry>,
}

impl Filling<'_> {
    /// Fills the page from a range of entries; what is left of it.
    fn fill(&mut self, range: Range<u64>) -> Result<Range<u64>, AskError> {
        let (indexed, unindexed) = (self.view.indexed(), self.view.rest());
        let pieces = match self.order {
            Order::NewestFirst => [(&unindexed, false), (&indexed, true)],
            Order::OldestFirst => [(&indexed, true), (&unindexed, false)],
        };
        let mut rest = range;
        for (piece, is_indexed) in pieces {
            let piece = piece.start.max(rest.start)..piece.end.min(rest.end);
            if piece.is_empty() {
                continue;
            }
            let left = if is_indexed {
                self.take_indexed(piece.clone())?
            } else {
                self.take_scanned(piece.clone())?
            };
            rest = self.without(&rest, piece, &left);
            if !left.is_empty() || self.is_full() {
                break;
            }
        }
        Ok(rest)
    }

    /// What is left of `rest` when `left` is left of its near piece.
    fn without(&self, rest: &Range<u64>, piece: Range<u64>, left: &Range<u64>) -> Range<u64> {
        match self.order {
            Order::NewestFirst => rest.start..if left.is_empty() { piece.start } else { left.end },
            Order::OldestFirst => (if left.is_empty() { piece.end } else { left.start })..rest.end,
        }
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.limits.entries || self.bytes >= self.limits.bytes
    }

    fn take(&mut self, entry: StoredEntry) {
        self.bytes += entry.line().len();
        self.entries.push(entry);
    }

    /// Entries of a range behind the one that came last.
    fn behind(&self, range: &Range<u64>, seq: u64) -> Range<u64> {
        match self.order {
            Order::NewestFirst => range.start..seq,
            Order::OldestFirst => seq + 1..range.end,
        }
    }

    fn take_indexed(&mut self, range: Range<u64>) -> Result<Range<u64>, AskError> {
        let view = self.view;
        let Some(snapshot) = &view.snapshot else { return Ok(range) };
        let walk = Walk::new(view, snapshot, self.filter)?;
        let mut left = range.end..range.end;
        let mut wanted = Vec::with_capacity(FETCH);
        walk.in_order(self.order, &range, |seq| {
            wanted.push(seq);
            if wanted.len() < FETCH.min(self.limits.entries - self.entries.len()) {
                return Ok(ControlFlow::Continue(()));
            }
            let last = self.fetch(&wanted)?;
            wanted.clear();
            match last {
                None => Ok(ControlFlow::Continue(())),
                Some(last) => {
                    left = self.behind(&range, last);
                    Ok(ControlFlow::Break(()))
                }
            }
        })?;
        if let Some(last) = self.fetch(&wanted)? {
            left = self.behind(&range, last);
        }
        Ok(left)
    }

    /// Takes entries, given in the page's order; the number of the one with which the page was full.
    fn fetch(&mut self, seqs: &[u64]) -> Result<Option<u64>, AskError> {
        let mut entries = self.view.entries(seqs)?;
        if self.order == Order::NewestFirst {
            entries.reverse();
        }
        for entry in entries {
            let seq = entry.seq().get();
            self.take(entry);
            if self.is_full() {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    fn take_scanned(&mut self, mut rest: Range<u64>) -> Result<Range<u64>, AskError> {
        while !rest.is_empty() && !self.is_full() && self.began.elapsed() < self.limits.time {
            let block = self.block(&rest);
            let entries = self.view.log.filter(self.filter.clone(), block.clone());
            let mut found: Vec<_> = entries.collect::<Result<_, _>>()?;
            if self.order == Order::NewestFirst {
                found.reverse();
            }
            let mut behind = match self.order {
                Order::NewestFirst => rest.start..block.start,
                Order::OldestFirst => block.end..rest.end,
            };
            for entry in found {
                let seq = entry.seq().get();
                self.take(entry);
                if self.is_full() {
                    // What the block holds beyond this entry is for the next page.
                    behind = self.behind(&rest, seq);
                    break;
                }
            }
            rest = behind;
        }
        Ok(rest)
    }

    fn block(&self, rest: &Range<u64>) -> Range<u64> {
        match self.order {
            Order::NewestFirst => ((rest.end - 1) / BLOCK * BLOCK).max(rest.start)..rest.end,
            Order::OldestFirst => rest.start..((rest.start / BLOCK + 1) * BLOCK).min(rest.end),
        }
    }
}
