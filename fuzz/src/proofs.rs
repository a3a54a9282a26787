//! Tiles, proofs and proof files: one form each, and what is accepted is what a second, independent reading of RFC 9162
//! accepts.

use bulla::proof::{
    Checkpoint, EntryBundle, Hash, LeafIndex, Policy, ProofFile, TileId, TreeSize, check_consistency,
    check_inclusion, leaf_hash, node_hash,
};

use crate::notes::signer;

/// A tile path prints as it was read and names what its parts name; a bundle is its entries and nothing else.
pub(crate) fn tile(data: &[u8]) {
    if let Ok(entries) = EntryBundle::decode(data) {
        assert_eq!(EntryBundle::encode(&entries).as_deref(), Ok(data), "a bundle is its entries");
        assert!(entries.len() <= 256);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(tile) = text.parse::<TileId>() else { return };
    assert_eq!(tile.to_string(), text, "a tile path prints as it was read");
    assert_eq!(TileId::new(tile.kind(), tile.index(), tile.width()), Ok(tile), "its parts make the tile");
    let range = tile.range();
    assert_eq!(range.end - range.start, u64::from(tile.width()));
    assert_eq!(range.start / 256, tile.index());
}

/// Takes numbers and hashes off the front of fuzzed bytes.
struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    /// A size of any magnitude: a shift, and eight bytes.
    fn number(&mut self) -> Option<u64> {
        let (shift, rest) = self.0.split_first()?;
        let (number, rest) = rest.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number) >> (shift % 64))
    }

    /// Hashes told apart by one byte each: their content is all the same to the checkers.
    fn hashes(&self) -> Vec<Hash> {
        self.0.iter().map(|byte| leaf_hash(&[*byte])).collect()
    }
}

/// An inclusion or consistency proof of any shape is accepted exactly when RFC 9162 §2.1 accepts it.
pub(crate) fn path(data: &[u8]) {
    let mut parts = Parts(data);
    let (Some(first), Some(second)) = (parts.number(), parts.number()) else { return };
    let proof = parts.hashes();
    check_inclusion_agrees(first, second, &proof);
    check_consistency_agrees(first, second, &proof);
}

fn check_inclusion_agrees(index: u64, size: u64, proof: &[Hash]) {
    let leaf = leaf_hash(b"entry");
    let accepts = |root| check_inclusion(&leaf, LeafIndex(index), TreeSize(size), proof, &root).is_ok();
    match root_by_rfc9162(leaf, index, size, proof) {
        Some(root) => {
            assert!(accepts(root), "RFC 9162 accepts the inclusion proof");
            assert!(!accepts(leaf_hash(b"another root")), "another root is not proved");
        }
        None => {
            assert!(!accepts(leaf) && !proof.iter().any(|hash| accepts(*hash)), "RFC 9162 refuses its shape");
        }
    }
}

/// RFC 9162 §2.1.3.2: the root that an inclusion proof leads to; `None` when it has another shape.
fn root_by_rfc9162(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut fnode, mut snode, mut root) = (index, size - 1, leaf);
    for hash in proof {
        if snode == 0 {
            return None;
        }
        if fnode & 1 == 1 || fnode == snode {
            root = node_hash(hash, &root);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            root = node_hash(&root, hash);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    (snode == 0).then_some(root)
}

fn check_consistency_agrees(old: u64, new: u64, proof: &[Hash]) {
    let accepts = |old_root: Hash, new_root: Hash| {
        check_consistency(TreeSize(old), TreeSize(new), proof, &old_root, &new_root).is_ok()
    };
    if old == 0 || old >= new {
        return; // RFC 9162 defines proofs of 0 < old < new only.
    }
    let given = leaf_hash(b"old root");
    match roots_by_rfc9162(given, old, new, proof) {
        Some((old_root, new_root)) => {
            assert!(accepts(old_root, new_root), "RFC 9162 accepts the consistency proof");
            assert!(!accepts(old_root, leaf_hash(b"another root")), "another new root is not proved");
            assert!(!accepts(leaf_hash(b"another root"), new_root), "another old root is not proved");
        }
        None => assert!(!accepts(given, given), "RFC 9162 refuses its shape"),
    }
}

/// RFC 9162 §2.1.4.2: the roots that a consistency proof leads to; `given` is the old one where the proof leaves it out.
fn roots_by_rfc9162(given: Hash, old: u64, new: u64, proof: &[Hash]) -> Option<(Hash, Hash)> {
    let mut path = proof.to_vec();
    if old.is_power_of_two() {
        path.insert(0, given);
    }
    let (mut fnode, mut snode) = (old - 1, new - 1);
    while fnode & 1 == 1 {
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    let (first, rest) = path.split_first()?;
    let (mut old_root, mut new_root) = (*first, *first);
    for hash in rest {
        if snode == 0 {
            return None;
        }
        if fnode & 1 == 1 || fnode == snode {
            old_root = node_hash(hash, &old_root);
            new_root = node_hash(hash, &new_root);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            new_root = node_hash(&new_root, hash);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    (snode == 0).then_some((old_root, new_root))
}

/// A proof file prints as it was read. Signed again for the root to which its proof leads, it proves its entry, and no
/// other; as it stands it proves nothing that our key did not sign.
pub(crate) fn proof_file(data: &[u8]) {
    let Ok(file) = ProofFile::parse(data) else { return };
    assert_eq!(file.to_string().as_bytes(), data, "a proof file prints as it was read");
    let again = ProofFile::new(file.index(), file.proof().to_vec(), &file.note().to_string());
    let again = again.expect("its parts are good").with_extra(file.extra().unwrap_or_default().to_vec());
    assert_eq!(again, file, "its parts make the proof file");

    let policy = Policy::log_key(signer().verifier_key());
    let entry = file.extra().unwrap_or(b"entry").to_vec();
    let checkpoint = Checkpoint::parse(file.note().text()).expect("the note of a proof file is a checkpoint");
    let verdict = file.check(&entry, &policy).expect("the key is supported");
    let is_signed = file.note().verify(&[policy.logs()[0].key()]).is_ok_and(|by| !by.is_empty());
    let root = root_by_rfc9162(leaf_hash(&entry), file.index().get(), checkpoint.size().get(), file.proof());
    let is_proved = is_signed && checkpoint.origin() == signer().name() && root == Some(checkpoint.root());
    assert_eq!(verdict.is_clean(), is_proved, "{verdict}");

    let signed = |root| {
        let checkpoint = Checkpoint::new(signer().name(), checkpoint.size(), root).expect("a good origin");
        ProofFile::new(file.index(), file.proof().to_vec(), &checkpoint.sign(&[&signer()]))
            .expect("good parts")
    };
    let resigned = signed(root.unwrap_or(leaf_hash(&entry)));
    let verdict = resigned.check(&entry, &policy).expect("the key is supported");
    assert_eq!(verdict.is_clean(), root.is_some(), "{verdict}");
    let other = [entry.as_slice(), b"x"].concat();
    assert!(
        !resigned.check(&other, &policy).expect("the key is supported").is_clean(),
        "another entry is proved"
    );
}
