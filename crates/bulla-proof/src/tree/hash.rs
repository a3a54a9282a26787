//! Hashes of the tree: RFC 6962 §2.1 with SHA-256.
//!
//! A leaf is hashed behind a zero byte and a node behind a one byte, so that no leaf can pass for a node.
//! Both go straight to the block function: a node is always 65 bytes, and a leaf is read where it lies.

use alloc::string::String;
use core::fmt;

use base64ct::{Base64, Encoding};
use sha2::block_api::compress256;

/// Length of a hash in bytes.
pub const HASH_LEN: usize = 32;

/// 44: base64 of 32 bytes, padded.
const HASH_BASE64_LEN: usize = HASH_LEN.div_ceil(3) * 4;

/// A SHA-256 hash: of a leaf, a node, or the root of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; HASH_LEN]);

/// The text is not the padded standard base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read hash: expected 44 characters of padded standard base64")]
pub struct MalformedHash;

impl Hash {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_LEN] {
        &self.0
    }

    /// Padded standard base64, as checkpoints and proofs carry it.
    pub fn to_base64(&self) -> String {
        Base64::encode_string(&self.0)
    }

    /// Reads exactly what [`Hash::to_base64`] writes.
    pub fn from_base64(text: &str) -> Result<Self, MalformedHash> {
        let mut bytes = [0; HASH_LEN];
        if text.len() != HASH_BASE64_LEN {
            return Err(MalformedHash);
        }
        match Base64::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == HASH_LEN => Ok(Self(bytes)),
            _ => Err(MalformedHash),
        }
    }
}

impl From<[u8; HASH_LEN]> for Hash {
    fn from(bytes: [u8; HASH_LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

const BLOCK_LEN: usize = 64;

/// 63: what is left of the first block after the one byte that tells leaves from nodes.
const FIRST_BLOCK_DATA_LEN: usize = BLOCK_LEN - 1;

/// 56: a block that ends the message keeps its last eight bytes for the message length.
const LENGTH_POSITION: usize = BLOCK_LEN - 8;

/// 520: bits of a node's message, 1 + 32 + 32 bytes.
const NODE_BITS: u16 = 8 * (1 + 2 * HASH_LEN as u16);

/// SHA-256's initial state (FIPS 180-4 §5.3.3).
const INITIAL_STATE: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The hash of a leaf: `SHA-256(00 ‖ data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut state = INITIAL_STATE;
    let Some((start, rest)) = data.split_first_chunk::<FIRST_BLOCK_DATA_LEN>() else {
        return finish(state, &[0x00], data, data.len());
    };
    let mut first = [0; BLOCK_LEN];
    first[1..].copy_from_slice(start);
    compress256(&mut state, &[first]);
    let (blocks, tail) = rest.as_chunks::<BLOCK_LEN>();
    compress256(&mut state, blocks);
    finish(state, &[], tail, data.len())
}

/// The hash of an inner node: `SHA-256(01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let (right_start, right_end) = right.0.split_at(HASH_LEN - 1);
    let mut blocks = [[0; BLOCK_LEN]; 2];
    let [first, second] = &mut blocks;
    first[0] = 0x01;
    first[1..=HASH_LEN].copy_from_slice(&left.0);
    first[1 + HASH_LEN..].copy_from_slice(right_start);
    second[0] = right_end[0];
    second[1] = 0x80;
    second[BLOCK_LEN - 2..].copy_from_slice(&NODE_BITS.to_be_bytes());
    let mut state = INITIAL_STATE;
    compress256(&mut state, &blocks);
    hash_of(state)
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub const fn empty_root() -> Hash {
    Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ])
}

/// The root of the complete subtree over `hashes`, which are overwritten with the nodes on the way.
///
/// # Panics
/// When the number of hashes is not a power of two.
pub fn subtree_root(hashes: &mut [Hash]) -> Hash {
    let mut len = hashes.len();
    assert!(len.is_power_of_two(), "a complete subtree has a power of two of leaves, not {len}");
    while len > 1 {
        len /= 2;
        for i in 0..len {
            hashes[i] = node_hash(&hashes[2 * i], &hashes[2 * i + 1]);
        }
    }
    hashes[0]
}

/// Hashes what is left of a message after its whole blocks, and the padding. `head` and `tail` together
/// are shorter than a block; `data_len` counts the leaf's bytes without the byte in front of them.
fn finish(mut state: [u32; 8], head: &[u8], tail: &[u8], data_len: usize) -> Hash {
    let used = head.len() + tail.len();
    let bits = (data_len as u64 + 1) * 8;
    let mut blocks = [[0; BLOCK_LEN]; 2];
    blocks[0][..head.len()].copy_from_slice(head);
    blocks[0][head.len()..used].copy_from_slice(tail);
    blocks[0][used] = 0x80;
    let count = if used < LENGTH_POSITION { 1 } else { 2 };
    blocks[count - 1][LENGTH_POSITION..].copy_from_slice(&bits.to_be_bytes());
    compress256(&mut state, &blocks[..count]);
    hash_of(state)
}

fn hash_of(state: [u32; 8]) -> Hash {
    let mut bytes = [0; HASH_LEN];
    for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *chunk = word.to_be_bytes();
    }
    Hash(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use sha2::{Digest, Sha256};

    use super::*;

    fn plain(prefix: u8, data: &[u8]) -> Hash {
        let digest = Sha256::new_with_prefix([prefix]).chain_update(data).finalize();
        Hash(digest.into())
    }

    #[test]
    fn a_leaf_of_any_length_is_the_plain_sha256_behind_a_zero_byte() {
        let data: Vec<u8> = (0..700u32).map(|i| (i * 31 % 251) as u8).collect();
        for len in 0..=data.len() {
            assert_eq!(leaf_hash(&data[..len]), plain(0, &data[..len]), "{len} bytes");
        }
    }

    #[test]
    fn a_node_is_the_plain_sha256_behind_a_one_byte() {
        for i in 0..64u8 {
            let (left, right) = (leaf_hash(&[i]), leaf_hash(&[i, i]));
            assert_eq!(node_hash(&left, &right), plain(1, &[left.0, right.0].concat()));
        }
    }

    #[test]
    fn the_empty_tree_has_the_hash_of_nothing() {
        assert_eq!(empty_root().as_bytes().as_slice(), Sha256::digest([]).as_slice());
        assert_eq!(empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert!(empty_root().to_string().starts_with("e3b0c44298fc1c14"));
    }

    #[test]
    fn base64_is_read_in_its_one_canonical_form() {
        let hash = leaf_hash(b"a");
        let text = hash.to_base64();
        assert_eq!(Hash::from_base64(&text), Ok(hash));
        assert_eq!(text, "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=");
        for refused in [
            "",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tx=",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw==",
            "Aippeebat6pa5MPl5F9-l3ESp-Y1k4INvsHsc4ok-Tw=",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=\n",
            " Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+TwA",
            "AippeebatA==6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok=",
            "Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+T==",
        ] {
            assert_eq!(Hash::from_base64(refused), Err(MalformedHash), "{refused:?}");
        }
    }
}
