//! The side of a directory log that callers touch: the queue's entrance, the reader, and requests to its threads.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use bulla_proof::{Policy, PolicyError, TrustedCheckpoint};

use super::open::OpenError;
use super::poison::{Poison, PoisonCause};
use super::receipt::{RecordError, Ticket, TicketKind};
use super::settled::Settled;
use super::watermarks::SharedWatermarks;
use super::write::publisher::PublishRequests;
use super::write::queue::{NotQueued, Queue};
use super::write::sealer::Unsealed;
use crate::entry::{Event, EventOptions};
use crate::read::reader::LogReader;
use crate::read::recent::Recent;
use crate::store::disk::{Disk, DiskError, During};
use crate::store::head::Head;
use crate::store::identity::{Identity, IdentityError};
use crate::store::in_place::{FileChange, Misplaced, Tail};
use crate::store::layout::IDENTITY;

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) queue: Arc<Queue>,
    pub(crate) marks: Arc<SharedWatermarks>,
    pub(crate) reader: LogReader,
    pub(crate) recent: Arc<Recent>,
    pub(crate) requests: Arc<PublishRequests>,
    pub(crate) head: Arc<Mutex<Head>>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) unsealed: Arc<Unsealed>,
    /// How the log ended: `None` when it was closed.
    pub(crate) closed: Arc<Settled<Option<Poison>>>,
    pub(crate) events: EventOptions,
}

/// What a log did since it was opened, and what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Activity {
    /// Bytes of lines appended to segments.
    pub appended_bytes: u64,
    /// Bytes of entries that wait for the writer now.
    pub queued_bytes: usize,
    /// The most bytes that ever waited.
    pub queued_bytes_peak: usize,
    /// Entries that were reported as dropped.
    pub dropped: u64,
}

/// Why a cosigned checkpoint was not taken.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CosignedError {
    /// Its signatures do not satisfy the policy, or it is not this log's.
    #[error("the cosigned checkpoint does not satisfy the policy: {0}")]
    Policy(#[from] PolicyError),
    /// It is for another tree than the one published.
    #[error("the cosigned checkpoint has size {cosigned}, which this log did not publish with that root")]
    NotPublished {
        /// Size of the cosigned checkpoint.
        cosigned: u64,
    },
    /// The log has no directory, was closed or stopped.
    #[error(transparent)]
    Log(#[from] RecordError),
    /// It could not be stored.
    #[error(transparent)]
    Read(#[from] crate::read::ReadError),
}

impl Engine {
    /// Blocks until `log.opened` is durable.
    pub(crate) fn wait_opened(&self, size: u64) -> Result<(), OpenError> {
        match self.marks.wait(move |marks| marks.integrated > size) {
            Ok(_) => Ok(()),
            Err(ended) => {
                self.closed.wait();
                let cause = ended.map(|poison| poison.cause().clone());
                Err(match cause {
                    Some(PoisonCause::Disk(error)) => error.into(),
                    _ => OpenError::Thread(Arc::new(std::io::Error::other("the writer ended at once"))),
                })
            }
        }
    }

    /// Queues an event, or refuses it when the queue is full.
    pub(crate) fn submit(&self, event: Event) -> Result<Ticket, RecordError> {
        match self.queue.push(event) {
            Ok((fate, index)) => Ok(self.ticket(fate, index)),
            Err(NotQueued::Full { queued, .. }) => {
                Err(RecordError::QueueFull { queued, limit: self.queue.bytes_max() })
            }
            Err(NotQueued::Ended(error)) => Err(error),
        }
    }

    /// Queues an event; waits for room.
    pub(crate) async fn submit_when_room(&self, mut event: Event) -> Result<Ticket, RecordError> {
        loop {
            match self.queue.push(event) {
                Ok((fate, index)) => return Ok(self.ticket(fate, index)),
                Err(NotQueued::Ended(error)) => return Err(error),
                Err(NotQueued::Full { event: back, .. }) => event = back,
            }
            self.room_for(event.size()).await;
        }
    }

    /// Completes when the queue has room for so many bytes, or takes nothing any more.
    pub(crate) async fn room_for(&self, size: usize) {
        let mut has_waited = false;
        poll_fn(|context| {
            if has_waited || !self.queue.wait_for_room(size, context.waker()) {
                return Poll::Ready(());
            }
            has_waited = true;
            Poll::Pending
        })
        .await;
    }

    /// Queues an event; blocks the thread until there is room.
    pub(crate) fn submit_blocking(&self, mut event: Event) -> Result<Ticket, RecordError> {
        loop {
            match self.queue.push(event) {
                Ok((fate, index)) => return Ok(self.ticket(fate, index)),
                Err(NotQueued::Ended(error)) => return Err(error),
                Err(NotQueued::Full { event: back, .. }) => event = back,
            }
            self.queue.block_for_room(event.size());
        }
    }

    fn ticket(&self, fate: Arc<super::write::queue::Fate>, index: u32) -> Ticket {
        Ticket { kind: TicketKind::Queued { fate, index, marks: self.marks.clone() } }
    }

    pub(crate) fn activity(&self) -> Activity {
        Activity {
            appended_bytes: self.tail.total(),
            queued_bytes: self.queue.bytes(),
            queued_bytes_peak: self.queue.bytes_peak(),
            dropped: self.queue.dropped_total(),
        }
    }

    /// Looks whether the files are where the writer left them. When the open segment is not, the log is poisoned.
    pub(crate) fn misplaced(&self) -> Result<Vec<Misplaced>, DiskError> {
        let refusal = self.queue.refusal();
        if matches!(refusal, Some(RecordError::Closed)) {
            return Ok(Vec::new()); // the files may be another writer's by now
        }
        let disk = self.reader.disk.as_ref();
        let mut misplaced: Vec<_> = self.tail.look(disk)?.into_iter().collect();
        if let Some(segment) = misplaced.first() {
            let lost = Err(std::io::Error::other(format!("it {}", segment.change)));
            let lost: Result<(), DiskError> = lost.during("keep segment", disk.describe(&segment.file));
            self.queue.poison(&lost.expect_err("it is lost").into());
        }
        if refusal.is_none() {
            let integrated = self.marks.integrated();
            misplaced.extend(self.reader.rows.misplaced(integrated)?);
            misplaced.extend(self.head.lock().expect("no panic while held").misplaced()?);
            misplaced.extend(self.identity_misplaced(disk)?);
        }
        Ok(misplaced)
    }

    fn identity_misplaced(&self, disk: &dyn Disk) -> Result<Option<Misplaced>, DiskError> {
        let change = match Identity::read(disk) {
            Ok(found) => (found != *self.reader.identity()).then_some(FileChange::Changed),
            Err(IdentityError::NotALog(_)) => Some(FileChange::Removed),
            Err(IdentityError::Disk(error)) => return Err(error),
            Err(_) => Some(FileChange::Changed),
        };
        Ok(change.map(|change| Misplaced { file: IDENTITY.to_owned(), change }))
    }

    /// Replaces the published checkpoint by the same one with witnesses' cosignatures.
    pub(crate) fn accept_cosigned(
        &self,
        note: &[u8],
        policy: &Policy,
    ) -> Result<TrustedCheckpoint, CosignedError> {
        let own = Policy::log_key(self.reader.identity().key()).verify(note)?;
        let cosigned = policy.verify(note)?;
        let size = own.size().get();
        // Held until the file is replaced: the publisher must not put a newer checkpoint in between.
        let mut head = self.head.lock().expect("no panic while held");
        if let Some(error) = self.queue.refusal() {
            return Err(error.into()); // the lock may be another writer's by now
        }
        let published = self.reader.checkpoint()?;
        let is_published =
            published.is_some_and(|newest| newest.size() == own.size() && newest.root() == own.root());
        if !is_published {
            return Err(CosignedError::NotPublished { cosigned: size });
        }
        head.replace_newest(&cosigned.note().to_string()).map_err(crate::read::ReadError::from)?;
        drop(head);
        if !cosigned.witness_times().is_empty() {
            self.marks.advance(|marks| marks.witnessed = marks.witnessed.max(size));
        }
        Ok(cosigned)
    }
}
