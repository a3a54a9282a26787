//! A value that is set once, and threads and tasks that wait for it. Works under any async runtime or none.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};

/// A value that will be there.
#[derive(Debug)]
pub(crate) struct Settled<T> {
    value: OnceLock<T>,
    waiting: Mutex<Waiting>,
    is_set: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: Vec<Waker>,
    threads: usize,
}

impl<T> Default for Settled<T> {
    fn default() -> Self {
        Self { value: OnceLock::new(), waiting: Mutex::default(), is_set: Condvar::new() }
    }
}

impl<T> Settled<T> {
    /// Sets the value and wakes everyone who waits; a second value is ignored. Gives how many waited.
    pub(crate) fn settle(&self, value: T) -> usize {
        let _ = self.value.set(value);
        let Waiting { wakers, threads } =
            std::mem::take(&mut *self.waiting.lock().expect("no panic while held"));
        let waited = wakers.len() + threads;
        self.is_set.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        waited
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.value.get().is_some()
    }

    /// Blocks the thread until the value is there.
    pub(crate) fn wait(&self) -> &T {
        let mut waiting = self.waiting.lock().expect("no panic while held");
        loop {
            // Looked at under the lock that `settle` takes after it has set the value: no wake-up is lost.
            if let Some(value) = self.value.get() {
                return value;
            }
            waiting.threads += 1;
            waiting = self.is_set.wait(waiting).expect("no panic while held");
        }
    }

    /// Completes when the value is there.
    pub(crate) fn ready(&self) -> Ready<'_, T> {
        Ready { settled: self, place: None }
    }
}

/// Future of [`Settled::ready`].
#[derive(Debug)]
pub(crate) struct Ready<'a, T> {
    settled: &'a Settled<T>,
    /// Where this future's waker is in the list.
    place: Option<usize>,
}

impl<'a, T> Future for Ready<'a, T> {
    type Output = &'a T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'a T> {
        let settled = self.settled;
        if let Some(value) = settled.value.get() {
            return Poll::Ready(value);
        }
        let mut waiting = settled.waiting.lock().expect("no panic while held");
        if let Some(value) = settled.value.get() {
            return Poll::Ready(value);
        }
        // A task that is polled again by others' wake-ups is on the list already.
        match self.place.and_then(|place| waiting.wakers.get_mut(place)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                self.place = Some(waiting.wakers.len());
                waiting.wakers.push(context.waker().clone());
            }
        }
        Poll::Pending
    }
}
