//! What a server is told: defaults, one TOML file, and what flags and variables put over it. Everything is checked
//! before anything is opened.

mod file;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::watch::disk::SpaceSource;

pub use file::{DiskFile, LimitsFile, RecordFile, ScrubFile, SettingsFile, SettingsFileError, TlsFile};

/// Port of the server when none is given.
pub const PORT_DEFAULT: u16 = 2852;

/// All that a server is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Log directory; made when missing.
    pub log: PathBuf,
    /// Name of a log that is made new.
    pub origin: Option<String>,
    /// Certificate chain and key, both PEM files; with them, the server speaks HTTPS only.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whether plain HTTP is allowed beyond loopback.
    pub insecure_http: bool,
    /// Whether anyone may read checkpoints, tiles and entry bundles.
    pub public: bool,
    /// Longest time between an entry and the checkpoint that covers it.
    pub publish_interval: Duration,
    /// Bytes that may wait for the writer.
    pub queue_bytes: usize,
    /// Limits of requests.
    pub limits: Limits,
    /// Which reads are recorded.
    pub record_reads: RecordReads,
    /// Whether exports are recorded.
    pub record_exports: bool,
    /// When the disk counts as nearly full, and as full.
    pub disk: DiskLimits,
    /// Who is asked how much room there is.
    pub space: SpaceSource,
    /// How often that is asked.
    pub disk_interval: Duration,
    /// How fast the log is verified in the background.
    pub scrub: Option<Scrub>,
    /// Whether anyone may read `/metrics`.
    pub metrics_public: bool,
    /// Whether an index is kept, in `index/` of the log; without one, searches read the log.
    pub index: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT_DEFAULT),
            log: PathBuf::from("audit"),
            origin: None,
            tls: None,
            insecure_http: false,
            public: false,
            publish_interval: Duration::from_secs(1),
            queue_bytes: 16 << 20,
            limits: Limits::default(),
            record_reads: RecordReads::People,
            record_exports: true,
            disk: DiskLimits::default(),
            space: SpaceSource::default(),
            disk_interval: Duration::from_secs(1),
            scrub: Some(Scrub::default()),
            metrics_public: false,
            index: true,
        }
    }
}

/// Limits of requests and connections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// 16 MiB: the body of one entry or an array; it is held in memory whole.
    pub body_bytes: usize,
    /// 1 MiB: one line of NDJSON. A longer line is answered as rejected, the others go on.
    pub line_bytes: usize,
    /// 32 KiB: all headers of a request together.
    pub header_bytes: usize,
    /// 8 KiB: path and query.
    pub uri_bytes: usize,
    /// 1,024 connections; more wait in the system's queue.
    pub connections: usize,
    /// 10 s to send the headers, and for the handshake before.
    pub header_timeout: Duration,
    /// 30 s without a byte of a body, either way.
    pub body_timeout: Duration,
    /// 30 s to finish requests when the server goes down.
    pub shutdown_timeout: Duration,
    /// Requests per second of one credential; no limit when not set.
    pub requests_per_second: Option<u32>,
    /// 4 requests that read far through the log at once; more are told to try again.
    pub scans: usize,
    /// 2 exports at once; each reads the whole log, as fast as its client takes it.
    pub exports: usize,
    /// 256 followers at once.
    pub followers: usize,
    /// 100,000 entries behind the end of the log, a follower that takes nothing for a while is cut.
    pub follower_entries_behind: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            line_bytes: 1 << 20,
            header_bytes: 32 << 10,
            uri_bytes: 8 << 10,
            connections: 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            requests_per_second: None,
            scans: 4,
            exports: 2,
            followers: 256,
            follower_entries_behind: 100_000,
        }
    }
}

/// Which reads are recorded as `view.opened`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordReads {
    /// None.
    Nobody,
    /// Those of people who are logged in.
    People,
    /// Those of programs with tokens as well.
    Everybody,
}

/// When the disk counts as nearly full, and as full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskLimits {
    /// 2 GiB: below it the server warns.
    pub warn_bytes: u64,
    /// 256 MiB: below it new entries are refused; what is left is for the entry that says so, and for closing.
    pub refuse_bytes: u64,
}

impl Default for DiskLimits {
    fn default() -> Self {
        Self { warn_bytes: 2 << 30, refuse_bytes: 256 << 20 }
    }
}

/// The verification that runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrub {
    /// From the end of one run to the begin of the next.
    pub interval: Duration,
    /// 16 MiB/s: a fraction of one core and of a disk.
    pub bytes_per_second: u64,
}

impl Default for Scrub {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60 * 60), bytes_per_second: 16 << 20 }
    }
}

/// Settings that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// Plain HTTP would be open to a network.
    #[error(
        "{0} is not loopback, and plain HTTP would send tokens readable for all: give --tls-cert and --tls-key, or \
         --insecure-http if something in front speaks TLS"
    )]
    PlainBeyondLoopback(SocketAddr),
    /// The certificate without its key, or the other way round.
    #[error("TLS needs both a certificate and a key; only one is given")]
    HalfTls,
    /// A limit that would let nothing through.
    #[error("{0} is {1}, at least {2}")]
    TooSmall(&'static str, u64, u64),
    /// Refusing before warning.
    #[error(
        "disk.refuse_bytes ({refuse}) is above disk.warn_bytes ({warn}): it would refuse before it warns"
    )]
    RefusesBeforeWarning {
        /// Free bytes below which it refuses.
        refuse: u64,
        /// Free bytes below which it warns.
        warn: u64,
    },
}

impl Settings {
    /// Puts what a file says over these settings.
    ///
    /// # Errors
    /// When only one of certificate and key would be given.
    pub fn with_file(mut self, file: SettingsFile) -> Result<Self, InvalidSettings> {
        fn set<T>(value: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *value = given;
            }
        }
        set(&mut self.listen, file.listen);
        set(&mut self.log, file.log);
        self.origin = file.origin.or(self.origin);
        set(&mut self.insecure_http, file.insecure_http);
        set(&mut self.public, file.public);
        set(&mut self.metrics_public, file.metrics_public);
        set(&mut self.index, file.index);
        set(&mut self.publish_interval, file.publish_interval_ms.map(Duration::from_millis));
        set(&mut self.queue_bytes, file.queue_bytes);
        if let Some(tls) = file.tls {
            self.tls = match (tls.cert, tls.key) {
                (Some(cert), Some(key)) => Some((cert, key)),
                (None, None) => self.tls,
                _ => return Err(InvalidSettings::HalfTls),
            };
        }
        let limits = file.limits.unwrap_or_default();
        let mine = &mut self.limits;
        set(&mut mine.body_bytes, limits.body_bytes);
        set(&mut mine.line_bytes, limits.line_bytes);
        set(&mut mine.header_bytes, limits.header_bytes);
        set(&mut mine.uri_bytes, limits.uri_bytes);
        set(&mut mine.connections, limits.connections);
        set(&mut mine.header_timeout, limits.header_timeout_ms.map(Duration::from_millis));
        set(&mut mine.body_timeout, limits.body_timeout_ms.map(Duration::from_millis));
        set(&mut mine.shutdown_timeout, limits.shutdown_timeout_ms.map(Duration::from_millis));
        mine.requests_per_second = limits.requests_per_second.or(mine.requests_per_second);
        set(&mut mine.scans, limits.scans);
        set(&mut mine.exports, limits.exports);
        set(&mut mine.followers, limits.followers);
        set(&mut mine.follower_entries_behind, limits.follower_entries_behind);
        let record = file.record.unwrap_or_default();
        set(&mut self.record_reads, record.reads);
        set(&mut self.record_exports, record.exports);
        let disk = file.disk.unwrap_or_default();
        set(&mut self.disk.warn_bytes, disk.warn_bytes);
        set(&mut self.disk.refuse_bytes, disk.refuse_bytes);
        if let Some(scrub) = file.scrub {
            let mut mine = self.scrub.unwrap_or_default();
            set(&mut mine.interval, scrub.interval_s.map(Duration::from_secs));
            set(&mut mine.bytes_per_second, scrub.bytes_per_second);
            self.scrub = scrub.enabled.unwrap_or(true).then_some(mine);
        }
        Ok(self)
    }

    /// Checks that the settings go together.
    ///
    /// # Errors
    /// See [`InvalidSettings`].
    pub fn check(&self) -> Result<(), InvalidSettings> {
        if self.tls.is_none() && !self.insecure_http && !self.listen.ip().is_loopback() {
            return Err(InvalidSettings::PlainBeyondLoopback(self.listen));
        }
        if self.disk.refuse_bytes > self.disk.warn_bytes {
            let DiskLimits { warn_bytes: warn, refuse_bytes: refuse } = self.disk;
            return Err(InvalidSettings::RefusesBeforeWarning { refuse, warn });
        }
        let limits = &self.limits;
        let at_least = [
            ("limits.body_bytes", limits.body_bytes as u64, 1024),
            ("limits.line_bytes", limits.line_bytes as u64, 1024),
            // hyper reads headers into a buffer of at least so much.
            ("limits.header_bytes", limits.header_bytes as u64, 8192),
            ("limits.uri_bytes", limits.uri_bytes as u64, 256),
            ("limits.connections", limits.connections as u64, 1),
            ("limits.header_timeout_ms", limits.header_timeout.as_millis() as u64, 100),
            ("limits.body_timeout_ms", limits.body_timeout.as_millis() as u64, 100),
            ("limits.scans", limits.scans as u64, 1),
            ("limits.exports", limits.exports as u64, 1),
            ("limits.followers", limits.followers as u64, 1),
            ("disk_interval", self.disk_interval.as_millis() as u64, 1),
            ("publish_interval_ms", self.publish_interval.as_millis() as u64, 10),
            ("queue_bytes", self.queue_bytes as u64, 64 << 10),
            ("scrub.bytes_per_second", self.scrub.map_or(u64::MAX, |scrub| scrub.bytes_per_second), 64 << 10),
        ];
        match at_least.into_iter().find(|(_, value, least)| value < least) {
            Some((name, value, least)) => Err(InvalidSettings::TooSmall(name, value, least)),
            None => Ok(()),
        }
    }
}
