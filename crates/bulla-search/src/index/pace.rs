//! How much of the machine indexing may take.
//!
//! As long as the index keeps up, its threads run only when nothing else wants to, so that no writer of the log ever
//! waits for a processor that the index has. On a busy machine it could wait for ever, so an index that is late takes a
//! small share until it is not.

use std::time::Duration;

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

/// 1,000,000 entries behind is far: no answer looks at more than that outside the index.
const FAR_BEHIND: u64 = 1_000_000;
/// 10 seconds since it had read all that there was is late: a commit takes one or two.
const LATE: Duration = Duration::from_secs(10);
/// 10 of nice: below every thread that answers somebody.
const NICE: i32 = 10;

/// Who comes before the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Everyone.
    Idle,
    /// Nearly everyone.
    Background,
}

impl Pace {
    /// The pace when there are so many entries to read, and it is so long since there were none.
    pub(crate) fn next(self, behind: u64, since: Duration) -> Self {
        match self {
            Self::Idle if behind > FAR_BEHIND || since > LATE => Self::Background,
            Self::Background if behind == 0 => Self::Idle,
            same => same,
        }
    }

    /// Gives the calling thread this pace, and those that it starts afterwards.
    ///
    /// A thread that is idle may need a privilege to be more again, so each pace has a thread of its own.
    pub(crate) fn take(self) {
        let is_idle = self == Self::Idle && become_idle();
        if !is_idle
            && let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE)
        {
            tracing::debug!(%error, "the indexing thread keeps its priority");
        }
    }
}

/// Whether the thread is of the class that runs when nothing else wants to; a sandbox may not allow that.
fn become_idle() -> bool {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_index_that_is_late_takes_a_share() {
        let check = |pace: Pace, behind, since, expected| {
            assert_eq!(pace.next(behind, since), expected, "{pace:?} {behind} {since:?}");
        };
        check(Pace::Idle, 0, Duration::ZERO, Pace::Idle);
        check(Pace::Idle, FAR_BEHIND, LATE, Pace::Idle);
        check(Pace::Idle, FAR_BEHIND + 1, Duration::ZERO, Pace::Background);
        check(Pace::Idle, 1, LATE * 2, Pace::Background);
        check(Pace::Background, 1, Duration::ZERO, Pace::Background);
        check(Pace::Background, 0, Duration::ZERO, Pace::Idle);
    }

    #[test]
    fn a_thread_becomes_idle_and_those_that_it_starts_too() {
        let policy = || thread_priority::unix::thread_schedule_policy().expect("a thread has a policy");
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_ne!(policy(), idle);
        let of_thread = std::thread::spawn(move || {
            Pace::Idle.take();
            (policy(), std::thread::spawn(policy).join().unwrap())
        });
        assert_eq!(of_thread.join().unwrap(), (idle, idle));
    }
}
