//! What is to go wrong, and when.

use std::io;

use crate::trace::{Act, ActKind};

/// The system's word for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// `EIO`: the device failed.
    Io,
    /// `ENOSPC`: the disk is full.
    NoSpace,
}

impl Errno {
    pub(crate) fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Io => 5,
            Self::NoSpace => 28,
        })
    }
}

/// What happens to an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and does nothing. A sync that fails so leaves the page cache believing that it was done (A2).
    Fails(Errno),
    /// It fails and was done all the same.
    FailsButPersists(Errno),
    /// It fails half done: a short write, a sync of some of the bytes.
    FailsHalfway(Errno),
    /// The power fails while it is done: it is as unsynced as what came before, and every later act fails.
    PowerFails,
    /// It waits for [`SimDisk::release`](crate::SimDisk::release), then meets the next fault or goes on.
    Waits,
}

/// Which act meets a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The act with this number since the disk was made.
    Number(u64),
    /// The next act of this kind (any, when `None`) on a file or folder whose name contains this text, after so many
    /// others of that sort.
    Next {
        /// Which kind.
        kind: Option<ActKind>,
        /// Part of the name.
        part: String,
        /// How many to pass over.
        skip: u64,
    },
}

impl Trigger {
    /// Whether this is the act; counts the acts that it passes over.
    pub(crate) fn meets(&mut self, act: &Act) -> bool {
        match self {
            Self::Number(number) => *number == act.number,
            Self::Next { kind, part, skip } => {
                let is_such = kind.is_none_or(|kind| kind == act.kind) && act.name.contains(part.as_str());
                let is_it = is_such && *skip == 0;
                *skip -= u64::from(is_such && !is_it);
                is_it
            }
        }
    }
}
