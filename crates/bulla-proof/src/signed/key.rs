//! Keys as strings: `name+id+base64` for verifiers, `PRIVATE+KEY+name+id+base64` for signers (c2sp.org/signed-note).
//!
//! The id binds name, algorithm and public key: a key string whose id does not fit is refused. Algorithms that
//! this build does not have are kept as they are and verify nothing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::signed::note::NoteSignature;
use crate::signed::{cosignature, ed25519};

/// The longest key name, 255 bytes: a log's name is its origin, and cosignatures carry both with one byte of length.
pub const KEY_NAME_LEN_MAX: usize = 255;

const ML_DSA_44_PUBLIC_LEN: usize = 1312;

const SIGNER_START: &str = "PRIVATE+KEY+";

/// How a key signs: the first byte of its encoded form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `01`: Ed25519 over the note's text.
    Ed25519,
    /// `04`: a timestamped Ed25519 cosignature, `cosignature/v1`.
    Ed25519Cosignature,
    /// `06`: a timestamped ML-DSA-44 cosignature, `subtree/v1`.
    MlDsa44,
    /// Any other.
    Unknown(u8),
}

impl Algorithm {
    /// The byte that stands for it.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Ed25519Cosignature => 0x04,
            Self::MlDsa44 => 0x06,
            Self::Unknown(byte) => byte,
        }
    }

    /// The algorithm that a byte stands for.
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ed25519,
            0x04 => Self::Ed25519Cosignature,
            0x06 => Self::MlDsa44,
            byte => Self::Unknown(byte),
        }
    }
}

/// Why this is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The parts are joined by `+`.
    #[error("read key: expected name+id+base64, and PRIVATE+KEY+ before it for a signer")]
    Form,
    /// Names are 1 to 255 bytes without Unicode spaces, plus signs and control characters.
    #[error(
        "read key: the name must be 1 to {KEY_NAME_LEN_MAX} bytes without spaces, plus signs and control characters"
    )]
    Name,
    /// Ids are eight lower-case hexadecimal digits.
    #[error("read key: the id must be 8 lower-case hexadecimal digits")]
    Id,
    /// Keys are padded standard base64.
    #[error("read key: the last part must be padded standard base64 of an algorithm byte and a key")]
    Base64,
    /// The key does not have the algorithm's length, or is not a point of the curve, or is a weak one.
    #[error("read key: the key does not fit its algorithm {:02x}", .0.byte())]
    Key(Algorithm),
    /// The id is not that of this name, algorithm and key: something in the string was changed.
    #[error("read key: its id is {actual:08x}, but name and key give {expected:08x}")]
    IdMismatch {
        /// The id that name and key give.
        expected: u32,
        /// The id in the string.
        actual: u32,
    },
    /// This kind of signer cannot use the algorithm.
    #[error("read key: a signer of this kind cannot use algorithm {:02x}", .0.byte())]
    WrongAlgorithm(Algorithm),
}

/// Why a signature line is not a signature by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The line has another name or id.
    #[error("the line is by another key")]
    OtherKey,
    /// The signature does not have the algorithm's form.
    #[error("the signature does not have the form of its algorithm")]
    Form,
    /// The key did not sign this.
    #[error("the key did not sign this text")]
    Mismatch,
    /// This signature is over a checkpoint, and the text is none.
    #[error("the text is not a checkpoint, and only those have such signatures")]
    NotACheckpoint,
    /// This build cannot verify it.
    #[error("this build cannot verify algorithm {:02x}", .0.byte())]
    Unsupported(Algorithm),
}

/// What the algorithms verify with.
#[derive(Clone, PartialEq, Eq)]
enum PublicKey {
    Ed25519(ed25519::PublicKey),
    Ed25519Cosignature(ed25519::PublicKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(crate::signed::mldsa::PublicKey),
    Unsupported(Algorithm),
}

/// A public key with its name; its `Display` is the key string.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    algorithm: Algorithm,
    bytes: Vec<u8>,
    public: PublicKey,
}

impl VerifierKey {
    /// The key of this name and public key, with the id that follows from them.
    ///
    /// # Errors
    /// When the name is not one, or the key does not fit the algorithm.
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8]) -> Result<Self, KeyError> {
        check_name(name)?;
        let algorithm = Algorithm::from_byte(algorithm.byte());
        let key = decode_public(algorithm, public).ok_or(KeyError::Key(algorithm))?;
        let key_id = key_id(name, algorithm, public);
        Ok(Self { name: name.to_string(), key_id, algorithm, bytes: public.to_vec(), public: key })
    }

    /// The name. A log's is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that its signature lines carry.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The encoded public key, without the algorithm byte.
    pub fn public_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this build can verify its signatures.
    pub const fn is_supported(&self) -> bool {
        !matches!(self.public, PublicKey::Unsupported(_))
    }

    /// Whether the line says that this key made it.
    pub fn made(&self, signature: &NoteSignature) -> bool {
        signature.key_id() == self.key_id && signature.name() == self.name
    }

    /// Verifies a line under this note text, and returns its time, if it is one of a cosignature.
    ///
    /// # Errors
    /// When the line is not a signature of this key over this text.
    pub fn verify(&self, text: &str, signature: &NoteSignature) -> Result<Option<u64>, SignatureError> {
        if !self.made(signature) {
            return Err(SignatureError::OtherKey);
        }
        let bytes = signature.signature();
        match &self.public {
            PublicKey::Ed25519(key) => ed25519::verify(key, text.as_bytes(), bytes).map(|()| None),
            PublicKey::Ed25519Cosignature(key) => cosignature::verify_ed25519(key, text, bytes).map(Some),
            #[cfg(feature = "ml-dsa")]
            PublicKey::MlDsa44(key) => cosignature::verify_ml_dsa(key, &self.name, text, bytes).map(Some),
            PublicKey::Unsupported(algorithm) => Err(SignatureError::Unsupported(*algorithm)),
        }
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = KeyParts::parse(text)?;
        let (algorithm, public) = (parts.algorithm, parts.key.as_slice());
        let mut key = Self::new(parts.name, algorithm, public)?;
        if matches!(algorithm, Algorithm::Unknown(_)) {
            // How an unknown algorithm derives its ids is unknown too.
            key.key_id = parts.key_id;
        }
        parts.check_id(key.key_id)?;
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.name, self.key_id, self.algorithm, &self.bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({}+{:08x}, {:?})", self.name, self.key_id, self.algorithm)
    }
}

/// A log's secret key with its name: Ed25519 over a note's text. Wiped from memory when dropped.
///
/// Cosignatures, which carry a time, are made by a [`CosignerKey`](crate::CosignerKey).
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    secret: ed25519::SecretKey,
}

impl SignerKey {
    /// The key of this name whose secret is these 32 bytes. They must be random, or the key is worthless.
    ///
    /// # Errors
    /// When the name is not one.
    pub fn from_seed(name: &str, seed: [u8; ed25519::SEED_LEN]) -> Result<Self, KeyError> {
        check_name(name)?;
        let seed = Zeroizing::new(seed);
        Ok(Self { name: name.to_string(), secret: ed25519::SecretKey::from_seed(&seed) })
    }

    /// The name. A log's is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::new(&self.name, Algorithm::Ed25519, &self.secret.public_bytes())
            .expect("the public key of a secret key is a valid one")
    }

    /// Signs exactly this text, which must end with a newline to be a note's.
    pub fn sign_note(&self, text: &str) -> NoteSignature {
        let key_id = key_id(&self.name, Algorithm::Ed25519, &self.secret.public_bytes());
        NoteSignature::new(&self.name, key_id, self.secret.sign(text.as_bytes()).to_vec())
    }

    /// The key string with the secret in it, to be kept where nobody else can read it.
    pub fn to_secret_string(&self) -> String {
        encode_secret(&self.name, Algorithm::Ed25519, &self.secret.public_bytes(), self.secret.seed())
    }
}

impl FromStr for SignerKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = KeyParts::parse_secret(text)?;
        if parts.algorithm != Algorithm::Ed25519 {
            return Err(KeyError::WrongAlgorithm(parts.algorithm));
        }
        let key = Self::from_seed(parts.name, parts.seed()?)?;
        parts.check_id(key.verifier_key().key_id)?;
        Ok(key)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}, hidden)", self.name)
    }
}

/// The parts of a key string; its id is not yet checked.
pub(crate) struct KeyParts<'a> {
    pub(crate) name: &'a str,
    pub(crate) key_id: u32,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl<'a> KeyParts<'a> {
    fn parse(text: &'a str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        check_name(name)?;
        let key_id = parse_id(id).ok_or(KeyError::Id)?;
        let decoded = Zeroizing::new(Base64::decode_vec(encoded).map_err(|_| KeyError::Base64)?);
        let (algorithm, key) = decoded.split_first().ok_or(KeyError::Base64)?;
        let algorithm = Algorithm::from_byte(*algorithm);
        Ok(Self { name, key_id, algorithm, key: Zeroizing::new(key.to_vec()) })
    }

    pub(crate) fn parse_secret(text: &'a str) -> Result<Self, KeyError> {
        Self::parse(text.strip_prefix(SIGNER_START).ok_or(KeyError::Form)?)
    }

    pub(crate) fn seed(&self) -> Result<[u8; 32], KeyError> {
        self.key.as_slice().try_into().map_err(|_| KeyError::Key(self.algorithm))
    }

    pub(crate) fn check_id(&self, expected: u32) -> Result<(), KeyError> {
        let actual = self.key_id;
        if actual == expected { Ok(()) } else { Err(KeyError::IdMismatch { expected, actual }) }
    }
}

/// Whether a signature line may carry this key name.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}

pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    if is_key_name(name) && name.len() <= KEY_NAME_LEN_MAX { Ok(()) } else { Err(KeyError::Name) }
}

/// The first four bytes of `SHA-256(name ‖ 0A ‖ algorithm ‖ public key)`.
pub(crate) fn key_id(name: &str, algorithm: Algorithm, public: &[u8]) -> u32 {
    let mut hash = Sha256::new();
    hash.update(name);
    hash.update([b'\n', algorithm.byte()]);
    hash.update(public);
    let digest: [u8; 32] = hash.finalize().into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The `PRIVATE+KEY+…` string.
pub(crate) fn encode_secret(name: &str, algorithm: Algorithm, public: &[u8], seed: &[u8]) -> String {
    format!("{SIGNER_START}{}", encode(name, key_id(name, algorithm, public), algorithm, seed))
}

fn encode(name: &str, key_id: u32, algorithm: Algorithm, key: &[u8]) -> String {
    let bytes = Zeroizing::new([&[algorithm.byte()], key].concat());
    format!("{name}+{key_id:08x}+{}", Base64::encode_string(&bytes))
}

fn parse_id(text: &str) -> Option<u32> {
    let is_canonical = text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_canonical { u32::from_str_radix(text, 16).ok() } else { None }
}

fn decode_public(algorithm: Algorithm, bytes: &[u8]) -> Option<PublicKey> {
    match algorithm {
        Algorithm::Ed25519 => ed25519::PublicKey::from_bytes(bytes).map(PublicKey::Ed25519),
        Algorithm::Ed25519Cosignature => {
            ed25519::PublicKey::from_bytes(bytes).map(PublicKey::Ed25519Cosignature)
        }
        Algorithm::MlDsa44 if bytes.len() != ML_DSA_44_PUBLIC_LEN => None,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa44 => crate::signed::mldsa::PublicKey::from_bytes(bytes).map(PublicKey::MlDsa44),
        algorithm => Some(PublicKey::Unsupported(algorithm)),
    }
}
