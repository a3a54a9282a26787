//! Walks over what a plan finds: newest first, oldest first, or all of it in any order.

use std::cell::OnceCell;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use bulla::{Filter, LogReader, ReadError};
use tantivy::{DocId, DocSet, TERMINATED};

use super::kept::Kept;
use super::plan::Plan;
use super::sets::{Set, Sets};
use super::{AskError, View};
use crate::index::{Part, Snapshot};

/// Which entries come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest.
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

/// 4,096 documents at the near end of a part are looked at first; then eight times as many, and so on. What is rare is
/// found in a few steps, and what is common in the first.
const WINDOW: u32 = 4096;
const WINDOW_GROWTH: u32 = 8;

/// A filter over what the index holds.
pub(crate) struct Walk<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) log: &'a LogReader,
    pub(crate) filter: &'a Filter,
    pub(crate) plan: Plan,
    kept: &'a Kept,
    /// The question as text and for whole parts; made for the first answer that needs it, which a page never does.
    whole: OnceCell<(Arc<str>, Sets)>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(view: &'a View, snapshot: &'a Snapshot, filter: &'a Filter) -> Result<Self, AskError> {
        let plan = Plan::of(filter, snapshot)?;
        Ok(Self { snapshot, log: &view.log, filter, plan, kept: &view.kept, whole: OnceCell::new() })
    }

    /// Calls `visit` with the number of each entry in `range` that matches, in order, until it says that it is enough.
    pub(crate) fn in_order(
        &self,
        order: Order,
        range: &Range<u64>,
        mut visit: impl FnMut(u64) -> Result<ControlFlow<()>, AskError>,
    ) -> Result<(), AskError> {
        let parts: Box<dyn Iterator<Item = &Part>> = match order {
            Order::NewestFirst => Box::new(self.snapshot.parts.iter().rev()),
            Order::OldestFirst => Box::new(self.snapshot.parts.iter()),
        };
        for part in parts {
            if self.part_in_order(part, order, part.docs(range), &mut visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn part_in_order(
        &self,
        part: &Part,
        order: Order,
        mut rest: Range<DocId>,
        visit: &mut dyn FnMut(u64) -> Result<ControlFlow<()>, AskError>,
    ) -> Result<ControlFlow<()>, AskError> {
        let mut window = WINDOW;
        let mut found = Vec::new();
        while !rest.is_empty() {
            let now = match order {
                Order::NewestFirst => rest.end.saturating_sub(window).max(rest.start)..rest.end,
                Order::OldestFirst => rest.start..rest.start.saturating_add(window).min(rest.end),
            };
            found.clear();
            self.docs(part, now.clone(), |docs| found.extend_from_slice(docs))?;
            if order == Order::NewestFirst {
                found.reverse();
            }
            for doc in &found {
                let seq = part.base + u64::from(*doc);
                if self.is_wanted(seq)? && visit(seq)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            rest = match order {
                Order::NewestFirst => rest.start..now.start,
                Order::OldestFirst => now.end..rest.end,
            };
            window = window.saturating_mul(WINDOW_GROWTH);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Documents of a part that the plan finds, oldest first, in slices.
    fn docs(&self, part: &Part, range: Range<DocId>, mut keep: impl FnMut(&[DocId])) -> Result<(), AskError> {
        if range.is_empty() {
            return Ok(());
        }
        if self.plan.is_all {
            let mut slice = Vec::with_capacity(SLICE);
            for start in range.clone().step_by(SLICE) {
                slice.clear();
                slice.extend(start..range.end.min(start + SLICE as DocId));
                keep(&slice);
            }
            return Ok(());
        }
        let mut scorer = self.plan.weight.scorer(&part.reader, 1.0)?;
        let mut doc = scorer.doc();
        if doc < range.start {
            doc = scorer.seek(range.start);
        }
        let mut slice = Vec::with_capacity(SLICE);
        while doc < range.end && doc != TERMINATED {
            slice.push(doc);
            if slice.len() == SLICE {
                keep(&slice);
                slice.clear();
            }
            doc = scorer.advance();
        }
        keep(&slice);
        Ok(())
    }

    /// All that the plan finds in a part, where a set of it is known or pays.
    fn set(&self, part: &Part) -> tantivy::Result<Option<Arc<Set>>> {
        if self.plan.is_all {
            return Ok(None);
        }
        let (question, sets) = match self.whole.get() {
            Some(whole) => whole,
            None => {
                let whole = (self.filter.to_string().into(), self.plan.sets(self.snapshot)?);
                self.whole.get_or_init(|| whole)
            }
        };
        let reader = &part.reader;
        self.kept.get_or_make(reader.segment_id(), question, || {
            sets.pay(reader)?.then(|| sets.of(reader)).transpose()
        })
    }

    /// Whether an entry that the plan found is one that the query wants.
    fn is_wanted(&self, seq: u64) -> Result<bool, ReadError> {
        if self.plan.is_exact {
            return Ok(true);
        }
        Ok(self.log.get(seq)?.is_some_and(|entry| self.filter.matches(entry.line())))
    }

    /// Calls `visit` with every match of a part in a range of entries, oldest first, in slices of documents.
    pub(crate) fn in_part(
        &self,
        part: &Part,
        range: &Range<u64>,
        mut visit: impl FnMut(&[DocId]) -> Result<(), AskError>,
    ) -> Result<(), AskError> {
        if let Some(set) = self.set(part)? {
            return set.slices(part.docs(range), SLICE, |docs| visit(&self.wanted(part, docs)?));
        }
        let mut ended = Ok(());
        self.docs(part, part.docs(range), |docs| {
            if ended.is_ok() {
                ended = self.wanted(part, docs).and_then(|docs| visit(&docs));
            }
        })?;
        ended
    }

    fn wanted<'d>(&self, part: &Part, docs: &'d [DocId]) -> Result<std::borrow::Cow<'d, [DocId]>, AskError> {
        if self.plan.is_exact {
            return Ok(docs.into());
        }
        let mut wanted = Vec::with_capacity(docs.len());
        for doc in docs {
            if self.is_wanted(part.base + u64::from(*doc))? {
                wanted.push(*doc);
            }
        }
        Ok(wanted.into())
    }

    /// How many entries of `range` match.
    pub(crate) fn count(&self, range: &Range<u64>) -> Result<u64, AskError> {
        let mut count = 0;
        for part in &self.snapshot.parts {
            let docs = part.docs(range);
            count += if self.plan.is_all {
                u64::from(docs.end - docs.start)
            } else if self.plan.is_exact && docs == (0..part.reader.max_doc()) {
                match self.set(part)? {
                    Some(set) => set.len(),
                    None => u64::from(self.plan.weight.count(&part.reader)?),
                }
            } else {
                let mut count = 0;
                self.in_part(part, range, |docs| {
                    count += docs.len() as u64;
                    Ok(())
                })?;
                count
            };
        }
        Ok(count)
    }
}

/// 1,024 documents are handed on at once.
const SLICE: usize = 1024;
