//! The tree against the naive one, for every small size; and hostile proofs.

use bulla_proof::{
    Frontier, Hash, LeafIndex, MemoryRows, ProofError, ProveError, Prover, RowReader, RowUnavailable,
    TreeSize, check_consistency, check_inclusion, empty_root, leaf_hash, prove_consistency, prove_inclusion,
    root_at, subtree_root,
};

use crate::naive;

/// Every size up to this one is checked in every place.
const SMALL: usize = 130;

fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn size(size: usize) -> TreeSize {
    TreeSize(size as u64)
}

fn index(index: usize) -> LeafIndex {
    LeafIndex(index as u64)
}

#[test]
fn roots_are_those_of_rfc_6962_at_every_small_size() {
    let leaves = leaves(SMALL);
    let rows: MemoryRows = leaves.iter().copied().collect();
    let mut grown = Frontier::new();
    for n in 0..=SMALL {
        let expected = naive::root(&leaves[..n]);
        assert_eq!(grown.root(), expected, "grown to {n}");
        assert_eq!(root_at(&rows, size(n)), Ok(expected), "read at {n}");
        assert_eq!(root_at(&&rows, size(n)), Ok(expected), "read at {n} through a borrow");
        if n < SMALL {
            grown.append(leaves[n]);
        }
    }
}

#[test]
fn every_leaf_of_every_small_tree_has_the_inclusion_proof_of_rfc_6962() {
    let leaves = leaves(SMALL);
    let rows: MemoryRows = leaves.iter().copied().collect();
    for n in 1..=SMALL {
        let root = naive::root(&leaves[..n]);
        let edge = Frontier::from_rows(&rows, size(n)).unwrap();
        for i in 0..n {
            let proof = prove_inclusion(&rows, index(i), size(n)).unwrap();
            assert_eq!(proof, naive::path(i, &leaves[..n]), "leaf {i} of {n}");
            assert_eq!(edge.prove_inclusion(&rows, index(i)), Ok(proof.clone()), "leaf {i} of {n}");
            assert_eq!(
                check_inclusion(&leaves[i], index(i), size(n), &proof, &root),
                Ok(()),
                "leaf {i} of {n}"
            );
        }
    }
}

#[test]
fn every_pair_of_small_trees_has_the_consistency_proof_of_rfc_6962() {
    let leaves = leaves(SMALL);
    let rows: MemoryRows = leaves.iter().copied().collect();
    let roots: Vec<Hash> = (0..=SMALL).map(|n| naive::root(&leaves[..n])).collect();
    for new in 0..=SMALL {
        for old in 0..=new {
            let proof = prove_consistency(&rows, size(old), size(new)).unwrap();
            let expected =
                if old == 0 || old == new { vec![] } else { naive::consistency(old, &leaves[..new]) };
            assert_eq!(proof, expected, "{old} to {new}");
            let checked = check_consistency(size(old), size(new), &proof, &roots[old], &roots[new]);
            assert_eq!(checked, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn trees_of_several_rows_agree_with_rfc_6962_around_each_boundary() {
    let leaves = leaves(70_001);
    let rows: MemoryRows = leaves.iter().copied().collect();
    assert_eq!((rows.row(0).len(), rows.row(1).len(), rows.row(2).len()), (70_001, 273, 1));
    assert_eq!(rows.row(2)[0], naive::root(&leaves[..65_536]));
    for n in [255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 65_792, 69_888, 70_000, 70_001] {
        let tree = &leaves[..n];
        let root = naive::root(tree);
        assert_eq!(root_at(&rows, size(n)), Ok(root), "at {n}");
        for i in [0, 1, 254, 255, 256, 511, n / 2, 65_535, 65_536, n - 2, n - 1] {
            if i < n {
                let proof = prove_inclusion(&rows, index(i), size(n)).unwrap();
                assert_eq!(proof, naive::path(i, tree), "leaf {i} of {n}");
                assert_eq!(check_inclusion(&leaves[i], index(i), size(n), &proof, &root), Ok(()));
            }
        }
        for old in [1, 2, 255, 256, 257, 512, n / 2, 65_535, 65_536, 65_537, n - 1] {
            if old < n {
                let proof = prove_consistency(&rows, size(old), size(n)).unwrap();
                assert_eq!(proof, naive::consistency(old, tree), "{old} to {n}");
                let old_root = naive::root(&leaves[..old]);
                assert_eq!(check_consistency(size(old), size(n), &proof, &old_root, &root), Ok(()));
            }
        }
    }
}

#[test]
fn the_right_edge_read_back_grows_like_the_one_that_grew() {
    let leaves = leaves(700);
    let rows: MemoryRows = leaves.iter().copied().collect();
    for n in 0..leaves.len() {
        let mut frontier = Frontier::from_rows(&rows, size(n)).unwrap();
        leaves[n..].iter().for_each(|leaf| frontier.append(*leaf));
        assert_eq!(&frontier, rows.frontier(), "from {n}");
    }
}

#[test]
fn whole_subtrees_grow_the_tree_as_their_leaves_do() {
    let leaves = leaves(256 * 256 + 2 * 256 + 3);
    let by_leaf: MemoryRows = leaves.iter().copied().collect();
    let (mut by_subtree, mut completed) = (Frontier::new(), vec![]);
    let (whole, rest) = leaves.as_chunks::<256>();
    for subtree in whole {
        let root = subtree_root(&mut subtree.clone());
        by_subtree.append_subtree_with(1, root, |row, at, hash| completed.push((row, at, hash))).unwrap();
    }
    rest.iter().for_each(|leaf| by_subtree.append(*leaf));
    assert_eq!(&by_subtree, by_leaf.frontier());
    assert_eq!(completed, [(2, 0, by_leaf.row(2)[0])]);
}

#[test]
fn completed_subtrees_are_named_once_each_in_order() {
    let mut frontier = Frontier::new();
    let mut completed = vec![];
    for leaf in leaves(65_536) {
        frontier.append_with(leaf, |row, at, hash| completed.push((row, at, hash)));
    }
    let (last, before) = completed.split_last().unwrap();
    assert_eq!((last.0, last.1, last.2), (2, 0, frontier.root()));
    let places: Vec<_> = before.iter().map(|(row, at, _)| (*row, *at)).collect();
    assert_eq!(places, (0..256).map(|at| (1, at)).collect::<Vec<_>>());
}

#[test]
fn a_subtree_is_refused_where_it_cannot_begin() {
    let mut frontier = Frontier::new();
    frontier.append(leaf_hash(b"one"));
    let before = frontier.clone();
    for row in [1, 7, 8, 255] {
        let refused = frontier.append_subtree(row, empty_root()).unwrap_err();
        assert_eq!((refused.row, refused.size), (row, TreeSize(1)));
        assert_eq!(frontier, before);
    }
    frontier.append_subtree(0, leaf_hash(b"two")).unwrap();
    assert_eq!(frontier.size(), TreeSize(2));
}

#[test]
fn the_largest_tree_is_reached_without_overflow() {
    let mut frontier = Frontier::new();
    for _ in 0..255 {
        frontier.append_subtree(7, leaf_hash(b"")).unwrap();
    }
    assert_eq!(frontier.size(), TreeSize(255 << 56));
    assert!(frontier.append_subtree(7, leaf_hash(b"")).is_err());
    let index = LeafIndex(u64::MAX - 1);
    let checked =
        check_inclusion(&empty_root(), index, TreeSize(u64::MAX), &[empty_root(); 63], &empty_root());
    assert!(matches!(checked, Err(ProofError::RootMismatch { .. })), "{checked:?}");
    let checked = check_consistency(
        TreeSize(u64::MAX - 1),
        TreeSize(u64::MAX),
        &[empty_root(); 64],
        &empty_root(),
        &empty_root(),
    );
    assert!(matches!(checked, Err(ProofError::OldRootMismatch { .. })), "{checked:?}");
}

#[test]
fn a_changed_inclusion_proof_is_refused() {
    let leaves = leaves(40);
    let rows: MemoryRows = leaves.iter().copied().collect();
    for n in 1..=leaves.len() {
        let root = naive::root(&leaves[..n]);
        for (i, leaf) in leaves.iter().enumerate().take(n) {
            let proof = prove_inclusion(&rows, index(i), size(n)).unwrap();
            let refused = |leaf: &Hash, i: usize, proof: &[Hash], root: &Hash| {
                assert!(check_inclusion(leaf, index(i), size(n), proof, root).is_err(), "leaf {i} of {n}");
            };
            for changed in changes(&proof) {
                refused(leaf, i, &changed, &root);
            }
            refused(&leaf_hash(b"other"), i, &proof, &root);
            refused(leaf, i, &proof, &leaf_hash(b"other"));
            for other in (0..=n).filter(|other| *other != i) {
                refused(leaf, other, &proof, &root);
            }
        }
    }
}

#[test]
fn an_inclusion_proof_is_refused_for_the_same_log_at_another_size() {
    let leaves = leaves(40);
    let rows: MemoryRows = leaves.iter().copied().collect();
    for n in 1..=leaves.len() {
        for (i, leaf) in leaves.iter().enumerate().take(n) {
            let proof = prove_inclusion(&rows, index(i), size(n)).unwrap();
            for other in (0..=leaves.len()).filter(|other| *other != n) {
                let root = naive::root(&leaves[..other]);
                let checked = check_inclusion(leaf, index(i), size(other), &proof, &root);
                assert!(checked.is_err(), "leaf {i} of {n} in {other}");
            }
        }
    }
}

#[test]
fn a_changed_consistency_proof_is_refused() {
    let leaves = leaves(40);
    let rows: MemoryRows = leaves.iter().copied().collect();
    let roots: Vec<Hash> = (0..=leaves.len()).map(|n| naive::root(&leaves[..n])).collect();
    let other = leaf_hash(b"other");
    for new in 0..=leaves.len() {
        for old in 0..=new {
            let proof = prove_consistency(&rows, size(old), size(new)).unwrap();
            let refused = |old, new, proof: &[Hash], old_root: &Hash, new_root: &Hash| {
                let checked = check_consistency(size(old), size(new), proof, old_root, new_root);
                assert!(checked.is_err(), "{old} to {new}");
            };
            for changed in changes(&proof) {
                refused(old, new, &changed, &roots[old], &roots[new]);
            }
            refused(old, new, &proof, &other, &roots[new]);
            if old > 0 || new == 0 {
                refused(old, new, &proof, &roots[old], &other);
            }
            if old != new {
                refused(new, old, &proof, &roots[new], &roots[old]);
                refused(old, new, &proof, &roots[new], &roots[old]);
            }
            for wrong in (1..=new).filter(|wrong| *wrong != old && old > 0) {
                refused(wrong, new, &proof, &roots[old], &roots[new]);
            }
        }
    }
}

/// Every bit-flipped, shortened, lengthened and swapped form of a proof.
fn changes(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut changed = vec![];
    for at in 0..proof.len() {
        let mut bytes = *proof[at].as_bytes();
        bytes[at % 32] ^= 1 << (at % 8);
        let mut flipped = proof.to_vec();
        flipped[at] = Hash::from(bytes);
        changed.push(flipped);
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        changed.push(shorter);
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            changed.push(swapped);
        }
    }
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, proof.get(at).copied().unwrap_or(empty_root()));
        changed.push(longer);
    }
    changed
}

#[test]
fn what_a_tree_does_not_have_is_not_proved() {
    let rows: MemoryRows = leaves(3).into_iter().collect();
    let outside = ProveError::IndexOutsideTree { index: LeafIndex(3), size: TreeSize(3) };
    assert_eq!(prove_inclusion(&rows, LeafIndex(3), TreeSize(3)), Err(outside));
    let reversed = ProveError::SizesReversed { old: TreeSize(3), new: TreeSize(2) };
    assert_eq!(prove_consistency(&rows, TreeSize(3), TreeSize(2)), Err(reversed));
    let beyond = RowUnavailable { row: 0, first: 0, len: 4 };
    assert_eq!(prove_inclusion(&rows, LeafIndex(0), TreeSize(4)), Err(ProveError::ReadRow(beyond)));
}

#[test]
fn a_proof_reads_each_row_of_the_path_once() {
    struct Counting<'a>(&'a MemoryRows, std::cell::RefCell<Vec<(u8, u64, usize)>>);
    impl RowReader for Counting<'_> {
        type Error = RowUnavailable;
        fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), RowUnavailable> {
            self.1.borrow_mut().push((row, first, out.len()));
            self.0.read_row(row, first, out)
        }
    }
    let rows: MemoryRows = leaves(70_000).into_iter().collect();
    let counting = Counting(&rows, std::cell::RefCell::default());
    rows.frontier().prove_inclusion(&counting, LeafIndex(300)).unwrap();
    assert_eq!(counting.1.take(), [(0, 256, 256), (1, 0, 256)]);
    rows.frontier().prove_consistency(&counting, TreeSize(300)).unwrap();
    assert_eq!(counting.1.take(), [(0, 256, 256), (1, 0, 256)]);
    Frontier::from_rows(&counting, TreeSize(70_000)).unwrap();
    assert_eq!(counting.1.take(), [(0, 69_888, 112), (1, 256, 17), (2, 0, 1)]);
}

#[test]
fn a_prover_that_moves_along_proves_what_a_fresh_one_does() {
    let leaves = leaves(70_001);
    let rows: MemoryRows = leaves.iter().copied().collect();
    let mut prover = Prover::new(Frontier::new());
    for n in [1, 2, 255, 256, 257, 600, 1000, 65_535, 65_536, 65_537, 69_000, 70_001, 700] {
        prover.advance(Frontier::from_rows(&rows, size(n)).unwrap());
        assert_eq!(prover.edge().size(), size(n));
        for i in [0, 1, 100, 255, 256, 300, 599, n / 2, n / 3, 65_535, 65_536, 69_999, n - 1] {
            let proof = prover.prove_inclusion(&rows, index(i));
            assert_eq!(proof, prove_inclusion(&rows, index(i), size(n)), "leaf {i} of {n}");
        }
        for old in [0, 1, 2, 256, 257, 512, n / 2, n / 3, 65_536, n - 1, n, n + 1] {
            let proof = prover.prove_consistency(&rows, size(old));
            assert_eq!(proof, prove_consistency(&rows, size(old), size(n)), "{old} to {n}");
        }
    }
}

#[test]
fn a_shrunken_tree_is_never_consistent() {
    let root = leaf_hash(b"root");
    for (old, new) in [(1, 0), (8, 7), (8, 4), (7, 6), (u64::MAX, 1)] {
        let (old, new) = (TreeSize(old), TreeSize(new));
        let refused = check_consistency(old, new, &[], &root, &root);
        assert_eq!(refused, Err(ProofError::SizesReversed { old, new }));
    }
}

#[test]
fn right_edges_are_equal_when_every_peak_is() {
    let edge_of = |leaves: &[Hash]| leaves.iter().copied().collect::<MemoryRows>().frontier().clone();
    for n in 0..=SMALL {
        let leaves = leaves(n);
        let grown = edge_of(&leaves);
        let rows: MemoryRows = leaves.iter().copied().collect();
        let read = Frontier::from_rows(&rows, size(n)).unwrap();
        assert!(grown == read, "what a peak was before it was carried upwards counts for nothing, size {n}");
        for changed in 0..n {
            let mut other = leaves.clone();
            other[changed] = leaf_hash(b"other");
            assert!(grown != edge_of(&other), "leaf {changed} of {n}");
        }
        assert!(n == 0 || grown != edge_of(&leaves[..n - 1]));
    }
}

#[test]
fn hashes_and_right_edges_show_what_they_are_in_debug() {
    let bytes = core::array::from_fn(|index| index as u8);
    let hash = Hash::from(bytes);
    assert_eq!(hash.as_bytes(), &bytes);
    assert!(format!("{hash:?}").starts_with("000102") && format!("{hash:?}").ends_with("1d1e1f"));
    let edge = format!("{:?}", Frontier::new());
    assert_eq!(edge, format!("Frontier {{ size: 0, root: {:?} }}", empty_root()));
}
