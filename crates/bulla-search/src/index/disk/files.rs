//! The directory of the index: opened, checked against the log, emptied. The log's own files are never touched here.

use std::path::Path;

use bulla::LogReader;
use serde::{Deserialize, Serialize};
use tantivy::schema::Schema;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy};

use super::place::Place;
use super::trust;
use crate::index::damage::Damage;
use crate::index::entry::schema::{Fields, INDEX_VERSION, WORDS_TOKENIZER, schema};
use crate::index::entry::words::WordsTokenizer;
use crate::index::snapshot::Snapshot;

/// What every commit says beside its documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) version: u32,
    /// Origin of the log.
    pub(crate) origin: String,
    /// Every entry below this number is in the index.
    pub(crate) complete_to_seq: u64,
    /// Leaf hash of the entry before it, base64: the index is of this history and of no other.
    pub(crate) last_leaf: Option<String>,
}

impl Label {
    pub(crate) fn of(log: &LogReader, complete_to_seq: u64) -> Result<Self, Damage> {
        let last = match complete_to_seq.checked_sub(1) {
            Some(last) => log.get(last)?,
            None => None,
        };
        Ok(Self {
            version: INDEX_VERSION,
            origin: log.identity().origin.clone(),
            complete_to_seq,
            last_leaf: last.map(|entry| entry.leaf_hash().to_base64()),
        })
    }

    /// Whether it is what `log` would say.
    fn check(&self, log: &LogReader) -> Result<(), Damage> {
        let size = log.size()?;
        if self.complete_to_seq > size {
            return Err(Damage::Foreign(format!(
                "it knows {} entries, and the log has {size}",
                self.complete_to_seq
            )));
        }
        let expected = Self::of(log, self.complete_to_seq)?;
        if *self != expected {
            return Err(Damage::Foreign(format!("it says {self:?}, and the log {expected:?}")));
        }
        Ok(())
    }
}

/// An index that was found, or made.
pub(crate) struct Files {
    pub(crate) index: Index,
    pub(crate) reader: IndexReader,
    pub(crate) fields: Fields,
}

impl Files {
    /// Opens the index in `directory`, and makes an empty one when there is none.
    pub(crate) fn open_or_create(directory: &Path, log: &LogReader) -> Result<Self, Damage> {
        std::fs::create_dir_all(directory)?;
        let (schema, fields) = schema();
        let place = Place::open(directory).map_err(tantivy::TantivyError::from)?;
        if Index::exists(&place).map_err(tantivy::TantivyError::from)? {
            return Self::open(directory, log);
        }
        // What an index without its list of parts left behind is of no use to anyone.
        empty(directory)?;
        let index = Index::create(place, schema, IndexSettings::default())?;
        trust::confirm(directory);
        Self::with(index, fields)
    }

    /// Opens the index in `directory`, which must be of this log and version.
    pub(crate) fn open(directory: &Path, log: &LogReader) -> Result<Self, Damage> {
        let (schema, fields) = schema();
        let place = Place::open(directory).map_err(tantivy::TantivyError::from)?;
        let index = Index::open(place)?;
        check_label(&index, &schema, log)?;
        trust::establish(&index, directory)?;
        Self::with(index, fields)
    }

    fn with(mut index: Index, fields: Fields) -> Result<Self, Damage> {
        index.tokenizers().register(WORDS_TOKENIZER, WordsTokenizer::default());
        index.settings_mut().docstore_compress_dedicated_thread = false;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// What is committed now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Damage> {
        self.reader.reload()?;
        Snapshot::of(self.reader.searcher(), self.fields)
    }
}

/// Reads every byte of an index and compares checksums; says which files are not what was written.
pub(crate) fn check_bytes(index: &Index) -> Result<(), Damage> {
    let bad = index.validate_checksum()?;
    if bad.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = bad.iter().map(|path| path.display().to_string()).collect();
    Err(Damage::Content(format!("checksums of {}", names.join(", "))))
}

fn check_label(index: &Index, schema: &Schema, log: &LogReader) -> Result<(), Damage> {
    if index.schema() != *schema {
        return Err(Damage::Foreign("it has other fields".to_owned()));
    }
    let Some(payload) = index.load_metas()?.payload else {
        // Made, and nothing committed yet.
        return Ok(());
    };
    let label: Label = serde_json::from_str(&payload)
        .map_err(|error| Damage::Content(format!("its label cannot be read: {error}")))?;
    label.check(log)
}

/// Removes all that is in the directory of the index. Only files that an index has; anything else is left and named.
pub(crate) fn empty(directory: &Path) -> Result<(), Damage> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Damage::Disk(error.to_string())),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path()).map_err(|error| Damage::Disk(error.to_string()))?;
        } else {
            tracing::warn!(path = %entry.path().display(), "left in the directory of the index: it is no file");
        }
    }
    Ok(())
}
