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
    pub(crate) lines: BatchLines,
    pub(crate) recorded_at: Timestamp,
    /// `recorded_at` as it is written.
    time: String,
    /// Hashes that the lines add to the tree.
    pub(crate) hashes: RowHashes,
    /// The tree with them.
    pub(crate) frontier: Frontier,
    /// Lines of the log's own, in front of those of the chunks.
    own: usize,
    chunks: Vec<Chunk>,
}

/// Memory of earlier batches, used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) lines: BatchLines,
    pub(crate) hashes: RowHashes,
}

impl Batch {
    /// A batch that continues a tree, with nothing in it yet.
    pub(crate) fn begin(recorded_at: Timestamp, frontier: Frontier, scratch: Scratch) -> Self {
        let Scratch { mut lines, mut hashes } = scratch;
        lines.first = frontier.size().get();
        lines.bytes.clear();
        lines.ends.clear();
        hashes.clear();
        let time = recorded_at.to_rfc3339_nanos();
        Self { lines, recorded_at, time, hashes, frontier, own: 0, chunks: Vec::new() }
    }

    /// Adds an entry of the log's own; before all chunks.
    pub(crate) fn add_own(&mut self, body: &[u8]) {
        assert!(self.chunks.is_empty(), "the log's own entries come first");
        self.add_line(body);
        self.own += 1;
    }

    /// Adds the entries of a chunk.
    pub(crate) fn add(&mut self, chunk: Chunk) {
        self.lines.bytes.reserve(chunk.size() + chunk.count() * (PREFIX_BYTES_MAX + 1));
        self.lines.ends.reserve(chunk.count());
        chunk.bodies().for_each(|body| self.add_line(body));
        self.chunks.push(chunk);
    }

    /// Gives an entry its number and time, completes its line, hashes it and grows the tree.
    fn add_line(&mut self, body: &[u8]) {
        let Self { lines, time, hashes, frontier, .. } = self;
        let start = lines.bytes.len();
        line::push_prefix(&mut lines.bytes, frontier.size().get(), time);
        lines.bytes.extend_from_slice(body);
        let leaf = leaf_hash(&lines.bytes[start..]);
        lines.bytes.push(b'\n');
        lines.ends.push(u32::try_from(lines.bytes.len()).expect("a batch is under 4 GiB"));
        hashes.push(0, &leaf);
        frontier.append_with(leaf, |row, _, hash| hashes.push(row, &hash));
    }

    /// Bytes of its lines so far.
    pub(crate) fn size(&self) -> usize {
        self.lines.bytes.len()
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

    /// Takes the lines out, to be kept.
    pub(crate) fn take_lines(&mut self) -> Arc<BatchLines> {
        let empty = BatchLines { first: self.lines.end(), ..BatchLines::default() };
        Arc::new(std::mem::replace(&mut self.lines, empty))
    }

    /// Gives everyone who waits a receipt; tells how many did, and hands back the memory.
    pub(crate) fn answer(self) -> (usize, Vec<Chunk>, RowHashes) {
        let leaves: &[[u8; HASH_LEN]] = self.hashes.of[0].as_chunks().0;
        let batch_first = self.frontier.size().get() - leaves.len() as u64;
        let (mut at, mut waited) = (self.own, 0);
        for chunk in &self.chunks {
            let hashes = leaves[at..at + chunk.count()].iter().map(|leaf| Hash::from(*leaf)).collect();
            let first = batch_first + at as u64;
            waited +=
                chunk.fate.settled.settle(Outcome::Durable { first, recorded_at: self.recorded_at, hashes });
            at += chunk.count();
        }
        (waited, self.chunks, self.hashes)
    }

    /// Tells everyone who waits that the log stopped.
    pub(crate) fn fail(self, poison: &Poison) {
        for chunk in self.chunks {
            chunk.fate.settled.settle(Outcome::Failed(poison.clone()));
        }
    }
}
