//! Reading a log: from this process or another, while it is written, never more than is durable.

pub(crate) mod checkpoints;
pub(crate) mod filter;
pub(crate) mod follow;
pub(crate) mod prove;
pub(crate) mod reader;
pub(crate) mod recent;
pub(crate) mod stored;
pub(crate) mod verify;

pub use checkpoints::{CheckpointsBack, PublishedNote};
pub use filter::{Filtered, FilteredBack};
pub use follow::Follow;
pub use prove::ProveError;
pub use reader::{Entries, LogReader, ReadError};
pub use stored::{NotStored, StoredEntry};
pub use verify::{Progress, Verify, VerifyError, verify};
