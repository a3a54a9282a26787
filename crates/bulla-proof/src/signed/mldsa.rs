//! ML-DSA-44 (FIPS 204), empty context, deterministic signing: this crate has no randomness.

use alloc::vec::Vec;

use ml_dsa::{EncodedVerifyingKey, Keypair, MlDsa44, Signature, SigningKey, VerifyingKey};
use ml_dsa::{SignatureEncoding, Signer, Verifier};

use crate::SignatureError;

pub(crate) const SEED_LEN: usize = 32;

/// A public key.
#[derive(Clone, PartialEq)]
pub(crate) struct PublicKey(VerifyingKey<MlDsa44>);

impl Eq for PublicKey {}

impl PublicKey {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let encoded = EncodedVerifyingKey::<MlDsa44>::try_from(bytes).ok()?;
        Some(Self(VerifyingKey::decode(&encoded)))
    }
}

/// Verifies that these 2,420 bytes sign the message.
pub(crate) fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature = Signature::<MlDsa44>::try_from(signature).map_err(|_| SignatureError::Form)?;
    key.0.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// A secret key; wiped from memory when dropped.
#[derive(Clone)]
pub(crate) struct SecretKey(SigningKey<MlDsa44>);

impl SecretKey {
    pub(crate) fn from_seed(seed: &[u8; SEED_LEN]) -> Self {
        Self(SigningKey::from_seed(&(*seed).into()))
    }

    pub(crate) fn seed(&self) -> &[u8; SEED_LEN] {
        self.0.as_seed().as_ref()
    }

    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().encode().to_vec()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_vec()
    }
}
