//! Commands that check the log, and make and check proofs.

pub(crate) mod check;
pub(crate) mod checkpoint;
#[expect(clippy::module_inception, reason = "the file is named after its command")]
pub(crate) mod prove;
pub(crate) mod read_file;
pub(crate) mod verify;
