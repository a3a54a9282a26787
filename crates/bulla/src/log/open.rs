//! Opening a log: a list of steps. What each may find is in `store/recovery.rs`.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bulla_proof::{Policy, SignerKey};

use super::engine::Engine;
use super::options::{LogBuilder, RECENT_ENTRIES_MIN};
use super::own;
use super::poison::{Poison, PoisonCause};
use super::settled::Settled;
use super::watermarks::SharedWatermarks;
use super::write::publisher::{self, PublishRequests, Publisher};
use super::write::queue::Queue;
use super::write::recorder_clock::RecorderClock;
use super::write::sealer::{Sealer, Unsealed};
use super::write::syncer::Syncer;
use super::write::writer::Writer;
use crate::read::reader::{End, LogReader, new_prover};
use crate::read::recent::Recent;
use crate::store::disk::{Disk, DiskError, During, LockGuard};
use crate::store::head::Head;
use crate::store::identity::{self, Identity, IdentityError};
use crate::store::layout::{self, SegmentKind};
use crate::store::recovery::{self, Damage, Recovered, RecoveryError};
use crate::store::segment::open_segment::{BatchLines, OpenSegment, RollOver};

/// Why a log could not be opened. Unless said otherwise, nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another part of this one, writes the log.
    #[error(
        "{log} is being written by {holder}; there is one writer per log: stop it, or read without opening"
    )]
    Locked {
        /// The log directory.
        log: String,
        /// Its holder's process id.
        holder: String,
    },
    /// The directory is not a log, is of a newer format, or its key is missing or wrong.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Damage that no crash explains.
    #[error("{0}")]
    Damaged(#[from] Damage),
    /// A system call failed. What was done so far is done again at the next opening.
    #[error("open the log: {0}")]
    Disk(#[from] DiskError),
    /// A thread could not be started.
    #[error("start a thread of the log: {0}")]
    Thread(Arc<std::io::Error>),
    /// An environment variable has a value that means nothing.
    #[error("environment variable {name} is {value:?}: {expected}")]
    Environment {
        /// Name of the variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Entries of the file that the replaced module wrote could not be taken over; the file is unchanged.
    #[error("take over {file}, line {line}: {reason}")]
    TakeOver {
        /// The old file.
        file: String,
        /// Line in it.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl From<RecoveryError> for OpenError {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Damaged(damage) => damage.into(),
            RecoveryError::Disk(error) => error.into(),
        }
    }
}

/// Opens a log for writing, or makes it.
pub(crate) fn open(options: LogBuilder) -> Result<Engine, OpenError> {
    let disk = options.disk.clone();
    disk.create_folder("").during("create", disk.describe(""))?;
    existing_or_fresh(disk.as_ref())?; // before the lock: nothing is made where no log can be
    let lock = lock(disk.as_ref())?;
    let identity = existing_or_fresh(disk.as_ref())?; // another process may have made it meanwhile
    recovery::create_folders(disk.as_ref())?;
    let (identity, signer) = identity_and_signer(&options, identity)?;
    let policy = Policy::log_key(identity.key());
    let recovered = recovery::recover(&disk, &policy, options.clock.now())?;
    start(options, identity, signer, lock, recovered)
}

/// The identity of an existing log; `None` for a directory in which one can begin.
fn existing_or_fresh(disk: &dyn Disk) -> Result<Option<Identity>, OpenError> {
    match Identity::read(disk) {
        Ok(identity) => Ok(Some(identity)),
        Err(error @ IdentityError::NotALog(_)) => {
            let names = disk.list("").during("list", disk.describe(""))?;
            if names.iter().all(|name| is_unfinished_creation(name)) && has_no_entries(disk) {
                return Ok(None);
            }
            // Another process may have made it since.
            match Identity::read(disk) {
                Err(IdentityError::NotALog(_)) => Err(error.into()),
                made => Ok(Some(made?)),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// What creation makes before `log.json`, which is last.
fn is_unfinished_creation(name: &str) -> bool {
    let made =
        [layout::LOCK, layout::KEY, layout::ENTRIES, layout::TREE, layout::PAYLOADS, layout::QUARANTINE];
    made.contains(&name) || name.ends_with(layout::UNFINISHED)
}

fn has_no_entries(disk: &dyn Disk) -> bool {
    disk.list(layout::ENTRIES).map_or(true, |names| names.is_empty())
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn LockGuard>, OpenError> {
    let holder = format!("process {}", std::process::id());
    disk.lock(layout::LOCK, &holder).map_err(|error| {
        if error.kind() == std::io::ErrorKind::WouldBlock {
            let log = disk.describe("");
            return OpenError::Locked { log, holder: error.to_string() };
        }
        let failed: Result<(), DiskError> = Err(error).during("lock", disk.describe(layout::LOCK));
        failed.expect_err("it failed").into()
    })
}

/// The log's identity and a key that signs for it; both are made for a new log.
fn identity_and_signer(
    options: &LogBuilder,
    existing: Option<Identity>,
) -> Result<(Identity, Arc<SignerKey>), OpenError> {
    let disk = options.disk.as_ref();
    let given = options.signer.as_ref().map(|signer| signer.0.clone());
    if let Some(identity) = existing {
        let signer = match given {
            Some(signer) => signer,
            None => Arc::new(identity::read_key(disk)?),
        };
        let vkey = signer.verifier_key().to_string();
        if vkey != identity.vkey {
            return Err(IdentityError::WrongKey(vkey, identity.vkey).into());
        }
        return Ok((identity, signer));
    }
    let (signer, keep_key) = match given {
        Some(signer) => (signer, false),
        None => match identity::read_key(disk) {
            // Creation was interrupted after the key.
            Ok(signer) => (Arc::new(signer), false),
            Err(IdentityError::KeyMissing(_)) => {
                let entropy = &options.event_options.entropy;
                let origin = options.origin.clone().unwrap_or_else(|| {
                    let mut number = [0; 8];
                    entropy.fill(&mut number);
                    format!("bulla.local/{:016x}", u64::from_be_bytes(number))
                });
                (Arc::new(identity::new_signer(&origin, entropy)?), true)
            }
            Err(error) => return Err(error.into()),
        },
    };
    let now = options.clock.now();
    let identity = Identity::create(disk, signer.name(), &signer, keep_key, now)?;
    Ok((identity, signer))
}

/// Starts the threads of a recovered log and records `log.opened`.
fn start(
    options: LogBuilder,
    identity: Identity,
    signer: Arc<SignerKey>,
    lock: Box<dyn LockGuard>,
    recovered: Recovered,
) -> Result<Engine, OpenError> {
    let Recovered { segments, rows, frontier, checkpoint, last_recorded_at, report } = recovered;
    let disk = options.disk.clone();
    let rows = Arc::new(rows);
    let size = frontier.size().get();
    let published = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size().get());
    let marks = SharedWatermarks::new(size, published);
    let queue = Queue::new(options.queue_bytes);
    let roll_over = RollOver { bytes: options.segment_bytes, age: options.segment_age };
    let segment = OpenSegment::open(disk.clone(), segments.clone(), size, roll_over)?;
    let tail = segment.tail();
    let reader = LogReader {
        disk: disk.clone(),
        segments: segments.clone(),
        rows: rows.clone(),
        identity: identity.clone(),
        end: End::Live(marks.clone()),
        prover: new_prover(),
    };
    let recent = Recent::new(options.recent_entries.max(RECENT_ENTRIES_MIN), options.recent_bytes);
    refill(&recent, &reader, size);
    let integrated = Arc::new(Mutex::new(frontier.clone()));
    let head = Arc::new(Mutex::new(Head::open(disk.clone())?));
    let requests = Arc::new(PublishRequests::default());
    let publisher = Publisher {
        requests: requests.clone(),
        interval: options.publish_interval,
        origin: identity.origin.clone(),
        signer: signer.clone(),
        integrated: integrated.clone(),
        rows: rows.clone(),
        head: head.clone(),
        marks: marks.clone(),
        queue: queue.clone(),
    };
    let (full, inbox) = channel();
    let must_stop = Arc::new(AtomicBool::new(false));
    let not_sealed = Arc::new(Unsealed::default());
    let sealer = options.seal.then(|| Sealer {
        disk: disk.clone(),
        segments: segments.clone(),
        rows: rows.clone(),
        marks: marks.clone(),
        full: inbox,
        unsealed: not_sealed.clone(),
        must_stop: must_stop.clone(),
    });
    let announce_full = {
        let (is_sealing, not_sealed) = (options.seal, not_sealed.clone());
        move |entries| {
            if is_sealing {
                not_sealed.add();
                // A sealer that has ended leaves the segment to the next opening.
                let _ = full.send(entries);
            }
        }
    };
    unsealed(&segments).into_iter().for_each(&announce_full);
    let (clock, step) = RecorderClock::new(options.clock.clone(), last_recorded_at);
    let now = options.clock.now();
    let mut own = vec![own::log_opened(&identity.origin, &identity.vkey, now, &report)];
    own.extend(step.map(|step| own::clock_stepped(step.from, step.to, step.step_ms)));
    let writer = Writer {
        queue: queue.clone(),
        disk,
        segment,
        rows,
        frontier,
        integrated,
        recent: recent.clone(),
        marks: marks.clone(),
        clock,
        syncer: Syncer::start_thread().map_err(thread_error)?,
        syncing: None,
        own,
        entropy: options.event_options.entropy.clone(),
        heartbeat: options.heartbeat,
        on_full: Box::new(announce_full),
        answered: 0,
        scratch: super::write::batch::Scratch::default(),
    };
    let closed = Arc::new(Settled::default());
    let threads = Threads {
        publisher: spawn("bulla-publish", move || publisher.run())?,
        sealer: sealer.map(|sealer| spawn("bulla-seal", move || sealer.run())).transpose()?,
        requests: requests.clone(),
        must_stop,
        unsealed: not_sealed.clone(),
        queue: queue.clone(),
        marks: marks.clone(),
        closed: closed.clone(),
        lock,
    };
    spawn("bulla-write", move || run(writer, threads))?;
    let engine = Engine {
        queue,
        marks,
        reader,
        recent,
        requests,
        head,
        tail,
        unsealed: not_sealed,
        closed,
        events: options.event_options,
    };
    engine.wait_opened(size)?;
    Ok(engine)
}

/// Fills the ring with the newest entries, within its bounds.
fn refill(recent: &Recent, reader: &LogReader, size: u64) {
    let mut lines = BatchLines::default();
    let mut newest = Vec::new();
    let mut bytes = 0;
    for entry in reader.read_back(0..size).take(recent.entries_max()) {
        // An entry that cannot be read is found by `verify`; the ring is only a convenience.
        let Ok(entry) = entry else { break };
        bytes += entry.line().len() + 1;
        if bytes > recent.bytes_max() {
            break;
        }
        newest.push(entry);
    }
    let Some(oldest) = newest.last() else { return };
    lines.first = oldest.seq().get();
    for entry in newest.iter().rev() {
        lines.bytes.extend_from_slice(entry.line());
        lines.bytes.push(b'\n');
        lines.ends.push(u32::try_from(lines.bytes.len()).expect("the ring is under 4 GiB"));
    }
    recent.push(Arc::new(lines));
}

/// Entries of each plain segment that is full.
fn unsealed(segments: &crate::store::segment::catalogue::Segments) -> Vec<Range<u64>> {
    let list = segments.list();
    let pairs = list.windows(2).filter(|pair| pair[0].kind == SegmentKind::Plain);
    pairs.map(|pair| pair[0].base..pair[1].base).collect()
}

fn thread_error(error: std::io::Error) -> OpenError {
    OpenError::Thread(Arc::new(error))
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(thread_error)
}

/// What ends with the writer.
struct Threads {
    publisher: JoinHandle<Result<(), Poison>>,
    sealer: Option<JoinHandle<()>>,
    requests: Arc<PublishRequests>,
    must_stop: Arc<AtomicBool>,
    unsealed: Arc<Unsealed>,
    queue: Arc<Queue>,
    marks: Arc<SharedWatermarks>,
    closed: Arc<Settled<Option<Poison>>>,
    lock: Box<dyn LockGuard>,
}

/// The writer's thread: writes to the end, publishes once more, lets go of the lock, and only then says so.
fn run(mut writer: Writer, threads: Threads) {
    let Threads { publisher, sealer, requests, must_stop, unsealed, queue, marks, closed, lock } = threads;
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| writer.run()))
        .unwrap_or_else(|_| Err(PoisonCause::ThreadEnded.into()));
    if let Err(poison) = &written {
        queue.poison(poison);
    }
    drop(writer);
    requests.end(if written.is_ok() { publisher::End::Published } else { publisher::End::Poisoned });
    let published = publisher.join().unwrap_or_else(|_| Err(PoisonCause::ThreadEnded.into()));
    let ended = written.and(published).err();
    must_stop.store(true, Ordering::Relaxed);
    unsealed.wake();
    marks.end(ended.clone());
    if let Some(sealer) = sealer {
        let _ = sealer.join();
    }
    drop(lock);
    closed.settle(ended);
}
