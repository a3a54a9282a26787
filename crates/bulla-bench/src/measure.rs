//! Percentiles, rates and the raw disk, which most bars are held against.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Durations of many acts.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The duration that `percent` of the acts stay under.
    pub(crate) fn percentile(&mut self, percent: f64) -> Duration {
        self.0.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index from a share of a count"
        )]
        let index = ((self.0.len() as f64 - 1.0) * percent / 100.0).round() as usize;
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// Microseconds with decimals.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Acts per second.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub(crate) fn rate(count: usize, duration: Duration) -> f64 {
    count as f64 / duration.as_secs_f64()
}

/// Appends `sizes` to a new file with one thread, `fdatasync` after each, and nothing else.
pub(crate) fn raw_appends(file: &Path, sizes: &[usize]) -> anyhow::Result<(Duration, Samples)> {
    let mut raw = OpenOptions::new().create_new(true).append(true).open(file)?;
    let bytes = vec![b'x'; sizes.iter().copied().max().unwrap_or(0)];
    let mut samples = Samples::default();
    let started = Instant::now();
    for size in sizes {
        let before = Instant::now();
        raw.write_all(&bytes[..*size])?;
        raw.sync_data()?;
        samples.push(before.elapsed());
    }
    let elapsed = started.elapsed();
    std::fs::remove_file(file)?;
    Ok((elapsed, samples))
}

/// Processor time of this process so far, all threads, user and system.
pub(crate) fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; fields are counted from behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    // Linux reports ticks of a hundredth of a second.
    Duration::from_millis(ticks * 10)
}

/// Greatest resident memory of this process, in bytes.
pub(crate) fn resident_max() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line =
        status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number in VmHWM")?.parse()?;
    Ok(kib * 1024)
}
