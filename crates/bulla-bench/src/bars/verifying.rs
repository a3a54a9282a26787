//! Bar 5: whole-log verification, warm, beside one core that hashes the same bytes in large blocks.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bulla::Verify;
use sha2::{Digest, Sha256};

use super::Bench;
use crate::fill;
use crate::report::{Figure, Part};

/// Rounds of each, in turn; the median counts.
const ROUNDS: usize = 5;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let directory = bench.folder.join("verifying");
    fill::plain_in_own_process(&directory, bench.count(2_000_000))?;
    let (bytes, _) = hash_in_blocks(&directory)?; // warms the cache
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reference.push(hash_in_blocks(&directory)?.1);
        let before = Instant::now();
        let verdict = Verify::of(&directory).threads(cores()).run()?;
        ours.push(before.elapsed());
        ensure!(verdict.is_clean(), "a log that nobody touched was accused: {verdict}");
    }
    let (ours, reference) = (rate(bytes, median(&mut ours)), rate(bytes, median(&mut reference)));
    Ok(Figure {
        bar: 5,
        value: ours,
        reference,
        ratio: ours / reference,
        holds: ours >= reference,
        unit: "MB/s",
        what: "whole-log verify, warm, all cores, beside SHA-256 of the same bytes in large blocks on one",
        bound: "at least 1.0",
        parts: vec![Part::seen("bytes of entries", megabytes(bytes), "MB")],
    })
}

/// Hashes all segments in blocks of 1 MiB; gives their bytes and the time.
fn hash_in_blocks(directory: &Path) -> anyhow::Result<(u64, Duration)> {
    use std::io::Read;
    let mut block = vec![0; 1024 * 1024];
    let (mut bytes, mut hash) = (0, Sha256::new());
    let before = Instant::now();
    for file in std::fs::read_dir(directory.join("entries"))? {
        let mut file = std::fs::File::open(file?.path())?;
        loop {
            let count = file.read(&mut block)?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
            hash.update(&block[..count]);
        }
    }
    std::hint::black_box(hash.finalize());
    Ok((bytes, before.elapsed()))
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn rate(bytes: u64, time: Duration) -> f64 {
    megabytes(bytes) / time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
