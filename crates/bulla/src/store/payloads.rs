//! Large or personal content beside the log: one file each, salt first, named by the SHA-256 of the file.

use std::sync::Arc;

use super::disk::{Access, Disk, DiskError, During, read_all};
use super::layout::{self, PAYLOADS, UNFINISHED};
use crate::entry::PayloadFile;
use crate::entry::limits::PAYLOAD_BYTES_MAX;

/// Bytes of salt before the content.
pub(crate) const SALT_BYTES: usize = 32;

/// Stores payloads durably. After it returns, the entries that name them may be committed.
///
/// 1. Write each under a temporary name, sync, rename. 2. Sync the folders, and theirs if new.
pub(crate) fn store(disk: &Arc<dyn Disk>, payloads: &[PayloadFile]) -> Result<(), DiskError> {
    let mut folders: Vec<String> = Vec::new();
    for payload in payloads {
        let (folder, name) = layout::payload(&payload.digest.to_string());
        if !folders.contains(&folder) {
            disk.create_folder(&folder).during("create", disk.describe(&folder))?;
            folders.push(folder);
        }
        let temporary = format!("{name}{UNFINISHED}");
        let describe = || disk.describe(&temporary);
        let file = match disk.create(&temporary, Access::Private).during("create", describe()) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                // Left by a crash; nothing refers to it.
                disk.remove(&temporary).during("remove", describe())?;
                disk.create(&temporary, Access::Private).during("create", describe())?
            }
            result => result?,
        };
        file.append(&payload.content).during("write", describe())?;
        file.sync().during("sync", describe())?;
        disk.rename(&temporary, &name).during("rename", describe())?;
    }
    for folder in &folders {
        disk.sync_folder(folder).during("sync folder", disk.describe(folder))?;
    }
    disk.sync_folder(PAYLOADS).during("sync folder", disk.describe(PAYLOADS))
}

/// The whole file of a payload, salt included; `None` when there is none.
pub(crate) fn read(disk: &dyn Disk, digest: &str) -> Result<Option<Vec<u8>>, DiskError> {
    if !layout::is_payload_digest(digest) {
        return Ok(None);
    }
    let (_, name) = layout::payload(digest);
    let limit = (PAYLOAD_BYTES_MAX + SALT_BYTES) as u64;
    match read_all(disk, &name, limit).during("read", disk.describe(&name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}
