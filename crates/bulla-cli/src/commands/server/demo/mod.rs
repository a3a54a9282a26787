//! `bulla serve --demo`: a log of its own in a temporary folder, filled with made-up entries of a made-up company. What
//! happened is invented and labelled so; the log is real: the entries were recorded now, and are signed and provable.

mod agents;
mod company;
mod dice;
mod sample;

use std::path::PathBuf;

use anyhow::Context;
use bulla::{AuditLog, Event, SystemEntropy, Timestamp};
use tempfile::TempDir;

pub(crate) use sample::Sample;

/// What the names of demo logs begin with; the rest tells one demo from the next.
const ORIGIN: &str = "bulla-demo.example";
/// Every demo tells the same story; only its times are counted back from now.
const SEED: u64 = 2852;

/// A demo log, which is removed with this value.
#[derive(Debug)]
pub(crate) struct Demo {
    folder: TempDir,
}

impl Demo {
    /// Makes the log and fills it.
    pub(crate) fn make() -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("bulla-demo-").tempdir().context("make a folder for the demo")?;
        let demo = Self { folder };
        let log = AuditLog::builder(demo.log()).origin(origin()).open()?;
        fill(&log, &Sample::new(Timestamp::now(), SEED)).context("record the sample")?;
        log.close_blocking().context("close the sample")?;
        Ok(demo)
    }

    /// The directory of the log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("audit")
    }
}

/// Each demo is another log: a browser that remembers one must not take the next for a log that was rolled back.
fn origin() -> String {
    let mut bytes = [0; 4];
    bulla::Entropy::fill(&SystemEntropy, &mut bytes);
    format!("{ORIGIN}/{:08x}", u32::from_be_bytes(bytes))
}

/// Records the sample in its order, in few batches.
fn fill(log: &AuditLog, sample: &Sample) -> anyhow::Result<()> {
    let options = log.event_options();
    let mut last = None;
    for made in sample.entries() {
        let event = Event::from_entry_of(made.source.as_ref(), &made.entry, &options)?;
        last = Some(log.submit_event_blocking(event)?);
    }
    // One writer takes them in order: when the last is durable, all are.
    if let Some(last) = last {
        last.wait_durable()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_is_a_clean_log_that_ends_with_it() {
        let demo = Demo::make().unwrap();
        let directory = demo.log();
        assert!(bulla::verify(&directory).unwrap().is_clean());
        assert!(bulla::LogReader::open(&directory).unwrap().identity().origin.starts_with(ORIGIN));
        drop(demo);
        assert!(!directory.parent().unwrap().exists());
    }
}
