//! The history of published checkpoints, note after note, with what lies between them that is no note.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Checkpoint, Note, NoteError};

use crate::read::verify::checkpoints::trust::Trust;
use crate::read::verify::snapshot::{Published, read_up_to};
use crate::store::disk::{Disk, DiskError, DiskFile, During};
use crate::store::head::{NOTE_BYTES_MAX, note_end};
use crate::store::layout::CHECKPOINTS;

/// 256 KiB: about a thousand checkpoints.
const BLOCK: usize = 256 * 1024;

/// The largest note, twice: a note that is read whole, and what resembles one around damage.
const HELD_MAX: usize = 2 * NOTE_BYTES_MAX as usize;

/// A stretch of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read::verify) enum Stretch {
    /// A note that reads as a checkpoint; whether it is signed is another question.
    Note { bytes: Range<u64>, text: Vec<u8> },
    /// Bytes that are no note, in the middle.
    Malformed { bytes: Range<u64> },
    /// Bytes behind the last whole note.
    Torn { bytes: Range<u64> },
}

/// Reads the history in order, in constant memory.
#[derive(Debug)]
pub(in crate::read::verify) struct History {
    file: Option<Arc<dyn DiskFile>>,
    name: String,
    /// What begins every note: the line of the origin.
    start: Option<Vec<u8>>,
    held: Vec<u8>,
    /// Offset in the file of `held`.
    at: u64,
    end: u64,
}

impl History {
    pub(in crate::read::verify) fn new(disk: &dyn Disk, published: &Published, trust: &Trust) -> Self {
        let start = trust.origin().map(|origin| format!("{origin}\n").into_bytes());
        Self {
            file: published.history.clone(),
            name: disk.describe(CHECKPOINTS),
            start,
            held: Vec::new(),
            at: 0,
            end: published.history_end,
        }
    }

    /// The next stretch, or `None` at the end.
    pub(in crate::read::verify) fn next(&mut self) -> Result<Option<Stretch>, DiskError> {
        loop {
            if let Some(len) = note_end(&self.held) {
                return Ok(Some(self.take_note(len)));
            }
            if self.held.len() > HELD_MAX {
                return Ok(Some(self.skip_malformed()));
            }
            if !self.fill().during("read", &self.name)? {
                break;
            }
        }
        if self.held.is_empty() {
            return Ok(None);
        }
        let bytes = self.take(self.held.len());
        Ok(Some(Stretch::Torn { bytes }))
    }

    /// `len` bytes that end as a note does.
    fn take_note(&mut self, len: usize) -> Stretch {
        let note = &self.held[..len - 1];
        if len as u64 > NOTE_BYTES_MAX || read_note(note).is_err() {
            return self.skip_malformed();
        }
        let text = note.to_vec();
        let bytes = self.take(len);
        Stretch::Note { bytes, text }
    }

    /// Skips to the next place where a note may begin.
    fn skip_malformed(&mut self) -> Stretch {
        let found = self.start.as_ref().and_then(|start| memchr::memmem::find(&self.held[1..], start));
        let found = found.map(|at| at + 1);
        let len = match (found, note_end(&self.held)) {
            (Some(len), _) | (None, Some(len)) => len,
            (None, None) => self.held.len(),
        };
        let bytes = self.take(len);
        Stretch::Malformed { bytes }
    }

    fn take(&mut self, len: usize) -> Range<u64> {
        let start = self.at;
        self.held.drain(..len);
        self.at += len as u64;
        start..self.at
    }

    fn fill(&mut self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let from = self.at + self.held.len() as u64;
        let want = (self.end - from).min(BLOCK as u64);
        let start = self.held.len();
        self.held.resize(start + usize::try_from(want).expect("at most a block"), 0);
        let count = read_up_to(file.as_ref(), &mut self.held[start..], from)?;
        self.held.truncate(start + count);
        Ok(count > 0)
    }
}

/// Reads a note that holds a checkpoint.
pub(in crate::read::verify) fn read_note(bytes: &[u8]) -> Result<(Note, Checkpoint), String> {
    let note = Note::parse(bytes).map_err(|error: NoteError| error.to_string())?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
    Ok((note, checkpoint))
}

#[cfg(test)]
mod tests {
    use bulla_hostile::{Original, Shape};

    use super::*;
    use crate::read::verify::Verify;
    use crate::read::verify::findings::Findings;
    use crate::read::verify::snapshot::Snapshot;
    use crate::store::OsDisk;

    #[test]
    fn the_history_ends_where_it_ended_when_verification_began() {
        let folder = tempfile::tempdir().unwrap();
        let shape = Shape { entries: 20, sessions: 5, segment_bytes: 1, seal: false, payloads: false };
        let log = Original::write(folder.path().join("audit"), shape).directory;
        let disk: Arc<dyn Disk> = Arc::new(OsDisk::new(log.root()));
        let trust = Verify::on_disk(disk.clone()).trust(&mut Findings::default()).unwrap();
        let published = Snapshot::take(&disk).unwrap().published;
        let before = log.read(CHECKPOINTS).len() as u64;
        log.edit(CHECKPOINTS, |bytes| bytes.extend_from_within(..));

        let mut history = History::new(disk.as_ref(), &published, &trust);
        let mut ends = Vec::new();
        while let Some(stretch) = history.next().unwrap() {
            match stretch {
                Stretch::Note { bytes, .. } => ends.push(bytes.end),
                Stretch::Malformed { .. } | Stretch::Torn { .. } => panic!("{stretch:?}"),
            }
        }
        assert_eq!((ends.len(), ends.last()), (5, Some(&before)));
    }
}
