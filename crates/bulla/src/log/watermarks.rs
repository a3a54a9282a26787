//! How far the log is durable, integrated, published and witnessed: one type, its order asserted at each move.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

use super::poison::Poison;

/// How many entries have reached each state: `durable ≥ integrated ≥ published ≥ witnessed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Watermarks {
    /// Entries on disk, synced.
    pub durable: u64,
    /// Entries whose hashes are in the tree and that readers see.
    pub integrated: u64,
    /// Entries that a signed checkpoint covers.
    pub published: u64,
    /// Entries that a checkpoint cosigned by witnesses covers.
    pub witnessed: u64,
}

impl Watermarks {
    fn assert_order(self) {
        assert!(
            self.durable >= self.integrated
                && self.integrated >= self.published
                && self.published >= self.witnessed,
            "watermarks are ordered: {self:?}"
        );
    }
}

/// The log has ended: nothing will move any more. `None` when it was closed, the poison otherwise.
pub(crate) type Ended = Option<Poison>;

/// The watermarks of a log, shared by its threads, its readers and its waiters.
#[derive(Debug, Default)]
pub(crate) struct SharedWatermarks {
    /// Copy of `inner.marks.integrated`, for readers that only look.
    integrated: AtomicU64,
    inner: Mutex<Inner>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    marks: Watermarks,
    ended: Option<Ended>,
    wakers: Vec<Waker>,
}

impl SharedWatermarks {
    pub(crate) fn new(size: u64, published: u64) -> Arc<Self> {
        let marks = Watermarks { durable: size, integrated: size, published, witnessed: 0 };
        marks.assert_order();
        let inner = Mutex::new(Inner { marks, ..Inner::default() });
        Arc::new(Self { integrated: AtomicU64::new(size), inner, moved: Condvar::new() })
    }

    pub(crate) fn now(&self) -> Watermarks {
        self.inner.lock().expect("no panic while held").marks
    }

    /// Entries that readers may see.
    pub(crate) fn integrated(&self) -> u64 {
        self.integrated.load(Ordering::Acquire)
    }

    /// Moves marks forward and wakes whoever waits for any of them.
    pub(crate) fn advance(&self, change: impl FnOnce(&mut Watermarks)) {
        let mut inner = self.inner.lock().expect("no panic while held");
        let before = inner.marks;
        change(&mut inner.marks);
        inner.marks.assert_order();
        assert!(
            inner.marks.durable >= before.durable && inner.marks.published >= before.published,
            "watermarks never go back: {before:?} to {:?}",
            inner.marks
        );
        self.integrated.store(inner.marks.integrated, Ordering::Release);
        self.wake(inner);
    }

    /// Nothing will move any more.
    pub(crate) fn end(&self, how: Ended) {
        let mut inner = self.inner.lock().expect("no panic while held");
        inner.ended.get_or_insert(how);
        self.wake(inner);
    }

    fn wake(&self, mut inner: std::sync::MutexGuard<'_, Inner>) {
        let wakers = std::mem::take(&mut inner.wakers);
        drop(inner);
        self.moved.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Blocks until `reached` holds, or the log has ended.
    pub(crate) fn wait(&self, reached: impl Fn(&Watermarks) -> bool) -> Result<Watermarks, Ended> {
        let mut inner = self.inner.lock().expect("no panic while held");
        loop {
            if reached(&inner.marks) {
                return Ok(inner.marks);
            }
            if let Some(ended) = &inner.ended {
                return Err(ended.clone());
            }
            inner = self.moved.wait(inner).expect("no panic while held");
        }
    }

    /// Completes when `reached` holds, or the log has ended.
    pub(crate) fn reached<F: Fn(&Watermarks) -> bool + Unpin>(&self, reached: F) -> Reached<'_, F> {
        Reached { shared: self, reached }
    }
}

/// Future of [`SharedWatermarks::reached`].
pub(crate) struct Reached<'a, F> {
    shared: &'a SharedWatermarks,
    reached: F,
}

impl<F: Fn(&Watermarks) -> bool + Unpin> Future for Reached<'_, F> {
    type Output = Result<Watermarks, Ended>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.shared.inner.lock().expect("no panic while held");
        if (self.reached)(&inner.marks) {
            return Poll::Ready(Ok(inner.marks));
        }
        if let Some(ended) = &inner.ended {
            return Poll::Ready(Err(ended.clone()));
        }
        if !inner.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            inner.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}
