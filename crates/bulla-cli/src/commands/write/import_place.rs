//! How far a file was imported before, so that importing it again adds what is new and nothing twice.
//!
//! A file is known by its name and first line: moved, it stays the same; another of the same name, or one that took
//! its place in a rotation, does not. Lines before the last known one are done. Of the last one some entries may be
//! missing, because a line can give several; ids tell which. Ids that are not there at all mean that the file is
//! not the one that was imported, which is an error and never a silent skip.

use std::collections::HashSet;
use std::path::Path;

use anyhow::bail;
use bulla::proof::Hash;
use bulla::{AuditEntry, AuditLog, Envelope, LogReader};
use bulla_formats::import::Imported;
use sha2::{Digest, Sha256};

use crate::input::STDIN;

/// 12 hexadecimal digits: 48 bits tell files of one name apart.
const DIGEST_DIGITS: usize = 12;

/// The name that entries give as their file.
pub(crate) fn instance(path: &Path, first_line: &[u8]) -> String {
    let name = match path.file_name() {
        Some(name) if path.as_os_str() != STDIN => name.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    };
    let digest = Hash::from(<[u8; 32]>::from(Sha256::digest(first_line))).to_string();
    format!("{name}@{}", &digest[..DIGEST_DIGITS])
}

/// Lets through what the log does not have.
pub(crate) struct Resume<'a> {
    reader: &'a LogReader,
    source: &'a str,
    instance: &'a str,
    /// Lines up to this one are in the log, the last of them perhaps in part.
    known_lines: u64,
    /// Number, and ids, of the last line up to `known_lines` that gave something.
    last_known: Option<(u64, Vec<String>)>,
    /// Whether what follows is new.
    is_past: bool,
}

impl<'a> Resume<'a> {
    pub(crate) fn of(log: &'a AuditLog, source: &'a str, instance: &'a str) -> anyhow::Result<Self> {
        let known_lines = log.import_position(source, instance)?;
        if known_lines == 0 {
            // From here on the log itself is searched for lines of this file, however this import ends.
            log.store_import_position(source, instance, 0)?;
        }
        let reader = log.reader()?;
        Ok(Self { reader, source, instance, known_lines, last_known: None, is_past: known_lines == 0 })
    }

    /// Lines that are in the log already.
    pub(crate) fn known_lines(&self) -> u64 {
        self.known_lines
    }

    /// What a line became, without what is in the log already.
    pub(crate) fn keep_new(&mut self, line: u64, became: &mut Vec<Imported>) -> anyhow::Result<()> {
        if self.is_past {
            return Ok(());
        }
        if line < self.known_lines {
            self.remember(line, became);
            became.clear();
            return Ok(());
        }
        if line == self.known_lines {
            let is_blank = became.is_empty();
            self.remember(line, became);
            if !is_blank {
                let stored = self.stored_of(line)?;
                became.retain(
                    |imported| !matches!(imported, Imported::Event(event) if stored.ids.contains(&event.id)),
                );
                self.check(&stored)?;
                if stored.is_quarantine && became.iter().all(|one| matches!(one, Imported::Unmapped(_))) {
                    became.clear();
                }
                self.is_past = true;
            }
            return Ok(());
        }
        self.settle()
    }

    /// The file ended, or goes on behind what is known: the last known line must be what was imported.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        if self.is_past {
            return Ok(());
        }
        self.is_past = true;
        match &self.last_known {
            Some((line, _)) => self.check(&self.stored_of(*line)?),
            None => Ok(()),
        }
    }

    fn remember(&mut self, line: u64, became: &[Imported]) {
        if !became.is_empty() {
            let ids = became.iter().filter_map(|imported| match imported {
                Imported::Event(event) => Some(event.id.clone()),
                Imported::Unmapped(_) => None,
            });
            self.last_known = Some((line, ids.collect()));
        }
    }

    fn check(&self, stored: &Stored) -> anyhow::Result<()> {
        let Some((line, ids)) = &self.last_known else { return Ok(()) };
        // A line that was cut when it was imported, and is whole now, is new.
        if ids.is_empty() || stored.is_quarantine || ids.iter().any(|id| stored.ids.contains(id)) {
            return Ok(());
        }
        bail!(
            "{} was imported before with another line {line}: it is not the same file any more; import it under \
             another name with --as NAME",
            self.instance
        )
    }

    /// What the log has of a line, looked for from its end.
    fn stored_of(&self, line: u64) -> anyhow::Result<Stored> {
        let mut stored = Stored::default();
        let quoted = serde_json::to_string(self.instance)?;
        let needle = memchr::memmem::Finder::new(quoted.as_bytes());
        for entry in self.reader.read_back(self.reader.first_seq().get()..u64::MAX) {
            let entry = entry?;
            if needle.find(entry.line()).is_none() {
                continue;
            }
            let Some(source) =
                serde_json::from_slice::<Envelope>(entry.line()).ok().and_then(|found| found.source)
            else {
                continue;
            };
            if source.id.as_deref() != Some(self.source) || source.instance.as_deref() != Some(self.instance)
            {
                continue;
            }
            match source.seq {
                Some(seq) if seq < line => break,
                Some(seq) if seq == line => {
                    if let Ok(AuditEntry { id, event_name, .. }) = entry.entry() {
                        stored.is_quarantine |= event_name.as_deref() == Some("import.unmapped");
                        stored.ids.insert(id);
                    }
                }
                _ => {}
            }
        }
        Ok(stored)
    }
}

/// Entries that a line gave.
#[derive(Debug, Default)]
struct Stored {
    ids: HashSet<String>,
    /// Whether one of them says that the line was no record.
    is_quarantine: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_and_first_line() {
        let of = |path: &str, line: &[u8]| instance(Path::new(path), line);
        assert_eq!(of("a/x.jsonl", b"{}"), of("b/x.jsonl", b"{}"));
        assert_ne!(of("a/x.jsonl", b"{}"), of("a/x.jsonl", b"{ }"));
        assert_ne!(of("a/x.jsonl", b"{}"), of("a/y.jsonl", b"{}"));
        assert!(of("-", b"{}").starts_with("stdin@"));
    }
}
