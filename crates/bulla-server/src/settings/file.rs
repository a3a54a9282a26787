//! The TOML file, as it is written: every key optional, a wrong one an error that names its line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::RecordReads;

/// 1 MiB: a settings file has a few hundred bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A settings file; what it leaves out keeps its default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsFile {
    /// Address to listen on, such as `127.0.0.1:2852`.
    pub listen: Option<SocketAddr>,
    /// Log directory.
    pub log: Option<PathBuf>,
    /// Name of a log that is made new.
    pub origin: Option<String>,
    /// Whether plain HTTP is allowed beyond loopback.
    pub insecure_http: Option<bool>,
    /// Whether anyone may read checkpoints, tiles and entry bundles.
    pub public: Option<bool>,
    /// Whether anyone may read `/metrics`.
    pub metrics_public: Option<bool>,
    /// Whether an index for searches is kept.
    pub index: Option<bool>,
    /// Milliseconds between checkpoints.
    pub publish_interval_ms: Option<u64>,
    /// Bytes that may wait for the writer.
    pub queue_bytes: Option<usize>,
    /// `[tls]`
    pub tls: Option<TlsFile>,
    /// `[limits]`
    pub limits: Option<LimitsFile>,
    /// `[record]`
    pub record: Option<RecordFile>,
    /// `[disk]`
    pub disk: Option<DiskFile>,
    /// `[scrub]`
    pub scrub: Option<ScrubFile>,
}

/// `[tls]`: PEM files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// Certificate chain.
    pub cert: Option<PathBuf>,
    /// Private key.
    pub key: Option<PathBuf>,
}

/// `[limits]`; see [`Limits`](super::Limits).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// Bytes of a body that is held in memory.
    pub body_bytes: Option<usize>,
    /// Bytes of a line of NDJSON.
    pub line_bytes: Option<usize>,
    /// Bytes of all headers.
    pub header_bytes: Option<usize>,
    /// Bytes of path and query.
    pub uri_bytes: Option<usize>,
    /// Connections at once.
    pub connections: Option<usize>,
    /// Milliseconds to send the headers.
    pub header_timeout_ms: Option<u64>,
    /// Milliseconds without a byte of a body.
    pub body_timeout_ms: Option<u64>,
    /// Milliseconds to finish requests when going down.
    pub shutdown_timeout_ms: Option<u64>,
    /// Requests per second of one credential.
    pub requests_per_second: Option<u32>,
    /// Requests at once that read far through the log.
    pub scans: Option<usize>,
    /// Exports at once.
    pub exports: Option<usize>,
    /// Followers at once.
    pub followers: Option<usize>,
    /// Entries that a follower which takes nothing may be behind.
    pub follower_entries_behind: Option<u64>,
}

/// `[record]`: what the server records of its own use.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordFile {
    /// Whose reads: `nobody`, `people` or `everybody`.
    pub reads: Option<RecordReads>,
    /// Whether exports are.
    pub exports: Option<bool>,
}

/// `[disk]`: free bytes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskFile {
    /// Below this the server warns.
    pub warn_bytes: Option<u64>,
    /// Below this it refuses new entries.
    pub refuse_bytes: Option<u64>,
}

/// `[scrub]`: verification in the background.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrubFile {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Seconds from the end of one run to the begin of the next.
    pub interval_s: Option<u64>,
    /// How fast it reads.
    pub bytes_per_second: Option<u64>,
}

/// Why a settings file was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsFileError {
    /// It cannot be read.
    #[error("read {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// It is larger than settings are.
    #[error("{0} has more than {FILE_BYTES_MAX} bytes: it is no settings file")]
    TooLarge(PathBuf),
    /// A key or value is wrong.
    #[error("{file}, line {line}: {problem}")]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Line of the mistake, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
}

impl SettingsFile {
    /// Reads a settings file.
    ///
    /// # Errors
    /// See [`SettingsFileError`].
    pub fn read(file: &Path) -> Result<Self, SettingsFileError> {
        let failed = |error| SettingsFileError::Read(file.to_owned(), error);
        if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(SettingsFileError::TooLarge(file.to_owned()));
        }
        let text = std::fs::read_to_string(file).map_err(failed)?;
        Self::parse(&text).map_err(|(line, problem)| SettingsFileError::Wrong {
            file: file.to_owned(),
            line,
            problem,
        })
    }

    /// Reads the text of one; a mistake comes with its line.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            (line, error.message().replace('\n', " "))
        })
    }
}
