//! Hashes one piece of a segment and compares it with `tree/`, on the assumption that all is well. Anything that is
//! not makes the piece differ; what exactly is wrong is found out in another pass, by `examine`.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Hash, leaf_hash, subtree_root};
use memchr::{memchr, memchr_iter};

use crate::entry::limits::LINE_BYTES_MAX;
use crate::read::verify::VerifyError;
use crate::read::verify::payloads::{PayloadNews, Payloads};
use crate::read::verify::prefix::{ExpectedPrefix, TIME_LEN, Time, is_time};
use crate::read::verify::snapshot::{RowCursor, StoredRows, read_up_to};
use crate::store::disk::{DiskFile, During};
use crate::store::layout::TILE_WIDTH;
use crate::store::segment::line;
use crate::store::segment::sealed::SealedReader;

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
                let lines = self.read_lines(file.as_ref(), range, *len).during("read", &piece.name)?;
                let held = std::mem::take(&mut self.held);
                let first = line::parse_prefix(&held[lines.clone()]).map(|(seq, _)| seq);
                self.hash_all(&held[lines], first, &mut hashed)?;
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
                    seq += TILE_WIDTH;
                    if hashed.first + hashed.lines + hashed.beyond != seq && frame + 1 < reader.frames().len()
                    {
                        hashed.is_same = false;
                    }
                }
            }
        }
        self.end_tile(&mut hashed)?;
        Ok(hashed)
    }

    /// Reads the lines that begin in `range`, of a file of `len` bytes, and says where in `held` they are.
    fn read_lines(
        &mut self,
        file: &dyn DiskFile,
        range: &Range<u64>,
        len: u64,
    ) -> std::io::Result<Range<usize>> {
        // The byte before says whether a line begins at the very start.
        let from = range.start.saturating_sub(1);
        let mut want = usize::try_from(range.end - from).expect("a piece fits in memory");
        let room = want + LINE_BYTES_MAX + 1;
        if self.held.len() < room {
            self.held.resize(room, 0);
        }
        let mut have = read_up_to(file, &mut self.held[..want], from)?;
        let start = match range.start {
            0 => 0,
            _ => memchr(b'\n', &self.held[..have]).map_or(have, |end| end + 1),
        };
        // The last line that begins in here may end further on.
        while have == want && start < have && self.held[have - 1] != b'\n' && want < room {
            /// 4 KiB: a few usual lines.
            const STEP: usize = 4096;
            let rest = usize::try_from(len - from).map_or(usize::MAX, |all| all - want);
            let more = STEP.min(room - want).min(rest);
            if more == 0 {
                break;
            }
            have += read_up_to(file, &mut self.held[want..want + more], from + want as u64)?;
            want += more;
            if let Some(end) = memchr(b'\n', &self.held[want - more..have]) {
                have = want - more + end + 1;
                break;
            }
        }
        Ok(start..have)
    }

    /// Hashes lines, of which the first should bear the number `first`.
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
    fn pass_beyond(&self, lines: &[u8], hashed: &mut Hashed) {
        // A line without its newline, or more lines than there should be.
        hashed.is_same &= hashed.first + hashed.lines >= self.end && self.may_go_on;
        hashed.beyond += memchr_iter(b'\n', lines).count() as u64;
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
