//! What the server watches while it runs: its own counts, the disk, the log's files, and whether the log verifies; and
//! how it tells: metrics, probes, alarms in the log, and lines of its own.

pub(crate) mod alarms;
pub(crate) mod counters;
pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod health;
pub mod logs;
pub(crate) mod metrics;
mod pace;
pub(crate) mod probes;
pub(crate) mod requests;
pub(crate) mod scrub;
pub mod supervisor;
