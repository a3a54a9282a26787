//! Hashes one piece of a segment and compares it with `tree/`, on the assumption that all is well. Anything that is
//! not makes the piece differ; what exactly is wrong is found out in another pass, by `examine`.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Hash, leaf_hash, subtree_root};
use memchr::{memchr, memchr_iter, memrchr};

use crate::entry::limits::LINE_BYTES_MAX;
use crate::read::verify::VerifyError;
use crate::read::verify::payloads::{PayloadNews, Payloads};
use crate::read::verify::prefix::{ExpectedPrefix, TIME_LEN, Time, is_time};
use crate::read::verify::snapshot::{RowCursor, StoredRows};
use crate::store::disk::{DiskFile, During, read_up_to};
use crate::store::layout::TILE_WIDTH;
use crate::store::segment::line;
use crate::store::segment::sealed::SealedReader;

/// 256 KiB: what is read stays in the core's own cache until it is hashed.
const BLOCK: usize = 256 * 1024;

/// 4 KiB: a few usual lines.
const LINE_STEP: u64 = 4096;

/// Part of a segment.
#[derive(Debug)]
pub(in crate::read::verify) struct Piece {
    /// Index of the segment.
    pub(in crate::read::verify) segment: usize,
    /// Its name, for messages.
    pub(in crate::read::verify) name: Arc<str>,
    pub(in crate::read::verify) part: Part,
    /// Bytes of its file that it stands for.
    pub(in crate::read::verify) bytes: u64,
    /// Number after the segment's last entry that has a hash.
    pub(in crate::read::verify) end: u64,
    /// Whether lines without a hash may follow.
    pub(in crate::read::verify) may_go_on: bool,
}

#[derive(Debug)]
pub(in crate::read::verify) enum Part {
    /// Lines that begin in these bytes of a file of `len` bytes.
    Bytes { file: Arc<dyn DiskFile>, range: Range<u64>, len: u64 },
    /// Lines of these frames.
    Frames { reader: SealedReader, first_seq: u64, frames: Range<usize> },
    /// The segment cannot be read as what it is.
    Unreadable,
}

/// What hashing a piece came to.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Hashed {
    pub(in crate::read::verify) segment: usize,
    pub(in crate::read::verify) bytes: u64,
    /// Number that its first line bears.
    pub(in crate::read::verify) first: u64,
    /// Lines below the end of `tree/00`.
    pub(in crate::read::verify) lines: u64,
    /// Whole lines after it.
    pub(in crate::read::verify) beyond: u64,
    /// Roots of the complete tiles in it.
    pub(in crate::read::verify) tiles: Vec<Hash>,
    /// Times of its first and last line.
    pub(in crate::read::verify) times: Option<(Time, Time)>,
    /// Whether every line is what `tree/` and its place say.
    pub(in crate::read::verify) is_same: bool,
    pub(in crate::read::verify) payloads: PayloadNews,
}

/// What a thread hashes with.
pub(in crate::read::verify) struct Hasher<'a> {
    rows: [RowCursor<'a>; 2],
    /// See [`Piece`].
    end: u64,
    may_go_on: bool,
    payloads: &'a Payloads,
    held: Vec<u8>,
    leaves: Vec<Hash>,
    prefix: ExpectedPrefix,
}

impl<'a> Hasher<'a> {
    pub(in crate::read::verify) fn new(rows: &'a StoredRows, payloads: &'a Payloads) -> Self {
        Self {
            rows: [RowCursor::new(rows, 0), RowCursor::new(rows, 1)],
            end: 0,
            may_go_on: false,
            payloads,
            held: Vec::new(),
            leaves: Vec::with_capacity(TILE_WIDTH as usize),
            prefix: ExpectedPrefix::default(),
        }
    }

    /// Hashes a piece.
    pub(in crate::read::verify) fn hash(&mut self, piece: &Piece) -> Result<Hashed, VerifyError> {
        let mut hashed =
            Hashed { segment: piece.segment, bytes: piece.bytes, is_same: true, ..Hashed::default() };
        (self.end, self.may_go_on) = (piece.end, piece.may_go_on);
        match &piece.part {
            Part::Unreadable => hashed.is_same = false,
            Part::Bytes { file, range, len } => {
                let mut held = std::mem::take(&mut self.held);
                self.hash_bytes(file.as_ref(), range, *len, &piece.name, &mut held, &mut hashed)?;
                self.held = held;
            }
            Part::Frames { reader, first_seq, frames } => {
                let mut seq = *first_seq;
                for frame in frames.clone() {
                    let Ok(lines) = reader.read_frame(frame) else {
                        hashed.is_same = false;
                        break;
                    };
                    self.hash_all(&lines, Some(seq), &mut hashed)?;
                    let full = seq + TILE_WIDTH;
                    let end = hashed.first + hashed.lines + hashed.beyond;
                    let is_last = frame + 1 == reader.frames().len();
                    hashed.is_same &= seq < end && end <= full && (end == full || is_last);
                    seq = full;
                }
            }
        }
        self.end_tile(&mut hashed)?;
        Ok(hashed)
    }

    /// Hashes the lines that begin in `range`, of a file of `len` bytes.
    fn hash_bytes(
        &mut self,
        file: &dyn DiskFile,
        range: &Range<u64>,
        len: u64,
        name: &str,
        held: &mut Vec<u8>,
        hashed: &mut Hashed,
    ) -> Result<(), VerifyError> {
        held.resize(BLOCK + LINE_BYTES_MAX + 1, 0);
        // The byte before says whether a line begins at the very start.
        let (mut at, mut kept) = (range.start.saturating_sub(1), 0);
        let mut is_inside = range.start == 0;
        while hashed.is_same {
            // The last line that begins in here may end further on.
            let until = if at < range.end { range.end } else { len.min(at + LINE_STEP) };
            let room = BLOCK.min(held.len() - kept);
            let want = usize::try_from(until - at).map_or(room, |want| want.min(room));
            let count = read_up_to(file, &mut held[kept..kept + want], at).during("read", name)?;
            at += count as u64;
            let have = kept + count;
            let mut start = 0;
            if !is_inside && let Some(end) = memchr(b'\n', &held[..have]) {
                (start, is_inside) = (end + 1, true);
            }
            let end = match () {
                () if !is_inside => have,
                // Too long for a line, or the last one, which has no newline.
                () if count == 0 => have,
                () if at > range.end => memchr(b'\n', &held[kept..have]).map_or(start, |end| kept + end + 1),
                () => memrchr(b'\n', &held[start..have]).map_or(start, |end| start + end + 1),
            };
            if is_inside {
                let first = line::parse_prefix(&held[start..end]).map(|(seq, _)| seq);
                self.hash_all(&held[start..end], first, hashed)?;
            }
            let is_done = at > range.end && end > start || at >= range.end && end == have;
            if is_done || count == 0 {
                return Ok(());
            }
            held.copy_within(end..have, 0);
            kept = have - end;
        }
        Ok(())
    }

    /// Hashes lines, of which the first bears the number `first`, if any; the piece's first lines begin with it.
    fn hash_all(&mut self, lines: &[u8], first: Option<u64>, hashed: &mut Hashed) -> Result<(), VerifyError> {
        let Some(first) = first else {
            hashed.is_same &= lines.is_empty();
            return Ok(());
        };
        if hashed.lines == 0 {
            hashed.first = first;
            self.prefix.set(first);
        }
        let mut mentions = self.payloads.mentions(lines);
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            let seq = hashed.first + hashed.lines;
            if seq >= self.end {
                break;
            }
            let line = &lines[start..end];
            hashed.is_same &= self.is_next(line, hashed);
            self.leaves.push(leaf_hash(line));
            hashed.lines += 1;
            self.prefix.advance();
            if mentions.are_in(start..end) {
                self.payloads.check_line(line, seq, &mut hashed.payloads)?;
            }
            start = end + 1;
            if hashed.lines.wrapping_add(hashed.first).is_multiple_of(TILE_WIDTH) {
                self.end_tile(hashed)?;
            }
            if !hashed.is_same {
                return Ok(());
            }
        }
        if start < lines.len() {
            self.pass_beyond(&lines[start..], hashed);
        }
        Ok(())
    }

    /// What stands behind the end of the hashes: lines on their way, or torn by a crash.
    fn pass_beyond(&mut self, lines: &[u8], hashed: &mut Hashed) {
        // A line without its newline, or more lines than there should be.
        hashed.is_same &= hashed.first + hashed.lines >= self.end && self.may_go_on;
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            if self.prefix.time_of(&lines[start..end]).is_none() {
                // What a crash tore, or an entry of the log once more: not for this pass to tell.
                hashed.is_same = false;
                return;
            }
            hashed.beyond += 1;
            self.prefix.advance();
            start = end + 1;
        }
    }

    /// Whether the line bears the next number, and a time that is not before the last.
    fn is_next(&self, line: &[u8], hashed: &mut Hashed) -> bool {
        let Some(time) = self.prefix.time_of(line) else { return false };
        match &mut hashed.times {
            Some((_, last)) if last == time => true,
            Some((_, last)) => {
                let is_later = &*last < time && is_time(time);
                *last = *time;
                is_later
            }
            times @ None => {
                *times = Some((*time, *time));
                is_time(time)
            }
        }
    }

    /// Compares the leaves gathered with `tree/00`, and a complete tile with `tree/08`.
    fn end_tile(&mut self, hashed: &mut Hashed) -> Result<(), VerifyError> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        let first = hashed.first + hashed.lines - self.leaves.len() as u64;
        if hashed.is_same {
            let [leaf_row, tile_row] = &mut self.rows;
            let stored = leaf_row.from(first)?;
            hashed.is_same = stored.get(..self.leaves.len()) == Some(self.leaves.as_slice());
            if self.leaves.len() == TILE_WIDTH as usize {
                let root = subtree_root(&mut self.leaves);
                hashed.is_same &= tile_row.hash(first / TILE_WIDTH)? == Some(root);
                hashed.tiles.push(root);
            }
        }
        self.leaves.clear();
        Ok(())
    }
}

const _: () = assert!(TIME_LEN == 30, "the time is compared as text, so all have one length");

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tempfile::TempDir;

    use super::*;
    use crate::read::verify::snapshot::Snapshot;
    use crate::store::OsDisk;
    use crate::store::disk::{Disk, FileStatus};

    const TIME: &str = "2026-11-23T12:00:00.123456789Z";

    /// A segment that counts what is read of it.
    #[derive(Debug)]
    struct Counted {
        bytes: Vec<u8>,
        read: AtomicU64,
    }

    impl DiskFile for Counted {
        fn append(&self, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = &self.bytes[self.bytes.len().min(usize::try_from(offset).unwrap())..];
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            self.read.fetch_add(count as u64, Ordering::Relaxed);
            Ok(count)
        }

        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }

        fn status(&self) -> io::Result<FileStatus> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&self) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn rewrite(&self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Lines of some lengths, of which the first so many have hashes, and bytes behind them.
    struct Sample {
        file: Arc<Counted>,
        /// Where each line begins, and where the last one ends.
        starts: Vec<u64>,
        tiles: Vec<Hash>,
        hashes: u64,
        disk: Arc<dyn Disk>,
        snapshot: Snapshot,
        _folder: TempDir,
    }

    impl Sample {
        fn new(lengths: &[usize], behind: &[u8], hashes: usize) -> Self {
            let (mut bytes, mut starts, mut leaves) = (Vec::new(), vec![0], Vec::new());
            for (seq, len) in (0..).zip(lengths) {
                let mut text = Vec::new();
                line::push_prefix(&mut text, seq, TIME);
                text.resize(*len, b'x');
                leaves.push(leaf_hash(&text));
                bytes.extend_from_slice(&text);
                bytes.push(b'\n');
                starts.push(bytes.len() as u64);
            }
            bytes.extend_from_slice(behind);
            leaves.truncate(hashes);
            let tiles: Vec<Hash> =
                leaves.as_chunks::<256>().0.iter().map(|tile| subtree_root(&mut tile.clone())).collect();
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("tree")).unwrap();
            for (name, hashes) in [("tree/00", &leaves), ("tree/08", &tiles)] {
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
                std::fs::write(folder.path().join(name), bytes).unwrap();
            }
            let disk: Arc<dyn Disk> = Arc::new(OsDisk::new(folder.path()));
            let snapshot = Snapshot::take(&disk).unwrap();
            let file = Arc::new(Counted { bytes, read: 0.into() });
            Self { file, starts, tiles, hashes: hashes as u64, disk, snapshot, _folder: folder }
        }

        fn check(&self, range: Range<u64>, may_go_on: bool) {
            let len = self.file.bytes.len() as u64;
            let (payloads, name) = (Payloads::new(self.disk.clone()), "segment".into());
            let part = Part::Bytes { file: self.file.clone(), range: range.clone(), len };
            let piece = Piece { segment: 3, name, part, bytes: 9, end: self.hashes, may_go_on };
            let before = self.file.read.load(Ordering::Relaxed);
            let hashed = Hasher::new(&self.snapshot.rows, &payloads).hash(&piece).unwrap();
            let read = self.file.read.load(Ordering::Relaxed) - before;

            let (lines_end, starts) = self.starts.split_last().unwrap();
            let begin = |at: u64| starts.partition_point(|start| *start < at) as u64;
            let (first, last) = (begin(range.start), begin(range.end));
            let is_torn = len > *lines_end && range.contains(lines_end);
            assert_eq!(hashed.is_same, !is_torn, "{range:?} of {starts:?}");
            assert_eq!((hashed.segment, hashed.bytes), (3, 9));
            let lines = last.min(self.hashes) - first.min(self.hashes);
            assert_eq!((hashed.lines, hashed.beyond), (lines, last - first - lines), "{range:?}");
            if lines > 0 {
                assert_eq!(hashed.first, first, "{range:?}");
            }
            let time = *TIME.as_bytes().first_chunk().unwrap();
            assert_eq!(hashed.times, (lines > 0).then_some((time, time)), "{range:?}");
            if is_torn {
                return;
            }
            let whole = usize::try_from(first.div_ceil(TILE_WIDTH)).unwrap();
            let whole = whole..usize::try_from((first + lines) / TILE_WIDTH).unwrap().max(whole);
            assert_eq!(hashed.tiles, self.tiles.get(whole).unwrap_or_default(), "{range:?}");
            let end = self.starts[usize::try_from(last).unwrap()].max(range.end);
            assert!(read <= end - range.start + 1 + LINE_STEP, "{range:?}: {read} bytes are read");
        }
    }

    #[test]
    fn a_piece_is_the_lines_that_begin_in_it_wherever_they_end() {
        let lengths = [90, 100, 4095, 4096, 9000, 65_535, 65_535, 65_000, 65_535, 65_535, 80, 8191];
        let too_long = vec![b'x'; 2 * LINE_BYTES_MAX];
        let mut begun = Vec::new();
        line::push_prefix(&mut begun, 12, TIME);
        begun.extend_from_slice(b"\"id\":");
        for (behind, hashes) in
            [(&b""[..], 12), (b"torn", 12), (&begun, 12), (&too_long, 12), (b"", 10), (b"", 5), (b"", 0)]
        {
            let sample = Sample::new(&lengths, behind, hashes);
            let around = |start: &u64| start.saturating_sub(1)..start + 2;
            let offsets: Vec<u64> = sample.starts.iter().flat_map(around).chain([300_000]).collect();
            let len = sample.file.bytes.len() as u64;
            for start in &offsets {
                for end in offsets.iter().filter(|end| *start < **end && **end <= len) {
                    sample.check(*start..*end, hashes < lengths.len());
                }
            }
        }
    }

    #[test]
    fn a_piece_has_the_roots_of_the_tiles_that_are_complete_in_it() {
        let sample = Sample::new(&[90; 800], b"", 700);
        for first in [0, 1, 255, 256, 257, 511, 512, 600] {
            for last in [255, 256, 257, 512, 513, 768, 800] {
                if first < last {
                    sample.check(sample.starts[first]..sample.starts[last], true);
                }
            }
        }
    }
}
