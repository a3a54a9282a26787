//! Publishes checkpoints: at most every interval, only when the tree grew, on request, and at close.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bulla_proof::{Checkpoint, Frontier, SignerKey};

use super::queue::Queue;
use crate::log::poison::{Poison, PoisonCause};
use crate::log::watermarks::SharedWatermarks;
use crate::store::head::Head;
use crate::store::rows::Rows;

/// What callers ask of the publisher.
#[derive(Debug, Default)]
pub(crate) struct PublishRequests {
    state: Mutex<Requested>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Requested {
    now: bool,
    end: Option<End>,
}

/// How the publisher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After one more checkpoint.
    Published,
    /// At once: a poisoned log writes nothing.
    Poisoned,
}

impl PublishRequests {
    /// Publish without waiting for the interval.
    pub(crate) fn publish_now(&self) {
        self.state.lock().expect("no panic while held").now = true;
        self.changed.notify_one();
    }

    pub(crate) fn end(&self, how: End) {
        self.state.lock().expect("no panic while held").end = Some(how);
        self.changed.notify_one();
    }

    /// Waits for the interval or a request; says when it is time to end.
    fn wait(&self, interval: Duration) -> Option<End> {
        let state = self.state.lock().expect("no panic while held");
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, interval, |state| !state.now && state.end.is_none())
            .expect("no panic while held");
        state.now = false;
        state.end
    }
}

#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) requests: Arc<PublishRequests>,
    pub(crate) interval: Duration,
    pub(crate) origin: String,
    pub(crate) signer: Arc<SignerKey>,
    pub(crate) integrated: Arc<Mutex<Frontier>>,
    pub(crate) rows: Arc<Rows>,
    pub(crate) head: Arc<Mutex<Head>>,
    pub(crate) marks: Arc<SharedWatermarks>,
    pub(crate) queue: Arc<Queue>,
}

impl Publisher {
    /// Publishes until asked to end, or until something fails: then the log is poisoned.
    pub(crate) fn run(self) -> Result<(), Poison> {
        let published = catch_unwind(AssertUnwindSafe(|| self.publish_all()));
        let ended = published.unwrap_or_else(|_| Err(PoisonCause::ThreadEnded.into()));
        if let Err(poison) = &ended {
            self.queue.poison(poison);
        }
        ended
    }

    fn publish_all(&self) -> Result<(), Poison> {
        loop {
            let end = self.requests.wait(self.interval);
            if end == Some(End::Poisoned) {
                return Ok(());
            }
            self.publish()?;
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// 1. Take the tree of durable entries. 2. Sync its hashes: what is signed can be proved after any crash.
    /// 3. Sign. 4. Append to the history, sync; replace the newest, sync. *Published.*
    fn publish(&self) -> Result<(), Poison> {
        let tree = self.integrated.lock().expect("no panic while held").clone();
        let size = tree.size();
        if size.get() <= self.marks.now().published {
            return Ok(());
        }
        self.rows.sync()?;
        let checkpoint = Checkpoint::new(self.origin.as_str(), size, tree.root())
            .expect("the origin was checked when the log was made");
        let note = checkpoint.sign(&[self.signer.as_ref()]);
        self.head.lock().expect("no panic while held").publish(&note)?;
        self.marks.advance(|marks| marks.published = size.get());
        Ok(())
    }
}
