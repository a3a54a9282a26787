//! One file per bar, or per two that measure the same thing.

mod capturing;
mod embedding;
pub(crate) mod kill;
mod latency;
mod opening;
mod proving;
mod replaced;
mod sealing;
mod search;
mod serving;
mod submitting;
mod tampering;
mod throughput;
mod verifying;

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::report::Figure;

/// Bars that are measured so far.
pub(crate) const NUMBERS: [u32; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// Where and how much.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) real_log: PathBuf,
    pub(crate) quick: bool,
}

impl Bench {
    /// `full`, or a hundredth of it in a quick run.
    pub(crate) fn count(&self, full: usize) -> usize {
        if self.quick { (full / 100).max(1) } else { full }
    }

    /// A log of 10 million entries that were made from real ones, made when it is first needed.
    pub(crate) fn real_log(&self) -> anyhow::Result<&Path> {
        if !self.real_log.join("log.json").exists() {
            crate::real::write(&self.real_log, self.count(10_000_000))?;
        }
        Ok(&self.real_log)
    }

    /// A log of 10 million entries, made when it is first needed.
    pub(crate) fn big_log(&self) -> anyhow::Result<PathBuf> {
        let directory = self.folder.join("big");
        if !directory.join("log.json").exists() {
            crate::fill::in_own_process(&directory, self.count(10_000_000))?;
        }
        Ok(directory)
    }
}

/// Measures one bar.
pub(crate) fn measure(number: u32, bench: &Bench) -> anyhow::Result<Figure> {
    match number {
        1 => throughput::measure(bench),
        2 => latency::measure(bench),
        3 => submitting::measure(bench),
        4 => replaced::measure(bench),
        5 => verifying::measure(bench),
        6 => opening::measure(bench),
        7 => proving::measure(bench),
        8 => kill::measure(bench),
        9 => tampering::measure(bench),
        10 => serving::ingest::measure(bench),
        11 => search::answering::measure(bench),
        12 => search::following::measure(bench),
        13 => sealing::measure(bench),
        14 => serving::stalled::measure(bench),
        15 => embedding::measure(bench),
        16 => capturing::measure(bench),
        other => bail!("bar {other} is not measured; these are: {NUMBERS:?}"),
    }
}
