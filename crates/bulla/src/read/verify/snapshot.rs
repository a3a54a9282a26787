//! What there is when verification begins. The order of looking is what makes it safe beside a writer: each thing is
//! looked at before what it rests on, so that what it rests on is there.

use std::sync::Arc;

use bulla_proof::{HASH_LEN, Hash};

use crate::read::verify::checkpoints::history::History;
use crate::read::verify::checkpoints::trust::Trust;
use crate::store::disk::{Disk, DiskError, DiskFile, During, read_up_to};
use crate::store::head::NOTE_BYTES_MAX;
use crate::store::layout::{self, CHECKPOINT, CHECKPOINTS, ENTRIES, SegmentKind, TILE_WIDTH, UNFINISHED};
use crate::store::rows::ROWS;
use crate::store::segment::catalogue::Segment;

/// A log directory as it was when looked at.
#[derive(Debug)]
pub(in crate::read::verify) struct Snapshot {
    pub(in crate::read::verify) published: Published,
    pub(in crate::read::verify) rows: StoredRows,
    pub(in crate::read::verify) segments: Vec<Span>,
    /// Names in `entries/` that are no segments.
    pub(in crate::read::verify) strange: Vec<String>,
    /// Whether there is no folder of segments.
    pub(in crate::read::verify) is_entries_missing: bool,
}

/// The two places of checkpoints.
#[derive(Debug)]
pub(in crate::read::verify) struct Published {
    /// The file `checkpoint`.
    pub(in crate::read::verify) newest: Newest,
    pub(in crate::read::verify) history: Option<Arc<dyn DiskFile>>,
    /// Length of the history before `checkpoint` was read: that one is no older than the last but one in here.
    pub(in crate::read::verify) history_before: u64,
    /// Length of the history after it was read: it is in here.
    pub(in crate::read::verify) history_end: u64,
}

/// What is in the file `checkpoint`.
#[derive(Debug)]
pub(in crate::read::verify) enum Newest {
    Missing,
    /// So many bytes: no note is so long.
    TooLong(u64),
    Note(Vec<u8>),
}

/// One segment and the entries that it should hold.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct Span {
    pub(in crate::read::verify) segment: Segment,
    /// First number of the next segment; `None` for the last, whose end is the log's.
    pub(in crate::read::verify) end: Option<u64>,
    /// Bytes of its file.
    pub(in crate::read::verify) bytes: u64,
}

impl Span {
    /// Number after its last entry that has a hash, when so many have one.
    pub(in crate::read::verify) fn hashed_end(&self, hashes: u64) -> u64 {
        self.end.map_or(hashes, |end| end.min(hashes)).max(self.segment.base)
    }
}

impl Snapshot {
    /// 1. Checkpoints. 2. Lengths of the rows: all that is signed for is in them. 3. Segments and their lengths: all
    ///    that has a hash is in them.
    pub(in crate::read::verify) fn take(disk: &Arc<dyn Disk>) -> Result<Self, DiskError> {
        let published = Published::take(disk.as_ref())?;
        let rows = StoredRows::take(disk.as_ref())?;
        let mut snapshot =
            Self { published, rows, segments: Vec::new(), strange: Vec::new(), is_entries_missing: false };
        snapshot.list_segments(disk.as_ref())?;
        Ok(snapshot)
    }

    fn list_segments(&mut self, disk: &dyn Disk) -> Result<(), DiskError> {
        let names = match disk.list(ENTRIES).during("list", disk.describe(ENTRIES)) {
            Err(error) if error.is_missing() => {
                self.is_entries_missing = true;
                return Ok(());
            }
            names => names?,
        };
        let mut found = Vec::new();
        for name in names {
            match layout::parse_segment(&name) {
                Some((base, kind)) if base.is_multiple_of(TILE_WIDTH) => found.push(Segment { base, kind }),
                None if name.ends_with(UNFINISHED) => {}
                _ => self.strange.push(format!("{ENTRIES}/{name}")),
            }
        }
        found.sort_unstable();
        // While both forms exist the plain one counts, and sorts first.
        found.dedup_by_key(|segment| segment.base);
        for (index, segment) in found.iter().enumerate() {
            let end = found.get(index + 1).map(|next| next.base);
            let file = open_segment(disk, *segment)?;
            let bytes = match &file {
                Some((segment, file)) => file.len().during("measure", disk.describe(&segment.name()))?,
                None => 0,
            };
            let segment = file.map_or(*segment, |(segment, _)| segment);
            self.segments.push(Span { segment, end, bytes });
        }
        Ok(())
    }
}

/// A segment in the form in which it was opened.
pub(in crate::read::verify) type OpenSegment = (Segment, Arc<dyn DiskFile>);

/// Opens a segment in the form that it has now: the writer may have sealed it since it was listed.
pub(in crate::read::verify) fn open_segment(
    disk: &dyn Disk,
    segment: Segment,
) -> Result<Option<OpenSegment>, DiskError> {
    for kind in [segment.kind, SegmentKind::Sealed] {
        let segment = Segment { kind, ..segment };
        match disk.open(&segment.name()).during("open", disk.describe(&segment.name())) {
            Ok(file) => return Ok(Some((segment, file))),
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

impl Published {
    /// Reads the history as long as it was.
    pub(in crate::read::verify) fn read_history(&self, disk: &dyn Disk, trust: &Trust) -> History {
        let name = disk.describe(CHECKPOINTS);
        History::new(self.history.clone(), name, trust.origin(), 0..self.history_end)
    }

    fn take(disk: &dyn Disk) -> Result<Self, DiskError> {
        let mut history = open(disk, CHECKPOINTS)?;
        let measure = |history: &Option<Arc<dyn DiskFile>>| match history {
            Some(file) => file.len().during("measure", disk.describe(CHECKPOINTS)),
            None => Ok(0),
        };
        let history_before = measure(&history)?;
        let newest = Newest::read(disk)?;
        if history.is_none() {
            history = open(disk, CHECKPOINTS)?;
        }
        let history_end = measure(&history)?;
        Ok(Self { newest, history, history_before, history_end })
    }
}

impl Newest {
    fn read(disk: &dyn Disk) -> Result<Self, DiskError> {
        let describe = || disk.describe(CHECKPOINT);
        let Some(file) = open(disk, CHECKPOINT)? else { return Ok(Self::Missing) };
        let len = file.len().during("measure", describe())?;
        if len > NOTE_BYTES_MAX {
            return Ok(Self::TooLong(len));
        }
        let mut note = vec![0; usize::try_from(len).expect("a note fits in memory")];
        let count = read_up_to(file.as_ref(), &mut note, 0).during("read", describe())?;
        note.truncate(count);
        Ok(Self::Note(note))
    }
}

fn open(disk: &dyn Disk, name: &str) -> Result<Option<Arc<dyn DiskFile>>, DiskError> {
    match disk.open(name).during("open", disk.describe(name)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of `tree/`, to their lengths at the beginning.
#[derive(Debug)]
pub(in crate::read::verify) struct StoredRows {
    rows: Vec<Option<StoredRow>>,
}

#[derive(Debug)]
struct StoredRow {
    file: Arc<dyn DiskFile>,
    bytes: u64,
    name: String,
}

impl StoredRows {
    /// Row 0 first: the writer appends to it last, so that higher rows have all that it promises.
    fn take(disk: &dyn Disk) -> Result<Self, DiskError> {
        let mut rows = Vec::new();
        for row in 0..ROWS {
            let name = layout::row(row);
            rows.push(match open(disk, &name)? {
                Some(file) => {
                    let bytes = file.len().during("measure", disk.describe(&name))?;
                    Some(StoredRow { file, bytes, name: disk.describe(&name) })
                }
                None => None,
            });
        }
        Ok(Self { rows })
    }

    fn row(&self, row: u8) -> Option<&StoredRow> {
        self.rows[usize::from(row)].as_ref()
    }

    /// Bytes of a row's file.
    pub(in crate::read::verify) fn bytes(&self, row: u8) -> u64 {
        self.row(row).map_or(0, |row| row.bytes)
    }

    /// Whole hashes of a row.
    pub(in crate::read::verify) fn len(&self, row: u8) -> u64 {
        self.bytes(row) / HASH_LEN as u64
    }

    /// Reads the hashes of a tile, as many as there are; gives how many.
    fn read(&self, row: u8, tile: u64, into: &mut [Hash; TILE_WIDTH as usize]) -> Result<usize, DiskError> {
        let Some(stored) = self.row(row) else { return Ok(0) };
        let first = tile * TILE_WIDTH;
        let count = self.len(row).saturating_sub(first).min(TILE_WIDTH);
        let mut bytes = [0; TILE_WIDTH as usize * HASH_LEN];
        let bytes = &mut bytes[..usize::try_from(count).expect("at most 256") * HASH_LEN];
        let got =
            read_up_to(stored.file.as_ref(), bytes, first * HASH_LEN as u64).during("read", &stored.name)?;
        let hashes = bytes[..got].as_chunks::<HASH_LEN>().0;
        for (into, hash) in into.iter_mut().zip(hashes) {
            *into = Hash::from(*hash);
        }
        Ok(hashes.len())
    }
}

/// Hashes of one row, read a tile at a time.
#[derive(Debug)]
pub(in crate::read::verify) struct RowCursor<'a> {
    rows: &'a StoredRows,
    row: u8,
    tile: Option<u64>,
    held: usize,
    hashes: Box<[Hash; TILE_WIDTH as usize]>,
}

impl<'a> RowCursor<'a> {
    pub(in crate::read::verify) fn new(rows: &'a StoredRows, row: u8) -> Self {
        Self { rows, row, tile: None, held: 0, hashes: Box::new([Hash::default(); TILE_WIDTH as usize]) }
    }

    /// Hashes from number `first` on to the end of their tile, as many of them as there are.
    pub(in crate::read::verify) fn from(&mut self, first: u64) -> Result<&[Hash], DiskError> {
        let tile = first / TILE_WIDTH;
        if self.tile != Some(tile) {
            self.held = self.rows.read(self.row, tile, &mut self.hashes)?;
            self.tile = Some(tile);
        }
        let skip = usize::try_from(first % TILE_WIDTH).expect("less than 256");
        Ok(self.hashes[..self.held].get(skip..).unwrap_or(&[]))
    }

    /// One hash, if the row has it.
    pub(in crate::read::verify) fn hash(&mut self, index: u64) -> Result<Option<Hash>, DiskError> {
        Ok(self.from(index)?.first().copied())
    }
}
