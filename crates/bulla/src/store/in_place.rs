//! Whether the files of a log that is being written are still where the writer left them. Another hand can remove,
//! replace or cut a file under its writer, and every write to it would go on to succeed.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, DiskError, DiskFile, During};

/// A file of the log is not as its writer left it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Misplaced {
    /// Name in the log directory.
    pub file: String,
    /// What happened to it.
    pub change: FileChange,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.change)
    }
}

/// What another hand did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileChange {
    /// Nothing has its name.
    Removed,
    /// Another file has its name.
    Replaced,
    /// It is shorter than what was written to it.
    Cut,
    /// It is longer: someone else writes to it.
    Extended,
    /// It holds something else.
    Changed,
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Removed => "was removed by another hand",
            Self::Replaced => "was replaced by another hand",
            Self::Cut => "was cut by another hand",
            Self::Extended => "was written to by another hand",
            Self::Changed => "was changed by another hand",
        })
    }
}

/// What became of the file that is held open as `name` and has at least `len` bytes.
pub(crate) fn change_of(
    disk: &dyn Disk,
    name: &str,
    file: &dyn DiskFile,
    len: u64,
) -> Result<Option<FileChange>, DiskError> {
    let describe = || disk.describe(name);
    let named = match disk.open(name).during("open", describe()) {
        Ok(named) => named.status().during("look at", describe())?,
        Err(error) if error.is_missing() => return Ok(Some(FileChange::Removed)),
        Err(error) => return Err(error),
    };
    let held = file.status().during("look at", describe())?;
    Ok(if named.id != held.id {
        Some(FileChange::Replaced)
    } else if held.len < len {
        Some(FileChange::Cut)
    } else {
        None
    })
}

/// The file that the writer appends to, for those who look at it from other threads.
#[derive(Debug)]
pub(crate) struct Tail {
    appended: Mutex<Appended>,
}

#[derive(Debug, Clone)]
struct Appended {
    name: String,
    file: Arc<dyn DiskFile>,
    /// Bytes in the file.
    len: u64,
    /// Bytes appended to it and to all before it.
    total: u64,
}

impl Tail {
    pub(crate) fn new(name: String, file: Arc<dyn DiskFile>, len: u64) -> Arc<Self> {
        Arc::new(Self { appended: Mutex::new(Appended { name, file, len, total: 0 }) })
    }

    /// So many bytes were appended.
    pub(crate) fn grow(&self, bytes: u64) {
        let mut appended = self.appended.lock().expect("no panic while held");
        appended.len += bytes;
        appended.total += bytes;
    }

    /// It goes on in a new file.
    pub(crate) fn roll(&self, name: String, file: Arc<dyn DiskFile>) {
        let mut appended = self.appended.lock().expect("no panic while held");
        *appended = Appended { name, file, len: 0, total: appended.total };
    }

    /// Bytes that were appended since the log was opened.
    pub(crate) fn total(&self) -> u64 {
        self.appended.lock().expect("no panic while held").total
    }

    /// What became of the file, looked at from outside the writer's thread.
    pub(crate) fn look(&self, disk: &dyn Disk) -> Result<Option<Misplaced>, DiskError> {
        loop {
            let before = self.appended.lock().expect("no panic while held").clone();
            let change = change_of(disk, &before.name, before.file.as_ref(), before.len)?;
            let Some(change) = change else { return Ok(None) };
            // A full segment is sealed, and then its plain file goes as it should.
            if self.appended.lock().expect("no panic while held").name == before.name {
                return Ok(Some(Misplaced { file: before.name, change }));
            }
        }
    }
}

/// An error when a file that only this thread writes to does not have its length, or no name leads to it: what is
/// written to it would be lost, or is already. One system call.
pub(crate) fn check_held(file: &dyn DiskFile, len: u64) -> io::Result<()> {
    let status = file.status()?;
    let change = if status.links == 0 {
        FileChange::Removed
    } else if status.len < len {
        FileChange::Cut
    } else if status.len > len {
        FileChange::Extended
    } else {
        return Ok(());
    };
    Err(io::Error::other(format!("it {change}")))
}
