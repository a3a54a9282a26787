//! Opening: from what is on the disk to a log that can be written, or a refusal that says why.
//!
//! Nothing after the newest checkpoint is believed: its lines are hashed again, its hashes made again. What a
//! crash tore is copied to quarantine before it is cut. No step reads more than the end of the log, except that a
//! damaged `tree/` is made again from all entries.

use std::sync::Arc;

use bulla_proof::{Frontier, Hash, Policy, RowReader, TreeSize, TrustedCheckpoint, leaf_hash, root_at};
use memchr::memchr;
use serde_json::{Value, json};

use super::disk::{Access, Disk, DiskError, DiskFile, During, read_all, read_exact_at};
use super::head::{self, FoundHead, HeadError};
use super::identity::replace;
use super::layout::{self, CHECKPOINT, CHECKPOINTS, ENTRIES, QUARANTINE, SegmentKind, TREE, UNFINISHED};
use super::rows::{RowHashes, Rows, row_len};
use super::segment::catalogue::{Segment, Segments};
use super::segment::line;
use crate::clock::Timestamp;

/// Damage that opening refuses to write on, because no crash explains it. Run `bulla verify` for the whole truth.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Fewer entries than the newest checkpoint signs for.
    #[error(
        "the log is truncated: its checkpoint covers {signed} entries, {found} are there; restore the missing \
         segments from a copy, then run `bulla verify`"
    )]
    Truncated {
        /// Size of the newest checkpoint.
        signed: u64,
        /// Entries found.
        found: u64,
    },
    /// A line under the newest checkpoint is not the one that was signed for.
    #[error(
        "entry {seq} in {file} is not the one that was signed for; run `bulla verify` to see all that changed"
    )]
    LineChanged {
        /// Number of the entry.
        seq: u64,
        /// Its file.
        file: String,
    },
    /// Entries and `tree/` both differ from the newest checkpoint.
    #[error(
        "the entries do not have the root of the checkpoint of size {size}; run `bulla verify` to find where"
    )]
    RootDiffers {
        /// Size of the newest checkpoint.
        size: u64,
    },
    /// A checkpoint that this log did not sign.
    #[error(transparent)]
    Checkpoint(#[from] HeadError),
    /// A segment between two others is missing, or two overlap.
    #[error("segment {next} should begin with entry {expected}; restore the missing segment from a copy")]
    SegmentMissing {
        /// Name of the segment after the gap.
        next: String,
        /// Entry that it should begin with.
        expected: u64,
    },
}

/// Why recovery stopped.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RecoveryError {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A log that can be written.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) segments: Arc<Segments>,
    pub(crate) rows: Rows,
    pub(crate) frontier: Frontier,
    pub(crate) checkpoint: Option<TrustedCheckpoint>,
    /// Time of the last entry.
    pub(crate) last_recorded_at: Option<Timestamp>,
    /// What was found and done, for `log.opened`.
    pub(crate) report: Value,
}

/// Bytes behind the durable end that a failed sync may have left in the page cache only: one batch being written
/// and one before it, each at most [`BATCH_BYTES_MAX`] and one line.
const DOUBTFUL_BYTES_MAX: u64 = 2 * (BATCH_BYTES_MAX as u64 + 65_536);

/// 4 MiB: the writer takes no more into one batch. It bounds what a crash can tear and what is written again.
pub(crate) const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Brings a log directory to a state that can be written. The lock is held by the caller.
pub(crate) fn recover(
    disk: &Arc<dyn Disk>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Recovered, RecoveryError> {
    let mut found = Found::default();
    remove_unfinished(disk.as_ref(), &mut found)?;
    let checkpoint = agree_on_head(disk.as_ref(), policy, now, &mut found)?;
    let signed = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size().get());
    let segments = Segments::open(disk.clone())?;
    check_contiguous(disk.as_ref(), &segments)?;
    let tail = Tail::measure(disk.as_ref(), &segments, signed)?;
    let rows = Rows::open(disk.clone(), true)?;
    let mut frontier = tree_at_checkpoint(&rows, &segments, checkpoint.as_ref(), &mut found)?;
    check_right_edge(disk.as_ref(), &segments, &rows, signed)?;
    let end = tail.keep_whole_lines(disk.as_ref(), now, &mut found)?;
    rows.truncate_to(signed)?;
    let last = grow(&segments, &rows, &mut frontier, end)?;
    let last_recorded_at = last.as_deref().and_then(line::recorded_at);
    let was_closed = last.as_deref().is_none_or(is_log_closed);
    let report = found.report(signed, end, was_closed);
    Ok(Recovered { segments, rows, frontier, checkpoint, last_recorded_at, report })
}

/// What recovery did, said in `log.opened`.
#[derive(Debug, Default)]
struct Found {
    removed: Vec<String>,
    cut: Vec<Value>,
    tree_rebuilt: bool,
    checkpoint_restored: bool,
}

impl Found {
    fn report(self, signed: u64, end: u64, was_closed: bool) -> Value {
        let mut report = json!({
            "clean": was_closed && self.cut.is_empty() && !self.tree_rebuilt,
            "entries": end,
            "covered": signed,
        });
        if !self.removed.is_empty() {
            report["unfinished_removed"] = json!(self.removed);
        }
        if !self.cut.is_empty() {
            report["cut"] = json!(self.cut);
        }
        if self.tree_rebuilt {
            report["tree_rebuilt"] = json!(true);
        }
        if self.checkpoint_restored {
            report["checkpoint_restored"] = json!(true);
        }
        report
    }
}

/// Files under temporary names mean nothing yet.
fn remove_unfinished(disk: &dyn Disk, found: &mut Found) -> Result<(), DiskError> {
    let mut folders = vec![String::new(), ENTRIES.to_owned(), QUARANTINE.to_owned()];
    let payloads = disk.list(layout::PAYLOADS).during("list", disk.describe(layout::PAYLOADS))?;
    folders.extend(payloads.iter().map(|folder| format!("{}/{folder}", layout::PAYLOADS)));
    for folder in folders {
        let names = disk.list(&folder).during("list", disk.describe(&folder))?;
        for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
            let name = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            disk.remove(&name).during("remove", disk.describe(&name))?;
            found.removed.push(name);
        }
    }
    Ok(())
}

/// The later of the two places of the newest checkpoint; afterwards both have it, on the disk.
fn agree_on_head(
    disk: &dyn Disk,
    policy: &Policy,
    now: Timestamp,
    found: &mut Found,
) -> Result<Option<TrustedCheckpoint>, RecoveryError> {
    let head = head::find_head(disk, policy)?.map_err(Damage::from)?;
    if !head.torn.is_empty() {
        quarantine(disk, CHECKPOINTS, head.history_len, &head.torn, "torn checkpoint", now, found)?;
    }
    settle_history(disk, &head).during("settle", disk.describe(CHECKPOINTS))?;
    if let (true, Some(newest)) = (head.is_checkpoint_behind, &head.newest) {
        replace(disk, CHECKPOINT, newest.note().to_string().as_bytes(), Access::Shared)?;
        found.checkpoint_restored = true;
    }
    Ok(head.newest)
}

/// Cuts a torn note and writes the last whole one over itself: a failed sync may have left it in the page cache only.
fn settle_history(disk: &dyn Disk, head: &FoundHead) -> std::io::Result<()> {
    if head.torn.is_empty() && head.last_note.is_empty() {
        return Ok(());
    }
    let file = disk.open_append(CHECKPOINTS)?;
    if !head.torn.is_empty() {
        file.truncate(head.history_len)?;
    }
    file.rewrite(&head.last_note, head.history_len - head.last_note.len() as u64)?;
    file.sync()
}

/// 8: opening looks at the joints of so many segments, so that its time does not grow with the log.
const SEGMENTS_CHECKED: usize = 8;

/// Whether each of the last segments ends where the next begins. Older ones, and what lies inside, are for
/// `verify`.
fn check_contiguous(disk: &dyn Disk, segments: &Arc<Segments>) -> Result<(), RecoveryError> {
    let list = segments.list();
    for pair in list[list.len().saturating_sub(SEGMENTS_CHECKED)..].windows(2) {
        let expected = last_seq(disk, pair[0])?.map_or(pair[0].base, |seq| seq + 1);
        if expected != pair[1].base {
            let next = disk.describe(&pair[1].name());
            return Err(Damage::SegmentMissing { next, expected }.into());
        }
    }
    Ok(())
}

/// Number of the last line of a segment that is no longer written: read from its end.
fn last_seq(disk: &dyn Disk, segment: Segment) -> Result<Option<u64>, DiskError> {
    let name = segment.name();
    let file = disk.open(&name).during("open", disk.describe(&name))?;
    let lines = match segment.kind {
        SegmentKind::Plain => {
            let len = file.len().during("measure", disk.describe(&name))?;
            let from = len.saturating_sub(2 * 65_536);
            let mut bytes = vec![0; usize::try_from(len - from).expect("a bounded tail")];
            read_exact_at(file.as_ref(), &mut bytes, from).during("read", disk.describe(&name))?;
            bytes
        }
        SegmentKind::Sealed => {
            let reader =
                super::segment::sealed::SealedReader::open(file).during("open", disk.describe(&name))?;
            match reader.frames().len().checked_sub(1) {
                Some(last) => reader.read_frame(last).during("read", disk.describe(&name))?,
                None => Vec::new(),
            }
        }
    };
    let last = lines.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
    Ok(last.and_then(line::parse_prefix).map(|(seq, _)| seq))
}

/// The segment that will be written on, and what is in it.
struct Tail {
    segment: Option<Segment>,
    /// Entries in the segments before it, or in it when it is sealed.
    base: u64,
    bytes: Vec<u8>,
    /// Offset in the file of `bytes`.
    offset: u64,
    /// Number of the line that begins at `offset`.
    first: u64,
    /// Time of the line before it, as text; empty when there is none in the segment.
    since: Vec<u8>,
}

impl Tail {
    /// Reads the open segment from the newest checkpoint on, or from its beginning.
    fn measure(disk: &dyn Disk, segments: &Arc<Segments>, signed: u64) -> Result<Self, RecoveryError> {
        let Some(segment) = segments.last() else {
            if signed > 0 {
                return Err(Damage::Truncated { signed, found: 0 }.into());
            }
            return Ok(Self {
                segment: None,
                base: 0,
                bytes: Vec::new(),
                offset: 0,
                first: 0,
                since: Vec::new(),
            });
        };
        if segment.kind == SegmentKind::Sealed {
            let end = last_seq(disk, segment)?.map_or(segment.base, |seq| seq + 1);
            if end < signed {
                return Err(Damage::Truncated { signed, found: end }.into());
            }
            return Ok(Self {
                segment: None,
                base: end,
                bytes: Vec::new(),
                offset: 0,
                first: end,
                since: Vec::new(),
            });
        }
        let name = segment.name();
        let file = disk.open(&name).during("open", disk.describe(&name))?;
        // Doubt begins at the checkpoint: lines before it were synced before it was signed.
        let first = signed.max(segment.base);
        let walked = walk_to(file.as_ref(), segment.base, first).during("search", disk.describe(&name))?;
        if walked.next < first {
            return Err(Damage::Truncated { signed, found: walked.next }.into());
        }
        let Walked { offset, time: since, .. } = walked;
        let len = file.len().during("measure", disk.describe(&name))?;
        let mut bytes = vec![0; usize::try_from(len - offset).expect("a tail fits in memory")];
        read_exact_at(file.as_ref(), &mut bytes, offset).during("read", disk.describe(&name))?;
        Ok(Self { segment: Some(segment), base: segment.base, bytes, offset, first, since })
    }

    /// Quarantines and cuts what is not whole lines; writes the rest over itself and syncs. Gives the number of
    /// entries.
    fn keep_whole_lines(
        &self,
        disk: &dyn Disk,
        now: Timestamp,
        found: &mut Found,
    ) -> Result<u64, RecoveryError> {
        let Some(segment) = self.segment else { return Ok(self.base) };
        let (kept, end) = whole_lines(&self.bytes, self.first, &self.since);
        let name = segment.name();
        let describe = || disk.describe(&name);
        let file = disk.open_append(&name).during("open", describe())?;
        let torn = &self.bytes[kept..];
        if !torn.is_empty() {
            let at = self.offset + kept as u64;
            quarantine(disk, &name, at, torn, "torn or unparsable line", now, found)?;
            file.truncate(at).during("cut", describe())?;
        }
        // A failed sync may have left lines in the page cache that are not on the disk and count as clean.
        let doubtful = kept - kept.min(usize::try_from(DOUBTFUL_BYTES_MAX).expect("a few MiB"));
        file.rewrite(&self.bytes[doubtful..kept], self.offset + doubtful as u64)
            .during("write again", describe())?;
        file.sync().during("sync", describe())?;
        Ok(end)
    }
}

/// How far lines go on from one another.
#[derive(Default)]
struct Walked {
    /// Number after the last of them.
    next: u64,
    /// Where that one ends.
    offset: u64,
    /// Its time, as text.
    time: Vec<u8>,
}

/// The end of line `first - 1` of a segment that begins with line `base`. Halving finds a place near it, but lines
/// behind the end may bear any number, also one that was there before: so the last lines are counted one by one, and
/// all of them when halving was misled.
fn walk_to(file: &dyn DiskFile, base: u64, first: u64) -> std::io::Result<Walked> {
    let near = first.saturating_sub(LINES_WALKED).max(base);
    let walked = walk(file, super::segment::catalogue::offset_of(file, base, near)?, near, first)?;
    if walked.next == first { Ok(walked) } else { walk(file, 0, base, first) }
}

/// 256: as many as [`check_right_edge`] hashes.
const LINES_WALKED: u64 = 256;

/// Goes from line to line, from the one at `offset`, which should be `seq`, to line `end`.
fn walk(file: &dyn DiskFile, offset: u64, seq: u64, end: u64) -> std::io::Result<Walked> {
    /// 256 KiB: four lines at least.
    const BLOCK: usize = 256 * 1024;
    let mut walked = Walked { next: seq, offset, time: Vec::new() };
    let mut block = vec![0; BLOCK];
    while walked.next < end {
        let count = file.read_at(&mut block, walked.offset)?;
        let before = walked.offset;
        let mut at = 0;
        while walked.next < end
            && let Some(len) = memchr(b'\n', &block[at..count])
            && let Some((found, time)) = line::parse_prefix(&block[at..at + len])
            && found == walked.next
        {
            at += len + 1;
            walked.time = time.to_vec();
            walked.next += 1;
        }
        walked.offset += at as u64;
        if walked.offset == before {
            break;
        }
    }
    Ok(walked)
}

/// Length of the whole lines at the beginning of `bytes`, whose first number is `first`, and the number after them. A
/// line that is older than the one before it (at first, than `since`) was never written by a log: verification would
/// say so of every log that keeps it.
fn whole_lines<'a>(bytes: &'a [u8], first: u64, mut since: &'a [u8]) -> (usize, u64) {
    let (mut at, mut seq) = (0, first);
    while let Some(len) = memchr(b'\n', &bytes[at..]) {
        let line = &bytes[at..at + len];
        let time = line::time_text(line).unwrap_or_default();
        if !line::is_whole(line, seq) || time < since {
            break;
        }
        since = time;
        at += len + 1;
        seq += 1;
    }
    (at, seq)
}

/// Copies bytes to `quarantine/` durably, with a note; only then may they be cut.
fn quarantine(
    disk: &dyn Disk,
    file: &str,
    offset: u64,
    bytes: &[u8],
    reason: &str,
    now: Timestamp,
    found: &mut Found,
) -> Result<(), DiskError> {
    let stem =
        quarantine_name(disk, &format!("{QUARANTINE}/{}-{offset:020}", file.replace('/', "-")), bytes)?;
    let note = json!({"file": file, "offset": offset, "length": bytes.len(), "reason": reason, "at": now});
    replace(disk, &format!("{stem}.bin"), bytes, Access::Private)?;
    replace(disk, &format!("{stem}.json"), format!("{note}\n").as_bytes(), Access::Shared)?;
    found.cut.push(json!({
        "file": file, "offset": offset, "length": bytes.len(), "reason": reason,
        "quarantine": format!("{stem}.bin"),
    }));
    Ok(())
}

/// The same place can be torn again after it was cut: evidence never replaces other evidence. Equal bytes are those of
/// a recovery that was interrupted before it cut them.
fn quarantine_name(disk: &dyn Disk, stem: &str, bytes: &[u8]) -> Result<String, DiskError> {
    let mut name = stem.to_owned();
    for again in 1_u64.. {
        let file = format!("{name}.bin");
        match read_all(disk, &file, u64::MAX).during("read", disk.describe(&file)) {
            Err(error) if error.is_missing() => break,
            Ok(present) if present == bytes => break,
            Ok(_) => name = format!("{stem}-{again}"),
            Err(error) => return Err(error),
        }
    }
    Ok(name)
}

/// The tree at the checkpoint's size, from the right edge of `tree/`; made again from the entries when it does not
/// have the checkpoint's root.
fn tree_at_checkpoint(
    rows: &Rows,
    segments: &Arc<Segments>,
    checkpoint: Option<&TrustedCheckpoint>,
    found: &mut Found,
) -> Result<Frontier, RecoveryError> {
    let Some(checkpoint) = checkpoint else { return Ok(Frontier::new()) };
    let size = checkpoint.size();
    if has_rows(rows, size.get())? && root_at(rows, size)? == checkpoint.root() {
        return Ok(Frontier::from_rows(rows, size)?);
    }
    // Retention may have removed the first segments: then `tree/` is the truth and cannot be made again.
    if segments.first_seq() != Some(0) {
        return Err(Damage::RootDiffers { size: size.get() }.into());
    }
    // What is in `tree/` is evidence as long as the entries are not known to be right.
    if root_of_entries(segments, size.get())? != Some(checkpoint.root()) {
        return Err(Damage::RootDiffers { size: size.get() }.into());
    }
    rows.truncate_to(0)?;
    let mut frontier = Frontier::new();
    grow(segments, rows, &mut frontier, size.get())?;
    rows.sync()?;
    found.tree_rebuilt = true;
    Ok(frontier)
}

/// The root of the first `size` entries; `None` when they cannot be read as entries.
fn root_of_entries(segments: &Arc<Segments>, size: u64) -> Result<Option<Hash>, DiskError> {
    let mut frontier = Frontier::new();
    let mut lines = segments.lines_from(0);
    while frontier.size().get() < size {
        match lines.next_line() {
            Ok(Some((_, line))) => frontier.append(leaf_hash(line)),
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(frontier.root()))
}

fn has_rows(rows: &Rows, size: u64) -> Result<bool, DiskError> {
    for row in 0..super::rows::ROWS {
        if rows.len(row)? < row_len(row, size) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the last 256 lines under the checkpoint hash to their leaves.
fn check_right_edge(
    disk: &dyn Disk,
    segments: &Arc<Segments>,
    rows: &Rows,
    signed: u64,
) -> Result<(), RecoveryError> {
    let from = signed.saturating_sub(LINES_WALKED).max(segments.first_seq().unwrap_or(0));
    let mut leaves = vec![Hash::from([0; 32]); usize::try_from(signed - from).expect("at most 256")];
    if leaves.is_empty() {
        return Ok(());
    }
    rows.read_row(0, from, &mut leaves)?;
    let mut lines = segments.lines_from(from);
    for (expected, leaf) in (from..).zip(&leaves) {
        let is_same = match lines.next_line() {
            Ok(Some((_, line))) => leaf_hash(line) == *leaf,
            Ok(None) => return Err(Damage::Truncated { signed, found: expected }.into()),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => false,
            Err(error) => return Err(error.into()),
        };
        if !is_same {
            let file = segments.file_of(expected).map_or_else(String::new, |name| disk.describe(&name));
            return Err(Damage::LineChanged { seq: expected, file }.into());
        }
    }
    Ok(())
}

/// Hashes lines from the frontier's size up to `end`, appends their hashes to `tree/`. Gives the last line.
pub(crate) fn grow(
    segments: &Arc<Segments>,
    rows: &Rows,
    frontier: &mut Frontier,
    end: u64,
) -> Result<Option<Vec<u8>>, DiskError> {
    /// 4,096 hashes: one append of 128 KiB.
    const APPEND_EVERY: u64 = 4096;
    let from = frontier.size().get();
    let mut hashes = RowHashes::default();
    let mut last = None;
    let mut lines = segments.lines_from(if from == end && from > 0 { from - 1 } else { from });
    while let Some((seq, line)) = lines.next_line()? {
        if seq + 1 >= end {
            last = Some(line.to_vec());
        }
        if seq >= from && seq < end {
            let leaf = leaf_hash(line);
            hashes.push(0, &leaf);
            frontier.append_with(leaf, |row, _, hash| hashes.push(row, &hash));
            if seq.is_multiple_of(APPEND_EVERY) {
                rows.append(&hashes)?;
                hashes.clear();
            }
        }
        if seq + 1 >= end {
            break;
        }
    }
    rows.append(&hashes)?;
    if frontier.size() < TreeSize::from(end) {
        let text = format!("ends before entry {end}: the log is damaged; run `bulla verify`");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, text)).during("read", "entries");
    }
    Ok(last)
}

fn is_log_closed(line: &[u8]) -> bool {
    serde_json::from_slice::<crate::entry::AuditEntry>(line)
        .is_ok_and(|entry| entry.event_name.as_deref() == Some("log.closed"))
}

/// Folders that every log has.
pub(crate) fn create_folders(disk: &dyn Disk) -> Result<(), DiskError> {
    for folder in [ENTRIES, TREE, layout::PAYLOADS, QUARANTINE] {
        disk.create_folder(folder).during("create", disk.describe(folder))?;
    }
    disk.sync_folder("").during("sync folder", disk.describe(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OsDisk;

    #[test]
    fn a_tree_does_not_grow_beyond_the_entries() {
        let folder = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(OsDisk::new(folder.path()));
        create_folders(disk.as_ref()).unwrap();
        let segments = Segments::open(disk.clone()).unwrap();
        let rows = Rows::open(disk, true).unwrap();
        let mut frontier = Frontier::new();
        assert_eq!(grow(&segments, &rows, &mut frontier, 0).unwrap(), None);
        let error = grow(&segments, &rows, &mut frontier, 1).unwrap_err();
        assert!(error.is_damage() && error.to_string().contains("ends before entry 1: "), "{error}");
    }
}
