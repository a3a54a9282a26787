//! How much of the machine indexing may take.
//!
//! As long as the index keeps up, its threads run only when nothing else wants to, so that no writer of the log ever
//! waits for a processor that the index has. On a busy machine it could wait for ever, so an index that is far behind, or
//! that gets nothing done, takes a small share.

use std::time::Duration;

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

/// 1,000,000 entries behind is far: no answer looks at more than that outside the index.
const FAR_BEHIND: u64 = 1_000_000;
/// 100,000 entries behind is near again: a second or two.
const NEAR: u64 = 100_000;
/// 5 seconds for one turn, which is a block of entries and perhaps a commit: the turn hardly ran.
const STARVED: Duration = Duration::from_secs(5);
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
    /// The pace after a turn at this one that took so long and left the index so many entries behind.
    pub(crate) fn next(self, behind: u64, turn: Duration) -> Self {
        match self {
            Self::Idle if behind > FAR_BEHIND || turn > STARVED => Self::Background,
            Self::Background if behind < NEAR => Self::Idle,
            same => same,
        }
    }

    /// Gives the calling thread this pace, and those that it starts afterwards.
    ///
    /// A thread that is idle may need a privilege to be more again, so each pace has a thread of its own.
    pub(crate) fn take(self) {
        let set = match self {
            Self::Idle => set_thread_priority_and_policy(
                thread_native_id(),
                ThreadPriority::Min,
                ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
            )
            .map_err(|error| format!("{error:?}")),
            Self::Background => rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE)
                .map_err(|error| error.to_string()),
        };
        if let Err(error) = set {
            tracing::debug!(%error, pace = ?self, "the indexing thread keeps its priority");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_index_that_is_far_behind_takes_a_share() {
        let check = |pace: Pace, behind, expected| {
            assert_eq!(pace.next(behind, Duration::ZERO), expected, "{pace:?} {behind}");
        };
        check(Pace::Idle, 0, Pace::Idle);
        check(Pace::Idle, FAR_BEHIND, Pace::Idle);
        check(Pace::Idle, FAR_BEHIND + 1, Pace::Background);
        check(Pace::Background, FAR_BEHIND, Pace::Background);
        check(Pace::Background, NEAR, Pace::Background);
        check(Pace::Background, NEAR - 1, Pace::Idle);
        assert_eq!(Pace::Idle.next(0, STARVED * 2), Pace::Background);
        assert_eq!(Pace::Background.next(NEAR, STARVED * 2), Pace::Background);
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
