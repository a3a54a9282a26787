//! Bar 13: what a sealed log takes on disk, hashes included, beside its plain lines.

use std::path::Path;

use super::Bench;
use crate::fill;
use crate::report::{Figure, Part};

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let directory = bench.folder.join("sealing");
    fill::in_own_process(&directory, bench.count(1_500_000))?;
    let reader = bulla::LogReader::open(&directory)?;
    let sealed = sealed_segments(&directory)?;
    // Only what is sealed counts; the open segment is plain until it is full.
    let end = sealed.first_plain;
    let mut plain = 0_u64;
    let mut entries = reader.read(0..end);
    while let Some((_, line)) = entries.next_line()? {
        plain += line.len() as u64 + 1;
    }
    let hashes: u64 = (0..8).map(|row| bulla::LogReader::row_len(row, end) * 32).sum();
    let ratio = number(sealed.bytes + hashes) / number(plain);
    Ok(Figure {
        bar: 13,
        value: number(sealed.bytes + hashes),
        reference: number(plain),
        ratio,
        holds: end > 0 && ratio <= 0.2,
        unit: "B",
        what: "sealed segments and their hashes, beside the same lines in plain",
        bound: "at most 0.2",
        parts: vec![
            Part::seen("entries in sealed segments", number(end), ""),
            Part::seen("sealed segments", number(sealed.bytes), "B"),
            Part::seen("hashes", number(hashes), "B"),
        ],
    })
}

struct Sealed {
    bytes: u64,
    first_plain: u64,
}

fn sealed_segments(directory: &Path) -> anyhow::Result<Sealed> {
    let mut sealed = Sealed { bytes: 0, first_plain: u64::MAX };
    for file in std::fs::read_dir(directory.join("entries"))? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".zst") {
            sealed.bytes += file.metadata()?.len();
        } else {
            sealed.first_plain = sealed.first_plain.min(name[..20].parse()?);
        }
    }
    Ok(sealed)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
