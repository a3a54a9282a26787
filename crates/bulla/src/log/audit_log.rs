//! The handle that programs hold: opening, recording, reading back, closing.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bulla_proof::{Policy, ProofFile, TrustedCheckpoint};

use super::act::Act;
use super::engine::{Activity, CosignedError, Engine};
use super::import_cursor;
use super::memory::MemoryLog;
use super::open::{self, OpenError};
use super::options::{LogBuilder, RECENT_BYTES_DEFAULT, RECENT_ENTRIES_MIN};
use super::receipt::{Receipt, RecordError, Ticket};
use super::watermarks::Watermarks;
use crate::clock::SystemClock;
use crate::entry::{AuditEntry, Event, EventOptions};
use crate::query::Filter;
use crate::read::recent::Recent;
use crate::read::{Entries, Filtered, Follow, LogReader, ProveError, ReadError, StoredEntry};
use crate::seq::Seq;
use crate::store::disk::Disk;
use crate::store::in_place::Misplaced;

/// An audit log. Cheap to clone; all clones are one log.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let directory = folder.path().join("audit");
/// use bulla::{AuditEntry, AuditLog, AuditOutcome::Success, State};
///
/// let log = AuditLog::open(directory)?;
/// let receipt = log.record(AuditEntry::tool("bash").principal("alice").outcome(Success)).await?;
/// assert_eq!(receipt.state(), State::Durable);
/// log.close().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Durability
/// `record` returns when the entry is on disk and synced. Dropping the last clone closes the log as well as it can;
/// [`AuditLog::close`] also says whether it could.
#[derive(Clone)]
pub struct AuditLog {
    inner: Arc<Inner>,
}

struct Inner {
    kind: Kind,
    /// Where the log is, for `Debug`.
    place: String,
}

enum Kind {
    Directory(Box<Engine>),
    Memory(Box<MemoryLog>),
    /// It could not be opened; every call says so.
    NotOpen(Arc<OpenError>),
}

impl AuditLog {
    /// Opens the log in `directory` for writing, or makes it when the directory is empty or missing.
    ///
    /// # Errors
    /// See [`OpenError`]: locked by another process, not a log, damaged, a newer format, a wrong or exposed key.
    ///
    /// # Durability
    /// Opening takes time that does not depend on the length of the log. What a crash tore is cut, kept in
    /// `quarantine/` and said in the entry `log.opened`.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::builder(directory).open()
    }

    /// Opens a log with other than the default choices.
    pub fn builder(directory: impl Into<PathBuf>) -> LogBuilder {
        LogBuilder::new(directory)
    }

    /// As [`AuditLog::builder`], on any [`Disk`].
    pub fn builder_on(disk: Arc<dyn Disk>) -> LogBuilder {
        LogBuilder::on_disk(disk)
    }

    pub(crate) fn open_with(options: LogBuilder) -> Result<Self, OpenError> {
        let place = options.disk.describe("");
        let engine = open::open(options)?;
        Ok(Self { inner: Arc::new(Inner { kind: Kind::Directory(Box::new(engine)), place }) })
    }

    /// A log in memory only, with so many of the newest entries, at least 128.
    pub fn in_memory(max_entries: usize) -> Self {
        let recent = Recent::new(max_entries.max(RECENT_ENTRIES_MIN), RECENT_BYTES_DEFAULT);
        let kind = Kind::Memory(Box::new(MemoryLog::new(recent, Arc::new(SystemClock::default()))));
        Self { inner: Arc::new(Inner { kind, place: "memory".to_owned() }) }
    }

    /// A log that could not be opened and says so at every call.
    pub(crate) fn not_open(error: OpenError, place: String) -> Self {
        Self { inner: Arc::new(Inner { kind: Kind::NotOpen(Arc::new(error)), place }) }
    }

    /// Why the log is not open, when [`AuditLog::new`] or [`AuditLog::from_env`] could not open it.
    pub fn open_error(&self) -> Option<&OpenError> {
        match &self.inner.kind {
            Kind::NotOpen(error) => Some(error),
            _ => None,
        }
    }

    /// Records an entry; returns when it is durable. Waits while the queue is full.
    ///
    /// # Errors
    /// [`RecordError::Rejected`] when the entry breaks a rule: nothing of it is stored. [`RecordError::Poisoned`]
    /// when a write or sync failed: it may or may not be stored, and the log refuses until it is opened again.
    ///
    /// # Durability
    /// The line is appended and `fdatasync` has returned before this does. A future that is dropped after its first
    /// poll may leave the entry recorded.
    pub async fn record(&self, entry: AuditEntry) -> Result<Receipt, RecordError> {
        self.trace(&entry);
        let event = self.prepare(&entry)?;
        self.record_event(event).await
    }

    /// As [`AuditLog::record`], for an [`Event`] that was prepared before.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn record_event(&self, event: Event) -> Result<Receipt, RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.submit_when_room(event).await?.durable().await,
            _ => self.submit_event(event)?.durable().await,
        }
    }

    /// Queues an entry and returns at once; the ticket tells when it is durable or published. Never blocks.
    ///
    /// # Errors
    /// [`RecordError::QueueFull`] when there is no room, besides those of [`AuditLog::record`].
    ///
    /// ```
    /// # use bulla::*;
    /// # let folder = tempfile::tempdir()?;
    /// # let log = AuditLog::open(folder.path().join("audit"))?;
    /// let ticket = log.submit(AuditEntry::api("GET /health").outcome(AuditOutcome::Success))?;
    /// let receipt = ticket.wait_published()?;
    /// assert_eq!(receipt.state(), State::Published);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit(&self, entry: AuditEntry) -> Result<Ticket, RecordError> {
        self.trace(&entry);
        let event = self.prepare(&entry)?;
        self.submit_event(event)
    }

    /// As [`AuditLog::submit`], for an [`Event`] that was prepared before.
    ///
    /// # Errors
    /// As [`AuditLog::submit`].
    pub fn submit_event(&self, event: Event) -> Result<Ticket, RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.submit(event),
            Kind::Memory(memory) => Ok(memory.record(&event)),
            Kind::NotOpen(error) => Err(RecordError::NotOpen(error.clone())),
        }
    }

    /// Completes when the queue has room for `event`, or the log takes nothing any more. Another caller may take the
    /// room before it is used: submit, and wait again when that is refused.
    pub async fn room_for(&self, event: &Event) {
        if let Kind::Directory(engine) = &self.inner.kind {
            engine.room_for(event.size()).await;
        }
    }

    /// As [`AuditLog::submit_event`], but blocks the thread while the queue is full.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn submit_event_blocking(&self, event: Event) -> Result<Ticket, RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.submit_blocking(event),
            _ => self.submit_event(event),
        }
    }

    /// As [`AuditLog::record`], for code without async.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn record_blocking(&self, entry: AuditEntry) -> Result<Receipt, RecordError> {
        self.trace(&entry);
        let event = self.prepare(&entry)?;
        self.submit_event_blocking(event)?.wait_durable()
    }

    /// Records many entries in order; returns their receipts when all are durable. If one is rejected, none is
    /// recorded.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub async fn record_many(
        &self,
        entries: impl IntoIterator<Item = AuditEntry>,
    ) -> Result<Vec<Receipt>, RecordError> {
        let mut events = Vec::new();
        for entry in entries {
            self.trace(&entry);
            events.push(self.prepare(&entry)?);
        }
        let mut tickets = Vec::with_capacity(events.len());
        for event in events {
            tickets.push(match &self.inner.kind {
                Kind::Directory(engine) => engine.submit_when_room(event).await?,
                _ => self.submit_event(event)?,
            });
        }
        let mut receipts = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            receipts.push(ticket.durable().await?);
        }
        Ok(receipts)
    }

    /// Records, durably, that an act is about to begin; the returned guard records how it ended.
    ///
    /// The entry before has phase `pre` and outcome `unknown`; the one after has phase `post`, `cause_id` and
    /// `duration_ms`. A guard that is dropped unfinished records a failure with the reason `abandoned`.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use bulla::*;
    /// # let folder = tempfile::tempdir()?;
    /// # let log = AuditLog::open(folder.path().join("audit"))?;
    /// let act = log.begin(AuditEntry::tool("deploy")).await?;
    /// let receipt = act.success().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`AuditLog::record`]: do not begin the act then, if it must not happen unrecorded.
    pub async fn begin(&self, entry: AuditEntry) -> Result<Act, RecordError> {
        let before = Act::before(&entry);
        let began = self.record(before.clone()).await?;
        Ok(Act::new(self.clone(), before, began))
    }

    /// As [`AuditLog::begin`], for code without async.
    ///
    /// # Errors
    /// As [`AuditLog::begin`].
    pub fn begin_blocking(&self, entry: AuditEntry) -> Result<Act, RecordError> {
        let before = Act::before(&entry);
        let began = self.record_blocking(before.clone())?;
        Ok(Act::new(self.clone(), before, began))
    }

    /// Says in the log, in an entry `entries.dropped`, that `count` entries were lost before they reached it.
    /// For capture that cannot wait and was refused.
    pub fn report_dropped(&self, reason: &str, count: u64) {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.queue.note_dropped(reason, count),
            _ => tracing::warn!(count, reason, "audit entries dropped"),
        }
    }

    /// How entries are prepared for this log: pass it to [`Event::from_json`] or [`Event::from_entry_of`].
    pub fn event_options(&self) -> EventOptions {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.events.clone(),
            _ => EventOptions::default(),
        }
    }

    /// Reads the log; see [`LogReader`] for all that it offers.
    ///
    /// # Errors
    /// [`ReadError::MemoryOnly`] when there is no directory.
    pub fn reader(&self) -> Result<&LogReader, ReadError> {
        match &self.inner.kind {
            Kind::Directory(engine) => Ok(&engine.reader),
            _ => Err(ReadError::MemoryOnly),
        }
    }

    /// Entries of a half-open range, in order, up to the durable end.
    ///
    /// # Errors
    /// [`ReadError::MemoryOnly`] when there is no directory.
    pub fn read(&self, range: Range<u64>) -> Result<Entries, ReadError> {
        Ok(self.reader()?.read(range))
    }

    /// Entries of a half-open range that match, in order, up to the durable end. For the newest first, see
    /// [`LogReader::filter_back`].
    ///
    /// # Errors
    /// [`ReadError::MemoryOnly`] when there is no directory.
    pub fn filter(&self, filter: Filter, range: Range<u64>) -> Result<Filtered, ReadError> {
        Ok(self.reader()?.filter(filter, range))
    }

    /// The entry with the number `seq`, if there is one yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, seq: impl Into<Seq>) -> Result<Option<StoredEntry>, ReadError> {
        self.reader()?.get(seq)
    }

    /// The newest entry with that `id`: the newest entries in memory first, then the log from its end.
    ///
    /// # Errors
    /// When an entry on the way cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<StoredEntry>, ReadError> {
        let is_it =
            |line: &[u8]| serde_json::from_slice::<AuditEntry>(line).is_ok_and(|entry| entry.id == id);
        let quoted = serde_json::to_string(id).expect("a text is JSON");
        let needle = memchr::memmem::Finder::new(quoted.as_bytes());
        let recent = self.newest(1, |line| needle.find(line).is_some() && is_it(line));
        match (recent.into_iter().next(), self.reader()) {
            (Some(entry), _) => Ok(Some(entry)),
            (None, Ok(reader)) => reader.find(id),
            (None, Err(_)) => Ok(None),
        }
    }

    /// Every durable entry from `from` on, without gaps, as it becomes durable. A follower that stalls costs
    /// nothing: it holds a position, not a queue.
    ///
    /// # Errors
    /// [`ReadError::MemoryOnly`] when there is no directory.
    pub fn follow(&self, from: impl Into<Seq>) -> Result<Follow, ReadError> {
        match &self.inner.kind {
            Kind::Directory(engine) => {
                Ok(Follow::new(engine.reader.clone(), engine.marks.clone(), from.into()))
            }
            _ => Err(ReadError::MemoryOnly),
        }
    }

    /// Newest entries in memory that `keep` wants.
    pub(crate) fn newest(&self, limit: usize, keep: impl Fn(&[u8]) -> bool) -> Vec<StoredEntry> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.recent.newest(limit, keep),
            Kind::Memory(memory) => memory.recent.newest(limit, keep),
            Kind::NotOpen(_) => Vec::new(),
        }
    }

    /// How far the log is.
    pub fn watermarks(&self) -> Watermarks {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.marks.now(),
            Kind::Memory(_) | Kind::NotOpen(_) => Watermarks::default(),
        }
    }

    /// Number of entries that were ever recorded and can be read, the log's own included.
    pub fn size(&self) -> u64 {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.marks.integrated(),
            Kind::Memory(memory) => memory.size(),
            Kind::NotOpen(_) => 0,
        }
    }

    /// Bytes of entries that wait for the writer.
    pub fn queued_bytes(&self) -> usize {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.queue.bytes(),
            _ => 0,
        }
    }

    /// What the log did since it was opened, for those who watch it.
    pub fn activity(&self) -> Activity {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.activity(),
            _ => Activity::default(),
        }
    }

    /// Why entries are refused, when they are: the log was closed, stopped after a failure, or is not open.
    pub fn refusal(&self) -> Option<RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.queue.refusal(),
            Kind::Memory(_) => None,
            Kind::NotOpen(error) => Some(RecordError::NotOpen(error.clone())),
        }
    }

    /// Looks whether the files of the log are where its writer left them, and names those that another hand removed,
    /// replaced or cut: the open segment, `tree/`, `checkpoint`, `checkpoints` and `log.json`. A few system calls.
    ///
    /// # Durability
    /// What is written to a removed file cannot be read back. When it is the open segment, this poisons the log. The
    /// writer itself looks at that file before each write and before each acknowledgement, by its open handle: so
    /// nothing is acknowledged that went to a removed or cut file. What only this finds is a segment under another
    /// name. The other files do not stop the log: `tree/` is made again at the next opening, and the next checkpoint
    /// replaces `checkpoint`.
    ///
    /// # Errors
    /// When a file cannot be looked at.
    pub fn check_files(&self) -> Result<Vec<Misplaced>, ReadError> {
        match &self.inner.kind {
            Kind::Directory(engine) => Ok(engine.misplaced()?),
            _ => Ok(Vec::new()),
        }
    }

    /// Publishes a checkpoint over all that is durable now, and returns it.
    ///
    /// # Errors
    /// When the log stopped, was closed, or is in memory only.
    pub async fn publish(&self) -> Result<TrustedCheckpoint, ProveError> {
        let engine = self.engine()?;
        let size = engine.marks.integrated();
        if engine.marks.now().published < size {
            engine.requests.publish_now();
        }
        let reached = engine.marks.reached(move |marks| marks.published >= size).await;
        reached.map_err(ProveError::Ended)?;
        engine.reader.checkpoint()?.ok_or(ProveError::NotCovered { seq: size.into(), published: 0 })
    }

    /// Proves that entry `seq` is in the log: waits for the next checkpoint if none covers it yet.
    ///
    /// # Errors
    /// When there is no such entry, or the log ended before it published.
    pub async fn prove(&self, seq: impl Into<Seq>) -> Result<ProofFile, ProveError> {
        let (engine, seq) = (self.engine()?, seq.into());
        let size = engine.marks.integrated();
        if seq.get() >= size {
            return Err(ProveError::NoEntry { seq, size });
        }
        let reached = engine.marks.reached(move |marks| marks.published > seq.get()).await;
        reached.map_err(ProveError::Ended)?;
        engine.reader.prove(seq)
    }

    /// Takes a checkpoint of this log that witnesses cosigned, in place of the published one with the same size and
    /// root. Waits for [`Ticket::witnessed`] end when `policy` is satisfied.
    ///
    /// # Errors
    /// See [`CosignedError`].
    pub fn accept_cosigned(&self, note: &[u8], policy: &Policy) -> Result<TrustedCheckpoint, CosignedError> {
        match &self.inner.kind {
            Kind::Directory(engine) => engine.accept_cosigned(note, policy),
            _ => Err(RecordError::MemoryOnly.into()),
        }
    }

    /// Blocks until every full segment is compressed. Closing does not wait for that: what is left is compressed
    /// after the next opening.
    pub fn wait_sealed(&self) {
        if let Kind::Directory(engine) = &self.inner.kind {
            engine.unsealed.wait();
        }
    }

    /// How many lines of a foreign file (`source.instance`) are in the log already, as entries of that `source.id`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn import_position(&self, source: &str, instance: &str) -> Result<u64, ReadError> {
        import_cursor::position(self.reader()?, source, instance)
    }

    /// Remembers that `lines` lines of a foreign file are in the log, so that [`AuditLog::import_position`] need not
    /// read what is there now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn store_import_position(&self, source: &str, instance: &str, lines: u64) -> Result<(), ReadError> {
        import_cursor::store(self.reader()?, source, instance, lines)
    }

    /// Writes all that is queued, records `log.closed`, publishes, and lets go of the lock. Later calls of any clone
    /// are refused.
    ///
    /// # Errors
    /// [`RecordError::Poisoned`] when something could not be written.
    pub async fn close(&self) -> Result<(), RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => {
                engine.queue.close();
                engine.closed.ready().await.clone().map_or(Ok(()), |poison| Err(poison.into()))
            }
            Kind::Memory(_) => Ok(()),
            Kind::NotOpen(error) => Err(RecordError::NotOpen(error.clone())),
        }
    }

    /// As [`AuditLog::close`], for code without async.
    ///
    /// # Errors
    /// As [`AuditLog::close`].
    pub fn close_blocking(&self) -> Result<(), RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => {
                engine.queue.close();
                engine.closed.wait().clone().map_or(Ok(()), |poison| Err(poison.into()))
            }
            Kind::Memory(_) => Ok(()),
            Kind::NotOpen(error) => Err(RecordError::NotOpen(error.clone())),
        }
    }

    fn engine(&self) -> Result<&Engine, ReadError> {
        match &self.inner.kind {
            Kind::Directory(engine) => Ok(engine),
            _ => Err(ReadError::MemoryOnly),
        }
    }

    fn prepare(&self, entry: &AuditEntry) -> Result<Event, RecordError> {
        match &self.inner.kind {
            Kind::Directory(engine) => Ok(Event::from_entry(entry, &engine.events)?),
            Kind::Memory(_) => Ok(Event::from_entry(entry, &EventOptions::default())?),
            Kind::NotOpen(error) => Err(RecordError::NotOpen(error.clone())),
        }
    }

    /// One line for log aggregators, as the replaced module wrote it.
    pub(crate) fn trace(&self, entry: &AuditEntry) {
        tracing::info!(
            audit_id = %entry.id,
            category = ?entry.category,
            action = %entry.action,
            outcome = ?entry.outcome,
            principal = entry.principal.as_deref().unwrap_or("-"),
            "audit"
        );
    }
}

impl fmt::Debug for AuditLog {
    /// Says where the log is and how large; never an entry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("place", &self.inner.place).field("size", &self.size()).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Kind::Directory(engine) = &self.kind else { return };
        engine.queue.close();
        if let Some(poison) = engine.closed.wait() {
            tracing::error!(place = %self.place, %poison, "the audit log could not be closed");
        }
    }
}
