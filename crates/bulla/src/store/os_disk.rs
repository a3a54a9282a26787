//! The real disk. No other file of the write path calls the operating system's file API.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::disk::{Access, Disk, DiskFile, FileStatus, LockGuard};

/// A log directory on the file system.
#[derive(Debug, Clone)]
pub struct OsDisk {
    root: PathBuf,
}

impl OsDisk {
    /// The directory at `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where the directory is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }
}

impl Disk for OsDisk {
    fn create_folder(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        match std::fs::DirBuilder::new().mode(0o750).create(&path) {
            Ok(()) if name.is_empty() => sync_parent(&path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => match name {
                // Who made it may have been killed before it was durable; it may also belong to someone else.
                "" => sync_parent(&path).or_else(|error| {
                    if error.kind() == io::ErrorKind::PermissionDenied { Ok(()) } else { Err(error) }
                }),
                _ => Ok(()),
            },
            result => result,
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path(folder))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mode = match access {
            Access::Shared => 0o640,
            Access::Private => 0o600,
        };
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(self.path(name))?;
        OsFile::begin(file)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        OsFile::begin(File::open(self.path(name))?)
    }

    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        OsFile::begin(OpenOptions::new().read(true).write(true).open(self.path(name))?)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.path(folder))?.sync_all()
    }

    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o640);
        let file = options.open(self.path(name))?;
        match file.try_lock() {
            Ok(()) => {
                // The lock is what counts, also on a disk that has no room for a name.
                let _ = name_holder(&file, holder);
                Ok(Box::new(OsLock { file }))
            }
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, present_holder(&file)?))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_exposed(&self, name: &str) -> io::Result<bool> {
        Ok(std::fs::metadata(self.path(name))?.mode() & 0o077 != 0)
    }

    fn yield_to_others(&self) {
        // Best effort: without it the work is only less polite. On Linux a thread has a nice value of its own.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(19);
    }

    fn describe(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// Makes the name of the log directory itself durable: no folder of the log holds it.
fn sync_parent(root: &Path) -> io::Result<()> {
    let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// 4 KiB: a process id and a command name fit many times.
const HOLDER_BYTES_MAX: usize = 4096;

/// How often it is looked for the name of a holder, once a millisecond: writing it takes some microseconds.
const LOOKS_FOR_HOLDER_MAX: usize = 100;

/// The first line of a lock names its holder. It is written over the line before with one write and never cut to
/// nothing, so that a reader sees a whole name, and a full disk that had room for a name still has it.
fn name_holder(file: &File, holder: &str) -> io::Result<()> {
    let line = format!("{holder}\n");
    file.write_all_at(line.as_bytes(), 0)?;
    file.set_len(line.len() as u64)
}

/// Who holds the lock. Whoever has only just taken it has not said so yet.
#[expect(clippy::disallowed_methods, reason = "nothing tells when another process has written to a file")]
fn present_holder(file: &File) -> io::Result<String> {
    let mut text = [0; HOLDER_BYTES_MAX];
    for _ in 0..LOOKS_FOR_HOLDER_MAX {
        let count = file.read_at(&mut text, 0)?;
        match String::from_utf8_lossy(&text[..count]).lines().next() {
            None | Some("") => std::thread::sleep(Duration::from_millis(1)),
            Some(holder) => return Ok(holder.to_owned()),
        }
    }
    Ok("a process that has not said which it is".to_owned())
}

/// An open file and where the next append goes: there is one writer, so it need not ask.
#[derive(Debug)]
struct OsFile {
    file: File,
    end: AtomicU64,
}

impl OsFile {
    fn begin(file: File) -> io::Result<Arc<dyn DiskFile>> {
        let end = AtomicU64::new(file.metadata()?.len());
        Ok(Arc::new(Self { file, end }))
    }
}

impl DiskFile for OsFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let end = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, end)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(into, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn status(&self) -> io::Result<FileStatus> {
        let metadata = self.file.metadata()?;
        let id = (metadata.dev(), metadata.ino());
        Ok(FileStatus { id, len: metadata.len(), links: metadata.nlink() })
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rewrite(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.end.store(len, Ordering::Relaxed);
        self.file.set_len(len)
    }
}

#[derive(Debug)]
struct OsLock {
    /// The lock lasts as long as the file is open.
    file: File,
}

impl Drop for OsLock {
    /// Whoever is refused by the next holder, before that one has said who it is, must not read our name.
    fn drop(&mut self) {
        let _ = name_holder(&self.file, "");
    }
}

impl LockGuard for OsLock {}
