//! What is signed and by whom: notes, keys and their algorithms, checkpoints, cosignatures.

pub(crate) mod checkpoint;
pub(crate) mod cosignature;
pub(crate) mod ed25519;
pub(crate) mod key;
#[cfg(feature = "ml-dsa")]
pub(crate) mod mldsa;
pub(crate) mod note;
