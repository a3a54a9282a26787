//! Signed notes: a text and the signatures under it (c2sp.org/signed-note).
//!
//! A note is read only in the one form in which it is printed, so that printing gives back what was signed and
//! served, byte for byte. Reading proves nothing; [`Note::verify`] does.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64ct::{Base64, Encoding};

use crate::signed::key::{SignatureError, VerifierKey, is_key_name};

/// The most signatures read: 100. (The format asks for at least 16.)
pub const SIGNATURES_MAX: usize = 100;

/// The longest note read, 1 MiB: 100 ML-DSA-44 signature lines of 3.3 kB are a third of it.
pub const NOTE_LEN_MAX: usize = 1 << 20;

/// What every signature line begins with: an em dash (U+2014) and a space.
const LINE_START: &str = "\u{2014} ";

const KEY_ID_LEN: usize = 4;

/// A text and the signatures under it.
///
/// ```
/// use bulla_proof::{Note, SignerKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = SignerKey::from_seed("log.example", [7; 32])?;
/// let text = "a text\n";
/// let note = Note::new(text, vec![signer.sign_note(text)])?;
/// let read = Note::parse(note.to_string().as_bytes())?;
/// assert_eq!(read.verify(&[&signer.verifier_key()])?.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Trust
/// Nothing about it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note; its `Display` is the line without the newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    signature: Vec<u8>,
}

/// A signature that a known key made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// When it was made, in POSIX seconds; only cosignatures say so.
    pub time: Option<u64>,
}

/// Why these bytes are no note, or no note to believe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// See [`NOTE_LEN_MAX`].
    #[error("read note: it is longer than {NOTE_LEN_MAX} bytes")]
    TooLong,
    /// Notes are UTF-8 without control characters but newline.
    #[error("read note: it is not UTF-8, or has a control character other than newline")]
    NotText,
    /// The text ends with a newline, and a blank line separates it from the signatures.
    #[error("read note: no blank line separates a text from signature lines")]
    NoSeparator,
    /// See [`NoteSignature`].
    #[error("read note: line {0} under the text is not an em dash, a key name and a base64 signature")]
    SignatureLine(usize),
    /// See [`SIGNATURES_MAX`].
    #[error("read note: it has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A line by a known key does not verify, so nothing about the note is to be believed.
    #[error("verify note: the signature of {name} (key {key_id:08x}) is bad")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: u32,
        /// What is wrong with the signature.
        #[source]
        source: SignatureError,
    },
}

impl Note {
    /// Puts a text and signatures together. No signature at all is allowed here, for a note still to be signed;
    /// it does not read back.
    ///
    /// # Errors
    /// When the text is not one that a note can have, or the whole is over the limits.
    pub fn new(text: impl Into<String>, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::NoSeparator);
        }
        Self { text, signatures }.within_limits()
    }

    /// Reads a note.
    ///
    /// # Errors
    /// When the bytes are anything but a note in its one form.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_LEN_MAX {
            return Err(NoteError::TooLong);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        check_text(note)?;
        let blank = note.rfind("\n\n").ok_or(NoteError::NoSeparator)?;
        let (text, rest) = note.split_at(blank + 1);
        let lines = rest[1..].strip_suffix('\n').ok_or(NoteError::NoSeparator)?;
        let signatures = lines
            .split('\n')
            .enumerate()
            .map(|(index, line)| match index {
                SIGNATURES_MAX.. => Err(NoteError::TooManySignatures),
                _ => line.parse().map_err(|MalformedSignatureLine| NoteError::SignatureLine(index + 1)),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_string(), signatures })
    }

    /// The signed text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in the note's order, of known and unknown keys.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note with a signature line below the others.
    ///
    /// # Errors
    /// When it is over the limits with it.
    pub fn with_signature(mut self, signature: NoteSignature) -> Result<Self, NoteError> {
        self.signatures.push(signature);
        self.within_limits()
    }

    fn within_limits(self) -> Result<Self, NoteError> {
        if self.signatures.len() > SIGNATURES_MAX {
            Err(NoteError::TooManySignatures)
        } else if self.to_string().len() > NOTE_LEN_MAX {
            Err(NoteError::TooLong)
        } else {
            Ok(self)
        }
    }

    /// Verifies the line of every known key, and returns them in the note's order; lines of unknown keys, and of
    /// keys whose algorithm this build does not have, are passed over.
    ///
    /// # Trust
    /// An empty result means that nothing is known about the note.
    ///
    /// # Errors
    /// When one line of a known key does not verify.
    pub fn verify<'k>(&self, known: &[&'k VerifierKey]) -> Result<Vec<VerifiedSignature<'k>>, NoteError> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            for &key in known.iter().filter(|key| key.is_supported() && key.made(signature)) {
                match key.verify(&self.text, signature) {
                    Ok(time) => verified.push(VerifiedSignature { key, time }),
                    Err(source) => {
                        let (name, key_id) = (signature.name.clone(), signature.key_id);
                        return Err(NoteError::BadSignature { name, key_id, source });
                    }
                }
            }
        }
        Ok(verified)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// The line is not a signature line in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read signature line: expected an em dash, a key name and a base64 signature")]
pub struct MalformedSignatureLine;

impl NoteSignature {
    /// A line by the key of this name and id; the caller vouches for the name.
    pub(crate) fn new(name: &str, key_id: u32, signature: Vec<u8>) -> Self {
        Self { name: name.to_string(), key_id, signature }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key: with the name, it says which key and algorithm.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What follows the key id; its form is the algorithm's business.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl FromStr for NoteSignature {
    type Err = MalformedSignatureLine;

    fn from_str(line: &str) -> Result<Self, MalformedSignatureLine> {
        let (name, encoded) = line
            .strip_prefix(LINE_START)
            .and_then(|line| line.split_once(' '))
            .ok_or(MalformedSignatureLine)?;
        let blob = Base64::decode_vec(encoded).map_err(|_| MalformedSignatureLine)?;
        match blob.split_first_chunk::<KEY_ID_LEN>() {
            Some((key_id, signature)) if is_key_name(name) && !signature.is_empty() => {
                Ok(Self::new(name, u32::from_be_bytes(*key_id), signature.to_vec()))
            }
            _ => Err(MalformedSignatureLine),
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.key_id.to_be_bytes(), self.signature.as_slice()].concat();
        write!(f, "{LINE_START}{} {}", self.name, Base64::encode_string(&blob))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let has_control = text.bytes().any(|byte| byte < b' ' && byte != b'\n');
    if has_control { Err(NoteError::NotText) } else { Ok(()) }
}
