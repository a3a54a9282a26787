//! Secrets that this server makes: 256 random bits as text, of which only the SHA-256 is ever kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::hex::hex;

/// 32 bytes: 256 bits cannot be guessed, so a fast hash at rest is enough.
const SECRET_BYTES: usize = 32;

/// SHA-256 of a secret: all that is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Compares in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub(crate) fn to_hex(self) -> String {
        hex(&self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        is_hex.then_some(Self(bytes))
    }
}

/// A new secret with a prefix that says what it is.
pub(crate) fn new_secret(prefix: &str) -> String {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_carry_their_prefix() {
        let (one, two) = (new_secret("bulla_"), new_secret("bulla_"));
        assert_ne!(one, two);
        assert_eq!((one.len(), &one[..6]), (6 + 43, "bulla_"));
    }

    #[test]
    fn fingerprints_read_back_and_tell_secrets_apart() {
        let print = Fingerprint::of("a");
        assert_eq!(Fingerprint::from_hex(&print.to_hex()), Some(print));
        assert!(print.is(&Fingerprint::of("a")) && !print.is(&Fingerprint::of("b")));
        for text in ["", "zz", &"0g".repeat(32), &"00".repeat(33), &"é".repeat(32)] {
            assert_eq!(Fingerprint::from_hex(text), None, "{text}");
        }
    }
}
