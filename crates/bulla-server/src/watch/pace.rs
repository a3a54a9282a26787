//! A disk that is read no faster than so many bytes a second, and not at all once it is stopped: what lets a
//! verification run beside the writer without being felt. It cannot be written to.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use bulla::store::{Access, Disk, DiskFile, FileStatus, LockGuard};

/// How fast reading may go, shared by all files of a disk.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// When all that was read is paid for.
    paid_at: Instant,
    is_stopped: bool,
}

impl Pace {
    pub(crate) fn new(bytes_per_second: u64) -> Arc<Self> {
        let state = State { paid_at: Instant::now(), is_stopped: false };
        Arc::new(Self { bytes_per_second, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Ends every wait, now and later.
    pub(crate) fn stop(&self) {
        self.state.lock().expect("no panic while held").is_stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state.lock().expect("no panic while held").is_stopped
    }

    /// Waits so long; false when it was stopped.
    pub(crate) fn rest(&self, time: Duration) -> bool {
        let state = self.state.lock().expect("no panic while held");
        let waited = self.changed.wait_timeout_while(state, time, |state| !state.is_stopped);
        !waited.expect("no panic while held").0.is_stopped
    }

    /// Waits until all that was read before is paid for.
    fn wait(&self) -> io::Result<()> {
        let paid_at = self.state.lock().expect("no panic while held").paid_at;
        if self.rest(paid_at.saturating_duration_since(Instant::now())) {
            Ok(())
        } else {
            Err(io::Error::other("reading was stopped"))
        }
    }

    fn spend(&self, bytes: usize) {
        let mut state = self.state.lock().expect("no panic while held");
        let price = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        state.paid_at = state.paid_at.max(Instant::now()) + price;
    }
}

/// A disk that is read at a pace.
#[derive(Debug)]
pub(crate) struct PacedDisk {
    disk: Arc<dyn Disk>,
    pace: Arc<Pace>,
}

impl PacedDisk {
    pub(crate) fn new(disk: Arc<dyn Disk>, pace: Arc<Pace>) -> Self {
        Self { disk, pace }
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "this disk is only read"))
}

impl Disk for PacedDisk {
    fn create_folder(&self, _: &str) -> io::Result<()> {
        read_only()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn create(&self, _: &str, _: Access) -> io::Result<Arc<dyn DiskFile>> {
        read_only()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(PacedFile { file: self.disk.open(name)?, pace: self.pace.clone() }))
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
struct PacedFile {
    file: Arc<dyn DiskFile>,
    pace: Arc<Pace>,
}

impl DiskFile for PacedFile {
    fn append(&self, _: &[u8]) -> io::Result<()> {
        read_only()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.pace.wait()?;
        let count = self.file.read_at(into, offset)?;
        self.pace.spend(count);
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn status(&self) -> io::Result<FileStatus> {
        self.file.status()
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

#[cfg(test)]
mod tests {
    use bulla::store::OsDisk;

    use super::*;

    #[test]
    fn what_was_read_is_paid_for_before_the_next_read_and_stopping_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), [7; 100]).unwrap();
        let pace = Pace::new(1);
        let disk = PacedDisk::new(Arc::new(OsDisk::new(folder.path())), pace.clone());
        let (file, began) = (disk.open("file").unwrap(), Instant::now());
        assert_eq!(file.read_at(&mut [0; 60], 0).unwrap(), 60, "the first read waits for nothing");
        let paid_at = pace.state.lock().unwrap().paid_at;
        assert!(paid_at >= began + Duration::from_secs(60), "60 bytes take a minute");
        let reading =
            std::thread::spawn(move || file.read_at(&mut [0; 60], 0).map_err(|error| error.to_string()));
        pace.stop();
        assert_eq!(reading.join().unwrap().unwrap_err(), "reading was stopped");
        assert!(disk.create("file", Access::Shared).is_err() && disk.remove("file").is_err());
    }
}
