//! One batch between the queue and the disk: numbered, hashed, and with the tree as it will be.

use std::sync::Arc;

use bulla_proof::{Frontier, HASH_LEN, Hash, leaf_hash};

use super::queue::{Chunk, Outcome};
use crate::clock::Timestamp;
use crate::entry::PayloadFile;
use crate::entry::limits::PREFIX_BYTES_MAX;
use crate::log::poison::Poison;
use crate::store::rows::RowHashes;
use crate::store::segment::line;
use crate::store::segment::open_segment::BatchLines;

#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) lines: Arc<BatchLines>,
    pub(crate) recorded_at: Timestamp,
    /// Hashes that the lines add to the tree.
    pub(crate) hashes: RowHashes,
    /// The tree with them.
    pub(crate) frontier: Frontier,
    /// Lines of the log's own, in front of those of the chunks.
    own: u64,
    chunks: Vec<Chunk>,
}

/// Memory of earlier batches, used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) lines: BatchLines,
    pub(crate) hashes: RowHashes,
}

impl Batch {
    /// Gives each entry its number and time, completes its line, hashes it and grows the tree.
    pub(crate) fn number(
        own: &[Vec<u8>],
        chunks: Vec<Chunk>,
        recorded_at: Timestamp,
        mut frontier: Frontier,
        scratch: Scratch,
    ) -> Self {
        let Scratch { mut lines, mut hashes } = scratch;
        let time = recorded_at.to_rfc3339_nanos();
        let count = own.len() + chunks.iter().map(Chunk::count).sum::<usize>();
        let bytes = own.iter().map(Vec::len).sum::<usize>() + chunks.iter().map(Chunk::size).sum::<usize>();
        lines.first = frontier.size().get();
        lines.bytes.clear();
        lines.bytes.reserve(bytes + count * (PREFIX_BYTES_MAX + 1));
        lines.ends.clear();
        lines.ends.reserve(count);
        hashes.clear();
        let bodies = own.iter().map(Vec::as_slice).chain(chunks.iter().flat_map(Chunk::bodies));
        for (seq, body) in (lines.first..).zip(bodies) {
            let start = lines.bytes.len();
            line::push_prefix(&mut lines.bytes, seq, &time);
            lines.bytes.extend_from_slice(body);
            let leaf = leaf_hash(&lines.bytes[start..]);
            lines.bytes.push(b'\n');
            lines.ends.push(u32::try_from(lines.bytes.len()).expect("a batch is under 4 GiB"));
            hashes.push(0, &leaf);
            frontier.append_with(leaf, |row, _, hash| hashes.push(row, &hash));
        }
        Self { lines: Arc::new(lines), recorded_at, hashes, frontier, own: own.len() as u64, chunks }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.ends.is_empty()
    }

    /// Number after the last entry.
    pub(crate) fn end(&self) -> u64 {
        self.lines.end()
    }

    /// Payloads of all entries.
    pub(crate) fn take_payloads(&mut self) -> Vec<PayloadFile> {
        self.chunks.iter_mut().flat_map(|chunk| std::mem::take(&mut chunk.payloads)).collect()
    }

    /// Gives everyone who waits a receipt; hands back the memory.
    pub(crate) fn answer(self) -> (Vec<Chunk>, RowHashes) {
        let leaves: &[[u8; HASH_LEN]] = self.hashes.of[0].as_chunks().0;
        let mut at = usize::try_from(self.own).expect("a batch fits in memory");
        for chunk in &self.chunks {
            let hashes = leaves[at..at + chunk.count()].iter().map(|leaf| Hash::from(*leaf)).collect();
            let first = self.lines.first + at as u64;
            chunk.fate.settled.settle(Outcome::Durable { first, recorded_at: self.recorded_at, hashes });
            at += chunk.count();
        }
        (self.chunks, self.hashes)
    }

    /// Tells everyone who waits that the log stopped.
    pub(crate) fn fail(self, poison: &Poison) {
        for chunk in self.chunks {
            chunk.fate.settled.settle(Outcome::Failed(poison.clone()));
        }
    }
}
