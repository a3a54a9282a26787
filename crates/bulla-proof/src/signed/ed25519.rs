//! Ed25519 (RFC 8032), strict: one signature for each key and message, no weak keys.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::SignatureError;

pub(crate) const SEED_LEN: usize = 32;
pub(crate) const PUBLIC_LEN: usize = 32;
pub(crate) const SIGNATURE_LEN: usize = 64;

/// A public key in its one encoding, and not a weak one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        // The curve library also reads a second encoding of some points: one key would have two ids.
        let is_canonical = key.to_edwards().compress().as_bytes() == bytes;
        if is_canonical && !key.is_weak() { Some(Self(key)) } else { None }
    }
}

/// Verifies that these 64 bytes sign the message.
pub(crate) fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let bytes = signature.try_into().map_err(|_| SignatureError::Form)?;
    key.0.verify_strict(message, &Signature::from_bytes(bytes)).map_err(|_| SignatureError::Mismatch)
}

/// A secret key; wiped from memory when dropped.
#[derive(Clone)]
pub(crate) struct SecretKey(SigningKey);

impl SecretKey {
    pub(crate) fn from_seed(seed: &[u8; SEED_LEN]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn seed(&self) -> &[u8; SEED_LEN] {
        self.0.as_bytes()
    }

    pub(crate) fn public_bytes(&self) -> [u8; PUBLIC_LEN] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}
