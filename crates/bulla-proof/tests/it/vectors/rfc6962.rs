//! Published Merkle proof cases, valid and hostile, when they are beside the project.

use std::path::Path;

use base64ct::{Base64, Encoding};
use bulla_proof::{Hash, LeafIndex, TreeSize, check_consistency, check_inclusion, empty_root, leaf_hash};
use serde::Deserialize;

const VECTORS: &str = "../shared/data/rfc6962-vectors";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    case: String,
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    case: String,
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

fn read<T: for<'de> Deserialize<'de>>(file: &str) -> Option<Vec<T>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(VECTORS).join(file);
    if !path.exists() {
        println!("skipped: no {VECTORS}/{file} beside the project");
        return None;
    }
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// Some cases have roots and leaves that are no hashes, to be compared as they are: equal texts stay equal and
/// different ones different.
fn opaque(text: &str) -> Hash {
    Hash::from_base64(text).unwrap_or_else(|_| leaf_hash(text.as_bytes()))
}

/// `None` for a proof that no reader of hashes would hand on.
fn hashes(proof: Option<&Vec<String>>) -> Option<Vec<Hash>> {
    let texts = proof.map_or(&[][..], Vec::as_slice);
    texts.iter().map(|text| Hash::from_base64(text).ok()).collect()
}

#[test]
fn published_inclusion_cases_are_accepted_and_refused_as_they_say() {
    let Some(cases) = read::<Inclusion>("inclusion.json") else { return };
    assert_eq!(cases.len(), 98);
    for case in cases {
        let (leaf, root) = (opaque(&case.leaf_hash), opaque(&case.root));
        let (index, size) = (LeafIndex(case.leaf_idx), TreeSize(case.tree_size));
        let accepted = hashes(case.proof.as_ref())
            .is_some_and(|proof| check_inclusion(&leaf, index, size, &proof, &root).is_ok());
        // One case compares an empty leaf hash with an empty root: neither can be a `Hash` here.
        let has_no_hashes = case.leaf_hash.is_empty() && case.root.is_empty();
        assert_eq!(accepted, !case.want_err || has_no_hashes, "{}", case.case);
    }
}

#[test]
fn published_consistency_cases_are_accepted_and_refused_as_they_say() {
    let Some(cases) = read::<Consistency>("consistency.json") else { return };
    assert_eq!(cases.len(), 98);
    for case in cases {
        let (old_root, new_root) = (opaque(&case.root1), opaque(&case.root2));
        let (old, new) = (TreeSize(case.size1), TreeSize(case.size2));
        let accepted = hashes(case.proof.as_ref())
            .is_some_and(|proof| check_consistency(old, new, &proof, &old_root, &new_root).is_ok());
        // Here the empty tree is a prefix of every tree; the library that the cases are from refuses the question.
        let is_vacuous = case.size1 == 0
            && case.proof.as_ref().is_none_or(Vec::is_empty)
            && old_root == empty_root()
            && (case.size2 > 0 || new_root == empty_root());
        assert_eq!(accepted, !case.want_err || is_vacuous, "{}", case.case);
    }
}

/// Base64 of hashes in the cases is not always of 32 bytes; the reader must say so rather than guess.
#[test]
fn a_hash_of_another_length_is_not_read() {
    for len in (0..80).filter(|len| *len != 32) {
        assert!(Hash::from_base64(&Base64::encode_string(&vec![7; len])).is_err(), "{len} bytes");
    }
}

/// A few cases written for this project, for where the published ones are not at hand.
#[test]
fn a_three_leaf_tree_is_proved_and_a_forged_one_is_not() {
    let [a, b, c] = ["a", "b", "c"].map(|leaf| leaf_hash(leaf.as_bytes()));
    let ab = bulla_proof::node_hash(&a, &b);
    let root = bulla_proof::node_hash(&ab, &c);
    let check = |leaf, index, size, proof: &[Hash], expected| {
        let accepted = check_inclusion(&leaf, LeafIndex(index), TreeSize(size), proof, &root).is_ok();
        assert_eq!(accepted, expected, "leaf {index} of {size}");
    };
    check(a, 0, 3, &[b, c], true);
    check(b, 1, 3, &[a, c], true);
    check(c, 2, 3, &[ab], true);
    check(c, 1, 3, &[ab], false);
    check(c, 2, 4, &[ab], false);
    check(c, 1, 2, &[ab], true);
    check(ab, 0, 2, &[c], true);
    check(ab, 0, 3, &[c], false);
    check(a, 0, 3, &[b], false);
    check(a, 0, 3, &[b, c, c], false);
    check(b, 0, 3, &[a, c], false);
}
