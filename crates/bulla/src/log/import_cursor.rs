//! How far a foreign file was imported, so that importing it again goes on where it stopped and doubles nothing.
//!
//! A cursor in `imports/` says how many lines were taken when the log had which size. What was imported after the
//! cursor was written is found in the log itself: entries carry their file and line in `source`.

use bulla_proof::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Envelope;
use crate::read::{LogReader, ReadError};
use crate::store::disk::{Access, DiskError, During, read_all};
use crate::store::identity::replace;
use crate::store::layout::IMPORTS;

/// 64 KiB: a cursor has two names and two numbers.
const CURSOR_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    source: String,
    instance: String,
    lines: u64,
    log_size: u64,
}

/// File of a cursor: a digest, never the name of what is imported.
fn file_of(source: &str, instance: &str) -> String {
    let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(instance).finalize();
    format!("{IMPORTS}/{}.json", Hash::from(<[u8; 32]>::from(digest)))
}

/// Lines of `instance` that are in the log already, by the highest `source.seq` of its entries.
pub(crate) fn position(reader: &LogReader, source: &str, instance: &str) -> Result<u64, ReadError> {
    let disk = reader.disk.as_ref();
    let name = file_of(source, instance);
    let cursor = match read_all(disk, &name, CURSOR_BYTES_MAX).during("read", disk.describe(&name)) {
        Ok(bytes) => serde_json::from_slice::<Cursor>(&bytes).ok(),
        Err(error) if error.is_missing() => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    // A cursor that cannot be read only costs reading the whole log.
    let (mut lines, from) = cursor.map_or((0, 0), |cursor| (cursor.lines, cursor.log_size));
    for entry in reader.read(from.max(reader.first_seq().get())..u64::MAX) {
        let entry = entry?;
        let source_of = serde_json::from_slice::<Envelope>(entry.line()).ok().and_then(|found| found.source);
        if let Some(found) = source_of
            && found.id.as_deref() == Some(source)
            && found.instance.as_deref() == Some(instance)
        {
            lines = lines.max(found.seq.unwrap_or(0));
        }
    }
    Ok(lines)
}

/// Writes, durably, that `lines` lines are in the log.
pub(crate) fn store(reader: &LogReader, source: &str, instance: &str, lines: u64) -> Result<(), ReadError> {
    let disk = reader.disk.as_ref();
    disk.create_folder(IMPORTS).during("create", disk.describe(IMPORTS))?;
    let log_size = reader.size()?;
    let cursor = Cursor { source: source.to_owned(), instance: instance.to_owned(), lines, log_size };
    let text = serde_json::to_vec(&cursor).expect("a cursor is JSON");
    let stored: Result<(), DiskError> = replace(disk, &file_of(source, instance), &text, Access::Shared);
    Ok(stored?)
}
