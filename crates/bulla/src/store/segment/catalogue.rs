//! The catalogue of segments: which files hold which entries, and reading them in order.

use std::io;
use std::sync::{Arc, RwLock};

use memchr::memchr;

use super::line;
use super::sealed::SealedReader;
use crate::store::disk::{Disk, DiskError, DiskFile, During};
use crate::store::layout::{self, SegmentKind, TILE_WIDTH};

/// One segment: its file, and the number of its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) kind: SegmentKind,
}

impl Segment {
    pub(crate) fn name(self) -> String {
        layout::segment(self.base, self.kind)
    }
}

/// All segments of a log, in order.
#[derive(Debug)]
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    list: RwLock<Vec<Segment>>,
}

/// 256 KiB: one read of a plain segment.
const BLOCK: usize = 256 * 1024;

impl Segments {
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Result<Arc<Self>, DiskError> {
        let segments = Arc::new(Self { disk, list: RwLock::default() });
        segments.refresh()?;
        Ok(segments)
    }

    /// Looks at the folder again: the writer rolls over and seals.
    pub(crate) fn refresh(&self) -> Result<(), DiskError> {
        // Held while looking: a segment that the writer adds meanwhile must not be forgotten again.
        let mut held = self.list.write().expect("no panic while held");
        let names = self.disk.list(layout::ENTRIES).during("list", self.disk.describe(layout::ENTRIES))?;
        let mut list: Vec<Segment> = names
            .iter()
            .filter_map(|name| layout::parse_segment(name))
            .map(|(base, kind)| Segment { base, kind })
            .collect();
        list.sort_unstable();
        // A crash between sealing and removing leaves both files: the plain one, which sorts first, counts.
        list.dedup_by_key(|segment| segment.base);
        *held = list;
        Ok(())
    }

    pub(crate) fn list(&self) -> Vec<Segment> {
        self.list.read().expect("no panic while held").clone()
    }

    pub(crate) fn push(&self, segment: Segment) {
        let mut list = self.list.write().expect("no panic while held");
        // A reader that looked at the folder may have found it first.
        if list.last().is_none_or(|last| last.base < segment.base) {
            list.push(segment);
        }
    }

    pub(crate) fn mark_sealed(&self, base: u64) {
        let mut list = self.list.write().expect("no panic while held");
        if let Some(segment) = list.iter_mut().find(|segment| segment.base == base) {
            segment.kind = SegmentKind::Sealed;
        }
    }

    pub(crate) fn first_seq(&self) -> Option<u64> {
        self.list.read().expect("no panic while held").first().map(|segment| segment.base)
    }

    pub(crate) fn last(&self) -> Option<Segment> {
        self.list.read().expect("no panic while held").last().copied()
    }

    /// The segment that holds `seq`, and the base of the one after it.
    fn locate(&self, seq: u64) -> Option<(Segment, Option<u64>)> {
        let list = self.list.read().expect("no panic while held");
        let after = list.partition_point(|segment| segment.base <= seq);
        let segment = *list.get(after.checked_sub(1)?)?;
        Some((segment, list.get(after).map(|next| next.base)))
    }

    /// Lines from `seq` on, to the end of what is stored.
    ///
    /// The caller stops at the durable end: what comes after it may be half a line.
    pub(crate) fn lines_from(self: &Arc<Self>, seq: u64) -> Lines {
        Lines { segments: self.clone(), next: seq, open: None, held: Vec::new(), at: 0 }
    }

    /// File that holds entry `seq`.
    pub(crate) fn file_of(&self, seq: u64) -> Option<String> {
        self.locate(seq).map(|(segment, _)| segment.name())
    }

    fn open_at(&self, seq: u64) -> Result<Option<OpenSegment>, DiskError> {
        // The writer may rename or remove a file between our look and our open: look again, once.
        for attempt in 0..2 {
            let Some((segment, next_base)) = self.locate(seq) else { return Ok(None) };
            let name = segment.name();
            match self.disk.open(&name).during("open", self.disk.describe(&name)) {
                Ok(file) => {
                    let body = self.body(segment, file, seq)?;
                    return Ok(Some(OpenSegment { segment, next_base, body }));
                }
                Err(error) if error.is_missing() && attempt == 0 => self.refresh()?,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn body(&self, segment: Segment, file: Arc<dyn DiskFile>, seq: u64) -> Result<Body, DiskError> {
        let describe = || self.disk.describe(&segment.name());
        match segment.kind {
            SegmentKind::Plain => {
                let offset = offset_of(file.as_ref(), segment.base, seq).during("search", describe())?;
                Ok(Body::Plain { file, offset })
            }
            SegmentKind::Sealed => {
                let reader = SealedReader::open(file).during("open", describe())?;
                let frame = usize::try_from((seq - segment.base) / TILE_WIDTH)
                    .expect("frames of a segment fit in memory");
                Ok(Body::Sealed { reader, frame })
            }
        }
    }
}

#[derive(Debug)]
struct OpenSegment {
    segment: Segment,
    next_base: Option<u64>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Plain { file: Arc<dyn DiskFile>, offset: u64 },
    Sealed { reader: SealedReader, frame: usize },
}

/// Stored lines in order; see [`Segments::lines_from`].
#[derive(Debug)]
pub(crate) struct Lines {
    segments: Arc<Segments>,
    next: u64,
    open: Option<OpenSegment>,
    held: Vec<u8>,
    at: usize,
}

impl Lines {
    /// The next line without its newline, or `None` where the stored lines end.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, DiskError> {
        let range = loop {
            if let Some(end) = memchr(b'\n', &self.held[self.at..]) {
                let start = self.at;
                self.at += end + 1;
                break start..start + end;
            }
            if !self.refill()? {
                return Ok(None);
            }
        };
        let seq = self.next;
        let line = &self.held[range];
        match line::parse_prefix(line) {
            Some((found, _)) if found == seq => {}
            found => {
                let found = found.map_or_else(|| "no entry".to_owned(), |(seq, _)| format!("entry {seq}"));
                let text = format!("found {found}: the log is damaged; run `bulla verify`");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text))
                    .during("read", format!("entry {seq}"));
            }
        }
        self.next += 1;
        Ok(Some((seq, line)))
    }

    /// Reads more; false when there is nothing more now.
    fn refill(&mut self) -> Result<bool, DiskError> {
        self.held.drain(..self.at);
        self.at = 0;
        loop {
            let Some(open) = &mut self.open else {
                self.open = self.segments.open_at(self.next)?;
                if self.open.is_none() {
                    return Ok(false);
                }
                continue;
            };
            let describe = || self.segments.disk.describe(&open.segment.name());
            let has_ended = open.next_base.is_some_and(|base| self.next >= base);
            let more = match &mut open.body {
                _ if has_ended => false,
                Body::Plain { file, offset } => {
                    let start = self.held.len();
                    self.held.resize(start + BLOCK, 0);
                    let count = file.read_at(&mut self.held[start..], *offset);
                    self.held.truncate(start + count.as_ref().map_or(0, |count| *count));
                    let count = count.during("read", describe())?;
                    *offset += count as u64;
                    count > 0
                }
                Body::Sealed { reader, frame } if *frame < reader.frames().len() => {
                    // Where frames before it had too few lines, its first line bears another number than the next.
                    let first = open.segment.base + *frame as u64 * TILE_WIDTH;
                    let skip = self.next.saturating_sub(first);
                    self.held = reader.read_frame(*frame).during("read", describe())?;
                    *frame += 1;
                    self.at = after_lines(&self.held, skip);
                    true
                }
                Body::Sealed { .. } => false,
            };
            if more {
                return Ok(true);
            }
            let after = open.segment.base;
            self.segments.refresh()?;
            match self.segments.locate(self.next) {
                // The writer has rolled over: go on in the next segment.
                Some((segment, _)) if segment.base > after => {
                    self.open = None;
                    self.held.clear();
                }
                _ => return Ok(false),
            }
        }
    }
}

/// Offset behind the first `count` lines.
fn after_lines(bytes: &[u8], count: u64) -> usize {
    let mut at = 0;
    for _ in 0..count {
        match memchr(b'\n', &bytes[at..]) {
            Some(end) => at += end + 1,
            None => return bytes.len(),
        }
    }
    at
}

/// Offset of line `seq` in a plain segment that begins with line `base`.
pub(crate) fn offset_of(file: &dyn DiskFile, base: u64, seq: u64) -> io::Result<u64> {
    if seq == base { Ok(0) } else { bisect(file, seq) }
}

/// Offset of the first line that is not before `seq`, found by halving: lines begin with their number.
fn bisect(file: &dyn DiskFile, seq: u64) -> io::Result<u64> {
    // Below `low` lines are before `seq`; at `high` and above they are not, or are not whole.
    let (mut low, mut high) = (0, file.len()?);
    let mut probe = Probe { file, bytes: Vec::new() };
    while low < high {
        let middle = low + (high - low) / 2;
        match probe.first_line_after(middle)? {
            Some((start, found)) if found < seq && start < high => low = start + 1,
            _ => high = middle,
        }
    }
    // `low` is one past the start of the last line before `seq`, or 0.
    let start = if low == 0 { Some(0) } else { probe.line_start_after(low)? };
    Ok(start.unwrap_or(file.len()?))
}

struct Probe<'a> {
    file: &'a dyn DiskFile,
    bytes: Vec<u8>,
}

impl Probe<'_> {
    /// 4 KiB: usually more than one line.
    const STEP: usize = 4096;

    /// Start of the first line that begins at or after `offset`.
    fn line_start_after(&mut self, offset: u64) -> io::Result<Option<u64>> {
        if offset == 0 {
            return Ok(Some(0));
        }
        let mut from = offset - 1;
        loop {
            self.fill(from, Self::STEP)?;
            if self.bytes.is_empty() {
                return Ok(None);
            }
            if let Some(end) = memchr(b'\n', &self.bytes) {
                return Ok(Some(from + end as u64 + 1));
            }
            from += self.bytes.len() as u64;
        }
    }

    /// Start and number of the first line that begins at or after `offset`.
    fn first_line_after(&mut self, offset: u64) -> io::Result<Option<(u64, u64)>> {
        let Some(start) = self.line_start_after(offset)? else { return Ok(None) };
        self.fill(start, crate::entry::limits::PREFIX_BYTES_MAX + 8)?;
        Ok(line::parse_prefix(&self.bytes).map(|(seq, _)| (start, seq)))
    }

    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        self.bytes.resize(len, 0);
        let count = self.file.read_at(&mut self.bytes, offset)?;
        self.bytes.truncate(count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::ops::Range;

    use super::super::sealed::FrameEncoder;
    use super::*;
    use crate::store::OsDisk;

    const PLAIN: SegmentKind = SegmentKind::Plain;
    const SEALED: SegmentKind = SegmentKind::Sealed;

    /// A line of so many bytes, with its newline.
    fn line(seq: u64, len: usize) -> Vec<u8> {
        let mut line = Vec::new();
        line::push_prefix(&mut line, seq, "2026-11-23T12:00:00.123456789Z");
        line.resize(len - 1, b'x');
        line.push(b'\n');
        line
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("entries")).unwrap();
            Self(folder)
        }

        fn append(&self, base: u64, bytes: &[u8]) {
            let path = self.0.path().join(layout::segment(base, PLAIN));
            let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all(bytes).unwrap();
        }

        fn add(&self, seqs: Range<u64>, len: usize) {
            let lines: Vec<u8> = seqs.clone().flat_map(|seq| line(seq, len)).collect();
            self.append(seqs.start, &lines);
        }

        fn seal(&self, base: u64) {
            let [plain, sealed] = [PLAIN, SEALED].map(|kind| self.0.path().join(layout::segment(base, kind)));
            let bytes = fs::read(&plain).unwrap();
            let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            let mut encoder = FrameEncoder::new().unwrap();
            let mut frames: Vec<u8> =
                lines.chunks(256).flat_map(|lines| encoder.encode(&lines.concat()).unwrap()).collect();
            frames.extend(encoder.finish());
            fs::write(sealed, frames).unwrap();
            fs::remove_file(plain).unwrap();
        }

        fn segments(&self) -> Arc<Segments> {
            Segments::open(Arc::new(OsDisk::new(self.0.path()))).unwrap()
        }
    }

    /// Numbers of the lines that come, as far as they have these lengths.
    fn numbers(lines: &mut Lines, len: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some((seq, text)) = lines.next_line().unwrap() {
            assert_eq!(text, &line(seq, len)[..len - 1]);
            numbers.push(seq);
        }
        numbers
    }

    #[test]
    fn segments_are_listed_once_and_in_order_whoever_finds_them_first() {
        let folder = Folder::new();
        let segments = folder.segments();
        assert_eq!((segments.first_seq(), segments.last(), segments.file_of(0)), (None, None, None));
        let [first, second, third] = [256, 512, 768].map(|base| Segment { base, kind: PLAIN });
        segments.push(first);
        segments.push(second);
        for known in [first, second] {
            segments.push(known);
            assert_eq!(segments.list(), [first, second]);
        }
        segments.push(third);
        segments.mark_sealed(512);
        segments.mark_sealed(600);
        let sealed = Segment { kind: SEALED, ..second };
        assert_eq!(segments.list(), [first, sealed, third]);
        assert_eq!((segments.first_seq(), segments.last()), (Some(256), Some(third)));
        for (seq, segment) in
            [(255, None), (256, Some(first)), (511, Some(first)), (512, Some(sealed)), (9999, Some(third))]
        {
            assert_eq!(segments.file_of(seq), segment.map(Segment::name), "{seq}");
        }
    }

    #[test]
    fn lines_come_from_any_place_on_to_the_end_of_the_last_segment() {
        for len in [100, 5000] {
            let folder = Folder::new();
            for seqs in [0..512, 512..768, 768..1280, 1280..1536, 1536..1600] {
                folder.add(seqs, len);
            }
            folder.seal(0);
            folder.seal(768);
            let segments = folder.segments();
            for first in
                [0, 1, 255, 256, 300, 511, 512, 513, 767, 768, 1023, 1024, 1279, 1280, 1599, 1600, 2000]
            {
                let expected: Vec<u64> = (first..1600).collect();
                assert_eq!(numbers(&mut segments.lines_from(first), len), expected, "from {first}");
            }
        }
    }

    #[test]
    fn lines_end_with_the_last_segment_when_it_is_sealed() {
        let folder = Folder::new();
        folder.add(0..512, 100);
        folder.seal(0);
        let mut lines = folder.segments().lines_from(300);
        assert_eq!(numbers(&mut lines, 100), Vec::from_iter(300..512));
        assert_eq!(numbers(&mut lines, 100), [0; 0]);
    }

    #[test]
    fn every_line_is_found_in_a_plain_segment_whatever_the_lengths() {
        let folder = Folder::new();
        let lengths = [100, 4095, 4096, 4097, 100, 9000, 65_536, 90, 90, 4096, 65_536, 65_536, 8192, 80];
        let mut starts = vec![0];
        for (seq, len) in (256..).zip(lengths) {
            folder.append(256, &line(seq, len));
            starts.push(starts[starts.len() - 1] + len as u64);
        }
        let file = OsDisk::new(folder.0.path()).open(&layout::segment(256, PLAIN)).unwrap();
        for (seq, start) in (256..).zip(&starts) {
            assert_eq!(offset_of(file.as_ref(), 256, seq).unwrap(), *start, "{seq}");
        }
        // What is torn is behind every line.
        folder.append(256, b"{\"seq\":270,\"recor");
        for (seq, start) in (256..).zip(&starts) {
            assert_eq!(offset_of(file.as_ref(), 256, seq).unwrap(), *start, "{seq}");
        }
    }

    #[test]
    fn a_reader_goes_on_beside_a_writer_that_appends_rolls_over_and_seals() {
        let folder = Folder::new();
        folder.add(0..200, 100);
        let segments = folder.segments();
        let mut lines = segments.lines_from(0);
        assert_eq!(numbers(&mut lines, 100), Vec::from_iter(0..200));
        let next = line(200, 100);
        folder.append(0, &next[..50]);
        assert_eq!(numbers(&mut lines, 100), [0; 0], "half a line");
        folder.append(0, &next[50..]);
        assert_eq!(numbers(&mut lines, 100), [200]);
        let rest: Vec<u8> = (201..256).flat_map(|seq| line(seq, 100)).collect();
        folder.append(0, &rest);
        folder.add(256..300, 100);
        let mut other = segments.lines_from(7);
        folder.seal(0);
        assert_eq!(
            numbers(&mut other, 100),
            Vec::from_iter(7..300),
            "its file was sealed before it was opened"
        );
        assert_eq!(numbers(&mut lines, 100), Vec::from_iter(201..300), "its file is still open");
        folder.append(256, &line(300, 100));
        assert_eq!((numbers(&mut lines, 100), numbers(&mut other, 100)), (vec![300], vec![300]));
    }

    #[test]
    fn a_line_with_another_number_is_damage_that_is_named() {
        let folder = Folder::new();
        folder.append(0, &[line(0, 100), line(2, 100), b"no entry\n".to_vec()].concat());
        let segments = folder.segments();
        let mut lines = segments.lines_from(0);
        assert_eq!(lines.next_line().unwrap().unwrap().0, 0);
        for words in ["read entry 1: found entry 2: ", "read entry 1: found no entry: "] {
            let error = lines.next_line().unwrap_err();
            assert!(error.is_damage() && error.to_string().starts_with(words), "{error}");
        }
    }
}
