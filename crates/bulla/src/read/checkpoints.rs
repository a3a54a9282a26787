//! The history of published checkpoints from its end: the newest hundred cost the same, however many there are.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::Hash;

use super::reader::{LogReader, ReadError};
use super::verify::checkpoints::history::{History, Stretch, read_note};
use crate::store::disk::{DiskError, DiskFile, During};
use crate::store::head::NOTE_BYTES_MAX;
use crate::store::layout::CHECKPOINTS;

/// 512 KiB, twice the largest note: whole notes of a part of the history that begins anywhere.
const PART: u64 = 2 * NOTE_BYTES_MAX;

/// One note of the history.
///
/// # Trust
/// It has the form of a checkpoint of this log; who signed it was not looked at. [`verify`](crate::verify) does that,
/// and a [`Policy`](bulla_proof::Policy).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedNote {
    note: String,
    size: u64,
    root: Hash,
}

impl PublishedNote {
    /// The signed note, whole.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Entries that it says it covers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of their tree, as it says.
    pub fn root(&self) -> Hash {
        self.root
    }
}

impl LogReader {
    /// Published checkpoints that cover fewer than `below` entries, the newest first. What is no note of this log, and
    /// the end of one that is being written, is passed over: [`verify`](crate::verify) names it.
    ///
    /// # Errors
    /// When the history cannot be opened. One that is missing is empty.
    pub fn checkpoints_back(&self, below: u64) -> Result<CheckpointsBack, ReadError> {
        let name = self.disk.describe(CHECKPOINTS);
        let file = match self.disk.open(CHECKPOINTS).during("open", &name) {
            Ok(file) => Some(file),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error.into()),
        };
        let end = file.as_ref().map_or(Ok(0), |file| file.len()).during("measure", &name)?;
        let origin = self.identity.origin.clone();
        let mut back = CheckpointsBack { file, name, origin, below, end, held: Vec::new() };
        back.end = back.end_of_smaller(end)?;
        Ok(back)
    }
}

/// Iterator of [`LogReader::checkpoints_back`].
#[derive(Debug)]
pub struct CheckpointsBack {
    file: Option<Arc<dyn DiskFile>>,
    name: String,
    origin: String,
    below: u64,
    /// What is behind this offset was read.
    end: u64,
    /// Notes that begin at or behind it and were not given yet, in the order of the file.
    held: Vec<PublishedNote>,
}

impl CheckpointsBack {
    /// An offset behind every note that is small enough, and not far behind: sizes never decrease in the history, so
    /// halving it finds the place.
    fn end_of_smaller(&self, len: u64) -> Result<u64, DiskError> {
        let (mut low, mut high) = (0, len);
        // Every note that begins at or behind `high` is too large, if the history is in order.
        while high - low > PART && self.below < u64::MAX {
            let middle = low + (high - low) / 2;
            let mut notes = self.notes(middle..len.min(high + NOTE_BYTES_MAX));
            match notes.next().transpose()? {
                Some((bytes, note)) if note.size < self.below => low = bytes.end.min(high),
                _ => high = middle,
            }
        }
        Ok(len.min(high.saturating_add(NOTE_BYTES_MAX)))
    }

    /// Notes of this log that are whole in a part of the history, and where they are.
    fn notes(
        &self,
        part: Range<u64>,
    ) -> impl Iterator<Item = Result<(Range<u64>, PublishedNote), DiskError>> + use<'_> {
        let mut history = History::new(self.file.clone(), self.name.clone(), Some(&self.origin), part);
        std::iter::from_fn(move || {
            loop {
                match history.next() {
                    Ok(Some(Stretch::Note { bytes, text })) => {
                        if let Some(note) = self.note(text) {
                            return Some(Ok((bytes, note)));
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// A part that begins inside a note may begin with what looks like one of another log.
    fn note(&self, text: Vec<u8>) -> Option<PublishedNote> {
        let (_, checkpoint) = read_note(&text).ok()?;
        let is_ours = checkpoint.origin() == self.origin;
        let note = String::from_utf8(text).expect("what reads as a note is UTF-8");
        is_ours.then(|| PublishedNote { note, size: checkpoint.size().get(), root: checkpoint.root() })
    }

    /// Reads the part before `end`; what it begins with, up to its first whole note, is read with the part before it.
    fn read_part(&mut self) -> Result<(), DiskError> {
        let start = self.end.saturating_sub(PART);
        let found = self.notes(start..self.end).collect::<Result<Vec<_>, _>>()?;
        // A note that ends in this part and begins before it ends so early; the rest is no note.
        let first = found.first().map_or(u64::MAX, |(bytes, _)| bytes.start);
        self.end = if start == 0 { 0 } else { first.min(start + NOTE_BYTES_MAX) };
        self.held.extend(found.into_iter().map(|(_, note)| note).filter(|note| note.size < self.below));
        Ok(())
    }
}

impl Iterator for CheckpointsBack {
    type Item = Result<PublishedNote, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.held.is_empty() && self.end > 0 {
            if let Err(error) = self.read_part() {
                self.end = 0;
                return Some(Err(error.into()));
            }
        }
        self.held.pop().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use bulla_proof::{Checkpoint, SignerKey, TreeSize};

    use super::*;

    /// A history in memory that counts the bytes that are read.
    #[derive(Debug, Default)]
    struct Counted {
        bytes: Vec<u8>,
        read: AtomicU64,
    }

    impl DiskFile for Counted {
        fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
            let rest = self.bytes.get(usize::try_from(offset).unwrap()..).unwrap_or(&[]);
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            self.read.fetch_add(count as u64, Ordering::Relaxed);
            Ok(count)
        }
        fn len(&self) -> std::io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }
        fn append(&self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
        fn status(&self) -> std::io::Result<crate::store::FileStatus> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
        fn sync(&self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
        fn rewrite(&self, _: &[u8], _: u64) -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
        fn truncate(&self, _: u64) -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }

    /// One signature for all notes: nobody looks at it here, and making thousands takes a minute.
    static SIGNATURE: LazyLock<String> = LazyLock::new(|| {
        let key = SignerKey::from_seed("log.example", [1; 32]).unwrap();
        let signed = Checkpoint::new("log.example", TreeSize(0), Hash::default()).unwrap().sign(&[&key]);
        signed.split_once("\n\n").unwrap().1.to_owned()
    });

    /// A note of so many entries, with `filler` bytes of further lines.
    fn note(origin: &str, size: u64, filler: usize) -> Vec<u8> {
        let mut checkpoint = Checkpoint::new(origin, TreeSize(size), Hash::default()).unwrap();
        for _ in 0..filler / 1000 {
            checkpoint = checkpoint.with_extension("x".repeat(1000)).unwrap();
        }
        let text = checkpoint.to_text();
        let note = format!("{text}\n{}\n", SIGNATURE.replace("log.example", origin)).into_bytes();
        assert!(read_note(&note[..note.len() - 1]).is_ok());
        note
    }

    fn back(file: &Arc<Counted>, below: u64) -> CheckpointsBack {
        let mut back = CheckpointsBack {
            file: Some(file.clone()),
            name: "checkpoints".to_owned(),
            origin: "log.example".to_owned(),
            below,
            end: 0,
            held: Vec::new(),
        };
        back.end = back.end_of_smaller(file.bytes.len() as u64).unwrap();
        back
    }

    fn sizes(history: Vec<u8>, below: u64) -> Vec<u64> {
        let file = Arc::new(Counted { bytes: history, ..Counted::default() });
        back(&file, below).map(|note| note.unwrap().size()).collect()
    }

    fn history(sizes: impl Iterator<Item = u64>) -> Vec<u8> {
        sizes.flat_map(|size| note("log.example", size, 0)).collect()
    }

    #[test]
    fn every_note_comes_once_and_the_newest_first_from_any_size_on() {
        // Some 4 MB: several parts, whose begins lie anywhere in a note.
        let kept = history((1..=20_000).map(|number| 3 * number));
        assert!(kept.len() as u64 > 5 * PART, "{}", kept.len());
        for below in [u64::MAX, 60_001, 60_000, 59_999, 30_000, 7, 3, 1, 0] {
            let expected: Vec<_> =
                (1..=20_000).rev().map(|number| 3 * number).filter(|size| *size < below).collect();
            assert_eq!(sizes(kept.clone(), below), expected, "below {below}");
        }
        assert!(sizes(Vec::new(), u64::MAX).is_empty());
    }

    #[test]
    fn a_note_is_given_as_it_was_written_with_what_it_says() {
        let root = Hash::from([7; 32]);
        let text = Checkpoint::new("log.example", TreeSize(12), root).unwrap().to_text();
        let written = format!("{text}\n{}", *SIGNATURE);
        let file = Arc::new(Counted { bytes: format!("{written}\n").into_bytes(), ..Counted::default() });
        let found: Vec<_> = back(&file, u64::MAX).collect::<Result<_, _>>().unwrap();
        let [note] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((note.note(), note.size(), note.root()), (written.as_str(), 12, root));
    }

    #[test]
    fn the_newest_cost_one_part_and_others_a_few() {
        let file = Arc::new(Counted { bytes: history(1..=40_000), ..Counted::default() });
        assert_eq!(back(&file, u64::MAX).take(100).count(), 100);
        let newest = file.read.swap(0, Ordering::Relaxed);
        assert!(newest <= PART, "{newest}");
        assert_eq!(back(&file, 20_000).take(100).map(|note| note.unwrap().size()).last(), Some(19_900));
        let others = file.read.load(Ordering::Relaxed);
        assert!(others < 5 * PART && file.bytes.len() as u64 > 12 * PART, "{others}");
    }

    #[test]
    fn a_history_a_little_longer_than_a_part_is_read_to_its_end() {
        let (mut kept, mut newest) = (Vec::new(), 1000);
        while kept.len() as u64 <= PART + 1 {
            newest += 1;
            kept.extend(note("log.example", newest, 0));
        }
        // No note is whole between its middle and as far before its end as the largest note is long.
        assert!(kept.len() as u64 / 2 - NOTE_BYTES_MAX < 100, "{}", kept.len());
        assert_eq!(sizes(kept, newest + 1), (1001..=newest).rev().collect::<Vec<_>>());
    }

    #[test]
    fn notes_of_any_length_are_found_across_parts() {
        let lengths = [0, 200_000, 250_000, 0, 1000, 250_000, 250_000, 250_000, 0, 90_000, 249_000, 0];
        let kept: Vec<_> =
            (1..).zip(lengths).flat_map(|(size, filler)| note("log.example", size, filler)).collect();
        for below in [u64::MAX, 12, 7, 2] {
            let expected: Vec<_> = (1..=12).rev().filter(|size| *size < below).collect();
            assert_eq!(sizes(kept.clone(), below), expected, "below {below}");
        }
    }

    #[test]
    fn what_is_no_note_of_this_log_is_passed_over() {
        let (first, second) = (history(1..=3000), history(3001..=6000));
        let torn = &second[..second.len() - 1];
        for (damage, what) in [
            (vec![0; 3 << 20], "zeros"),
            (b"\n\n\xe2\x80\x94 ".repeat(2000), "what looks like signatures"),
            (note("other.example", 3000, 0), "another log's"),
            (b"log.example\n".repeat(2000), "begins of notes"),
        ] {
            let found = sizes([&first, &damage, torn].concat(), u64::MAX);
            let mut expected: Vec<_> = (1..6000).rev().collect();
            // A note that damage runs into cannot be told from it.
            let lost = expected.iter().filter(|size| !found.contains(size)).count();
            assert!(lost <= 1, "{what}: {lost} are not found");
            expected.retain(|size| found.contains(size));
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn a_history_out_of_order_still_ends() {
        let kept = history((1..=9000).map(|number| number * 7919 % 9001));
        let found = sizes(kept.clone(), 4500);
        assert!(found.iter().all(|size| *size < 4500));
        assert_eq!(sizes(kept, u64::MAX).len(), 9000);
    }
}
