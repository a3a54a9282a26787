//! Bar 7: an inclusion proof in a log of 10 million entries, warm.

use std::time::Instant;

use bulla::proof::{LeafIndex, TreeSize, check_inclusion};
use bulla::{LogReader, Seq};

use super::Bench;
use crate::measure::{Samples, micros};
use crate::report::{Figure, Part};

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let reader = LogReader::open(bench.big_log()?)?;
    let checkpoint = reader.checkpoint()?.ok_or_else(|| anyhow::anyhow!("a closed log has a checkpoint"))?;
    let size: TreeSize = checkpoint.size();
    let seqs =
        || (0..bench.count(20_000) as u64).map(move |i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % size.get());
    for seq in seqs() {
        reader.inclusion(Seq::from(seq), size)?;
    }
    let mut samples = Samples::default();
    for seq in seqs() {
        let before = Instant::now();
        let proof = reader.inclusion(Seq::from(seq), size)?;
        samples.push(before.elapsed());
        if seq % 100 == 0 {
            let leaf = reader.get(seq)?.ok_or_else(|| anyhow::anyhow!("entry {seq} is there"))?.leaf_hash();
            check_inclusion(&leaf, LeafIndex::from(seq), size, &proof, &checkpoint.root())?;
        }
    }
    let p50 = micros(samples.percentile(50.0));
    Ok(Figure {
        bar: 7,
        value: p50,
        reference: 50.0,
        ratio: p50 / 50.0,
        holds: p50 <= 50.0,
        unit: "us (p50)",
        what: "inclusion proof of a random entry, warm",
        bound: "at most 50 us",
        parts: vec![Part::seen("p99", micros(samples.percentile(99.0)), "us")],
    })
}
