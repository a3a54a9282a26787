//! The newest durable entries in memory, bounded in entries and in bytes. Whole batches are kept as they were
//! written, so that an entry costs nothing here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::read::stored::StoredEntry;
use crate::store::segment::open_segment::BatchLines;

#[derive(Debug)]
pub(crate) struct Recent {
    ring: Mutex<Ring>,
    entries_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Ring {
    batches: VecDeque<Arc<BatchLines>>,
    entries: usize,
    bytes: usize,
}

impl Recent {
    pub(crate) fn new(entries_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { ring: Mutex::default(), entries_max, bytes_max })
    }

    pub(crate) fn entries_max(&self) -> usize {
        self.entries_max
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Adds a batch; gives the memory of one that is no longer needed.
    pub(crate) fn push(&self, batch: Arc<BatchLines>) -> Option<BatchLines> {
        let mut ring = self.ring.lock().expect("no panic while held");
        ring.entries += batch.ends.len();
        ring.bytes += batch.bytes.len();
        ring.batches.push_back(batch);
        let mut evicted = None;
        // The oldest batch goes when the others are enough, or are too much already.
        while let Some(oldest) = ring.batches.front() {
            let (entries, bytes) = (oldest.ends.len(), oldest.bytes.len());
            let is_spare = ring.entries - entries >= self.entries_max;
            if ring.batches.len() == 1 || !(is_spare || ring.bytes > self.bytes_max) {
                break;
            }
            ring.entries -= entries;
            ring.bytes -= bytes;
            evicted = ring.batches.pop_front();
        }
        drop(ring);
        evicted.and_then(Arc::into_inner)
    }

    /// Up to `limit` entries that `keep` wants, newest first.
    pub(crate) fn newest(&self, limit: usize, keep: impl Fn(&[u8]) -> bool) -> Vec<StoredEntry> {
        let batches: Vec<Arc<BatchLines>> =
            self.ring.lock().expect("no panic while held").batches.iter().rev().cloned().collect();
        let lines = batches
            .iter()
            .flat_map(|batch| (batch.first..batch.end()).rev().map(|seq| (seq, batch.line(seq))));
        lines
            .take(self.entries_max)
            .filter(|(_, line)| keep(line))
            .take(limit)
            .map(|(seq, line)| StoredEntry::new(seq, line.to_vec()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(first: u64, count: u32) -> Arc<BatchLines> {
        let mut lines = BatchLines { first, ..BatchLines::default() };
        for seq in first..first + u64::from(count) {
            lines.bytes.extend_from_slice(format!("line {seq}\n").as_bytes());
            lines.ends.push(u32::try_from(lines.bytes.len()).unwrap());
        }
        Arc::new(lines)
    }

    fn seqs(recent: &Recent, limit: usize) -> Vec<u64> {
        recent.newest(limit, |_| true).iter().map(|entry| entry.seq().get()).collect()
    }

    #[test]
    fn the_newest_come_first_and_no_more_than_the_ring_holds() {
        let recent = Recent::new(5, usize::MAX);
        recent.push(batch(0, 3));
        recent.push(batch(3, 3));
        assert_eq!(seqs(&recent, 10), [5, 4, 3, 2, 1]);
        assert_eq!(seqs(&recent, 2), [5, 4]);
        recent.push(batch(6, 5));
        assert_eq!(seqs(&recent, 10), [10, 9, 8, 7, 6]);
        assert_eq!(recent.ring.lock().unwrap().batches.len(), 1, "what is not needed is let go");
    }

    #[test]
    fn bytes_are_bounded_too() {
        let recent = Recent::new(1_000_000, 100);
        for first in 0..50 {
            recent.push(batch(first, 1));
        }
        assert!(recent.ring.lock().unwrap().bytes <= 100);
        assert_eq!(seqs(&recent, 1), [49]);
    }
}
