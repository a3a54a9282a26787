//! The published checkpoints: the newest in `checkpoint`, all of them in `checkpoints`.
//!
//! The history is appended and synced before the newest is replaced, so that whichever survives a crash is there.

use std::sync::Arc;

use bulla_proof::{Policy, TrustedCheckpoint};

use super::disk::{Access, Disk, DiskError, DiskFile, During, read_all, read_exact_at};
use super::identity::replace;
use super::in_place::{FileChange, Misplaced, change_of};
use super::layout::{CHECKPOINT, CHECKPOINTS};

/// 256 KiB: a checkpoint with many ML-DSA cosignatures of 3.3 KiB each.
pub(crate) const NOTE_BYTES_MAX: u64 = 256 * 1024;

/// Appends to the history and replaces the newest.
#[derive(Debug)]
pub(crate) struct Head {
    disk: Arc<dyn Disk>,
    history: Arc<dyn DiskFile>,
    /// Bytes of the history.
    history_len: u64,
    /// The file `checkpoint`, once there is one.
    newest: Option<Vec<u8>>,
}

impl Head {
    /// Opens the history for appending; makes it when missing.
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Result<Self, DiskError> {
        let describe = || disk.describe(CHECKPOINTS);
        let history = match disk.open_append(CHECKPOINTS).during("open", describe()) {
            Err(error) if error.is_missing() => {
                let file = disk.create(CHECKPOINTS, Access::Shared).during("create", describe())?;
                disk.sync_folder("").during("sync folder", disk.describe(""))?;
                file
            }
            result => result?,
        };
        let history_len = history.len().during("measure", describe())?;
        let newest = read_newest(disk.as_ref())?;
        Ok(Self { disk, history, history_len, newest })
    }

    /// Publishes a signed checkpoint. Durable when it returns.
    ///
    /// 1. Append to `checkpoints`, sync. 2. Write under a temporary name, sync, rename, sync the folder.
    pub(crate) fn publish(&mut self, note: &str) -> Result<(), DiskError> {
        let describe = || self.disk.describe(CHECKPOINTS);
        let line = format!("{note}\n");
        self.history.append(line.as_bytes()).during("append to", describe())?;
        self.history_len += line.len() as u64;
        self.history.sync().during("sync", describe())?;
        self.replace_newest(note)
    }

    /// Replaces the newest checkpoint only: by the same one with more signatures.
    pub(crate) fn replace_newest(&mut self, note: &str) -> Result<(), DiskError> {
        self.newest = Some(note.as_bytes().to_vec());
        replace(self.disk.as_ref(), CHECKPOINT, note.as_bytes(), Access::Shared)
    }

    /// Which of both files is not as it was left here.
    pub(crate) fn misplaced(&self) -> Result<Vec<Misplaced>, DiskError> {
        let history = change_of(self.disk.as_ref(), CHECKPOINTS, self.history.as_ref(), self.history_len)?;
        let newest = match read_newest(self.disk.as_ref())? {
            found if found == self.newest => None,
            None => Some(FileChange::Removed),
            Some(_) => Some(FileChange::Changed),
        };
        let both = [(CHECKPOINTS, history), (CHECKPOINT, newest)].into_iter();
        Ok(both
            .filter_map(|(file, change)| Some(Misplaced { file: file.to_owned(), change: change? }))
            .collect())
    }
}

/// The file `checkpoint`; one that is longer than any note is cut.
fn read_newest(disk: &dyn Disk) -> Result<Option<Vec<u8>>, DiskError> {
    let describe = || disk.describe(CHECKPOINT);
    let file = match disk.open(CHECKPOINT).during("open", describe()) {
        Err(error) if error.is_missing() => return Ok(None),
        result => result?,
    };
    let len = file.len().during("measure", describe())?.min(NOTE_BYTES_MAX + 1);
    let mut note = vec![0; usize::try_from(len).expect("a limited note fits in memory")];
    read_exact_at(file.as_ref(), &mut note, 0).during("read", describe())?;
    Ok(Some(note))
}

/// What opening finds of the published checkpoints.
#[derive(Debug, Default)]
pub(crate) struct FoundHead {
    /// The later of `checkpoint` and the tail of `checkpoints`.
    pub(crate) newest: Option<TrustedCheckpoint>,
    /// Bytes of `checkpoints` that end in whole notes.
    pub(crate) history_len: u64,
    /// Bytes behind them: a torn note.
    pub(crate) torn: Vec<u8>,
    /// The last whole note with the empty line behind it, as it stands in `checkpoints`.
    pub(crate) last_note: Vec<u8>,
    /// Whether the file `checkpoint` is older than the history's tail or missing.
    pub(crate) is_checkpoint_behind: bool,
}

/// A published checkpoint that cannot be believed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file} holds a checkpoint that is not this log's: {reason}")]
pub struct HeadError {
    file: String,
    reason: String,
}

/// Reads both, checking signatures. Reads the tail of the history only.
pub(crate) fn find_head(disk: &dyn Disk, policy: &Policy) -> Result<Result<FoundHead, HeadError>, DiskError> {
    let untrusted = |name: &str, reason: String| HeadError { file: disk.describe(name), reason };
    let current = match read_all(disk, CHECKPOINT, NOTE_BYTES_MAX).during("read", disk.describe(CHECKPOINT)) {
        Ok(note) => match policy.verify(&note) {
            Ok(checkpoint) => Some(checkpoint),
            Err(error) => return Ok(Err(untrusted(CHECKPOINT, error.to_string()))),
        },
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(error),
    };
    let (tail, tail_at) = history_tail(disk)?;
    let mut split = split_notes(&tail);
    // Zeros in the last note are a hole that a crash left. In any other note they are damage.
    let hole = split.notes.pop_if(|last| tail[last.clone()].contains(&0));
    split.whole = hole.map_or(split.whole, |hole| hole.start);
    let history_len = tail_at + split.whole as u64;
    let torn = tail[split.whole..].to_vec();
    let last_note = split.notes.last().map_or_else(Vec::new, |note| tail[note.start..split.whole].to_vec());
    let last = match split.notes.last().map(|note| policy.verify(&tail[note.clone()])) {
        Some(Ok(checkpoint)) => Some(checkpoint),
        Some(Err(error)) => return Ok(Err(untrusted(CHECKPOINTS, error.to_string()))),
        None => None,
    };
    let size = |checkpoint: &Option<TrustedCheckpoint>| checkpoint.as_ref().map(TrustedCheckpoint::size);
    let is_checkpoint_behind = size(&current) < size(&last);
    let newest = if is_checkpoint_behind { last } else { current };
    Ok(Ok(FoundHead { newest, history_len, torn, last_note, is_checkpoint_behind }))
}

/// The last bytes of the history, beginning at a note, and where they begin.
fn history_tail(disk: &dyn Disk) -> Result<(Vec<u8>, u64), DiskError> {
    let describe = || disk.describe(CHECKPOINTS);
    let file = match disk.open(CHECKPOINTS).during("open", describe()) {
        Err(error) if error.is_missing() => return Ok((Vec::new(), 0)),
        result => result?,
    };
    let len = file.len().during("measure", describe())?;
    // Twice the largest note: a whole note and a torn one.
    let from = len.saturating_sub(2 * NOTE_BYTES_MAX);
    let mut tail = vec![0; usize::try_from(len - from).expect("a limited tail fits in memory")];
    read_exact_at(file.as_ref(), &mut tail, from).during("read", describe())?;
    if from == 0 {
        return Ok((tail, 0));
    }
    let skip = note_end(&tail).unwrap_or(tail.len());
    Ok((tail.split_off(skip), from + skip as u64))
}

/// Notes of a history, and how many bytes of it are whole.
pub(crate) struct Split {
    pub(crate) notes: Vec<std::ops::Range<usize>>,
    pub(crate) whole: usize,
}

/// Splits a history: each note is followed by one empty line.
pub(crate) fn split_notes(history: &[u8]) -> Split {
    let mut split = Split { notes: Vec::new(), whole: 0 };
    while let Some(len) = note_end(&history[split.whole..]) {
        split.notes.push(split.whole..split.whole + len - 1);
        split.whole += len;
    }
    split
}

/// Length of the first note with the empty line behind it: text, empty line, signature lines, empty line.
pub(crate) fn note_end(history: &[u8]) -> Option<usize> {
    let signatures = memchr::memmem::find(history, "\n\n\u{2014} ".as_bytes())?;
    let end = memchr::memmem::find(&history[signatures + 2..], b"\n\n")?;
    Some(signatures + 2 + end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OsDisk;

    #[test]
    fn a_history_splits_into_its_whole_notes() {
        let note = "origin\n1\nroot\n\n\u{2014} origin c2ln\n";
        let history = format!("{note}\n{note}\n{note}");
        let split = split_notes(history.as_bytes());
        assert_eq!(split.notes.len(), 2);
        for range in split.notes {
            assert_eq!(&history[range], note);
        }
        assert_eq!(&history[split.whole..], note, "a note without its empty line is torn");
        assert_eq!(split_notes(b"").whole, 0);
        assert_eq!(split_notes(b"\n\n\n").whole, 0);
    }

    #[test]
    fn the_largest_checkpoint_is_told_from_a_longer_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut head = Head::open(Arc::new(OsDisk::new(folder.path()))).unwrap();
        let note = "x".repeat(usize::try_from(NOTE_BYTES_MAX).unwrap());
        head.replace_newest(&note).unwrap();
        assert_eq!(head.misplaced().unwrap(), []);
        std::fs::write(folder.path().join(CHECKPOINT), note + "x").unwrap();
        let changed = Misplaced { file: CHECKPOINT.to_owned(), change: FileChange::Changed };
        assert_eq!(head.misplaced().unwrap(), [changed]);
    }
}
