//! The simulated disk: what the engine asks of it, counted, traced, and failing where it was told to.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::ThreadId;
use std::time::Duration;

use bulla::store::{Access, Disk, DiskFile, FileStatus, LockGuard};
use fastrand::Rng;

use crate::fault::{Fault, Trigger};
use crate::image::{FileId, Image, Survival};
use crate::trace::{Act, ActKind};

/// 20 seconds: whatever takes so long never happens. Only broken engines come near it.
pub(crate) const HANGS_AFTER: Duration = Duration::from_secs(20);

/// A log directory in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    image: Image,
    has_power: bool,
    /// Lock files that are held, and by whom.
    locks: BTreeMap<String, String>,
    next: u64,
    trace: Vec<Act>,
    faults: Vec<(Trigger, Fault)>,
    rng: Rng,
    waiting: usize,
    /// Releases that no waiting act has taken yet.
    releases: usize,
    /// Threads whose work gives way, and what becomes of their acts.
    background: HashSet<ThreadId>,
    background_work: Background,
}

/// What becomes of acts by threads whose work gives way (see [`Disk::yield_to_others`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// They wait.
    Waits,
    /// They are done.
    Acts,
    /// They fail: the log ends. Any failing act of another thread brings this about.
    Fails,
}

/// How much of an act is done, and how it ends.
struct Course {
    portion: Portion,
    error: Option<io::Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Portion {
    All,
    Half,
    Nothing,
    /// As much as any unsynced act: for a sync, nothing at all is settled.
    Unsettled,
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

impl SimDisk {
    /// An empty directory. `seed` decides what half-done acts leave.
    pub fn new(seed: u64) -> Self {
        Self::with_image(Image::default(), seed)
    }

    fn with_image(image: Image, seed: u64) -> Self {
        let state = State {
            image,
            has_power: true,
            locks: BTreeMap::new(),
            next: 0,
            trace: Vec::new(),
            faults: Vec::new(),
            rng: Rng::with_seed(seed),
            waiting: 0,
            releases: 0,
            background: HashSet::new(),
            background_work: Background::Waits,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), moved: Condvar::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no panic while held")
    }

    /// Lets an act fail. Of several faults for one act, the first counts; after [`Fault::Waits`] also the next.
    pub fn fail(&self, trigger: Trigger, fault: Fault) {
        self.state().faults.push((trigger, fault));
    }

    /// Lets the next act of that kind on a name with that part fail.
    pub fn fail_next(&self, kind: ActKind, name_part: &str, fault: Fault) {
        self.fail_later(kind, name_part, 0, fault);
    }

    /// As [`SimDisk::fail_next`], after so many other acts of that sort.
    pub fn fail_later(&self, kind: ActKind, name_part: &str, skip: u64, fault: Fault) {
        self.fail(Trigger::Next { kind: Some(kind), part: name_part.to_owned(), skip }, fault);
    }

    /// Nothing more is to go wrong.
    pub fn forget_faults(&self) {
        self.state().faults.clear();
    }

    /// Lets the next act wait, before any fault that it is to meet.
    pub fn hold_next(&self) {
        self.hold(None, "");
    }

    /// As [`SimDisk::hold_next`], of that kind on a name with that part.
    pub fn hold_next_of(&self, kind: ActKind, name_part: &str) {
        self.hold(Some(kind), name_part);
    }

    fn hold(&self, kind: Option<ActKind>, name_part: &str) {
        let trigger = Trigger::Next { kind, part: name_part.to_owned(), skip: 0 };
        self.state().faults.insert(0, (trigger, Fault::Waits));
    }

    /// Blocks until an act waits (see [`Fault::Waits`]); false when the log began to fail instead.
    ///
    /// # Panics
    /// When the act does not come: the log does not do what it should.
    pub fn await_waiting(&self) -> bool {
        let is_open = |state: &mut State| !state.has_waiting() && !state.is_failing();
        let waited = self.shared.moved.wait_timeout_while(self.state(), HANGS_AFTER, is_open);
        let (state, waited) = waited.expect("no panic while held");
        let has_come = !waited.timed_out();
        let is_waiting = state.has_waiting();
        drop(state);
        assert!(has_come, "no act of the log waits, and none failed");
        is_waiting
    }

    /// Lets an act that waits go on.
    pub fn release(&self) {
        self.state().releases += 1;
        self.shared.moved.notify_all();
    }

    /// Decides about threads that asked to give way; they wait at first.
    pub fn set_background(&self, work: Background) {
        self.state().background_work = work;
        self.shared.moved.notify_all();
    }

    /// Takes the power away: every act fails from now on.
    pub fn cut_power(&self) {
        self.state().has_power = false;
        self.shared.moved.notify_all();
    }

    /// Whether acts can succeed.
    pub fn has_power(&self) -> bool {
        self.state().has_power
    }

    /// The disk after its power failed and came back; this one stays dead.
    pub fn after_power_failure(&self, survival: Survival, seed: u64) -> Self {
        self.cut_power();
        let mut rng = Rng::with_seed(seed);
        Self::with_image(self.state().image.after_power_failure(survival, &mut rng), rng.u64(..))
    }

    /// The disk after the process was killed: the page cache is kept, nothing became durable. This one stays dead.
    pub fn after_kill(&self, seed: u64) -> Self {
        self.cut_power();
        Self::with_image(self.state().image.clone(), seed)
    }

    /// A disk with the same content, page cache and all.
    pub fn copy(&self, seed: u64) -> Self {
        Self::with_image(self.state().image.clone(), seed)
    }

    /// Acts so far.
    pub fn acts(&self) -> u64 {
        self.state().next
    }

    /// Acts so far, in order.
    pub fn trace(&self) -> Vec<Act> {
        self.state().trace.clone()
    }

    /// Every file, as reading gives it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().image.files()
    }

    /// A file as reading gives it; empty when it is missing.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.image.find(name).map_or_else(|_| Vec::new(), |id| state.image.content(id).cached().to_vec())
    }

    /// What of a file survives any power failure, if its name does.
    pub fn durable_bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.image.find(name).map_or_else(|_| Vec::new(), |id| state.image.content(id).durable().to_vec())
    }

    /// Writes a whole file at once and durably, as a hand that is not the log's.
    pub fn tamper(&self, name: &str, bytes: &[u8]) {
        self.state().image.overwrite(name, bytes);
    }

    /// Removes a file at once and durably, as a hand that is not the log's.
    pub fn lose(&self, name: &str) {
        self.state().image.forget(name);
    }

    /// Begins an act: waits for its turn, counts it, and says what is to become of it.
    fn begin(&self, kind: ActKind, name: &str, bytes: usize) -> io::Result<(MutexGuard<'_, State>, Course)> {
        let mut state = self.state();
        let is_background = state.background.contains(&std::thread::current().id());
        while is_background && state.has_power && state.background_work == Background::Waits {
            state = self.shared.moved.wait(state).expect("no panic while held");
        }
        if !state.has_power {
            return Err(power_is_off());
        }
        if is_background && state.background_work == Background::Fails {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let name = if name.is_empty() { "." } else { name };
        let mut act = Act { number: state.next, kind, name: name.to_owned(), bytes, fault: None };
        state.next += 1;
        let mut fault = state.take_fault(&act);
        act.fault = fault;
        let index = state.trace.len();
        state.trace.push(act.clone());
        while fault == Some(Fault::Waits) {
            state = self.wait(state)?;
            fault = state.take_fault(&act);
            if let Some(fault) = fault {
                state.trace[index].fault = Some(fault);
            }
        }
        let course = state.course(fault);
        if course.error.is_some() && !is_background {
            state.background_work = Background::Fails;
            self.shared.moved.notify_all();
        }
        if !state.has_power {
            self.shared.moved.notify_all();
        }
        Ok((state, course))
    }

    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>> {
        state.waiting += 1;
        self.shared.moved.notify_all();
        while state.releases == 0 && state.has_power {
            state = self.shared.moved.wait(state).expect("no panic while held");
        }
        state.waiting -= 1;
        state.releases = state.releases.saturating_sub(1);
        if state.has_power { Ok(state) } else { Err(power_is_off()) }
    }

    /// An act that is done or is not: half of it is nothing.
    fn act<T>(
        &self,
        kind: ActKind,
        name: &str,
        effect: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let (mut state, course) = self.begin(kind, name, 0)?;
        let done = match course.portion {
            Portion::All | Portion::Unsettled => effect(&mut state),
            Portion::Half | Portion::Nothing => Err(io::Error::other("it was not done")),
        };
        course.error.map_or(done, Err)
    }

    fn file(&self, id: FileId, name: &str) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), id, name: name.to_owned() })
    }

    fn readable(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.has_power { Ok(state) } else { Err(power_is_off()) }
    }
}

impl State {
    /// Whether an act waits that is not released yet.
    fn has_waiting(&self) -> bool {
        self.waiting > self.releases
    }

    fn is_failing(&self) -> bool {
        !self.has_power || self.background_work == Background::Fails
    }

    fn take_fault(&mut self, act: &Act) -> Option<Fault> {
        let at = self.faults.iter_mut().position(|(trigger, _)| trigger.meets(act))?;
        Some(self.faults.remove(at).1)
    }

    fn course(&mut self, fault: Option<Fault>) -> Course {
        let failed = |portion, error| Course { portion, error: Some(error) };
        match fault {
            None | Some(Fault::Waits) => Course { portion: Portion::All, error: None },
            Some(Fault::Fails(errno)) => failed(Portion::Nothing, errno.error()),
            Some(Fault::FailsButPersists(errno)) => failed(Portion::All, errno.error()),
            Some(Fault::FailsHalfway(errno)) => failed(Portion::Half, errno.error()),
            Some(Fault::PowerFails) => {
                self.has_power = false;
                failed(Portion::Unsettled, power_is_off())
            }
        }
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

impl Disk for SimDisk {
    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.act(ActKind::CreateFolder, name, |state| state.image.create_folder(name))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.readable()?.image.list(folder)
    }

    fn create(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let is_private = access == Access::Private;
        let id = self.act(ActKind::Create, name, |state| state.image.create(name, is_private))?;
        Ok(self.file(id, name))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let id = self.readable()?.image.find(name)?;
        Ok(self.file(id, name))
    }

    fn open_append(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.act(ActKind::Rename, &format!("{from} -> {to}"), |state| state.image.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.act(ActKind::Remove, name, |state| state.image.remove(name))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let (mut state, course) = self.begin(ActKind::SyncFolder, folder, 0)?;
        let done = if course.portion == Portion::All { state.image.sync_folder(folder) } else { Ok(()) };
        course.error.map_or(done, Err)
    }

    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        self.act(ActKind::Lock, name, |state| {
            if let Some(present) = state.locks.get(name) {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, present.clone()));
            }
            if state.image.find(name).is_err() {
                state.image.create(name, false)?;
            }
            state.locks.insert(name.to_owned(), holder.to_owned());
            Ok(())
        })?;
        Ok(Box::new(SimLock { disk: self.clone(), name: name.to_owned() }))
    }

    fn is_exposed(&self, name: &str) -> io::Result<bool> {
        let state = self.readable()?;
        let id = state.image.find(name)?;
        Ok(!state.image.content(id).is_private)
    }

    fn yield_to_others(&self) {
        self.state().background.insert(std::thread::current().id());
    }

    fn describe(&self, name: &str) -> String {
        if name.is_empty() { "the log".to_owned() } else { name.to_owned() }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    id: FileId,
    name: String,
}

impl SimFile {
    fn write(&self, kind: ActKind, bytes: &[u8], at: Option<usize>) -> io::Result<()> {
        let (mut state, course) = self.disk.begin(kind, &self.name, bytes.len())?;
        let written = match course.portion {
            Portion::All | Portion::Unsettled => bytes.len(),
            Portion::Half => state.rng.usize(0..=bytes.len()),
            Portion::Nothing => 0,
        };
        let content = state.image.content_mut(self.id);
        let at = at.unwrap_or(content.cached().len());
        content.write(at, &bytes[..written]);
        course.error.map_or(Ok(()), Err)
    }
}

fn memory(offset: u64) -> usize {
    usize::try_from(offset).expect("simulated files are small")
}

impl DiskFile for SimFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.write(ActKind::Append, bytes, None)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.readable()?;
        let rest = state.image.content(self.id).cached().get(memory(offset)..).unwrap_or(&[]);
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.readable()?.image.content(self.id).cached().len() as u64)
    }

    fn status(&self) -> io::Result<FileStatus> {
        let state = self.disk.readable()?;
        let len = state.image.content(self.id).cached().len() as u64;
        Ok(FileStatus { id: (0, self.id as u64), len, links: state.image.links(self.id) })
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, course) = self.disk.begin(ActKind::Sync, &self.name, 0)?;
        let State { image, rng, .. } = &mut *state;
        match course.portion {
            Portion::All => image.sync(self.id),
            Portion::Half => image.fail_sync(self.id, Survival::AnyPieces, rng),
            Portion::Nothing => image.fail_sync(self.id, Survival::Nothing, rng),
            Portion::Unsettled => {}
        }
        course.error.map_or(Ok(()), Err)
    }

    fn rewrite(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write(ActKind::Rewrite, bytes, Some(memory(offset)))
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let (mut state, course) = self.disk.begin(ActKind::Cut, &self.name, memory(len))?;
        if matches!(course.portion, Portion::All | Portion::Unsettled) {
            state.image.content_mut(self.id).cut(memory(len));
        }
        course.error.map_or(Ok(()), Err)
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    name: String,
}

impl LockGuard for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.state().locks.remove(&self.name);
    }
}
