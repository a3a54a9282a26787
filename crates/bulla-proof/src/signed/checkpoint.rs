//! Checkpoints: what a log says its tree is (c2sp.org/tlog-checkpoint).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::decimal::parse_decimal;
use crate::signed::key::SignerKey;
use crate::{Hash, Note, TreeSize};

/// The longest origin, 255 bytes: cosignatures carry it with one byte of length.
pub const ORIGIN_LEN_MAX: usize = 255;

/// Which log, how large its tree is, and its root; its `Display` is the text that is signed.
///
/// # Trust
/// Nothing about it is verified. A [`TrustedCheckpoint`](crate::TrustedCheckpoint) is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: TreeSize,
    root: Hash,
    extensions: Vec<String>,
}

/// Why this is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Three lines at least, each ended by a newline.
    #[error("read checkpoint: expected an origin, a size and a root, each on its own line")]
    Lines,
    /// Origins are 1 to 255 bytes without control characters.
    #[error("read checkpoint: the origin must be 1 to {ORIGIN_LEN_MAX} bytes without control characters")]
    Origin,
    /// Sizes are decimal without leading zeros.
    #[error("read checkpoint: the size must be a decimal 64-bit number without leading zeros")]
    Size,
    /// Roots are base64 of 32 bytes.
    #[error("read checkpoint: the root must be the padded standard base64 of 32 bytes")]
    Root,
    /// Extension lines are not empty.
    #[error("read checkpoint: an extension line must not be empty or have control characters")]
    Extension,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// When the origin is not one.
    pub fn new(origin: impl Into<String>, size: TreeSize, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if is_line(&origin) && origin.len() <= ORIGIN_LEN_MAX {
            Ok(Self { origin, size, root, extensions: Vec::new() })
        } else {
            Err(CheckpointError::Origin)
        }
    }

    /// Adds an extension line. They are discouraged, and ML-DSA-44 cosignatures do not cover them.
    ///
    /// # Errors
    /// When it is empty or has control characters.
    pub fn with_extension(mut self, line: impl Into<String>) -> Result<Self, CheckpointError> {
        let line = line.into();
        if !is_line(&line) {
            return Err(CheckpointError::Extension);
        }
        self.extensions.push(line);
        Ok(self)
    }

    /// Reads the text of a checkpoint, that is a note's text.
    ///
    /// # Errors
    /// When the text is anything but a checkpoint in its one form.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        let size = parse_decimal(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Root)?;
        lines.try_fold(Self::new(origin, TreeSize(size), root)?, Self::with_extension)
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves its tree has.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of its tree.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// What else the log signs, with no meaning here.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The text that is signed, with its final newline.
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// The whole note: the text, signed by each key in this order.
    ///
    /// # Panics
    /// When the note is over a note's limits: over 100 keys, or extension lines of about a mebibyte.
    pub fn sign(&self, keys: &[&SignerKey]) -> String {
        let text = self.to_text();
        let signatures = keys.iter().map(|key| key.sign_note(&text)).collect();
        Note::new(text, signatures).expect("a signed checkpoint is a note within its limits").to_string()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}
