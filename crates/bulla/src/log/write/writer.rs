//! The one writer. What makes an acknowledgement true is the order of the lines in `commit`, `write`, `sync` and
//! `settle`: numbered and hashed, payloads stored, appended, synced, integrated, answered. See docs/durability.md.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla_proof::Frontier;

use super::batch::{Batch, Scratch};
use super::queue::{Chunk, Next, Queue};
use super::recorder_clock::RecorderClock;
use super::syncer::Syncer;
use crate::entropy::Entropy;
use crate::entry::AuditEntry;
use crate::entry::limits::SEQ_END;
use crate::log::own;
use crate::log::poison::{Poison, PoisonCause};
use crate::log::watermarks::SharedWatermarks;
use crate::read::recent::Recent;
use crate::store::disk::Disk;
use crate::store::payloads;
use crate::store::recovery::BATCH_BYTES_MAX;
use crate::store::rows::Rows;
use crate::store::segment::open_segment::OpenSegment;

/// Everything that the writer writes to and tells.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segment: OpenSegment,
    pub(crate) rows: Arc<Rows>,
    /// The tree with every numbered entry.
    pub(crate) frontier: Frontier,
    /// The tree with every durable entry, for the publisher.
    pub(crate) integrated: Arc<Mutex<Frontier>>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) marks: Arc<SharedWatermarks>,
    pub(crate) clock: RecorderClock,
    pub(crate) syncer: Syncer,
    /// The batch whose sync is under way.
    pub(crate) syncing: Option<Batch>,
    /// Own entries to go in front of the next batch.
    pub(crate) own: Vec<AuditEntry>,
    /// Where the ids of own entries come from.
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) heartbeat: Option<Duration>,
    /// Tells the sealer of a full segment.
    pub(crate) on_full: Box<dyn Fn(Range<u64>) + Send>,
    /// How many callers the last batch answered: they are likely to come back at once.
    pub(crate) answered: usize,
    pub(crate) scratch: Scratch,
}

/// 128 KiB: hashing that takes 150 microseconds, more than handing a sync to another thread and back. Callers of
/// less do better in one batch than in two that take turns.
const OVERLAP_BYTES_MIN: usize = 128 * 1024;

/// 50 microseconds: what waiting for callers who come back may cost those who are there, a quarter of a sync.
const GATHERING_MAX: Duration = Duration::from_micros(50);

impl Writer {
    /// Writes until the log is closed, or something fails: then nobody is left waiting.
    pub(crate) fn run(&mut self) -> Result<(), Poison> {
        let ended = self.write_all();
        if let (Err(poison), Some(batch)) = (&ended, self.syncing.take()) {
            let _ = self.syncer.finish(); // the lock is not let go while a sync is under way
            batch.fail(poison);
        }
        ended
    }

    fn write_all(&mut self) -> Result<(), Poison> {
        self.commit(None)?; // `log.opened`
        loop {
            let patience = if self.syncing.is_some() { Some(Duration::ZERO) } else { self.heartbeat };
            match self.queue.next(patience) {
                Next::Chunk(chunk) => {
                    self.commit(Some(chunk))?;
                    self.gather();
                }
                Next::Nothing => self.idle()?,
                Next::Closed => return self.close(),
                Next::Poisoned(poison) => return Err(poison),
            }
        }
    }

    /// Gives those who were just answered time to come back, so that one sync serves them all: without it every
    /// other batch would be whoever is first. Not while a sync is under way, which is time enough.
    fn gather(&self) {
        if self.syncing.is_none() && self.answered > 1 {
            self.queue.wait_for_entries(self.answered, GATHERING_MAX);
        }
    }

    /// Takes one batch from gathered to answered.
    ///
    /// The order of these lines is the durability argument; see docs/durability.md.
    fn commit(&mut self, first: Option<Chunk>) -> Result<(), Poison> {
        let mut batch = self.number_and_hash(first)?; // while the batch before it syncs
        if batch.is_empty() {
            return Ok(());
        }
        let written = self.finish_sync().and_then(|()| self.write(&mut batch));
        match written {
            Ok(()) => self.sync(batch),
            Err(poison) => {
                batch.fail(&poison);
                Err(poison)
            }
        }
    }

    /// Payloads first, durably; then all lines with one write.
    fn write(&mut self, batch: &mut Batch) -> Result<(), Poison> {
        let payloads = batch.take_payloads();
        if !payloads.is_empty() {
            payloads::store(&self.disk, &payloads)?;
        }
        if let Some(full) = self.segment.append(&batch.lines, batch.recorded_at)? {
            (self.on_full)(full);
        }
        Ok(())
    }

    /// `fdatasync`: beside the next batch's hashing when there is much of it, here otherwise.
    fn sync(&mut self, batch: Batch) -> Result<(), Poison> {
        if self.queue.bytes() < OVERLAP_BYTES_MIN {
            let synced = self.segment.sync().map_err(Poison::from);
            self.settle(batch, synced)
        } else {
            self.syncer.start(self.segment.file(), self.segment.describe());
            self.syncing = Some(batch);
            Ok(())
        }
    }

    /// Waits for the sync under way, if there is one, and settles its batch.
    fn finish_sync(&mut self) -> Result<(), Poison> {
        match self.syncing.take() {
            Some(batch) => {
                let synced = self.syncer.finish().and_then(|()| Ok(self.segment.check_in_place()?));
                self.settle(batch, synced)
            }
            None => Ok(()),
        }
    }

    /// Durable or not is known: integrates and answers, or fails everyone who waits.
    fn settle(&mut self, mut batch: Batch, synced: Result<(), Poison>) -> Result<(), Poison> {
        let integrated = synced.and_then(|()| Ok(self.rows.append(&batch.hashes)?)); // durable from here on
        if let Err(poison) = integrated {
            batch.fail(&poison);
            return Err(poison);
        }
        let evicted = self.recent.push(batch.take_lines());
        self.integrate(&batch);
        let (answered, chunks, hashes) = batch.answer();
        self.answered = answered;
        self.queue.recycle(chunks.into_iter());
        self.scratch = Scratch { lines: evicted.unwrap_or_default(), hashes };
        Ok(())
    }

    /// Shows the batch to readers and to the publisher at once: a checkpoint is never ahead of the watermarks.
    fn integrate(&self, batch: &Batch) {
        let mut integrated = self.integrated.lock().expect("no panic while held");
        integrated.clone_from(&batch.frontier);
        let end = batch.end();
        self.marks.advance(|marks| (marks.durable, marks.integrated) = (end, end));
    }

    /// Numbers and hashes chunk after chunk, as long as the disk is busy with the batch before: so that batches are
    /// small on a fast disk, large on a slow one, and neither disk nor processor waits for the other.
    fn number_and_hash(&mut self, first: Option<Chunk>) -> Result<Batch, Poison> {
        let (now, step) = self.clock.now();
        self.own.extend(step.map(|step| own::clock_stepped(step.from, step.to, step.step_ms)));
        self.own.extend(self.queue.take_dropped().iter().map(|dropped| own::entries_dropped(now, dropped)));
        let mut batch = Batch::begin(now, self.frontier.clone(), std::mem::take(&mut self.scratch));
        for entry in self.own.drain(..) {
            batch.add_own(&own::body(entry, self.entropy.as_ref()));
        }
        let mut next = first;
        while let Some(chunk) = next {
            batch.add(chunk);
            let disk_is_busy = self.syncing.is_some() && !self.syncer.is_done();
            let enough = if disk_is_busy { BATCH_BYTES_MAX } else { OVERLAP_BYTES_MIN };
            next = if batch.size() < enough { self.queue.take_chunk() } else { None };
        }
        if batch.end() > SEQ_END {
            let poison = Poison::from(PoisonCause::SeqExhausted);
            batch.fail(&poison);
            return Err(poison);
        }
        self.frontier.clone_from(&batch.frontier);
        Ok(batch)
    }

    /// Nothing came: whatever is under way is finished, then the heart beats.
    fn idle(&mut self) -> Result<(), Poison> {
        if self.syncing.is_some() {
            return self.finish_sync();
        }
        if self.heartbeat.is_some() {
            let (now, _) = self.clock.now();
            self.own.push(own::heartbeat(now, self.frontier.size().get()));
        }
        self.commit(None)
    }

    fn close(&mut self) -> Result<(), Poison> {
        self.finish_sync()?;
        let (now, _) = self.clock.now();
        self.own.push(own::log_closed(now, self.frontier.size().get() + 1));
        self.commit(None)?;
        self.finish_sync()
    }
}
