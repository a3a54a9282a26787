//! A log directory held in memory, to be damaged and verified many thousand times.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bulla::store::{Access, Disk, DiskFile, FileStatus, LockGuard};

/// Files of a log by their names; what cannot be damaged without the key being useless to the damager is left out:
/// the key itself and the lock.
#[derive(Debug, Clone)]
pub(crate) struct LogInMemory {
    files: BTreeMap<String, Arc<Vec<u8>>>,
}

impl LogInMemory {
    /// Reads `directory` with its subfolders.
    pub(crate) fn read(directory: &Path) -> anyhow::Result<Self> {
        let mut log = Self { files: BTreeMap::new() };
        log.read_folder(directory, "")?;
        log.files.retain(|name, _| name != "log.key" && name != "lock");
        Ok(log)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.read_folder(&entry.path(), &format!("{name}/"))?;
            } else {
                self.files.insert(name, Arc::new(std::fs::read(entry.path())?));
            }
        }
        Ok(())
    }

    /// Names of the files, with their bytes.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&String, &Arc<Vec<u8>>)> {
        self.files.iter()
    }

    /// The same log with one file changed.
    pub(crate) fn with(&self, name: &str, bytes: Vec<u8>) -> Arc<dyn Disk> {
        let mut changed = self.clone();
        changed.files.insert(name.to_owned(), Arc::new(bytes));
        Arc::new(changed)
    }

    /// The log as it is.
    pub(crate) fn unchanged(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for LogInMemory {
    fn create_folder(&self, _: &str) -> io::Result<()> {
        read_only()
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.files.keys().filter_map(|name| name.strip_prefix(&prefix));
        let mut names: Vec<String> =
            below.map(|name| name.split('/').next().unwrap_or_default().to_owned()).collect();
        names.dedup();
        Ok(names)
    }
    fn create(&self, _: &str, _: Access) -> io::Result<Arc<dyn DiskFile>> {
        read_only()
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let bytes = self.files.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(FileInMemory(bytes)))
    }
    fn open_append(&self, _: &str) -> io::Result<Arc<dyn DiskFile>> {
        read_only()
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        read_only()
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        read_only()
    }
    fn sync_folder(&self, _: &str) -> io::Result<()> {
        read_only()
    }
    fn lock(&self, _: &str, _: &str) -> io::Result<Box<dyn LockGuard>> {
        read_only()
    }
    fn is_exposed(&self, _: &str) -> io::Result<bool> {
        Ok(false)
    }
}

#[derive(Debug)]
struct FileInMemory(Arc<Vec<u8>>);

impl DiskFile for FileInMemory {
    fn append(&self, _: &[u8]) -> io::Result<()> {
        read_only()
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).map_err(io::Error::other)?.min(self.0.len());
        let count = into.len().min(self.0.len() - from);
        into[..count].copy_from_slice(&self.0[from..from + count]);
        Ok(count)
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
    fn status(&self) -> io::Result<FileStatus> {
        Ok(FileStatus { id: (0, Arc::as_ptr(&self.0) as u64), len: self.len()?, links: 1 })
    }
    fn sync(&self) -> io::Result<()> {
        read_only()
    }
    fn rewrite(&self, _: &[u8], _: u64) -> io::Result<()> {
        read_only()
    }
    fn truncate(&self, _: u64) -> io::Result<()> {
        read_only()
    }
}
