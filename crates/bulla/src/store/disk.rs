//! The only door to the operating system: what the log asks of a disk, and nothing more.
//!
//! Names are relative to the log directory and never made from an entry's content. The simulator and the
//! fault-injecting disk of the tests stand behind the same trait.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A log directory.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Makes a folder; it is fine if it exists. Its entry in the parent is durable after [`Disk::sync_folder`]; the
    /// log directory itself (`""`) is durable when this returns.
    fn create_folder(&self, name: &str) -> io::Result<()>;

    /// Names in a folder, sorted.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Makes a new, empty file for appending; an error of kind `AlreadyExists` when the name is taken.
    /// `private` files can be read by their owner only.
    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading and appending.
    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, replacing what had it; atomic, durable after [`Disk::sync_folder`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations, renames and removals in a folder durable. The log directory itself is `""`.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Takes the exclusive lock of a file, which is made if missing, and writes `holder` into it. `Err` of kind
    /// `WouldBlock` carries the present holder's text. The lock is free again when the guard is dropped or the
    /// process ends.
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn LockGuard>>;

    /// Whether others than its owner can read a file.
    fn is_exposed(&self, name: &str) -> io::Result<bool>;

    /// Asks that work on the calling thread give way to everything else.
    fn yield_to_others(&self) {}

    /// Full name of a file, for messages.
    fn describe(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Owner and group.
    Shared,
    /// Owner only.
    Private,
}

/// What an open file is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Device and number: no other file of the system has both while this one is open.
    pub id: (u64, u64),
    /// Length in bytes.
    pub len: u64,
    /// Names that lead to it; 0 once it was removed.
    pub links: u64,
}

/// An open file.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Appends all of `bytes`. After an error any prefix of them may be in the file.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Reads at most `into.len()` bytes at `offset`; 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Which file it is, how long, and whether a name still leads to it.
    fn status(&self) -> io::Result<FileStatus>;

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes everything written before durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;

    /// Writes `bytes` over the equal bytes that are at `offset`: they count as unsynced again.
    fn rewrite(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file to `len` bytes.
    fn truncate(&self, len: u64) -> io::Result<()>;
}

/// Holds a lock until dropped.
pub trait LockGuard: Send + Sync + fmt::Debug {}

/// A failed act on a file: which act, which file, and why.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{act} {object}: {}", reason(.source))]
pub struct DiskError {
    act: &'static str,
    object: String,
    source: Arc<io::Error>,
}

impl DiskError {
    /// Kind of the underlying error.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether the file was read and holds something else than it should.
    pub(crate) fn is_damage(&self) -> bool {
        is_damage(&self.source)
    }

    /// Whether the file or folder is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

/// Whether a file was read and holds something else than it should.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// The system's words in the house's form: lower case, without the error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Names the act and the file of a failed system call.
pub(crate) trait During<T> {
    fn during(self, act: &'static str, object: impl fmt::Display) -> Result<T, DiskError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, act: &'static str, object: impl fmt::Display) -> Result<T, DiskError> {
        self.map_err(|error| DiskError { act, object: object.to_string(), source: Arc::new(error) })
    }
}

/// Reads exactly `into.len()` bytes at `offset`.
pub(crate) fn read_exact_at(file: &dyn DiskFile, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        match file.read_at(into, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                into = &mut into[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

/// Reads until `into` is full or the file ends; gives the number of bytes.
pub(crate) fn read_up_to(file: &dyn DiskFile, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], offset + done as u64)? {
            0 => break,
            count => done += count,
        }
    }
    Ok(done)
}

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read_all(disk: &dyn Disk, name: &str, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let len = file.len()?;
    if len > limit {
        let text = format!("file has {len} bytes, more than the {limit} that it can have");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut bytes = vec![0; usize::try_from(len).expect("a limited file fits in memory")];
    read_exact_at(file.as_ref(), &mut bytes, 0)?;
    Ok(bytes)
}
