//! Faults that a real process meets on a real file system: kills, signals, full disks, failing system calls, rivals
//! for the lock, and readers beside a writer.
//!
//! The law after each of them is in `law.rs`. `BULLA_SLOW_TESTS=1` makes every test its long form. What a machine
//! cannot do is skipped with a line that says so; what was done is printed in a line that begins with `covered:`.

mod beside;
mod full_disk;
mod kill;
mod law;
mod process;
mod rivals;
mod signals;
mod small_disk;
mod small_segments;
mod strace;
mod syscalls;

/// Whether hours are allowed rather than seconds.
fn is_long() -> bool {
    std::env::var_os("BULLA_SLOW_TESTS").is_some()
}
