//! The history of published checkpoints, note after note, with what lies between them that is no note.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Checkpoint, Note, NoteError};

use crate::store::disk::{DiskError, DiskFile, During, read_up_to};
use crate::store::head::{NOTE_BYTES_MAX, note_end};

/// 256 KiB: about a thousand checkpoints.
const BLOCK: usize = 256 * 1024;

/// The largest note, twice: a note that is read whole, and what resembles one around damage.
const HELD_MAX: usize = 2 * NOTE_BYTES_MAX as usize;

/// A stretch of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read) enum Stretch {
    /// A note that reads as a checkpoint; whether it is signed is another question.
    Note { bytes: Range<u64>, text: Vec<u8> },
    /// Bytes that are no note, in the middle.
    Malformed { bytes: Range<u64> },
    /// Bytes behind the last whole note.
    Torn { bytes: Range<u64> },
}

/// Reads a part of the history in order, in constant memory.
#[derive(Debug)]
pub(in crate::read) struct History {
    file: Option<Arc<dyn DiskFile>>,
    name: String,
    /// What begins every note: the line of the origin.
    start: Option<Vec<u8>>,
    held: Vec<u8>,
    /// Bytes of `held` that were given already.
    given: usize,
    /// Offset in the file of what follows them.
    at: u64,
    end: u64,
}

impl History {
    /// The part `bytes` of `file`, which messages call `name`. Notes begin with the line of `origin`, if that is known.
    pub(in crate::read) fn new(
        file: Option<Arc<dyn DiskFile>>,
        name: String,
        origin: Option<&str>,
        bytes: Range<u64>,
    ) -> Self {
        let start = origin.map(|origin| format!("{origin}\n").into_bytes());
        Self { file, name, start, held: Vec::new(), given: 0, at: bytes.start, end: bytes.end }
    }

    /// The next stretch, or `None` at the end.
    pub(in crate::read) fn next(&mut self) -> Result<Option<Stretch>, DiskError> {
        loop {
            if let Some(len) = note_end(self.rest()) {
                return Ok(Some(self.take_note(len)));
            }
            if self.rest().len() > HELD_MAX {
                return Ok(Some(self.skip_malformed()));
            }
            if !self.fill().during("read", &self.name)? {
                break;
            }
        }
        if self.rest().is_empty() {
            return Ok(None);
        }
        let bytes = self.take(self.rest().len());
        Ok(Some(Stretch::Torn { bytes }))
    }

    fn rest(&self) -> &[u8] {
        &self.held[self.given..]
    }

    /// `len` bytes that end as a note does.
    fn take_note(&mut self, len: usize) -> Stretch {
        let note = &self.rest()[..len - 1];
        if len as u64 > NOTE_BYTES_MAX || read_note(note).is_err() {
            return self.skip_malformed();
        }
        let text = note.to_vec();
        let bytes = self.take(len);
        Stretch::Note { bytes, text }
    }

    /// Skips to the next place where a note may begin.
    fn skip_malformed(&mut self) -> Stretch {
        let rest = self.rest();
        let found = self.start.as_ref().and_then(|start| memchr::memmem::find(&rest[1..], start));
        let found = found.map(|at| at + 1);
        let len = match (found, note_end(rest)) {
            (Some(len), _) | (None, Some(len)) => len,
            (None, None) => rest.len(),
        };
        let bytes = self.take(len);
        Stretch::Malformed { bytes }
    }

    fn take(&mut self, len: usize) -> Range<u64> {
        let start = self.at;
        self.given += len;
        self.at += len as u64;
        start..self.at
    }

    fn fill(&mut self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        self.held.drain(..self.given);
        self.given = 0;
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
pub(in crate::read) fn read_note(bytes: &[u8]) -> Result<(Note, Checkpoint), String> {
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
    use crate::store::layout::CHECKPOINTS;
    use crate::store::{Disk, OsDisk};

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

        let mut history = published.read_history(disk.as_ref(), &trust);
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
