//! The signed roots that the entries must have, by growing size: those of the history, the file `checkpoint`, and
//! what was pinned.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::Hash;

use crate::read::verify::checkpoints::history::{History, Stretch, read_note};
use crate::read::verify::checkpoints::published::{Beside, Heads};
use crate::read::verify::checkpoints::trust::Trust;
use crate::read::verify::snapshot::Published;
use crate::store::disk::{Disk, DiskError};

/// A root that is signed for.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct Expected {
    pub(in crate::read::verify) size: u64,
    pub(in crate::read::verify) root: Hash,
    pub(in crate::read::verify) by: ExpectedBy,
    /// The note.
    pub(in crate::read::verify) text: String,
}

/// Who expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read::verify) enum ExpectedBy {
    /// The note at these bytes of `checkpoints`.
    History(Range<u64>),
    /// The file `checkpoint`.
    Newest,
    /// A pinned checkpoint.
    Pin,
}

/// All of them in order, in constant memory.
#[derive(Debug)]
pub(in crate::read::verify) struct ExpectedRoots<'a> {
    history: History,
    trust: &'a Trust,
    /// Whether the history holds notes that are not believed, and so must be judged again.
    must_judge: bool,
    beside: std::slice::Iter<'a, Beside>,
    next_in_history: Option<Expected>,
    next_beside: Option<&'a Beside>,
    last_size: u64,
}

impl<'a> ExpectedRoots<'a> {
    pub(in crate::read::verify) fn new(
        disk: &Arc<dyn Disk>,
        published: &Published,
        trust: &'a Trust,
        heads: &'a Heads,
    ) -> Result<Self, DiskError> {
        let mut roots = Self {
            history: published.read_history(disk.as_ref(), trust),
            trust,
            must_judge: !heads.is_history_believed,
            beside: heads.beside.iter(),
            next_in_history: None,
            next_beside: None,
            last_size: 0,
        };
        roots.next_in_history = roots.read_history()?;
        roots.next_beside = roots.beside.next();
        Ok(roots)
    }

    /// Size of the next one.
    pub(in crate::read::verify) fn next_size(&self) -> Option<u64> {
        let beside = self.next_beside.map(|beside| beside.believed.size.get());
        let history = self.next_in_history.as_ref().map(|expected| expected.size);
        beside.into_iter().chain(history).min()
    }

    /// The next one.
    pub(in crate::read::verify) fn next(&mut self) -> Result<Option<Expected>, DiskError> {
        let size = self.next_size();
        if self.next_in_history.as_ref().map(|expected| expected.size) == size {
            let next = self.read_history()?;
            return Ok(std::mem::replace(&mut self.next_in_history, next));
        }
        let beside = std::mem::replace(&mut self.next_beside, self.beside.next());
        Ok(beside.map(|Beside { believed, is_pin }| Expected {
            size: believed.size.get(),
            root: believed.root,
            by: if *is_pin { ExpectedBy::Pin } else { ExpectedBy::Newest },
            text: believed.text.clone(),
        }))
    }

    /// The next believed note that does not go back: that it does is found elsewhere.
    fn read_history(&mut self) -> Result<Option<Expected>, DiskError> {
        while let Some(stretch) = self.history.next()? {
            let Stretch::Note { bytes, text } = stretch else { continue };
            if self.must_judge && self.trust.judge_history(&text).is_err() {
                continue;
            }
            let Ok((_, checkpoint)) = read_note(&text) else { continue };
            let size = checkpoint.size().get();
            if size < self.last_size {
                continue;
            }
            self.last_size = size;
            let text = String::from_utf8_lossy(&text).into_owned();
            return Ok(Some(Expected {
                size,
                root: checkpoint.root(),
                by: ExpectedBy::History(bytes),
                text,
            }));
        }
        Ok(None)
    }
}
