//! Work on all threads whose results are used in order: jobs are handed out one by one, done side by side, and
//! their results merged in the order in which they were handed out. No more than a few results wait.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

/// Results that may wait for an earlier one, for each thread.
const WAITING_MAX: u64 = 4;

/// Takes jobs until there are none, does them on `threads` threads, and merges the results in order.
///
/// `memory` makes what a thread needs for its work. The first error ends everything.
pub(in crate::read::verify) fn in_order<J, M, R: Send, E: Send>(
    threads: usize,
    take: impl FnMut() -> Result<Option<J>, E> + Send,
    memory: impl Fn() -> M + Sync,
    work: impl Fn(&mut M, J) -> Result<R, E> + Sync,
    merge: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let jobs = Mutex::new((take, 0_u64));
    let results = Mutex::new(Results { merge, next: 0, waiting: BTreeMap::new(), failed: None });
    let merged = Condvar::new();
    let run = || {
        let mut memory = memory();
        loop {
            let (index, job) = {
                let mut jobs = jobs.lock().expect("no panic while held");
                let (take, next) = &mut *jobs;
                let job = match take() {
                    Ok(Some(job)) => job,
                    Ok(None) => return,
                    Err(error) => return results.lock().expect("no panic while held").fail(error),
                };
                *next += 1;
                (*next - 1, job)
            };
            let result = work(&mut memory, job);
            let mut results = results.lock().expect("no panic while held");
            match result {
                Ok(result) => results.add(index, result),
                Err(error) => results.fail(error),
            }
            merged.notify_all();
            let is_far_ahead =
                |results: &mut Results<_, R, E>| results.failed.is_none() && results.is_far_ahead(threads);
            let results = merged.wait_while(results, is_far_ahead).expect("no panic while held");
            if results.failed.is_some() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    match results.into_inner().expect("no panic while held").failed {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

struct Results<F, R, E> {
    merge: F,
    next: u64,
    waiting: BTreeMap<u64, R>,
    failed: Option<E>,
}

impl<F: FnMut(R) -> Result<(), E>, R, E> Results<F, R, E> {
    fn add(&mut self, index: u64, result: R) {
        self.waiting.insert(index, result);
        while self.failed.is_none()
            && let Some(result) = self.waiting.remove(&self.next)
        {
            self.next += 1;
            if let Err(error) = (self.merge)(result) {
                self.fail(error);
            }
        }
    }

    fn fail(&mut self, error: E) {
        self.failed.get_or_insert(error);
    }

    /// The thread whose result is waited for is never held back: nothing of it is in `waiting`.
    fn is_far_ahead(&self, threads: usize) -> bool {
        self.waiting.len() as u64 > WAITING_MAX * threads as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_merged_in_the_order_of_their_jobs() {
        for threads in 1..5 {
            let (mut jobs, mut seen) = (0..1000_u32, Vec::new());
            let work = |spins: &mut u32, job: u32| {
                *spins += 1;
                for _ in 0..(job * 7919 % 211) {
                    std::hint::spin_loop();
                }
                Ok::<_, ()>(job)
            };
            let merge = |job| {
                seen.push(job);
                Ok(())
            };
            in_order(threads, || Ok(jobs.next()), || 0, work, merge).unwrap();
            assert_eq!(seen, (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn four_results_wait_for_each_thread_and_no_more() {
        let merge = |(): ()| Ok::<_, ()>(());
        let mut results = Results { merge, next: 0, waiting: BTreeMap::new(), failed: None };
        for threads in 1..4 {
            let first = results.next;
            for count in 1..=4 * threads as u64 {
                results.add(first + count, ());
                assert!(!results.is_far_ahead(threads), "{count} of {threads} threads");
            }
            results.add(first + 4 * threads as u64 + 1, ());
            assert!(results.is_far_ahead(threads), "{threads}");
            results.add(first, ());
            assert!(!results.is_far_ahead(threads), "all are merged");
        }
    }

    #[test]
    fn the_first_error_ends_the_work() {
        for failing in 0..3 {
            let (mut jobs, mut merged) = (0.., 0);
            let take = || if failing == 0 { Err("take") } else { Ok(jobs.next()) };
            let work = |(): &mut (), job: u32| if failing == 1 && job == 9 { Err("work") } else { Ok(job) };
            let merge = |job| {
                merged = job;
                if failing == 2 && job == 9 { Err("merge") } else { Ok(()) }
            };
            let error = in_order(3, take, || (), work, merge).unwrap_err();
            assert_eq!(error, ["take", "work", "merge"][failing]);
            assert!(merged <= 9);
        }
    }
}
