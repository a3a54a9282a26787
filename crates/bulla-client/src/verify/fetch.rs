//! Fetching side by side what is used in order, with few things waiting.

use std::num::NonZeroUsize;
use std::sync::mpsc;

/// Results of one thread that may wait for those of the others.
const WAITING_MAX: usize = 2;

/// Does jobs `0..count` on `threads` threads and gives their results to `merge`, in order. The first error ends it.
///
/// Each thread does every `threads`-th job and has a channel of its own, so that taking from the channels in turn is
/// taking in order.
pub(super) fn in_order<R: Send, E: Send>(
    threads: NonZeroUsize,
    count: u64,
    work: impl Fn(u64) -> Result<R, E> + Sync,
    mut merge: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads.get();
    std::thread::scope(|scope| {
        let mut channels = Vec::new();
        for first in 0..threads {
            let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
            let work = &work;
            scope.spawn(move || {
                for job in (first as u64..count).step_by(threads) {
                    let result = work(job);
                    let has_failed = result.is_err();
                    // Nobody takes any more when merging failed.
                    if sender.send(result).is_err() || has_failed {
                        return;
                    }
                }
            });
            channels.push(receiver);
        }
        for job in 0..count {
            let channel = &channels[(job % threads as u64) as usize];
            let result = channel.recv().expect("a thread ends only behind its last job, or behind an error");
            merge(result?)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_their_jobs() {
        for threads in 1..6 {
            for count in [0, 1, 4, 5, 1000] {
                let mut seen = Vec::new();
                let merge = |job| {
                    seen.push(job);
                    Ok::<_, ()>(())
                };
                in_order(NonZeroUsize::new(threads).unwrap(), count, Ok, merge).unwrap();
                assert_eq!(seen, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_first_error_ends_the_work() {
        for (failing, expected) in [("work", "work 9"), ("merge", "merge 9")] {
            let work = |job| if failing == "work" && job >= 9 { Err(format!("work {job}")) } else { Ok(job) };
            let merge =
                |job| if failing == "merge" && job >= 9 { Err(format!("merge {job}")) } else { Ok(()) };
            let error = in_order(NonZeroUsize::new(3).unwrap(), 1000, work, merge).unwrap_err();
            assert_eq!(error, expected);
        }
    }
}
