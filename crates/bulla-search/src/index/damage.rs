//! What can be wrong with an index, and what follows from it.

use tantivy::TantivyError;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError, OpenWriteError};

/// Why an index cannot be used. It is derived, so the answer is to build it anew or to wait, never to lose anything.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its files are not what was written, or of another version; it is built anew.
    #[error("the index is damaged ({0}); it is built anew from the log")]
    Content(String),
    /// It belongs to another log, or to another version of this program; it is built anew.
    #[error("the index is not of this log and version ({0}); it is built anew from the log")]
    Foreign(String),
    /// The disk is full or fails. Nothing of the log is touched; indexing goes on when the disk works again.
    #[error(
        "the index cannot be written or read ({0}); free some space or look at the disk, it is tried again"
    )]
    Disk(String),
    /// Another process writes it.
    #[error("another process is writing the index; it is tried again")]
    Busy,
    /// The log itself cannot be read.
    #[error("the log cannot be read on ({0}); run `bulla verify`")]
    Log(String),
}

impl Damage {
    /// Whether building it anew is the answer.
    pub(crate) fn needs_rebuild(&self) -> bool {
        matches!(self, Self::Content(_) | Self::Foreign(_))
    }

    fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        match error.kind() {
            InvalidData | UnexpectedEof | NotFound => Self::Content(error.to_string()),
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl From<TantivyError> for Damage {
    fn from(error: TantivyError) -> Self {
        match &error {
            TantivyError::LockFailure(..) => Self::Busy,
            TantivyError::IoError(io) => Self::of_io(io),
            TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) => Self::of_io(io_error),
            TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. }) => Self::of_io(io_error),
            TantivyError::OpenDirectoryError(
                OpenDirectoryError::IoError { io_error, .. }
                | OpenDirectoryError::FailedToCreateTempDir(io_error),
            ) => Self::of_io(io_error),
            // What ends a thread of the index writer is nearly always the disk; its message is all that is left of it.
            TantivyError::ErrorInThread(_) | TantivyError::SystemError(_) | TantivyError::Poisoned => {
                Self::Disk(error.to_string())
            }
            _ => Self::Content(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Damage {
    fn from(error: std::io::Error) -> Self {
        Self::of_io(&error)
    }
}

impl From<bulla::ReadError> for Damage {
    fn from(error: bulla::ReadError) -> Self {
        Self::Log(error.to_string())
    }
}
