//! Runs a workload on a log, one act after the other, and notes what the log promises on the way.

use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bulla::{
    AuditCategory, AuditEntry, AuditLog, AuditOutcome, Clock, Entropy, LogReader, OpenError, Receipt,
    RecordError, Ticket,
};

use crate::chance::{SimClock, SimEntropy};
use crate::check::{Broken, check};
use crate::disk::{Background, SimDisk};
use crate::image::Survival;
use crate::model::Model;
use crate::trace::ActKind;

/// Longer than any simulation: the publisher acts on request only.
const NEVER: Duration = Duration::from_secs(1_000_000);

/// 20 entries of 10,000 bytes: more than the 128 KiB at which the engine syncs beside the next batch's hashing.
const FLOOD_ENTRIES: usize = 20;
const FLOOD_BYTES: usize = 10_000;

/// A log, its disk, and what it promised.
#[derive(Debug)]
pub struct Driver {
    /// Its disk; another one after each crash.
    pub disk: SimDisk,
    /// Its promises.
    pub model: Model,
    /// Its clock.
    pub clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    log: Option<AuditLog>,
    segment_bytes: u64,
    seals: bool,
    offered: u64,
}

impl Driver {
    /// A log that is not made yet, on an empty disk. Segments are full at `segment_bytes`.
    pub fn new(seed: u64, segment_bytes: u64) -> Self {
        Self {
            disk: SimDisk::new(seed),
            model: Model::default(),
            clock: Arc::default(),
            entropy: Arc::new(SimEntropy::new(seed)),
            log: None,
            segment_bytes,
            seals: true,
            offered: 0,
        }
    }

    /// Whether full segments are sealed.
    #[must_use]
    pub fn sealing(mut self, seals: bool) -> Self {
        self.seals = seals;
        self
    }

    /// Another driver that goes on from the present state, page cache and all. The log must be closed.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        assert!(self.log.is_none(), "a log that is open cannot be copied");
        self.with_disk(self.disk.copy(seed), seed)
    }

    /// Another driver after a power failure of this one, which ends. May be asked again for other survivals.
    #[must_use]
    pub fn aftermath(&mut self, survival: Survival, seed: u64) -> Self {
        let disk = self.disk.after_power_failure(survival, seed);
        self.log = None;
        self.with_disk(disk, seed)
    }

    fn with_disk(&self, disk: SimDisk, seed: u64) -> Self {
        let clock = Arc::new(SimClock::default());
        clock.advance(self.clock.monotonic());
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes); // other ids than those that are in the log
        let entropy = Arc::new(SimEntropy::new(seed ^ u64::from_le_bytes(bytes)));
        Self { disk, model: self.model.clone(), clock, entropy, log: None, ..*self }
    }

    /// The open log.
    ///
    /// # Panics
    /// When it is not open.
    pub fn log(&self) -> &AuditLog {
        self.log.as_ref().expect("the log is open")
    }

    /// Opens the log.
    ///
    /// # Errors
    /// As [`bulla::LogBuilder::open`].
    pub fn open(&mut self) -> Result<(), OpenError> {
        let log = AuditLog::builder_on(Arc::new(self.disk.clone()))
            .origin("sim.example/log")
            .clock(self.clock.clone())
            .entropy(self.entropy.clone())
            .segment_bytes(self.segment_bytes)
            .publish_interval(NEVER)
            .seal(self.seals)
            .open()?;
        self.log = Some(log);
        Ok(())
    }

    /// The next entry of the workload, with about `bytes` bytes; its id is its number.
    pub fn entry(&mut self, bytes: usize) -> AuditEntry {
        self.offered += 1;
        self.clock.advance(Duration::from_millis(1));
        let mut entry = AuditEntry::new(AuditCategory::Api, "x".repeat(bytes))
            .at(self.clock.now())
            .outcome(AuditOutcome::Success);
        entry.id = format!("entry-{}", self.offered);
        self.model.offered.insert(entry.id.clone());
        entry
    }

    /// Records one entry.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn record(&mut self, bytes: usize) -> Result<Receipt, RecordError> {
        let entry = self.entry(bytes);
        self.record_entry(entry)
    }

    /// Records one entry with an attachment of so many bytes.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn record_payload(&mut self, bytes: usize) -> Result<Receipt, RecordError> {
        let entry = self.entry(1).attach("content", "application/octet-stream", vec![7; bytes]);
        self.record_entry(entry)
    }

    fn record_entry(&mut self, entry: AuditEntry) -> Result<Receipt, RecordError> {
        let id = entry.id.clone();
        let receipt = self.log().record_blocking(entry)?;
        self.model.acknowledge(&id, &receipt);
        Ok(receipt)
    }

    /// Records two batches: one entry, and `count` more that came while it was written. Their syncs and hashing
    /// overlap as under load.
    ///
    /// # Errors
    /// As [`AuditLog::record`], the first of all.
    pub fn record_batch(&mut self, count: usize, bytes: usize) -> Result<(), RecordError> {
        self.disk.hold_next();
        let mut tickets = vec![self.submit(bytes)?];
        self.disk.await_waiting();
        for _ in 0..count {
            tickets.push(self.submit(bytes)?);
        }
        self.disk.release();
        self.wait_for(tickets)
    }

    /// As [`Driver::record_batch`], but so much comes that the sync of the first entry and the hashing of the others
    /// overlap.
    ///
    /// # Errors
    /// As [`AuditLog::record`], the first of all.
    pub fn record_flood(&mut self) -> Result<(), RecordError> {
        self.disk.hold_next();
        let mut tickets = vec![self.submit(1)?];
        self.disk.await_waiting();
        for _ in 0..FLOOD_ENTRIES {
            tickets.push(self.submit(FLOOD_BYTES)?);
        }
        self.disk.hold_next_of(ActKind::Sync, "entries/");
        self.disk.release();
        if self.disk.await_waiting() {
            // The sync is under way: the writer takes all that is queued before it waits for it.
            while self.log().queued_bytes() > 0 {
                std::thread::yield_now();
            }
            self.disk.release();
        }
        self.wait_for(tickets)
    }

    fn submit(&mut self, bytes: usize) -> Result<(String, Ticket), RecordError> {
        let entry = self.entry(bytes);
        Ok((entry.id.clone(), self.log().submit(entry)?))
    }

    fn wait_for(&mut self, tickets: Vec<(String, Ticket)>) -> Result<(), RecordError> {
        let mut result = Ok(());
        for (id, ticket) in tickets {
            match ticket.wait_durable() {
                Ok(receipt) => self.model.acknowledge(&id, &receipt),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// Publishes a checkpoint.
    ///
    /// # Errors
    /// The words of the failure.
    pub fn publish(&mut self) -> Result<(), Broken> {
        let published = block_on(self.log().publish()).map_err(|error| Broken(error.to_string()))?;
        self.model.publish(published.size().get(), published.root());
        Ok(())
    }

    /// Lets the sealer work until no full segment is left. It does not say whether it could.
    pub fn seal(&mut self) {
        self.disk.set_background(Background::Acts);
        self.log().wait_sealed();
        self.disk.set_background(Background::Waits);
    }

    /// Reads what is new as a follower and as another process would, and notes that it was shown.
    ///
    /// # Errors
    /// When something is shown that cannot be, or cannot be read.
    pub fn look(&mut self) -> Result<(), Broken> {
        let broken = |error: &dyn std::fmt::Display| Broken(format!("read while it is written: {error}"));
        let mut follow = self.log().follow(self.model.shown.len() as u64).map_err(|error| broken(&error))?;
        let outside = LogReader::open_disk(Arc::new(self.disk.clone())).map_err(|error| broken(&error))?;
        let size = outside.size().map_err(|error| broken(&error))?;
        while let Some(entry) = follow.next_known().map_err(|error| broken(&error))? {
            let again = outside.get(entry.seq()).map_err(|error| broken(&error))?;
            if again.as_ref() != Some(&entry) {
                return Err(Broken(format!("entry {} is another to another process", entry.seq())));
            }
            if !self.model.show(entry.seq().get(), entry.leaf_hash()) {
                return Err(Broken(format!("entry {} was shown with another content", entry.seq())));
            }
        }
        let shown = self.model.shown.len() as u64;
        if size == shown { Ok(()) } else { Err(Broken(format!("another process sees {size}, not {shown}"))) }
    }

    /// Closes the log, after its full segments are sealed.
    ///
    /// # Errors
    /// As [`AuditLog::close`].
    pub fn close(&mut self) -> Result<(), RecordError> {
        self.seal();
        // `log.closed` may fill one more segment; to seal it beside the last checkpoint would be a matter of chance.
        self.disk.set_background(Background::Fails);
        let closed = self.log().close_blocking();
        self.log = None;
        self.disk.set_background(Background::Waits);
        closed
    }

    /// Kills the process: the page cache stays, nothing becomes durable.
    pub fn kill(&mut self, seed: u64) {
        let next = self.disk.after_kill(seed);
        self.let_go(next);
    }

    /// Lets the power fail and come back.
    pub fn fail_power(&mut self, survival: Survival, seed: u64) {
        let next = self.disk.after_power_failure(survival, seed);
        self.let_go(next);
    }

    /// The old log ends on its dead disk.
    fn let_go(&mut self, next: SimDisk) {
        self.log = None;
        self.disk = next;
    }

    /// Whether the log is open, as far as this driver knows.
    pub fn is_open(&self) -> bool {
        self.log.is_some()
    }

    /// Opens the log and checks that it kept every promise.
    ///
    /// # Errors
    /// The first broken promise; not opening is one.
    pub fn open_and_check(&mut self) -> Result<(), Broken> {
        self.open().map_err(|error| Broken(format!("the log does not open: {error}")))?;
        check(&self.disk, &self.model)?;
        self.look()
    }

    /// Opens, checks, closes, and does it again: the second time nothing may be there to be repaired.
    ///
    /// # Errors
    /// The first broken promise.
    pub fn settle(&mut self) -> Result<(), Broken> {
        for _ in 0..2 {
            self.open_and_check()?;
            self.look()?;
            self.close().map_err(|error| Broken(format!("close: {error}")))?;
            check(&self.disk, &self.model)?;
        }
        Ok(())
    }
}

impl Drop for Driver {
    /// A log that is left open ends on a dead disk: its sealer may be waiting.
    fn drop(&mut self) {
        if self.log.is_some() {
            self.disk.cut_power();
        }
    }
}

/// Runs a future on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Parked {
        is_woken: Mutex<bool>,
        woken: Condvar,
    }
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            *self.is_woken.lock().expect("no panic while held") = true;
            self.woken.notify_one();
        }
    }
    let parked = Arc::new(Parked { is_woken: Mutex::new(false), woken: Condvar::new() });
    let waker = Waker::from(parked.clone());
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let is_woken = parked.is_woken.lock().expect("no panic while held");
        let mut is_woken = parked.woken.wait_while(is_woken, |woken| !*woken).expect("no panic while held");
        *is_woken = false;
    }
}
