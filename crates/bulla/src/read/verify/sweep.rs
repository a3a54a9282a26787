//! The first pass: every line hashed on all cores and compared with `tree/`, every signed root with the root of the
//! lines. It says that all is well, or which segments to look at closely.

use std::sync::Arc;

use bulla_proof::{Frontier, Hash};

use crate::read::verify::checkpoints::expected::ExpectedRoots;
use crate::read::verify::in_order::in_order;
use crate::read::verify::payloads::{LostPayloads, PayloadNews, Payloads};
use crate::read::verify::piece::{Hashed, Hasher, Part, Piece};
use crate::read::verify::prefix::Time;
use crate::read::verify::snapshot::{RowCursor, Snapshot, Span, open_segment};
use crate::read::verify::{Progress, VerifyError};
use crate::store::disk::{Disk, DiskFile, During};
use crate::store::layout::{SegmentKind, TILE_WIDTH};
use crate::store::rows::ROWS;
use crate::store::segment::sealed::{Frame, SealedReader};

/// 2 MiB: its tiles and what is read twice at its edges are a hundredth of the work.
const PIECE_BYTES: u64 = 2 * 1024 * 1024;

/// What the first pass found.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Swept {
    /// For each segment, whether its lines are those of `tree/00`, in order and complete.
    pub(in crate::read::verify) is_segment_same: Vec<bool>,
    /// For each segment, where it ends.
    pub(in crate::read::verify) ends: Vec<SegmentEnd>,
    /// Whether every signed root, and every hash of every row, is that of the lines.
    pub(in crate::read::verify) is_clean: bool,
    /// Entries in `entries/`, when clean.
    pub(in crate::read::verify) entries: u64,
    /// Roots that were compared.
    pub(in crate::read::verify) roots: u64,
    pub(in crate::read::verify) lost: LostPayloads,
}

/// Where a segment whose lines are right ends.
#[derive(Debug, Clone, Copy)]
pub(in crate::read::verify) struct SegmentEnd {
    /// Number after its last whole line.
    pub(in crate::read::verify) entries: u64,
    /// Time of its last line.
    pub(in crate::read::verify) time: Option<Time>,
}

/// Sweeps the whole log.
pub(in crate::read::verify) fn sweep(
    disk: &Arc<dyn Disk>,
    snapshot: &Snapshot,
    roots: ExpectedRoots<'_>,
    payloads: &Payloads,
    threads: usize,
    progress: Option<&(dyn Fn(Progress) + Sync)>,
) -> Result<Swept, VerifyError> {
    let mut pieces = Pieces { disk, snapshot, segment: 0, open: None };
    let mut merge = Merge::new(snapshot, roots, progress);
    in_order(
        threads,
        || pieces.next(),
        || Hasher::new(&snapshot.rows, payloads),
        |hasher: &mut Hasher<'_>, piece: Piece| hasher.hash(&piece),
        |hashed| merge.add(hashed),
    )?;
    merge.finish()
}

/// Cuts the segments into pieces.
struct Pieces<'a> {
    disk: &'a Arc<dyn Disk>,
    snapshot: &'a Snapshot,
    segment: usize,
    open: Option<Open>,
}

struct Open {
    name: Arc<str>,
    form: Form,
}

enum Form {
    Plain { file: Arc<dyn DiskFile>, at: u64, len: u64 },
    Sealed { reader: SealedReader, at: usize, base: u64 },
    Unreadable,
    Told,
}

impl Pieces<'_> {
    fn next(&mut self) -> Result<Option<Piece>, VerifyError> {
        loop {
            let Some(span) = self.snapshot.segments.get(self.segment) else { return Ok(None) };
            let open = match &mut self.open {
                Some(open) => open,
                closed => closed.insert(open(self.disk, span)?),
            };
            match open.form.cut() {
                Some((part, bytes)) => {
                    let end = span.hashed_end(self.snapshot.rows.len(0));
                    let may_go_on = span.end.is_none_or(|segment_end| segment_end > end);
                    let name = open.name.clone();
                    return Ok(Some(Piece { segment: self.segment, name, part, bytes, end, may_go_on }));
                }
                None => {
                    self.open = None;
                    self.segment += 1;
                }
            }
        }
    }
}

impl Form {
    /// The next part and its bytes in the file.
    fn cut(&mut self) -> Option<(Part, u64)> {
        match self {
            Self::Plain { file, at, len } if *at < *len => {
                let range = *at..(*at + PIECE_BYTES).min(*len);
                *at = range.end;
                let bytes = range.end - range.start;
                Some((Part::Bytes { file: file.clone(), range, len: *len }, bytes))
            }
            Self::Sealed { reader, at, base } if *at < reader.frames().len() => {
                let frames = *at..frames_end(reader.frames(), *at);
                let first_seq = *base + *at as u64 * TILE_WIDTH;
                *at = frames.end;
                let compressed = |frame: &Frame| u64::from(frame.compressed);
                let bytes = reader.frames()[frames.clone()].iter().map(compressed).sum();
                Some((Part::Frames { reader: reader.clone(), first_seq, frames }, bytes))
            }
            Self::Unreadable => {
                *self = Self::Told;
                Some((Part::Unreadable, 0))
            }
            Self::Plain { .. } | Self::Sealed { .. } | Self::Told => None,
        }
    }
}

fn open(disk: &Arc<dyn Disk>, span: &Span) -> Result<Open, VerifyError> {
    let Some((segment, file)) = open_segment(disk.as_ref(), span.segment)? else {
        return Ok(Open { name: span.segment.name().into(), form: Form::Unreadable });
    };
    let name = disk.describe(&segment.name());
    let form = match segment.kind {
        SegmentKind::Plain => Form::Plain { file, at: 0, len: span.bytes },
        SegmentKind::Sealed => match SealedReader::open(file).during("open", &name) {
            Ok(reader) => Form::Sealed { reader, at: 0, base: segment.base },
            Err(error) if error.is_damage() => Form::Unreadable,
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Open { name: name.into(), form })
}

/// End of the frames, from `from` on, that make one piece.
fn frames_end(frames: &[Frame], from: usize) -> usize {
    let mut bytes = 0;
    let is_within = |frame: &&Frame| {
        let is_first = bytes == 0;
        bytes += u64::from(frame.plain).max(1);
        is_first || bytes <= PIECE_BYTES
    };
    from + frames[from..].iter().take_while(is_within).count()
}

/// Puts the pieces together.
struct Merge<'a> {
    segments: &'a [Span],
    /// Entries that have a hash.
    end: u64,
    roots: ExpectedRoots<'a>,
    /// The tree so far; it stands still once something differs.
    frontier: Frontier,
    cursors: Vec<RowCursor<'a>>,
    /// Index of the segment at hand.
    segment: usize,
    is_segment_same: bool,
    /// Number that comes next, and whole lines behind the end of the hashes.
    place: u64,
    beyond: u64,
    last_time: Option<Time>,
    /// What the segment's lines say of payloads; believed when they are.
    news: PayloadNews,
    swept: Swept,
    progress: Progress,
    tell: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl<'a> Merge<'a> {
    fn new(
        snapshot: &'a Snapshot,
        roots: ExpectedRoots<'a>,
        tell: Option<&'a (dyn Fn(Progress) + Sync)>,
    ) -> Self {
        let end = snapshot.rows.len(0);
        let bytes_total = snapshot.segments.iter().map(|span| span.bytes).sum();
        let mut merge = Self {
            segments: &snapshot.segments,
            end,
            roots,
            frontier: Frontier::new(),
            cursors: (0..ROWS).map(|row| RowCursor::new(&snapshot.rows, row)).collect(),
            segment: 0,
            is_segment_same: true,
            place: 0,
            beyond: 0,
            last_time: None,
            news: PayloadNews::default(),
            swept: Swept { is_clean: true, ..Swept::default() },
            progress: Progress { entries_total: end, bytes_total, ..Progress::default() },
            tell,
        };
        merge.begin_segment();
        merge
    }

    fn add(&mut self, hashed: Hashed) -> Result<(), VerifyError> {
        while self.segment < hashed.segment {
            self.end_segment();
        }
        let is_in_place = hashed.lines == 0 || (hashed.first == self.place && self.beyond == 0);
        let is_in_time = match (&self.last_time, &hashed.times) {
            (Some(last), Some((first, _))) => last <= first,
            _ => true,
        };
        self.is_segment_same &= hashed.is_same && is_in_place && is_in_time;
        self.swept.is_clean &= self.is_segment_same;
        self.last_time = hashed.times.map(|(_, last)| last).or(self.last_time);
        self.place += hashed.lines;
        self.beyond += hashed.beyond;
        self.news.append(hashed.payloads);
        if self.swept.is_clean {
            self.grow(hashed.lines, &hashed.tiles)?;
        }
        self.progress.entries_done += hashed.lines;
        self.progress.bytes_done += hashed.bytes;
        if let Some(tell) = self.tell {
            tell(self.progress);
        }
        Ok(())
    }

    fn begin_segment(&mut self) {
        let Some(span) = self.segments.get(self.segment) else { return };
        self.is_segment_same = true;
        self.place = span.segment.base;
        self.beyond = 0;
        self.swept.is_clean &=
            span.segment.base == self.frontier.size().get() || span.segment.base > self.end;
    }

    fn end_segment(&mut self) {
        let span = &self.segments[self.segment];
        let is_complete = self.place == span.hashed_end(self.end)
            && span.end.is_none_or(|end| self.place + self.beyond == end);
        self.is_segment_same &= is_complete;
        self.swept.is_segment_same.push(self.is_segment_same);
        self.swept.is_clean &= self.is_segment_same;
        self.swept.entries = self.place + self.beyond;
        self.swept.ends.push(SegmentEnd { entries: self.swept.entries, time: self.last_time });
        let news = std::mem::take(&mut self.news);
        if self.is_segment_same {
            self.swept.lost.add(news);
        }
        self.segment += 1;
        self.begin_segment();
    }

    /// Grows the tree by lines that are those of `tree/00`, whose complete tiles have these roots.
    fn grow(&mut self, lines: u64, tiles: &[Hash]) -> Result<(), VerifyError> {
        let end = self.frontier.size().get() + lines;
        let mut tiles = tiles.iter();
        loop {
            self.compare_roots_here()?;
            let at = self.frontier.size().get();
            let tile_end = (at + 1).next_multiple_of(TILE_WIDTH);
            if at >= end || !self.swept.is_clean {
                return Ok(());
            }
            if at.is_multiple_of(TILE_WIDTH) && tile_end <= end {
                self.compare_roots_in(tile_end)?;
                let root = tiles.next().expect("every complete tile of a piece has a root");
                self.append(1, *root)?;
            } else {
                // Not beyond the next size that is signed for: its root is compared there.
                let signed = self.roots.next_size().unwrap_or(end);
                self.append_leaves(tile_end.min(end).min(signed))?;
            }
        }
    }

    /// Compares the roots that are signed for the present size.
    fn compare_roots_here(&mut self) -> Result<(), VerifyError> {
        while self.roots.next_size().is_some_and(|size| size <= self.frontier.size().get()) {
            let expected = self.roots.next()?.expect("its size was seen");
            self.swept.is_clean &=
                expected.size == self.frontier.size().get() && expected.root == self.frontier.root();
            self.swept.roots += 1;
        }
        Ok(())
    }

    /// Compares the roots that are signed for sizes inside the tile that comes next.
    fn compare_roots_in(&mut self, tile_end: u64) -> Result<(), VerifyError> {
        if self.roots.next_size().is_none_or(|size| size >= tile_end) {
            return Ok(());
        }
        let before = self.frontier.clone();
        while let Some(size) = self.roots.next_size().filter(|size| *size < tile_end) {
            self.append_leaves(size)?;
            self.compare_roots_here()?;
        }
        self.frontier = before;
        Ok(())
    }

    /// Appends leaves of the tile at hand, up to number `end`.
    fn append_leaves(&mut self, end: u64) -> Result<(), VerifyError> {
        while self.frontier.size().get() < end {
            let at = self.frontier.size().get();
            match self.cursors[0].hash(at)? {
                Some(leaf) => self.append(0, leaf)?,
                // Somebody has cut the file since.
                None => {
                    self.swept.is_clean = false;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Appends a subtree, and compares what it completes with the rows.
    fn append(&mut self, row: u8, hash: Hash) -> Result<(), VerifyError> {
        let mut completed = [(0, 0, Hash::default()); ROWS as usize];
        let mut count = 0;
        self.frontier
            .append_subtree_with(row, hash, |row, index, hash| {
                completed[count] = (row, index, hash);
                count += 1;
            })
            .expect("tiles begin at multiples of 256");
        for (row, index, hash) in &completed[..count] {
            self.swept.is_clean &= self.cursors[usize::from(*row)].hash(*index)? == Some(*hash);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Swept, VerifyError> {
        while self.segment < self.segments.len() {
            self.end_segment();
        }
        if self.swept.is_clean {
            self.compare_roots_here()?;
        }
        self.swept.is_clean &= self.frontier.size().get() == self.end && self.roots.next_size().is_none();
        Ok(self.swept)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use bulla_hostile::{Directory, Original, Shape};
    use bulla_proof::{Checkpoint, HASH_LEN, MemoryRows, SignerKey, TreeSize, leaf_hash};
    use tempfile::TempDir;

    use super::*;
    use crate::read::verify::Verify;
    use crate::read::verify::checkpoints::published::judge;
    use crate::read::verify::findings::Findings;
    use crate::store::segment::line;
    use crate::store::segment::sealed::FrameEncoder;
    use crate::store::{OsDisk, layout};

    const SEGMENT: &str = "entries/00000000000000000000.jsonl";

    /// What the first pass alone says, and how far it was at its end.
    fn swept(root: &Path) -> (Swept, Progress) {
        let disk: Arc<dyn Disk> = Arc::new(OsDisk::new(root));
        let mut findings = Findings::default();
        let trust = Verify::on_disk(disk.clone()).trust(&mut findings).unwrap();
        let snapshot = Snapshot::take(&disk).unwrap();
        let heads = judge(&disk, &snapshot.published, &trust, &[], 1, &mut findings).unwrap();
        let payloads = Payloads::new(disk.clone());
        let roots = ExpectedRoots::new(&disk, &snapshot.published, &trust, &heads).unwrap();
        let last = Mutex::new(Progress::default());
        let tell = |progress| *last.lock().unwrap() = progress;
        let swept = sweep(&disk, &snapshot, roots, &payloads, 2, Some(&tell)).unwrap();
        (swept, last.into_inner().unwrap())
    }

    fn original(shape: Shape) -> (TempDir, Directory, SignerKey) {
        let folder = tempfile::tempdir().unwrap();
        let original = Original::write(folder.path().join("audit"), shape);
        (folder, original.directory, original.key)
    }

    fn shape(entries: u64, sessions: u64, segment_bytes: u64, seal: bool) -> Shape {
        Shape { entries, sessions, segment_bytes, seal, payloads: false }
    }

    fn bases(log: &Directory) -> Vec<u64> {
        log.files("entries").iter().map(|file| file["entries/".len()..][..20].parse().unwrap()).collect()
    }

    fn note(key: &SignerKey, size: u64, root: Hash) -> String {
        Checkpoint::new(key.name(), TreeSize(size), root).unwrap().sign(&[key])
    }

    /// A log of lines that have these times, all in one segment and signed.
    fn signed(count: u64, time: impl Fn(u64) -> &'static str) -> (TempDir, Directory, SignerKey) {
        let (folder, log, key) = original(shape(2, 1, 1 << 30, false));
        let (mut bytes, mut leaves) = (Vec::new(), Vec::new());
        for seq in 0..count {
            let start = bytes.len();
            line::push_prefix(&mut bytes, seq, time(seq));
            bytes.extend_from_slice(b"\"id\":\"x\"}");
            leaves.push(leaf_hash(&bytes[start..]));
            bytes.push(b'\n');
        }
        log.write(SEGMENT, bytes);
        let rows: MemoryRows = leaves.into_iter().collect();
        for row in 0..3 {
            let hashes: Vec<u8> = rows.row(row).iter().flat_map(|hash| *hash.as_bytes()).collect();
            log.write(&layout::row(row), hashes);
        }
        let note = note(&key, count, rows.root());
        log.write("checkpoint", &note);
        log.write_history(&[note]);
        (folder, log, key)
    }

    const EARLY: &str = "2026-11-23T12:00:00.123456788Z";
    const TIME: &str = "2026-11-23T12:00:00.123456789Z";

    #[test]
    fn the_first_pass_alone_finds_a_log_clean() {
        // What is left of the hashes and checkpoints of the first session, if not all of them are there.
        for (shape, kept) in [
            (shape(600, 3, 1, false), None),
            (shape(600, 3, 1, true), None),
            (shape(1000, 10, 1 << 30, false), None),
            (shape(1024, 4, 1, false), None),
            (shape(2600, 13, 100_000, false), None),
            (shape(2600, 13, 100_000, true), None),
            (shape(12_000, 3, 5_000_000, false), None),
            (shape(16_000, 16, 2_600_000, true), None),
            (shape(800, 4, 1, false), Some(200)),
            (shape(1024, 4, 1, false), Some(256)),
            (shape(40, 2, 1, false), Some(20)),
            (shape(800, 4, 1, true), Some(200)),
        ] {
            let (_folder, log, _) = original(shape);
            if let Some(hashes) = kept {
                let notes = log.history();
                log.write("checkpoint", &notes[0]);
                log.write_history(&notes[..1]);
                for (row, hashes) in [("tree/00", hashes), ("tree/08", hashes / 256)] {
                    if log.has(row) {
                        log.edit(row, |bytes| bytes.truncate(HASH_LEN * hashes));
                    }
                }
            }
            let (swept, progress) = swept(log.root());
            assert!(swept.is_clean, "{shape:?}, {kept:?}");
            assert_eq!(swept.entries, shape.entries);
            assert_eq!(swept.roots, if kept.is_some() { 1 } else { shape.sessions }, "{shape:?}");
            let bases = bases(&log);
            assert_eq!(swept.is_segment_same, vec![true; bases.len()]);
            let ends: Vec<u64> = swept.ends.iter().map(|end| end.entries).collect();
            assert_eq!(ends, [&bases[1..], &[shape.entries]].concat(), "{shape:?}");
            assert!(
                swept.ends.iter().zip(&bases).all(
                    |(end, base)| end.time.is_some() || kept.is_some_and(|hashes| *base >= hashes as u64)
                )
            );
            let hashes = kept.map_or(shape.entries, |hashes| hashes as u64);
            assert_eq!((progress.entries_done, progress.entries_total), (hashes, hashes), "{shape:?}");
            // All but the seek tables, which have eight bytes for a frame and 17 more.
            let table = |file: &String, end: u64, base: u64| match file.ends_with(".zst") {
                true => 17 + 8 * (end - base).div_ceil(256),
                false => 0,
            };
            let files = log.files("entries");
            let tables: u64 =
                files.iter().zip(&ends).zip(&bases).map(|((file, end), base)| table(file, *end, *base)).sum();
            let total: u64 = files.iter().map(|file| log.read(file).len() as u64).sum();
            assert_eq!((progress.bytes_total, progress.bytes_done), (total, total - tables), "{shape:?}");
        }
    }

    #[test]
    fn the_first_pass_names_the_segments_that_are_not_what_the_hashes_say() {
        for seal in [false, true] {
            let (_folder, log, _) = original(shape(1300, 2, 1, seal));
            let files = log.files("entries");
            for (index, file) in files.iter().enumerate() {
                let whole = log.read(file);
                let check = |what: &str, edit: fn(&mut Vec<u8>)| {
                    log.edit(file, edit);
                    let (swept, _) = swept(log.root());
                    assert!(!swept.is_clean, "{file}: {what}");
                    let others: Vec<bool> = (0..files.len()).map(|other| other != index).collect();
                    assert_eq!(swept.is_segment_same, others, "{file}: {what}");
                    log.write(file, &whole);
                };
                check("bytes in the middle", |bytes| {
                    let middle = bytes.len() / 2;
                    bytes[middle..middle + 64].fill(0);
                });
                check("the last byte", |bytes| _ = bytes.pop());
                check("a third of it", |bytes| bytes.truncate(bytes.len() / 3));
                check("all of it", Vec::clear);
            }
        }
    }

    #[test]
    fn the_first_pass_misses_every_signed_root_that_the_lines_do_not_have() {
        for entries in [600, 1024] {
            let (_folder, log, key) = original(shape(entries, 1, 1, false));
            let notes = log.history();
            for size in [1, 255, 256, 257, 511, 512, 599, 600, entries] {
                log.write_history(&[note(&key, size, leaf_hash(b"another")), notes[0].clone()]);
                let (swept, _) = swept(log.root());
                assert!(!swept.is_clean, "{size} of {entries}");
                assert!(swept.is_segment_same.iter().all(|same| *same), "{size} of {entries}");
            }
            log.write_history(&[notes[0].clone(), note(&key, entries + 1, leaf_hash(b"another"))]);
            assert!(!swept(log.root()).0.is_clean, "a size that the log does not have");
        }
    }

    #[test]
    fn the_first_pass_compares_the_roots_of_whole_tiles_of_tiles() {
        let (_folder, log, _) = signed(65_536 + 300, |_| TIME);
        assert!(swept(log.root()).0.is_clean);
        for row in ["tree/08", "tree/16"] {
            let whole = log.read(row);
            for at in [0, whole.len() - 1] {
                log.change_byte(row, at, 1);
                assert!(!swept(log.root()).0.is_clean, "{row}");
                log.write(row, &whole);
            }
        }
    }

    #[test]
    fn a_time_that_goes_back_where_a_piece_or_a_segment_begins_is_not_passed() {
        let count = 50_000;
        let (_folder, log, _) = signed(count, |_| TIME);
        // The first line that begins in the second piece.
        let first = log.lines().partition_point(|place| (place.bytes.start as u64) < PIECE_BYTES) as u64;
        assert!(first < count, "there are two pieces");
        for (before, after, is_clean) in [(EARLY, TIME, true), (TIME, EARLY, false)] {
            let (_folder, log, _) = signed(count, |seq| if seq < first { before } else { after });
            assert_eq!(swept(log.root()).0.is_segment_same, [is_clean], "{before}, {after}");
            let (_folder, log, key) = signed(600, |seq| if seq < 512 { before } else { after });
            let (segment, at) = (log.read(SEGMENT), log.lines()[512].bytes.start);
            log.write(SEGMENT, &segment[..at]);
            log.write("entries/00000000000000000512.jsonl", &segment[at..]);
            log.sign_anew(&key);
            assert_eq!(swept(log.root()).0.is_segment_same, [true, is_clean], "{before}, {after}");
        }
    }

    #[test]
    fn pieces_that_changed_places_are_not_where_they_were() {
        let (_folder, log, _) = signed(50_000, |_| TIME);
        let bytes = log.read(SEGMENT);
        let lines = log.lines();
        // The last lines, as many as make the first piece, before the others.
        let rest =
            lines.iter().rfind(|place| (bytes.len() - place.bytes.start) as u64 >= PIECE_BYTES).unwrap();
        let (head, tail) = bytes.split_at(rest.bytes.start);
        log.write(SEGMENT, [tail, head].concat());
        let (swept, _) = swept(log.root());
        assert_eq!((swept.is_clean, swept.is_segment_same), (false, vec![false]));
    }

    #[test]
    fn frames_of_a_segment_have_256_lines_but_for_the_last() {
        for (counts, is_same) in [
            (&[256, 256][..], true),
            (&[256, 256, 88], true),
            (&[250, 262], false),
            (&[262, 250], false),
            (&[256, 250, 94], false),
            (&[256, 256, 0], false),
        ] {
            let (_folder, log, _) = signed(counts.iter().sum(), |_| TIME);
            let (bytes, mut places) = (log.read(SEGMENT), log.lines().into_iter());
            let mut encoder = FrameEncoder::new().unwrap();
            let (mut sealed, mut start) = (Vec::new(), 0);
            for count in counts {
                let last = places.by_ref().take(*count as usize).last();
                let end = last.map_or(start, |place| place.bytes.end + 1);
                sealed.extend(encoder.encode(&bytes[start..end]).unwrap());
                start = end;
            }
            sealed.extend(encoder.finish());
            log.remove(SEGMENT);
            log.write(&format!("{SEGMENT}.zst"), sealed);
            assert_eq!(swept(log.root()).0.is_segment_same, [is_same], "{counts:?}");
        }
    }

    #[test]
    fn frames_make_pieces_of_two_mebibytes_or_of_one_frame() {
        const MIB: u32 = 1024 * 1024;
        let check = |plain: &[u32], from: usize, end: usize| {
            let frame = |plain: &u32| Frame { offset: 0, compressed: 1, plain: *plain };
            let frames: Vec<Frame> = plain.iter().map(frame).collect();
            assert_eq!(frames_end(&frames, from), end, "{plain:?} from {from}");
        };
        check(&[MIB, MIB, MIB], 0, 2);
        check(&[MIB, MIB, MIB], 1, 3);
        check(&[2 * MIB, 1], 0, 1);
        check(&[2 * MIB - 1, 1, 1], 0, 2);
        check(&[9 * MIB, 9 * MIB], 0, 1);
        check(&[0, 9 * MIB], 0, 1);
        check(&[0, 2 * MIB - 1, 1], 0, 2);
        check(&[100; 30_000], 0, 20_971);
    }
}
