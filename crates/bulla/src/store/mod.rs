//! The log directory: files, their order of syncs, and recovery. The engine above speaks of batches, ranges and
//! checkpoints, never of paths.

pub(crate) mod disk;
pub(crate) mod head;
pub(crate) mod identity;
pub(crate) mod in_place;
pub(crate) mod layout;
pub(crate) mod os_disk;
pub(crate) mod payloads;
pub(crate) mod recovery;
pub(crate) mod rows;
pub(crate) mod segment;

pub use disk::{Access, Disk, DiskError, DiskFile, FileStatus, LockGuard};
pub use head::HeadError;
pub use identity::{FORMAT_VERSION, Identity, IdentityError};
pub use in_place::{FileChange, Misplaced};
pub use os_disk::OsDisk;
pub use payloads::StoredPayload;
pub use recovery::Damage;
