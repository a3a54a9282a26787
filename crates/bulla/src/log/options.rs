//! Everything that can be chosen when a log is opened, with its default.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bulla_proof::SignerKey;

use super::AuditLog;
use super::open::OpenError;
use crate::clock::{Clock, SystemClock};
use crate::entropy::Entropy;
use crate::entry::{EventOptions, Redaction};
use crate::store::OsDisk;
use crate::store::disk::Disk;

/// 10,000 newest entries in memory, as the replaced module had.
pub(crate) const RECENT_ENTRIES_DEFAULT: usize = 10_000;
/// 128: fewer are not worth a ring, as the replaced module had it.
pub(crate) const RECENT_ENTRIES_MIN: usize = 128;
/// 16 MiB: 10,000 entries of 1.6 KiB.
pub(crate) const RECENT_BYTES_DEFAULT: usize = 16 * 1024 * 1024;
/// 16 MiB: about 40,000 usual entries, under a tenth of a second of writing.
pub(crate) const QUEUE_BYTES_DEFAULT: usize = 16 * 1024 * 1024;
/// 64 MiB.
pub(crate) const SEGMENT_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;
/// 24 hours.
pub(crate) const SEGMENT_AGE_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);
/// One second: what may not be covered by a checkpoint yet.
pub(crate) const PUBLISH_INTERVAL_DEFAULT: Duration = Duration::from_secs(1);

/// Opens a log with other than the default choices; see [`AuditLog::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// let log = bulla::AuditLog::builder("audit")
///     .origin("example.com/audit")
///     .publish_interval(Duration::from_millis(200))
///     .open()?;
/// # Ok::<(), bulla::OpenError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `open`"]
pub struct LogBuilder {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) origin: Option<String>,
    pub(crate) signer: Option<Signer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) event_options: EventOptions,
    pub(crate) recent_entries: usize,
    pub(crate) recent_bytes: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) segment_bytes: u64,
    pub(crate) segment_age: Duration,
    pub(crate) publish_interval: Duration,
    pub(crate) seal: bool,
    pub(crate) heartbeat: Option<Duration>,
}

/// A signer key that shows nothing of itself.
#[derive(Clone)]
pub(crate) struct Signer(pub(crate) Arc<SignerKey>);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.0.name())
    }
}

impl LogBuilder {
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self::on_disk(Arc::new(OsDisk::new(directory)))
    }

    pub(crate) fn on_disk(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            origin: None,
            signer: None,
            clock: Arc::new(SystemClock::default()),
            event_options: EventOptions::default(),
            recent_entries: RECENT_ENTRIES_DEFAULT,
            recent_bytes: RECENT_BYTES_DEFAULT,
            queue_bytes: QUEUE_BYTES_DEFAULT,
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            segment_age: SEGMENT_AGE_DEFAULT,
            publish_interval: PUBLISH_INTERVAL_DEFAULT,
            seal: true,
            heartbeat: None,
        }
    }

    /// Name of a log that is made new: a URL without scheme, such as `example.com/audit`, 1 to 255 bytes. An
    /// existing log keeps its own. Default: `bulla.local/` and a random number.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Signs with this key instead of the one in `log.key`; for a new log, none is written there.
    pub fn signer(mut self, key: SignerKey) -> Self {
        self.signer = Some(Signer(Arc::new(key)));
        self
    }

    /// Takes time from `clock`.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes keys and salts from `entropy`.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.event_options.entropy = entropy;
        self
    }

    /// Removes values by these rules before entries are stored. Default: [`Redaction::secrets`].
    pub fn redaction(mut self, rules: Redaction) -> Self {
        self.event_options.redaction = rules;
        self
    }

    /// A string in `detail` longer than this many bytes moves to a payload. Default: 16 KiB.
    pub fn inline_string_bytes(mut self, bytes: usize) -> Self {
        self.event_options.inline_string_bytes_max = bytes;
        self
    }

    /// Keeps so many of the newest entries in memory, at least 128. Default: 10,000.
    pub fn recent_entries(mut self, entries: usize) -> Self {
        self.recent_entries = entries;
        self
    }

    /// Keeps at most so many bytes of the newest entries in memory. Default: 16 MiB.
    pub fn recent_bytes(mut self, bytes: usize) -> Self {
        self.recent_bytes = bytes;
        self
    }

    /// Bytes that may wait for the writer before callers wait or are refused. Default: 16 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// A segment is full at so many bytes; it ends at the next sequence number that is a multiple of 256. Default:
    /// 64 MiB.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// A segment is full at this age. Default: 24 hours.
    pub fn segment_age(mut self, age: Duration) -> Self {
        self.segment_age = age;
        self
    }

    /// Longest time between an entry and the checkpoint that covers it. Default: 1 s.
    pub fn publish_interval(mut self, interval: Duration) -> Self {
        self.publish_interval = interval;
        self
    }

    /// Whether full segments are compressed in the background. Default: yes.
    pub fn seal(mut self, seal: bool) -> Self {
        self.seal = seal;
        self
    }

    /// Writes a `heartbeat` entry whenever nothing came for so long, so that silence is visible. Default: never.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = Some(interval);
        self
    }

    /// Opens the log, or makes it when the directory is empty or missing.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is changed in a directory that is not a log, is locked, or is damaged.
    pub fn open(self) -> Result<AuditLog, OpenError> {
        AuditLog::open_with(self)
    }
}
