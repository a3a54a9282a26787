//! Lines of a segment that may be damaged, one after the other, with where each lies and which entry it says it is.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Hash, leaf_hash};
use memchr::memchr;

use crate::entry::limits::LINE_BYTES_MAX;
use crate::read::verify::payloads::{PayloadNews, Payloads};
use crate::read::verify::prefix::{TIME_LEN, Time};
use crate::store::disk::{DiskError, DiskFile, During, is_damage, read_up_to};
use crate::store::layout::TILE_WIDTH;
use crate::store::segment::line;
use crate::store::segment::sealed::SealedReader;

/// A line as it lies there.
#[derive(Debug)]
pub(in crate::read::verify) struct Line {
    /// In the file: the line itself, or the frame that holds it.
    pub(in crate::read::verify) bytes: Range<u64>,
    /// Which frame holds it, in a sealed segment.
    pub(in crate::read::verify) frame: Option<u64>,
    pub(in crate::read::verify) hash: Hash,
    /// The number that it bears.
    pub(in crate::read::verify) seq: Option<u64>,
    pub(in crate::read::verify) time: Option<Time>,
    /// Where its newline should be, and is not.
    pub(in crate::read::verify) no_newline: Option<Range<u64>>,
    /// Whether the segment ends inside it.
    pub(in crate::read::verify) is_torn: bool,
    /// Whether it records that the log was closed.
    pub(in crate::read::verify) closes: bool,
    pub(in crate::read::verify) news: Option<Box<PayloadNews>>,
}

/// What comes next.
#[derive(Debug)]
pub(in crate::read::verify) enum Next {
    Line(Line),
    /// A frame that cannot be decompressed: its bytes, and which of the segment's lines it held.
    Unreadable {
        bytes: Range<u64>,
        lines: Range<u64>,
        reason: String,
    },
    /// A frame without a line, at these bytes.
    Empty(Range<u64>),
}

/// How a segment is stored.
pub(in crate::read::verify) enum Body {
    Plain { file: Arc<dyn DiskFile>, len: u64 },
    Sealed(SealedReader),
}

/// Lines of a segment in order.
pub(in crate::read::verify) struct SegmentLines<'a> {
    body: Body,
    name: String,
    payloads: &'a Payloads,
    held: Vec<u8>,
    at: usize,
    /// Offset in the file of `held`, or the frame's bytes.
    held_at: u64,
    frame: Option<Range<u64>>,
    next_frame: usize,
    /// The rest of two lines that lost the newline between them.
    split: Option<Line>,
}

/// In the last line of a log that was closed.
const CLOSED: &[u8] = b"\"event_name\":\"log.closed\"";

/// 1 MiB: one read of a plain segment.
const BLOCK: usize = 1024 * 1024;

/// Two lines that became one, and a little: a longer line is passed over, not held.
const HELD_LINE_MAX: usize = 3 * LINE_BYTES_MAX;

impl<'a> SegmentLines<'a> {
    pub(in crate::read::verify) fn new(body: Body, name: String, payloads: &'a Payloads) -> Self {
        Self {
            body,
            name,
            payloads,
            held: Vec::new(),
            at: 0,
            held_at: 0,
            frame: None,
            next_frame: 0,
            split: None,
        }
    }

    /// The next line. `leaf` gives the hash that `tree/` has for an entry.
    pub(in crate::read::verify) fn next(
        &mut self,
        mut leaf: impl FnMut(u64) -> Result<Option<Hash>, DiskError>,
    ) -> Result<Option<Next>, DiskError> {
        if let Some(line) = self.split.take() {
            return Ok(Some(Next::Line(line)));
        }
        loop {
            if let Some(len) = memchr(b'\n', &self.held[self.at..]) {
                return self.line(len, true, &mut leaf).map(Some);
            }
            if self.held.len() - self.at > HELD_LINE_MAX {
                return self.pass_over().map(Some);
            }
            match self.fill()? {
                Filled::More => {}
                Filled::Not(next) => return Ok(Some(next)),
                Filled::End if self.at < self.held.len() => {
                    let len = self.held.len() - self.at;
                    return self.line(len, false, &mut leaf).map(Some);
                }
                Filled::End => return Ok(None),
            }
        }
    }

    /// `len` bytes up to a newline, or up to the end.
    fn line(
        &mut self,
        len: usize,
        has_newline: bool,
        leaf: &mut impl FnMut(u64) -> Result<Option<Hash>, DiskError>,
    ) -> Result<Next, DiskError> {
        let start = self.at;
        self.at += len + usize::from(has_newline);
        let text = &self.held[start..start + len];
        let mut is_leaf = |text: &[u8]| -> Result<bool, DiskError> {
            match line::parse_prefix(text) {
                Some((seq, _)) => Ok(leaf(seq)? == Some(leaf_hash(text))),
                None => Ok(false),
            }
        };
        if has_newline && is_leaf(text)? {
            return Ok(Next::Line(self.read(start..start + len, None, false)?));
        }
        // One byte in place of the newline, or none at all.
        for lost in [1, 0] {
            for second in starts_of_lines(text).filter(|at| *at > lost) {
                if is_leaf(&text[second..])? && is_leaf(&text[..second - lost])? {
                    let gap = start + second - lost..start + second;
                    let first = self.read(start..gap.start, Some(gap), false)?;
                    self.split = Some(self.read(start + second..start + len, None, !has_newline)?);
                    return Ok(Next::Line(first));
                }
            }
        }
        if !has_newline {
            for lost in [0, 1] {
                if let Some(end) = len.checked_sub(lost)
                    && is_leaf(&text[..end])?
                {
                    let gap = start + end..start + len;
                    return Ok(Next::Line(self.read(start..start + end, Some(gap), false)?));
                }
            }
        }
        Ok(Next::Line(self.read(start..start + len, None, !has_newline)?))
    }

    fn read(&self, held: Range<usize>, gap: Option<Range<usize>>, is_torn: bool) -> Result<Line, DiskError> {
        let text = &self.held[held.clone()];
        let place = |held: Range<usize>| match &self.frame {
            Some(frame) => frame.clone(),
            None => self.held_at + held.start as u64..self.held_at + held.end as u64,
        };
        let prefix = line::parse_prefix(text);
        let mut news: Option<Box<PayloadNews>> = None;
        if let Some((seq, _)) = prefix
            && self.payloads.mentions(text).are_in(0..text.len())
        {
            self.payloads.check_line(text, seq, news.get_or_insert_default())?;
        }
        Ok(Line {
            bytes: place(held),
            frame: self.frame_index(),
            hash: leaf_hash(text),
            seq: prefix.map(|(seq, _)| seq),
            time: prefix.and_then(|(_, time)| time.first_chunk::<TIME_LEN>().copied()),
            no_newline: gap.map(place),
            is_torn,
            closes: memchr::memmem::find(text, CLOSED).is_some(),
            news,
        })
    }

    /// Bytes without a newline that are too many for a line.
    fn pass_over(&mut self) -> Result<Next, DiskError> {
        let start = self.held_at + self.at as u64;
        let frame = self.frame.clone();
        let mut end = self.held_at + self.held.len() as u64;
        let mut is_torn = true;
        loop {
            self.at = self.held.len();
            // What comes behind a frame's end begins a line of the next one.
            if self.frame.is_some() || !matches!(self.fill()?, Filled::More) {
                break;
            }
            if let Some(len) = memchr(b'\n', &self.held[self.at..]) {
                end = self.held_at + (self.at + len) as u64;
                self.at += len + 1;
                is_torn = false;
                break;
            }
            end = self.held_at + self.held.len() as u64;
        }
        let bytes = frame.unwrap_or(start..end);
        Ok(Next::Line(Line {
            bytes,
            frame: self.frame_index(),
            hash: Hash::default(),
            seq: None,
            time: None,
            no_newline: None,
            is_torn,
            closes: false,
            news: None,
        }))
    }

    /// The frame of what is held.
    fn frame_index(&self) -> Option<u64> {
        self.frame.is_some().then(|| self.next_frame as u64 - 1)
    }

    fn fill(&mut self) -> Result<Filled, DiskError> {
        match &self.body {
            Body::Plain { file, len } => {
                self.held.drain(..self.at);
                self.held_at += self.at as u64;
                self.at = 0;
                let from = self.held_at + self.held.len() as u64;
                let want = usize::try_from(len - from).map_or(BLOCK, |rest| rest.min(BLOCK));
                let start = self.held.len();
                self.held.resize(start + want, 0);
                let count =
                    read_up_to(file.as_ref(), &mut self.held[start..], from).during("read", &self.name)?;
                self.held.truncate(start + count);
                Ok(if count > 0 { Filled::More } else { Filled::End })
            }
            // What is left of a frame without a newline is no line of the next one.
            Body::Sealed(_) if self.at < self.held.len() => Ok(Filled::End),
            Body::Sealed(reader) => {
                let index = self.next_frame;
                let Some(frame) = reader.frames().get(index) else { return Ok(Filled::End) };
                self.next_frame += 1;
                (self.held, self.at) = (Vec::new(), 0);
                let bytes = frame.offset..frame.offset + u64::from(frame.compressed);
                self.frame = Some(bytes.clone());
                match reader.read_frame(index) {
                    Ok(lines) if lines.is_empty() => Ok(Filled::Not(Next::Empty(bytes))),
                    Ok(lines) => {
                        self.held = lines;
                        Ok(Filled::More)
                    }
                    Err(error) if is_damage(&error) => {
                        let first = index as u64 * TILE_WIDTH;
                        let lines = first..first + TILE_WIDTH;
                        Ok(Filled::Not(Next::Unreadable { bytes, lines, reason: error.to_string() }))
                    }
                    Err(error) => Err(error).during("read", &self.name),
                }
            }
        }
    }
}

enum Filled {
    More,
    /// A frame that gives no lines.
    Not(Next),
    End,
}

/// Where in `text` a line seems to begin.
fn starts_of_lines(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(text, b"{\"seq\":")
}
