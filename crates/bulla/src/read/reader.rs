//! Reads a log directory without its lock: safe while the writer writes, from its process or another.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bulla_proof::{Frontier, Hash, Policy, Prover, RowReader, TrustedCheckpoint};

use super::stored::StoredEntry;
use crate::log::watermarks::SharedWatermarks;
use crate::seq::Seq;
use crate::store::disk::{Disk, DiskError, During};
use crate::store::head::{self, HeadError};
use crate::store::layout::TREE;
use crate::store::rows::{Rows, row_len};
use crate::store::segment::catalogue::{Lines, Segments};
use crate::store::{Identity, IdentityError, OsDisk, StoredPayload, payloads};

/// Why something could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The directory is no log, or not one of this version.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A file could not be read, or holds something else than it should.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A published checkpoint is not this log's.
    #[error(transparent)]
    Checkpoint(#[from] HeadError),
    /// A stored line is not an entry.
    #[error("entry {seq} is damaged: {reason}; run `bulla verify`")]
    Damaged {
        /// Number of the entry.
        seq: Seq,
        /// What is wrong with it.
        reason: String,
    },
    /// The log is in memory only and keeps no entries but the newest.
    #[error("the log is in memory only; open it with a directory to read it back")]
    MemoryOnly,
}

/// Reads a log that may be written at the same time, by this process or another.
///
/// ```no_run
/// let log = bulla::LogReader::open("audit")?;
/// for entry in log.read(0..log.size()?) {
///     println!("{}", entry?.entry()?.action);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Trust
/// Reading checks that entries are in order, not that they are the ones that were written: that is what
/// [`verify`](crate::verify) and proofs are for.
#[derive(Debug, Clone)]
pub struct LogReader {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) rows: Arc<Rows>,
    pub(crate) identity: Identity,
    pub(crate) end: End,
    /// Folded inner nodes of the tree, shared by all proofs of this log.
    pub(crate) prover: Arc<Mutex<Prover>>,
}

/// How a reader learns how far the log is durable.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// From the writer in this process.
    Live(Arc<SharedWatermarks>),
    /// From the length of `tree/00`, which is appended after the lines are synced.
    Rows,
}

impl LogReader {
    /// Opens the log at `directory` for reading.
    ///
    /// # Errors
    /// When it is not a log, is of a newer format, or cannot be read.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, ReadError> {
        Self::open_disk(Arc::new(OsDisk::new(directory)))
    }

    /// Opens the log on `disk` for reading.
    ///
    /// # Errors
    /// As [`LogReader::open`].
    pub fn open_disk(disk: Arc<dyn Disk>) -> Result<Self, ReadError> {
        let identity = Identity::read(disk.as_ref())?;
        let segments = Segments::open(disk.clone())?;
        disk.list(TREE).during("list", disk.describe(TREE))?;
        let rows = Arc::new(Rows::open(disk.clone(), false)?);
        Ok(Self { disk, segments, rows, identity, end: End::Rows, prover: new_prover() })
    }

    /// What `log.json` says.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Number of entries that can be read: all that are durable.
    ///
    /// # Errors
    /// When `tree/00` cannot be looked at.
    pub fn size(&self) -> Result<u64, ReadError> {
        match &self.end {
            End::Live(marks) => Ok(marks.integrated()),
            End::Rows => Ok(self.rows.len(0)?),
        }
    }

    /// Number of the oldest entry that is stored; not 0 when retention removed older ones.
    pub fn first_seq(&self) -> Seq {
        self.segments.first_seq().unwrap_or(0).into()
    }

    /// Numbers of the first entry of each segment that is known now, in order. Each segment is a file of its own.
    pub fn segment_starts(&self) -> Vec<u64> {
        self.segments.list().iter().map(|segment| segment.base).collect()
    }

    /// Entries of a half-open range, in order, up to the durable end.
    pub fn read(&self, range: Range<u64>) -> Entries {
        let end = self.size().map(|size| range.end.min(size));
        let (end, failed) = match end {
            Ok(end) => (end, None),
            Err(error) => (range.start, Some(error)),
        };
        Entries { lines: self.segments.lines_from(range.start), next: range.start, end, failed }
    }

    /// Entries of a half-open range, newest first.
    pub fn read_back(
        &self,
        range: Range<u64>,
    ) -> impl Iterator<Item = Result<StoredEntry, ReadError>> + use<> {
        /// 4,096 entries are read forward, then given back in reverse.
        const BLOCK: u64 = 4096;
        let reader = self.clone();
        let end = self.size().map(|size| range.end.min(size));
        let (mut end, failed) = match end {
            Ok(end) => (end, None),
            Err(error) => (range.start, Some(Err(error))),
        };
        let blocks = std::iter::from_fn(move || {
            let start = end.saturating_sub(BLOCK).max(range.start);
            (start < end).then(|| {
                let mut block: Vec<_> = reader.read(start..end).collect();
                end = start;
                block.reverse();
                block
            })
        });
        failed.into_iter().chain(blocks.flatten())
    }

    /// The entry with the number `seq`, if there is one yet.
    ///
    /// # Errors
    /// When it cannot be read, or another entry is in its place.
    pub fn get(&self, seq: impl Into<Seq>) -> Result<Option<StoredEntry>, ReadError> {
        let seq = seq.into().get();
        self.read(seq..seq.saturating_add(1)).next().transpose()
    }

    /// The newest entry with that `id`. Reads the log from its end until it finds it.
    ///
    /// # Errors
    /// When an entry on the way cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<StoredEntry>, ReadError> {
        let quoted = serde_json::to_string(id).expect("a text is JSON");
        let needle = memchr::memmem::Finder::new(quoted.as_bytes());
        for entry in self.read_back(0..u64::MAX) {
            let entry = entry?;
            if needle.find(entry.line()).is_some() && entry.entry().is_ok_and(|event| event.id == id) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The newest published checkpoint, its signature checked.
    ///
    /// # Errors
    /// When it cannot be read, or is not this log's.
    pub fn checkpoint(&self) -> Result<Option<TrustedCheckpoint>, ReadError> {
        let policy = Policy::log_key(self.identity.key());
        Ok(head::find_head(self.disk.as_ref(), &policy)??.newest)
    }

    /// The file of a payload by its digest (`payloads[].ref`), 32 bytes of salt and the content; `None` when it was
    /// erased or never was.
    ///
    /// # Trust
    /// Whether it has that digest is not looked at.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn payload(&self, digest: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(payloads::read(self.disk.as_ref(), digest)?)
    }

    /// Opens a payload by its reference (`payloads[].ref`), to read it a part at a time; `None` when it was erased or
    /// never was, or the reference is none of this log's.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_payload(&self, reference: &str) -> Result<Option<StoredPayload>, ReadError> {
        let Some(digest) = payloads::digest_of(reference) else { return Ok(None) };
        Ok(StoredPayload::open(self.disk.as_ref(), digest)?)
    }

    /// Hashes `first..first + out.len()` of a row of the tree: roots of complete subtrees of 256^row leaves. A full
    /// tile is 256 of them at a multiple of 256.
    ///
    /// # Errors
    /// When the row does not have them.
    pub fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), ReadError> {
        Ok(self.rows.read_row(row, first, out)?)
    }

    /// Hashes that row `row` has in a tree of `size` entries.
    pub fn row_len(row: u8, size: u64) -> u64 {
        row_len(row, size)
    }
}

/// A prover that has folded nothing yet.
pub(crate) fn new_prover() -> Arc<Mutex<Prover>> {
    Arc::new(Mutex::new(Prover::new(Frontier::new())))
}

/// Iterator of [`LogReader::read`].
#[derive(Debug)]
pub struct Entries {
    lines: Lines,
    next: u64,
    end: u64,
    failed: Option<ReadError>,
}

impl Entries {
    /// The next entry's number and line, without a copy.
    ///
    /// # Errors
    /// When it cannot be read, or another entry is in its place.
    pub fn next_line(&mut self) -> Result<Option<(Seq, &[u8])>, ReadError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.next >= self.end {
            return Ok(None);
        }
        let found = self.lines.next_line();
        match found {
            Ok(Some((seq, line))) => {
                self.next = seq + 1;
                Ok(Some((seq.into(), line)))
            }
            Ok(None) => {
                let seq = self.next.into();
                self.end = self.next;
                Err(ReadError::Damaged { seq, reason: "it is missing".to_owned() })
            }
            Err(error) => {
                self.end = self.next;
                Err(error.into())
            }
        }
    }
}

impl Iterator for Entries {
    type Item = Result<StoredEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(Some((seq, line))) => {
                let line = line.to_vec();
                Some(Ok(StoredEntry::new(seq.get(), line)))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
