//! Cosignatures: a witness says that it saw a log's tree, and when (c2sp.org/tlog-cosignature).
//!
//! What follows the key id is the time, 64 bits big-endian, and the signature. Times come in as arguments.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::signed::ed25519;
use crate::signed::key::{Algorithm, KeyParts, check_name, encode_secret, key_id};
#[cfg(feature = "ml-dsa")]
use crate::signed::mldsa;
use crate::{Checkpoint, KeyError, NoteSignature, SignatureError, VerifierKey};

/// The latest time a cosignature can carry: 2^63 - 1 seconds.
pub const TIME_MAX: u64 = i64::MAX as u64;

/// 12 bytes that no other ML-DSA-44 message begins with.
#[cfg(feature = "ml-dsa")]
const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// A witness's secret key with its name. Wiped from memory when dropped.
///
/// ```
/// use bulla_proof::{Algorithm, Checkpoint, CosignerKey, TreeSize, empty_root};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let witness = CosignerKey::from_seed("witness.example", Algorithm::Ed25519Cosignature, [7; 32])?;
/// let checkpoint = Checkpoint::new("log.example", TreeSize(0), empty_root())?;
/// let line = witness.cosign(&checkpoint, 1_700_000_000);
/// assert_eq!(witness.verifier_key().verify(&checkpoint.to_text(), &line), Ok(Some(1_700_000_000)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CosignerKey {
    name: String,
    secret: SecretKey,
}

/// What the algorithms cosign with.
#[derive(Clone)]
enum SecretKey {
    Ed25519(ed25519::SecretKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(mldsa::SecretKey),
}

impl CosignerKey {
    /// The key of this name and algorithm whose secret is these 32 bytes. They must be random, or the key is
    /// worthless.
    ///
    /// # Errors
    /// When the name is not one, or this build cannot cosign with the algorithm.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: [u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        let seed = zeroize::Zeroizing::new(seed);
        let secret = match algorithm {
            Algorithm::Ed25519Cosignature => SecretKey::Ed25519(ed25519::SecretKey::from_seed(&seed)),
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa44 => SecretKey::MlDsa44(mldsa::SecretKey::from_seed(&seed)),
            other => return Err(KeyError::WrongAlgorithm(other)),
        };
        Ok(Self { name: name.to_string(), secret })
    }

    /// The name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        match self.secret {
            SecretKey::Ed25519(_) => Algorithm::Ed25519Cosignature,
            #[cfg(feature = "ml-dsa")]
            SecretKey::MlDsa44(_) => Algorithm::MlDsa44,
        }
    }

    /// The public key.
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::new(&self.name, self.algorithm(), &self.public_bytes())
            .expect("the public key of a secret key is a valid one")
    }

    /// Says that this is the largest tree of its log seen at this time, in POSIX seconds.
    ///
    /// # Panics
    /// When the time is over [`TIME_MAX`].
    pub fn cosign(&self, checkpoint: &Checkpoint, time: u64) -> NoteSignature {
        assert!(
            time <= TIME_MAX,
            "cosign at {time} s: the latest time a cosignature can carry is {TIME_MAX}"
        );
        let mut blob = time.to_be_bytes().to_vec();
        match &self.secret {
            SecretKey::Ed25519(key) => {
                blob.extend(key.sign(ed25519_message(&checkpoint.to_text(), time).as_bytes()));
            }
            #[cfg(feature = "ml-dsa")]
            SecretKey::MlDsa44(key) => blob.extend(key.sign(&subtree_message(&self.name, checkpoint, time))),
        }
        NoteSignature::new(&self.name, key_id(&self.name, self.algorithm(), &self.public_bytes()), blob)
    }

    /// The key string with the secret in it, to be kept where nobody else can read it.
    pub fn to_secret_string(&self) -> String {
        let seed = match &self.secret {
            SecretKey::Ed25519(key) => key.seed(),
            #[cfg(feature = "ml-dsa")]
            SecretKey::MlDsa44(key) => key.seed(),
        };
        encode_secret(&self.name, self.algorithm(), &self.public_bytes(), seed)
    }

    fn public_bytes(&self) -> Vec<u8> {
        match &self.secret {
            SecretKey::Ed25519(key) => key.public_bytes().to_vec(),
            #[cfg(feature = "ml-dsa")]
            SecretKey::MlDsa44(key) => key.public_bytes(),
        }
    }
}

impl FromStr for CosignerKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = KeyParts::parse_secret(text)?;
        let key = Self::from_seed(parts.name, parts.algorithm, parts.seed()?)?;
        parts.check_id(key.verifier_key().key_id())?;
        Ok(key)
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({}, hidden)", self.name)
    }
}

/// Verifies an Ed25519 cosignature over a note's text, and returns its time.
pub(crate) fn verify_ed25519(
    key: &ed25519::PublicKey,
    text: &str,
    blob: &[u8],
) -> Result<u64, SignatureError> {
    let (time, signature) = split_time(blob)?;
    ed25519::verify(key, ed25519_message(text, time).as_bytes(), signature)?;
    Ok(time)
}

/// Verifies an ML-DSA-44 cosignature over a note's text, and returns its time.
#[cfg(feature = "ml-dsa")]
pub(crate) fn verify_ml_dsa(
    key: &mldsa::PublicKey,
    name: &str,
    text: &str,
    blob: &[u8],
) -> Result<u64, SignatureError> {
    let (time, signature) = split_time(blob)?;
    let checkpoint = Checkpoint::parse(text).map_err(|_| SignatureError::NotACheckpoint)?;
    mldsa::verify(key, &subtree_message(name, &checkpoint, time), signature)?;
    Ok(time)
}

fn split_time(blob: &[u8]) -> Result<(u64, &[u8]), SignatureError> {
    let (time, signature) = blob.split_first_chunk().ok_or(SignatureError::Form)?;
    let time = u64::from_be_bytes(*time);
    if time <= TIME_MAX { Ok((time, signature)) } else { Err(SignatureError::Form) }
}

/// What an Ed25519 cosignature signs: two lines, and the note's text.
fn ed25519_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// What an ML-DSA-44 cosignature signs: the tree as the subtree from leaf 0, big-endian, names behind one byte of
/// length.
#[cfg(feature = "ml-dsa")]
fn subtree_message(cosigner: &str, checkpoint: &Checkpoint, time: u64) -> Vec<u8> {
    let start = 0u64;
    let mut message = SUBTREE_LABEL.to_vec();
    extend_with_short(&mut message, cosigner);
    message.extend(time.to_be_bytes());
    extend_with_short(&mut message, checkpoint.origin());
    message.extend(start.to_be_bytes());
    message.extend(checkpoint.size().get().to_be_bytes());
    message.extend(checkpoint.root().as_bytes());
    message
}

#[cfg(feature = "ml-dsa")]
fn extend_with_short(message: &mut Vec<u8>, text: &str) {
    message.push(text.len().try_into().expect("key names and origins are at most 255 bytes"));
    message.extend(text.as_bytes());
}
