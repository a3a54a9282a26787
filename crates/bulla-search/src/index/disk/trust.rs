//! Whether the files of an index are known to be what was written.
//!
//! They are never synced, so only a power failure, a crash of the system or a copy can leave them half written. All of
//! these come with another boot of the machine. A file beside the index names the boot in which every byte was compared
//! with its checksum, or written; in any other boot that has to be done first.

use std::fs;
use std::io;
use std::path::Path;

use tantivy::Index;

use super::files::check_bytes;
use crate::index::damage::Damage;

/// Names the boot.
const CHECKED_IN: &str = "checked-in-boot";
/// Where Linux tells boots apart.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Compares every byte with its checksum, unless that was done since the machine was started.
pub(crate) fn establish(index: &Index, directory: &Path) -> Result<(), Damage> {
    let boot = boot();
    if boot.is_some() && read(directory) == boot {
        return Ok(());
    }
    check_bytes(index)?;
    confirm(directory);
    Ok(())
}

/// Says that the files are right as of now. Without it they are checked again, so failing is no harm: a reader may have
/// no right to write here.
pub(crate) fn confirm(directory: &Path) {
    let Some(boot) = boot() else { return };
    if read(directory).as_ref() != Some(&boot)
        && let Err(error) = write(directory, &boot)
    {
        tracing::debug!(%error, "the index will be checked again");
    }
}

fn boot() -> Option<String> {
    fs::read_to_string(BOOT_ID).ok().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}

fn read(directory: &Path) -> Option<String> {
    fs::read_to_string(directory.join(CHECKED_IN)).ok()
}

fn write(directory: &Path, boot: &str) -> io::Result<()> {
    let file = tempfile::NamedTempFile::new_in(directory)?;
    fs::write(file.path(), boot)?;
    file.persist(directory.join(CHECKED_IN))?;
    Ok(())
}
