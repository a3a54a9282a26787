//! Compresses full segments in the background. A failure here costs nothing but space: the plain segment stays.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bulla_proof::{Hash, RowReader, leaf_hash};

use crate::log::watermarks::SharedWatermarks;
use crate::store::disk::{Access, Disk, DiskError, During};
use crate::store::layout::{ENTRIES, SegmentKind, TILE_WIDTH, UNFINISHED};
use crate::store::rows::Rows;
use crate::store::segment::catalogue::{Segment, Segments};
use crate::store::segment::sealed::{FrameEncoder, SealedReader};

/// 16 segments, a gibibyte by default: so many may wait for a quiet moment before sealing goes on regardless.
const BACKLOG_MAX: usize = 16;

/// Every so often it is looked whether the log is quiet: 256 frames are about 25 MB and a quarter of a second.
const FRAMES_BETWEEN_LOOKS: u64 = 256;

/// How long is looked.
const LOOK: Duration = Duration::from_millis(20);

/// 200 entries in 20 ms are 10,000 a second: above that, writers need the processors more than sealing does.
const QUIET_ENTRIES_MAX: u64 = 200;

/// Counts full segments that are not sealed yet.
#[derive(Debug, Default)]
pub(crate) struct Unsealed {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Unsealed {
    pub(crate) fn add(&self) {
        *self.count.lock().expect("no panic while held") += 1;
    }

    fn remove(&self) {
        let mut count = self.count.lock().expect("no panic while held");
        *count = count.saturating_sub(1);
        self.changed.notify_all();
    }

    fn clear(&self) {
        *self.count.lock().expect("no panic while held") = 0;
        self.changed.notify_all();
    }

    /// Waits up to `patience`, less when the count changes; gives the count.
    fn wait_for_change(&self, patience: Duration) -> usize {
        let count = self.count.lock().expect("no panic while held");
        *self.changed.wait_timeout(count, patience).expect("no panic while held").0
    }

    /// Wakes a sealer that waits for a quiet moment.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    /// Blocks until every full segment is sealed, was given up, or the log has ended.
    pub(crate) fn wait(&self) {
        let count = self.count.lock().expect("no panic while held");
        drop(self.changed.wait_while(count, |count| *count > 0).expect("no panic while held"));
    }
}

#[derive(Debug)]
pub(crate) struct Sealer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) rows: Arc<Rows>,
    pub(crate) marks: Arc<SharedWatermarks>,
    /// Entries of full segments.
    pub(crate) full: Receiver<Range<u64>>,
    pub(crate) unsealed: Arc<Unsealed>,
    pub(crate) must_stop: Arc<AtomicBool>,
}

/// What sealing a segment came to.
#[derive(Debug, PartialEq, Eq)]
enum Sealed {
    Done,
    Stopped,
    /// What was read back is not what was written, or not what the tree says.
    Differs(u64),
}

impl Sealer {
    /// Seals segments as they fill up, until the log ends.
    pub(crate) fn run(self) {
        self.disk.yield_to_others();
        self.seal_all();
        self.unsealed.clear();
    }

    fn seal_all(&self) {
        while let Ok(Range { start: base, end }) = self.full.recv() {
            // Hashes of the segment's last entries may still be on their way.
            if self.must_stop() || self.marks.wait(|marks| marks.integrated >= end).is_err() {
                return;
            }
            match self.seal(base, end) {
                Ok(Sealed::Done) => {}
                Ok(Sealed::Stopped) => return,
                Ok(Sealed::Differs(seq)) => tracing::error!(
                    segment = base,
                    seq,
                    "a segment does not read back as the tree says and stays as it is; run `bulla verify`"
                ),
                Err(error) => {
                    tracing::warn!(segment = base, %error, "a segment was not compressed; it stays as it is");
                }
            }
            self.unsealed.remove();
        }
    }

    fn must_stop(&self) -> bool {
        self.must_stop.load(Ordering::Relaxed)
    }

    /// Gives way while the log is busy, unless too much waits already.
    fn wait_for_quiet(&self) {
        loop {
            let before = self.marks.integrated();
            let backlog = self.unsealed.wait_for_change(LOOK);
            let is_quiet = self.marks.integrated() - before <= QUIET_ENTRIES_MAX;
            if is_quiet || backlog > BACKLOG_MAX || self.must_stop() {
                return;
            }
        }
    }

    /// 1. Compress to a temporary name. 2. Read back, compare every leaf. 3. Sync, rename, sync the folder.
    /// 4. Remove the plain file, sync the folder.
    fn seal(&self, base: u64, end: u64) -> Result<Sealed, DiskError> {
        let disk = self.disk.as_ref();
        let plain = Segment { base, kind: SegmentKind::Plain }.name();
        let sealed = Segment { base, kind: SegmentKind::Sealed }.name();
        let temporary = format!("{sealed}{UNFINISHED}");
        let made = self.compress(base, end, &temporary).and_then(|made| match made {
            Sealed::Done => self.read_back(base, end, &temporary),
            other => Ok(other),
        });
        match made {
            Ok(Sealed::Done) => {}
            Ok(other) => return self.give_up(&temporary, other),
            Err(error) => {
                // On a full disk its space is what the log needs to go on; if it stays, opening removes it.
                let _ = disk.remove(&temporary);
                return Err(error);
            }
        }
        disk.rename(&temporary, &sealed).during("rename", disk.describe(&temporary))?;
        disk.sync_folder(ENTRIES).during("sync folder", disk.describe(ENTRIES))?;
        self.segments.mark_sealed(base);
        disk.remove(&plain).during("remove", disk.describe(&plain))?;
        disk.sync_folder(ENTRIES).during("sync folder", disk.describe(ENTRIES))?;
        Ok(Sealed::Done)
    }

    fn give_up(&self, temporary: &str, why: Sealed) -> Result<Sealed, DiskError> {
        self.disk.remove(temporary).during("remove", self.disk.describe(temporary))?;
        Ok(why)
    }

    /// Frames of 256 lines, then the seek table; synced.
    fn compress(&self, base: u64, end: u64, temporary: &str) -> Result<Sealed, DiskError> {
        let disk = self.disk.as_ref();
        let describe = || disk.describe(temporary);
        match disk.remove(temporary).during("remove", describe()) {
            Err(error) if !error.is_missing() => return Err(error),
            _ => {}
        }
        let file = disk.create(temporary, Access::Shared).during("create", describe())?;
        let mut encoder = FrameEncoder::new().during("compress", describe())?;
        let mut lines = self.segments.lines_from(base);
        let mut frame = Vec::new();
        for seq in base..end {
            let Some((_, line)) = lines.next_line()? else { return Ok(Sealed::Differs(seq)) };
            frame.extend_from_slice(line);
            frame.push(b'\n');
            if (seq + 1) % TILE_WIDTH == 0 || seq + 1 == end {
                if ((seq - base) / TILE_WIDTH).is_multiple_of(FRAMES_BETWEEN_LOOKS) {
                    self.wait_for_quiet();
                }
                if self.must_stop() {
                    return Ok(Sealed::Stopped);
                }
                let bytes = encoder.encode(&frame).during("compress", describe())?;
                file.append(&bytes).during("write", describe())?;
                frame.clear();
            }
        }
        file.append(&encoder.finish()).during("write", describe())?;
        file.sync().during("sync", describe())?;
        Ok(Sealed::Done)
    }

    fn read_back(&self, base: u64, end: u64, temporary: &str) -> Result<Sealed, DiskError> {
        let describe = || self.disk.describe(temporary);
        let file = self.disk.open(temporary).during("open", describe())?;
        let reader = SealedReader::open(file).during("read back", describe())?;
        let mut seq = base;
        for index in 0..reader.frames().len() {
            if self.must_stop() {
                return Ok(Sealed::Stopped);
            }
            let lines = reader.read_frame(index).during("read back", describe())?;
            let count = usize::try_from(TILE_WIDTH.min(end - seq)).expect("at most 256");
            let mut leaves = vec![Hash::from([0; 32]); count];
            self.rows.read_row(0, seq, &mut leaves)?;
            let mut found = lines.split_inclusive(|byte| *byte == b'\n');
            for leaf in &leaves {
                let line = found.next().and_then(|line| line.strip_suffix(b"\n"));
                if line.map(leaf_hash).as_ref() != Some(leaf) {
                    return Ok(Sealed::Differs(seq));
                }
                seq += 1;
            }
            if found.next().is_some() {
                return Ok(Sealed::Differs(seq));
            }
        }
        Ok(if seq == end { Sealed::Done } else { Sealed::Differs(seq) })
    }
}
