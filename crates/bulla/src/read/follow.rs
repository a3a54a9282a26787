//! Every durable entry from a position on, without gaps. A follower holds a position, never a queue: one that
//! stalls costs the writer nothing.

use std::sync::Arc;

use super::reader::{Entries, LogReader, ReadError};
use super::stored::StoredEntry;
use crate::log::watermarks::SharedWatermarks;
use crate::seq::Seq;

/// Follows a log of this process; see [`AuditLog::follow`](crate::AuditLog::follow).
#[derive(Debug)]
pub struct Follow {
    reader: LogReader,
    marks: Arc<SharedWatermarks>,
    next: u64,
    /// Entries that were durable when they were asked for.
    known: Option<Entries>,
}

impl Follow {
    pub(crate) fn new(reader: LogReader, marks: Arc<SharedWatermarks>, from: Seq) -> Self {
        Self { reader, marks, next: from.get(), known: None }
    }

    /// Number of the entry that comes next.
    pub fn position(&self) -> Seq {
        self.next.into()
    }

    /// The next entry; waits until it is durable. `None` when the log was closed or stopped and all were given.
    ///
    /// # Errors
    /// When an entry cannot be read.
    pub async fn next(&mut self) -> Result<Option<StoredEntry>, ReadError> {
        loop {
            if let Some(entry) = self.next_known()? {
                return Ok(Some(entry));
            }
            let next = self.next;
            if self.marks.reached(move |marks| marks.integrated > next).await.is_err() {
                return self.next_known();
            }
        }
    }

    /// The next entry; blocks the thread until it is durable.
    ///
    /// # Errors
    /// As [`Follow::next`].
    pub fn wait_next(&mut self) -> Result<Option<StoredEntry>, ReadError> {
        loop {
            if let Some(entry) = self.next_known()? {
                return Ok(Some(entry));
            }
            let next = self.next;
            if self.marks.wait(move |marks| marks.integrated > next).is_err() {
                return self.next_known();
            }
        }
    }

    /// The next entry if it is durable already.
    ///
    /// # Errors
    /// As [`Follow::next`].
    pub fn next_known(&mut self) -> Result<Option<StoredEntry>, ReadError> {
        for _ in 0..2 {
            if let Some(entry) = self.known.as_mut().and_then(Entries::next).transpose()? {
                self.next = entry.seq().get() + 1;
                return Ok(Some(entry));
            }
            if self.marks.integrated() <= self.next {
                break;
            }
            self.known = Some(self.reader.read(self.next..u64::MAX));
        }
        Ok(None)
    }
}
