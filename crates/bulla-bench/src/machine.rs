//! The machine that the figures belong to.

use std::path::Path;

/// Processor, cores, kernel and file system, in one paragraph.
pub(crate) fn describe(folder: &Path) -> String {
    let first = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map_or(line.clone(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "machine: {}, {cores} cores, {}; kernel {}; logs in {} ({})",
        first("/proc/cpuinfo", "model name"),
        first("/proc/meminfo", "MemTotal"),
        std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        folder.display(),
        file_system(folder),
    )
}

/// Type of the file system that `folder` is on, by the longest mount point above it.
fn file_system(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter(|fields| fields.len() > 2 && folder.starts_with(fields[1]));
    above.max_by_key(|fields| fields[1].len()).map_or_else(|| "?".to_owned(), |fields| fields[2].to_owned())
}
