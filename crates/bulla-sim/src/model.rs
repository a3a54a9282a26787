//! What a log has promised so far. Obvious on purpose: vectors and no cleverness.

use std::collections::BTreeSet;

use bulla::Receipt;
use bulla::proof::Hash;

/// Promises of one log, kept across every crash.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Ids of every entry that was handed to the log, acknowledged or not.
    pub offered: BTreeSet<String>,
    /// Acknowledged entries in the order of their receipts.
    pub acknowledged: Vec<Acknowledged>,
    /// Leaf hashes of all entries that a reader or a follower has shown, by number.
    pub shown: Vec<Hash>,
    /// Sizes and roots of all checkpoints that were seen.
    pub checkpoints: Vec<(u64, Hash)>,
}

/// An entry with a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its id.
    pub id: String,
    /// Its number, by the receipt.
    pub seq: u64,
    /// Its leaf hash, by the receipt.
    pub leaf: Hash,
}

impl Model {
    /// Notes a receipt.
    pub fn acknowledge(&mut self, id: &str, receipt: &Receipt) {
        let (seq, leaf) = (receipt.seq().get(), receipt.leaf_hash());
        self.acknowledged.push(Acknowledged { id: id.to_owned(), seq, leaf });
    }

    /// Notes what a reader shows as entry `seq`; false when it showed another one before.
    #[must_use]
    pub fn show(&mut self, seq: u64, leaf: Hash) -> bool {
        let at = usize::try_from(seq).expect("simulated logs are small");
        if at == self.shown.len() {
            self.shown.push(leaf);
        }
        self.shown.get(at) == Some(&leaf)
    }

    /// Notes a published checkpoint.
    pub fn publish(&mut self, size: u64, root: Hash) {
        if self.checkpoints.last() != Some(&(size, root)) {
            self.checkpoints.push((size, root));
        }
    }
}
