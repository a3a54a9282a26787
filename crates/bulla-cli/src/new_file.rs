//! Files that a command makes for the user: never over an existing one, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IntoInnerError, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// Who may read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readable {
    /// As the user's umask says.
    Usual,
    /// The user only.
    Private,
}

/// Makes a new file.
fn create(path: &Path, readable: Readable) -> anyhow::Result<File> {
    let mode = if readable == Readable::Private { 0o600 } else { 0o666 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            anyhow::anyhow!("{} exists already: move it away or name another file", path.display())
        } else {
            anyhow::Error::new(error).context(format!("create {}", path.display()))
        }
    })
}

/// Makes a new file with this content; a file that could not be written whole is removed.
pub(crate) fn write(path: &Path, content: &[u8], readable: Readable) -> anyhow::Result<()> {
    write_with(path, readable, |file| {
        file.write_all(content).with_context(|| format!("write {}", path.display()))
    })
}

/// Makes a new file with what `write` gives it, synced; a file that could not be written whole is removed.
pub(crate) fn write_with(
    path: &Path,
    readable: Readable,
    write: impl FnOnce(&mut (dyn Write + Send)) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut file = BufWriter::new(create(path, readable)?);
    let written = write(&mut file).and_then(|()| {
        let file = file.into_inner().map_err(IntoInnerError::into_error);
        file.and_then(|file| file.sync_all()).with_context(|| format!("write {}", path.display()))
    });
    if written.is_err() {
        // Why there is no whole file is told; whether its part could be removed changes nothing of that.
        let _ = std::fs::remove_file(path);
    }
    written
}
