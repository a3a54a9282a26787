//! The segment that the writer appends to, and rolling over to the next one.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::catalogue::{Segment, Segments};
use super::line;
use crate::clock::Timestamp;
use crate::entry::limits::PREFIX_BYTES_MAX;
use crate::store::disk::{Access, Disk, DiskError, DiskFile, During};
use crate::store::in_place::{Tail, check_held};
use crate::store::layout::{ENTRIES, SegmentKind, TILE_WIDTH};

/// When a segment is full.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollOver {
    pub(crate) bytes: u64,
    pub(crate) age: Duration,
}

/// Lines of a batch, numbered and complete, in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct BatchLines {
    /// Number of the first line.
    pub(crate) first: u64,
    /// Lines with their newlines.
    pub(crate) bytes: Vec<u8>,
    /// End of each line in `bytes`, behind its newline.
    pub(crate) ends: Vec<u32>,
}

impl BatchLines {
    /// Number after the last line.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    /// Line `seq` without its newline.
    pub(crate) fn line(&self, seq: u64) -> &[u8] {
        let start = self.offset(seq);
        &self.bytes[start..self.offset(seq + 1) - 1]
    }

    /// Where line `seq` begins.
    pub(crate) fn offset(&self, seq: u64) -> usize {
        match usize::try_from(seq - self.first).expect("a batch fits in memory").checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct OpenSegment {
    disk: Arc<dyn Disk>,
    segments: Arc<Segments>,
    file: Arc<dyn DiskFile>,
    base: u64,
    /// Number of the next line.
    next: u64,
    /// Bytes in the file.
    len: u64,
    /// Time of its first line.
    begun_at: Option<Timestamp>,
    roll_over: RollOver,
    /// The same for other threads.
    tail: Arc<Tail>,
}

impl OpenSegment {
    /// The last segment if it is plain, or a new one that begins with `next`.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        segments: Arc<Segments>,
        next: u64,
        roll_over: RollOver,
    ) -> Result<Self, DiskError> {
        let (base, file) = match segments.last() {
            Some(Segment { base, kind: SegmentKind::Plain }) => {
                let name = Segment { base, kind: SegmentKind::Plain }.name();
                let file = disk.open_append(&name).during("open", disk.describe(&name))?;
                // A process that was killed while it rolled over may have left the name in the cache only.
                disk.sync_folder(ENTRIES).during("sync folder", disk.describe(ENTRIES))?;
                (base, file)
            }
            _ => (next, create(disk.as_ref(), &segments, next)?),
        };
        let name = Segment { base, kind: SegmentKind::Plain }.name();
        let len = file.len().during("measure", disk.describe(&name))?;
        let mut first_line = vec![0; PREFIX_BYTES_MAX + 8];
        let count = file.read_at(&mut first_line, 0).during("read", disk.describe(&name))?;
        let begun_at = line::recorded_at(&first_line[..count]);
        let tail = Tail::new(name, file.clone(), len);
        Ok(Self { disk, segments, file, base, next, len, begun_at, roll_over, tail })
    }

    /// The open file as other threads may look at it.
    pub(crate) fn tail(&self) -> Arc<Tail> {
        self.tail.clone()
    }

    /// The open file, to be synced.
    pub(crate) fn file(&self) -> Arc<dyn DiskFile> {
        self.file.clone()
    }

    /// Name of the open file, for messages.
    pub(crate) fn describe(&self) -> String {
        self.disk.describe(&Segment { base: self.base, kind: SegmentKind::Plain }.name())
    }

    /// Makes all appended lines durable.
    pub(crate) fn sync(&self) -> Result<(), DiskError> {
        self.file.sync().during("sync segment", self.describe())?;
        self.check_in_place()
    }

    /// An error when what was appended cannot be read back: another hand removed or cut the file. To be asked
    /// before anything is appended, or a cut would become a hole, and before anyone is answered.
    pub(crate) fn check_in_place(&self) -> Result<(), DiskError> {
        check_held(self.file.as_ref(), self.len).during("keep segment", self.describe())
    }

    /// Appends lines with one write; not synced. Where a full segment ends inside the batch, its part is written
    /// and synced first and the rest goes to a new segment; then gives the entries of the segment that is full.
    pub(crate) fn append(
        &mut self,
        lines: &BatchLines,
        now: Timestamp,
    ) -> Result<Option<Range<u64>>, DiskError> {
        assert_eq!(lines.first, self.next, "batches follow each other");
        self.check_in_place()?;
        // Segments end at a tile's edge, so that a frame, a bundle and a tile hold the same entries.
        let edge = self.next.next_multiple_of(TILE_WIDTH);
        let is_full = self.next > self.base && self.is_full(now);
        let mut rolled = None;
        if is_full && edge < lines.end() {
            let split = lines.offset(edge);
            if split > 0 {
                self.append_bytes(&lines.bytes[..split], edge)?;
                self.sync()?;
            }
            rolled = Some(self.roll(edge)?);
            self.append_bytes(&lines.bytes[split..], lines.end())?;
        } else {
            self.append_bytes(&lines.bytes, lines.end())?;
        }
        self.begun_at.get_or_insert(now);
        Ok(rolled)
    }

    fn append_bytes(&mut self, bytes: &[u8], next: u64) -> Result<(), DiskError> {
        self.file.append(bytes).during("append to segment", self.describe())?;
        self.len += bytes.len() as u64;
        self.tail.grow(bytes.len() as u64);
        self.next = next;
        Ok(())
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let age = self.begun_at.map_or(Duration::ZERO, |begun_at| now.since(begun_at));
        self.len >= self.roll_over.bytes || age >= self.roll_over.age
    }

    /// Goes on in a new segment; its name is durable before a line is in it. Gives the entries of the old one.
    fn roll(&mut self, base: u64) -> Result<Range<u64>, DiskError> {
        self.file = create(self.disk.as_ref(), &self.segments, base)?;
        self.len = 0;
        self.begun_at = None;
        self.tail.roll(Segment { base, kind: SegmentKind::Plain }.name(), self.file.clone());
        Ok(std::mem::replace(&mut self.base, base)..base)
    }
}

/// 1. Create. 2. Sync the folder.
fn create(disk: &dyn Disk, segments: &Segments, base: u64) -> Result<Arc<dyn DiskFile>, DiskError> {
    let segment = Segment { base, kind: SegmentKind::Plain };
    let name = segment.name();
    let file = disk.create(&name, Access::Shared).during("create segment", disk.describe(&name))?;
    disk.sync_folder(ENTRIES).during("sync folder", disk.describe(ENTRIES))?;
    segments.push(segment);
    Ok(file)
}
