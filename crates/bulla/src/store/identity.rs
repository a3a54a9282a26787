//! `log.json` and `log.key`: which log this is, and the key that signs its checkpoints.

use std::sync::Arc;

use bulla_proof::{Algorithm, SignerKey, VerifierKey};
use serde::{Deserialize, Serialize};

use super::disk::{Access, Disk, DiskError, During, read_all};
use super::layout::{IDENTITY, KEY, UNFINISHED};
use crate::clock::Timestamp;
use crate::entropy::Entropy;

/// The version of the directory format that this crate writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// 64 KiB: `log.json` has a few hundred bytes.
const IDENTITY_BYTES_MAX: u64 = 64 * 1024;
/// 16 KiB: a signer key has about a hundred bytes; ML-DSA seeds are no longer.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// What `log.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the directory format.
    pub format: u32,
    /// Name of the log in its checkpoints; also the name of its key.
    pub origin: String,
    /// Verifier key by which checkpoints are checked.
    pub vkey: String,
    /// When the log was made.
    pub created_at: Timestamp,
    /// Members of later versions.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// Why a directory could not be recognised as a log.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// There is no `log.json`.
    #[error(
        "{0} is not a log: it has no log.json; name a log directory, or an empty or new one to begin a log"
    )]
    NotALog(String),
    /// `log.json` cannot be understood.
    #[error("{0} is damaged: {1}; restore it from a copy, it does not change after the log is made")]
    Damaged(String, String),
    /// The log was made by a newer version.
    #[error("{0} has format {1}, this version reads up to {FORMAT_VERSION}: use a newer bulla")]
    NewerFormat(String, u32),
    /// The key does not sign for this log.
    #[error("key {0} does not belong to this log, whose verifier key is {1}")]
    WrongKey(String, String),
    /// The key file is readable by others.
    #[error(
        "{0} can be read by others: run `chmod 600` on it; if others may have read it, begin a new log, because \
         they can sign for this one"
    )]
    KeyExposed(String),
    /// The key file is missing.
    #[error("{0} is missing: put it back, or name the key that signs for this log")]
    KeyMissing(String),
    /// The key file cannot be understood.
    #[error("{0} is not a signer key: {1}")]
    KeyInvalid(String, String),
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Identity {
    /// Reads `log.json`.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Self, IdentityError> {
        let name = disk.describe(IDENTITY);
        let bytes = match read_all(disk, IDENTITY, IDENTITY_BYTES_MAX).during("read", &name) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Err(IdentityError::NotALog(disk.describe(""))),
            Err(error) => return Err(error.into()),
        };
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let damaged = |error: serde_json::Error| IdentityError::Damaged(name.clone(), error.to_string());
        let version: Version = serde_json::from_slice(&bytes).map_err(damaged)?;
        if version.format == 0 {
            return Err(IdentityError::Damaged(name, "there is no format 0".to_owned()));
        }
        if version.format > FORMAT_VERSION {
            return Err(IdentityError::NewerFormat(name, version.format));
        }
        let identity: Self = serde_json::from_slice(&bytes).map_err(damaged)?;
        let vkey = identity.verifier_key().map_err(|text| IdentityError::Damaged(name.clone(), text))?;
        if vkey.algorithm() != Algorithm::Ed25519 {
            return Err(IdentityError::Damaged(name, "vkey is not an Ed25519 key".to_owned()));
        }
        if vkey.name() != identity.origin {
            return Err(IdentityError::Damaged(
                name,
                "origin is not the name of the verifier key".to_owned(),
            ));
        }
        Ok(identity)
    }

    fn verifier_key(&self) -> Result<VerifierKey, String> {
        self.vkey.parse().map_err(|error: bulla_proof::KeyError| format!("vkey: {error}"))
    }

    /// The key by which checkpoints of this log are checked.
    pub(crate) fn key(&self) -> VerifierKey {
        self.verifier_key().expect("the key was parsed when log.json was read")
    }

    /// Begins a log: key first, identity last, so that a directory with `log.json` is a whole log.
    pub(crate) fn create(
        disk: &dyn Disk,
        origin: &str,
        signer: &SignerKey,
        keep_key: bool,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        if keep_key {
            write_key(disk, signer)?;
        }
        let identity = Self {
            format: FORMAT_VERSION,
            origin: origin.to_owned(),
            vkey: signer.verifier_key().to_string(),
            created_at: now,
            other: serde_json::Map::new(),
        };
        let mut text = serde_json::to_vec_pretty(&identity).expect("an identity is JSON");
        text.push(b'\n');
        replace(disk, IDENTITY, &text, Access::Shared)?;
        Ok(identity)
    }
}

/// Makes a new signer key.
pub(crate) fn new_signer(origin: &str, entropy: &Arc<dyn Entropy>) -> Result<SignerKey, IdentityError> {
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    SignerKey::from_seed(origin, seed)
        .map_err(|error| IdentityError::KeyInvalid(format!("origin {origin:?}"), error.to_string()))
}

fn write_key(disk: &dyn Disk, signer: &SignerKey) -> Result<(), DiskError> {
    let text = format!("{}\n", signer.to_secret_string());
    replace(disk, KEY, text.as_bytes(), Access::Private)
}

/// Reads `log.key`, refusing one that others can read.
pub(crate) fn read_key(disk: &dyn Disk) -> Result<SignerKey, IdentityError> {
    let name = disk.describe(KEY);
    let bytes = match read_all(disk, KEY, KEY_BYTES_MAX).during("read", &name) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Err(IdentityError::KeyMissing(name)),
        Err(error) => return Err(error.into()),
    };
    if disk.is_exposed(KEY).during("look at", &name)? {
        return Err(IdentityError::KeyExposed(name));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string());
    let key = text.and_then(|text| {
        text.strip_suffix('\n').unwrap_or(text).parse::<SignerKey>().map_err(|error| error.to_string())
    });
    key.map_err(|error| IdentityError::KeyInvalid(name, error))
}

/// Writes a whole file under a temporary name, syncs it, gives it its name, syncs the folder.
pub(crate) fn replace(disk: &dyn Disk, name: &str, bytes: &[u8], access: Access) -> Result<(), DiskError> {
    let temporary = format!("{name}{UNFINISHED}");
    let describe = || disk.describe(&temporary);
    match disk.remove(&temporary).during("remove", describe()) {
        Err(error) if !error.is_missing() => return Err(error),
        _ => {}
    }
    let file = disk.create(&temporary, access).during("create", describe())?;
    file.append(bytes).during("write", describe())?;
    file.sync().during("sync", describe())?;
    disk.rename(&temporary, name).during("rename", describe())?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    disk.sync_folder(folder).during("sync folder", disk.describe(folder))
}
