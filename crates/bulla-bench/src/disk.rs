//! The real disk, noting the sizes of appends to segments, so that the reference can write the same.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bulla::store::{Access, Disk, DiskFile, FileStatus, LockGuard, OsDisk};

/// The operating system's disk and what was appended to its segments.
#[derive(Debug)]
pub(crate) struct NotingDisk {
    disk: OsDisk,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl NotingDisk {
    pub(crate) fn new(directory: PathBuf) -> Arc<Self> {
        Arc::new(Self { disk: OsDisk::new(directory), sizes: Arc::default() })
    }

    /// Sizes of all appends to segments so far, in order.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().expect("no panic while held").clone()
    }

    fn noting(&self, name: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if name.starts_with("entries/") && name.ends_with(".jsonl") {
            Arc::new(NotingFile { file, sizes: self.sizes.clone() })
        } else {
            file
        }
    }
}

impl Disk for NotingDisk {
    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.disk.create_folder(name)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }
    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.noting(name, self.disk.create(name, access)?))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(name)
    }
    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.noting(name, self.disk.open_append(name)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        self.disk.lock(name, holder)
    }
    fn is_exposed(&self, name: &str) -> io::Result<bool> {
        self.disk.is_exposed(name)
    }
    fn yield_to_others(&self) {
        self.disk.yield_to_others();
    }
    fn describe(&self, name: &str) -> String {
        self.disk.describe(name)
    }
}

#[derive(Debug)]
struct NotingFile {
    file: Arc<dyn DiskFile>,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl DiskFile for NotingFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.sizes.lock().expect("no panic while held").push(bytes.len());
        self.file.append(bytes)
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(into, offset)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn status(&self) -> io::Result<FileStatus> {
        self.file.status()
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn rewrite(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.rewrite(bytes, offset)
    }
    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }
}
