//! The bounded queue between many callers and the one writer.
//!
//! Callers copy their bytes into the chunk that is being filled, so that no entry costs an allocation here and the
//! lock is held for a copy only. Everyone in a chunk shares one fate: it is settled once, for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use bulla_proof::Hash;

use crate::clock::Timestamp;
use crate::entry::{Event, PayloadFile};
use crate::log::poison::{Poison, PoisonCause};
use crate::log::receipt::{Receipt, RecordError, State};
use crate::log::settled::Settled;

/// 32 KiB: about 100 usual entries, some 50 microseconds of the writer's time. A longer entry has a chunk of its own.
const CHUNK_BYTES: usize = 32 * 1024;

/// Empty chunks that are kept for reuse, so that their memory is warm.
const SPARE_CHUNKS: usize = 128;

/// What became of the entries of a chunk.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub(crate) settled: Settled<Outcome>,
}

/// All entries of a chunk are durable, or none is acknowledged.
#[derive(Debug)]
pub(crate) enum Outcome {
    Durable { first: u64, recorded_at: Timestamp, hashes: Vec<Hash> },
    Failed(Poison),
}

impl Outcome {
    pub(crate) fn receipt(&self, index: u32) -> Result<Receipt, RecordError> {
        match self {
            Self::Durable { first, recorded_at, hashes } => {
                let hash = hashes[index as usize];
                Ok(Receipt::new(first + u64::from(index), hash, *recorded_at, State::Durable))
            }
            Self::Failed(poison) => Err(poison.clone().into()),
        }
    }
}

/// Entries in the order they came, each a little-endian u32 length and its bytes.
#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    count: u32,
    pub(crate) payloads: Vec<PayloadFile>,
    pub(crate) fate: Arc<Fate>,
}

impl Chunk {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, count: 0, payloads: Vec::new(), fate: Arc::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// Bytes of all bodies, and a little more.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    fn has_room_for(&self, body: &[u8]) -> bool {
        self.bytes.len() + 4 + body.len() <= CHUNK_BYTES
    }

    fn push(&mut self, body: &[u8]) -> u32 {
        let len = u32::try_from(body.len()).expect("a body is shorter than a line");
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(body);
        self.count += 1;
        self.count - 1
    }

    /// Bodies in order.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (len, after) = rest.split_first_chunk::<4>()?;
            let (body, after) = after.split_at(u32::from_le_bytes(*len) as usize);
            rest = after;
            Some(body)
        })
    }
}

impl Drop for Chunk {
    /// A chunk that goes without a fate was lost by a thread that panicked: whoever waits for it is told.
    fn drop(&mut self) {
        if !self.fate.settled.is_settled() {
            self.fate.settled.settle(Outcome::Failed(PoisonCause::ThreadEnded.into()));
        }
    }
}

/// Why an entry is not in the queue.
#[derive(Debug)]
pub(crate) enum NotQueued {
    /// No room; the event is handed back.
    Full {
        event: Event,
        queued: usize,
    },
    Ended(RecordError),
}

/// What the writer finds.
#[derive(Debug)]
pub(crate) enum Next {
    /// The oldest chunk.
    Chunk(Chunk),
    /// Nothing came in time.
    Nothing,
    /// Closed and drained.
    Closed,
    /// Another thread of the log failed.
    Poisoned(Poison),
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<Queued>,
    filled: Condvar,
    drained: Condvar,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Queued {
    chunks: VecDeque<Chunk>,
    /// Bytes in `chunks`, payloads included.
    bytes: usize,
    /// The most that `bytes` was.
    bytes_peak: usize,
    is_closed: bool,
    poison: Option<Poison>,
    /// How many entries the writer waits for; 0 when it does not.
    writer_waits_for: usize,
    entries: usize,
    waiting_for_room: Vec<Waker>,
    threads_waiting_for_room: usize,
    spare: Vec<Vec<u8>>,
    dropped: Vec<Dropped>,
    /// How many were dropped since the log was opened.
    dropped_total: u64,
}

/// Entries that someone had to drop, to be said in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) reason: String,
    pub(crate) count: u64,
}

impl Queued {
    fn refusal(&self) -> Option<RecordError> {
        let poisoned = self.poison.as_ref().map(|poison| poison.clone().into());
        poisoned.or(self.is_closed.then_some(RecordError::Closed))
    }
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { state, filled: Condvar::new(), drained: Condvar::new(), bytes_max })
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Bytes that wait for the writer.
    pub(crate) fn bytes(&self) -> usize {
        self.state().bytes
    }

    /// The most bytes that ever waited for the writer.
    pub(crate) fn bytes_peak(&self) -> usize {
        self.state().bytes_peak
    }

    /// How many entries were noted as dropped.
    pub(crate) fn dropped_total(&self) -> u64 {
        self.state().dropped_total
    }

    fn state(&self) -> MutexGuard<'_, Queued> {
        self.state.lock().expect("no panic while held")
    }

    /// Puts an entry in the queue; never blocks.
    pub(crate) fn push(&self, event: Event) -> Result<(Arc<Fate>, u32), NotQueued> {
        let mut state = self.state();
        if let Some(error) = state.refusal() {
            return Err(NotQueued::Ended(error));
        }
        // An empty queue takes any entry, so that one larger than the queue is not refused for ever.
        if state.bytes > 0 && state.bytes + event.size() > self.bytes_max {
            return Err(NotQueued::Full { event, queued: state.bytes });
        }
        state.bytes += event.size();
        state.bytes_peak = state.bytes_peak.max(state.bytes);
        if !state.chunks.back().is_some_and(|chunk| chunk.has_room_for(event.body())) {
            let bytes = state.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK_BYTES));
            state.chunks.push_back(Chunk::new(bytes));
        }
        let chunk = state.chunks.back_mut().expect("a chunk was pushed");
        let index = chunk.push(event.body());
        let fate = chunk.fate.clone();
        if event.has_payloads() {
            chunk.payloads.extend(event.into_payloads());
        }
        state.entries += 1;
        let must_wake = (1..=state.entries).contains(&state.writer_waits_for);
        if must_wake {
            state.writer_waits_for = 0;
        }
        drop(state);
        if must_wake {
            self.filled.notify_one();
        }
        Ok((fate, index))
    }

    /// Why nothing is taken any more, once that is so.
    pub(crate) fn refusal(&self) -> Option<RecordError> {
        self.state().refusal()
    }

    /// Registers a task to be woken when there is room; false when there is room now.
    pub(crate) fn wait_for_room(&self, size: usize, waker: &Waker) -> bool {
        let mut state = self.state();
        if self.has_room(&state, size) {
            return false;
        }
        state.waiting_for_room.push(waker.clone());
        true
    }

    /// Blocks until there is room.
    pub(crate) fn block_for_room(&self, size: usize) {
        let mut state = self.state();
        while !self.has_room(&state, size) {
            state.threads_waiting_for_room += 1;
            state = self.drained.wait(state).expect("no panic while held");
            state.threads_waiting_for_room -= 1;
        }
    }

    fn has_room(&self, state: &Queued, size: usize) -> bool {
        state.bytes == 0 || state.bytes + size <= self.bytes_max || state.is_closed || state.poison.is_some()
    }

    /// The oldest chunk. When there is none: waits up to `patience`, for ever when `None`.
    pub(crate) fn next(&self, patience: Option<Duration>) -> Next {
        let mut state = self.state();
        loop {
            if let Some(poison) = &state.poison {
                return Next::Poisoned(poison.clone());
            }
            if !state.chunks.is_empty() {
                return self.take(state).map_or(Next::Nothing, Next::Chunk);
            }
            if !state.dropped.is_empty() {
                return Next::Nothing;
            }
            if state.is_closed {
                return Next::Closed;
            }
            match patience {
                Some(Duration::ZERO) => return Next::Nothing,
                Some(patience) => {
                    state.writer_waits_for = 1;
                    let (back, timeout) =
                        self.filled.wait_timeout(state, patience).expect("no panic while held");
                    state = back;
                    if timeout.timed_out() && state.chunks.is_empty() {
                        state.writer_waits_for = 0;
                        return Next::Nothing;
                    }
                }
                None => {
                    state.writer_waits_for = 1;
                    state = self.filled.wait(state).expect("no panic while held");
                }
            }
        }
    }

    /// Waits until so many entries are in the queue, a short while at most.
    pub(crate) fn wait_for_entries(&self, count: usize, patience: Duration) {
        let mut state = self.state();
        if state.entries < count && !state.is_closed && state.poison.is_none() {
            state.writer_waits_for = count;
            let (mut state, _) = self.filled.wait_timeout(state, patience).expect("no panic while held");
            state.writer_waits_for = 0;
        }
    }

    /// The oldest chunk, if there is one.
    pub(crate) fn take_chunk(&self) -> Option<Chunk> {
        self.take(self.state())
    }

    fn take(&self, mut state: MutexGuard<'_, Queued>) -> Option<Chunk> {
        let chunk = state.chunks.pop_front()?;
        let payloads: usize = chunk.payloads.iter().map(|payload| payload.content.len()).sum();
        state.bytes -= chunk.size() - 4 * chunk.count() + payloads;
        state.entries -= chunk.count();
        self.wake_who_waits_for_room(state);
        Some(chunk)
    }

    fn wake_who_waits_for_room(&self, mut state: MutexGuard<'_, Queued>) {
        let wakers = std::mem::take(&mut state.waiting_for_room);
        let threads = state.threads_waiting_for_room;
        drop(state);
        if threads > 0 {
            self.drained.notify_all();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes back the memory of written chunks.
    pub(crate) fn recycle(&self, chunks: impl Iterator<Item = Chunk>) {
        let mut state = self.state();
        for mut chunk in chunks {
            if state.spare.len() < SPARE_CHUNKS {
                let mut bytes = std::mem::take(&mut chunk.bytes);
                bytes.clear();
                state.spare.push(bytes);
            }
        }
    }

    /// Takes no more entries; the writer drains what is there and ends.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        self.filled.notify_one();
        self.wake_who_waits_for_room(state);
    }

    /// Refuses everything from now on, and everyone who waits.
    pub(crate) fn poison(&self, poison: &Poison) {
        let mut state = self.state();
        state.poison.get_or_insert_with(|| poison.clone());
        let chunks = std::mem::take(&mut state.chunks);
        (state.bytes, state.entries) = (0, 0);
        self.filled.notify_one();
        self.wake_who_waits_for_room(state);
        for chunk in chunks {
            chunk.fate.settled.settle(Outcome::Failed(poison.clone()));
        }
    }

    /// Notes entries that someone had to drop; the writer says so in the log.
    pub(crate) fn note_dropped(&self, reason: &str, count: u64) {
        let mut state = self.state();
        state.dropped_total += count;
        match state.dropped.iter_mut().find(|dropped| dropped.reason == reason) {
            Some(dropped) => dropped.count += count,
            None => state.dropped.push(Dropped { reason: reason.to_owned(), count }),
        }
        state.writer_waits_for = 0;
        drop(state);
        self.filled.notify_one();
    }

    /// What was noted since the last call.
    pub(crate) fn take_dropped(&self) -> Vec<Dropped> {
        std::mem::take(&mut self.state().dropped)
    }
}
