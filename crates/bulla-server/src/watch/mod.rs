//! What the server watches while it runs: its own counts, the disk, the log's files, and whether the log verifies.

pub(crate) mod counters;
pub(crate) mod health;
