//! From a line to events: what all formats share. A format only says what a record means ([`Mapping`]).
//!
//! The invariants: every record gives events or one [`Unmapped`], never both and never nothing; ids are unique
//! within the file; a record that is too long for an entry lies beside it as a payload, whole.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use bulla::entry::limits::ID_BYTES_MAX;
use bulla::entry::{Attachment, VerbatimJson};
use bulla::{AuditEntry, Event, Rejected, Source, Vantage};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::derived_id::Place;
use super::found::{Found, TEXT_BYTES_MAX, note};
use super::{
    IMPORT_LINE_BYTES_MAX, ImportFormat, ImportOptions, Imported, ImportedEvent, Importer, Line, Unmapped,
};
use crate::record::{Record, clip};

/// 256 bytes: a fact this small stays in `detail` when the original moves to a payload.
const FACT_BYTES_MAX: usize = 256;

/// 65,536: more than a delivered CloudTrail file of 50 MB holds; small records grow about fiftyfold as events, so
/// that a line full of them must not become one batch.
const DOCUMENT_RECORDS_MAX: usize = 1 << 16;

/// 4 Mi: 9 bytes each in a table that is half full, so about 75 MB of memory; later repeats of an id are left to the log to find.
const IDS_REMEMBERED_MAX: usize = 1 << 22;

/// What one record of a format means.
pub(crate) trait Mapping {
    /// Adds at least one draft for `found`.
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>);

    /// The records of a line that holds a whole document.
    fn split<'a>(&self, _record: &Record<'a>) -> Option<Document<'a>> {
        None
    }
}

/// Several records in one line.
pub(crate) struct Document<'a> {
    pub(crate) records: Vec<&'a RawValue>,
    /// JSON of what the document has beside its records, if anything.
    pub(crate) rest: Option<String>,
}

/// What a mapping makes of a record.
pub(crate) enum Draft<'a> {
    /// An entry to be completed with its id (when empty) and its `detail`.
    Entry(Box<AuditEntry>, Detail<'a>),
    /// An entry's own JSON, stored as it stands.
    AsIs {
        /// The id it has, if it has one.
        id: Option<String>,
        json: String,
        /// What to do when a known field has an unexpected type.
        otherwise: Option<fn(&Found<'a>) -> Draft<'a>>,
    },
}

/// What stands in an entry's `detail`.
pub(crate) enum Detail<'a> {
    /// The record itself.
    Original,
    /// Facts, and the whole line under `original`.
    FactsAndOriginal(Vec<Fact<'a>>),
    /// Facts; the original is in the first entry of the same line.
    Facts(Vec<Fact<'a>>),
}

/// A member of `detail`: name and JSON.
pub(crate) type Fact<'a> = (&'static str, std::borrow::Cow<'a, str>);

/// The importer of every format.
pub(crate) struct LineImporter<M> {
    format: ImportFormat,
    instance: String,
    options: ImportOptions,
    mapping: M,
    ids: UsedIds,
}

impl<M> LineImporter<M> {
    pub(crate) fn new(format: ImportFormat, instance: &str, options: ImportOptions, mapping: M) -> Self {
        let instance = clip(instance, TEXT_BYTES_MAX);
        Self { format, instance, options, mapping, ids: UsedIds::default() }
    }

    fn place(&self, line: &Line<'_>) -> Place<'_> {
        Place { format: self.format, instance: &self.instance, line: line.number, offset: line.offset }
    }
}

impl<M: Mapping> Importer for LineImporter<M> {
    fn line(&mut self, line: Line<'_>, out: &mut Vec<Imported>) {
        if line.is_blank() {
            return;
        }
        if let Err(reason) = self.records(&line, out) {
            out.push(Imported::Unmapped(Unmapped {
                size: line.size,
                ..unmapped(&line, line.bytes, &reason)
            }));
        }
    }

    /// Every format of today gives each record at its own line; a call without a result stays as its `pre` entry.
    fn finish(&mut self, _out: &mut Vec<Imported>) {}
}

impl<M: Mapping> LineImporter<M> {
    fn records(&mut self, line: &Line<'_>, out: &mut Vec<Imported>) -> Result<(), String> {
        let raw = json_of(line)?;
        let record = Record::parse(raw).ok_or("not a JSON object")?;
        match self.mapping.split(&record) {
            Some(document) => self.document(line, document, out),
            None => {
                self.record(line, raw, record, out);
                Ok(())
            }
        }
    }

    fn document(
        &mut self,
        line: &Line<'_>,
        document: Document<'_>,
        out: &mut Vec<Imported>,
    ) -> Result<(), String> {
        let count = document.records.len();
        if count > DOCUMENT_RECORDS_MAX {
            return Err(format!("document has {count} records, at most {DOCUMENT_RECORDS_MAX}"));
        }
        if count == 0 && document.rest.is_none() {
            return Err("document without records".to_owned());
        }
        for raw in document.records {
            match Record::parse(raw) {
                Some(record) => self.record(line, raw, record, out),
                None => {
                    let reason = "record is not a JSON object";
                    out.push(Imported::Unmapped(unmapped(line, raw.get().as_bytes(), reason)));
                }
            }
        }
        if let Some(rest) = document.rest {
            let reason = "document has fields beside its records";
            out.push(Imported::Unmapped(unmapped(line, rest.as_bytes(), reason)));
        }
        Ok(())
    }

    /// Maps one record: all of its events, or the record itself as unmapped.
    fn record<'a>(
        &mut self,
        line: &Line<'_>,
        raw: &'a RawValue,
        record: Record<'a>,
        out: &mut Vec<Imported>,
    ) {
        let found = Found { raw, record, imported_at: self.options.imported_at };
        let mut drafts = Vec::with_capacity(1);
        self.mapping.map(&found, &mut drafts);
        let first = out.len();
        let line = Line { offset: line.offset + position(line, raw.get()), ..*line };
        for (ordinal, draft) in (0..).zip(drafts) {
            match self.seal(draft, &found, &line, ordinal) {
                Ok(event) => out.push(Imported::Event(event)),
                Err(reason) => {
                    out.truncate(first);
                    out.push(Imported::Unmapped(unmapped(&line, raw.get().as_bytes(), &reason)));
                    return;
                }
            }
        }
    }

    fn seal<'a>(
        &mut self,
        draft: Draft<'a>,
        found: &Found<'a>,
        line: &Line<'_>,
        ordinal: u64,
    ) -> Result<ImportedEvent, String> {
        match draft {
            Draft::Entry(mut entry, detail) => {
                self.name(&mut entry, found, line, ordinal);
                let event = self.seal_entry(&mut entry, &detail, found.raw, line);
                let id = entry.id;
                event
                    .map(|event| ImportedEvent { line: line.number, offset: line.offset, id, event })
                    .map_err(|rejected| rejected.to_string())
            }
            Draft::AsIs { id, json, otherwise } => self.seal_json(id, json, otherwise, found, line, ordinal),
        }
    }

    /// Gives the entry its id: its own unless it has none, a hopeless one, or one that was used before.
    fn name(&mut self, entry: &mut AuditEntry, found: &Found<'_>, line: &Line<'_>, ordinal: u64) {
        let has_own = !entry.id.is_empty() && entry.id.len() <= ID_BYTES_MAX;
        if has_own && self.ids.insert(&entry.id) {
            return;
        }
        if has_own {
            let repeated = format!("id {:?} stands earlier in the file too", entry.id);
            note(entry, &repeated);
        }
        entry.id = self.place(line).derived_id(ordinal, found.raw.get().as_bytes());
    }

    fn seal_entry(
        &self,
        entry: &mut AuditEntry,
        detail: &Detail<'_>,
        raw: &RawValue,
        line: &Line<'_>,
    ) -> Result<Event, Rejected> {
        let source = source(&self.place(line));
        entry.verbatim_detail = Some(VerbatimJson(detail.json(raw)?));
        match Event::from_entry_of(Some(&source), entry, &self.options.event) {
            Err(Rejected::TooLong { .. }) => {
                entry.verbatim_detail = None;
                entry.detail = Some(detail.small(raw));
                entry.attachments.push(Attachment {
                    name: "original".to_owned(),
                    media_type: "application/json".to_owned(),
                    content: raw.get().as_bytes().to_vec(),
                });
                Event::from_entry_of(Some(&source), entry, &self.options.event)
            }
            sealed => sealed,
        }
    }

    fn seal_json<'a>(
        &mut self,
        id: Option<String>,
        json: String,
        otherwise: Option<fn(&Found<'a>) -> Draft<'a>>,
        found: &Found<'a>,
        line: &Line<'_>,
        ordinal: u64,
    ) -> Result<ImportedEvent, String> {
        if found.record.value("timestamp").is_none() {
            return Err("record has no `timestamp`".to_owned());
        }
        let (id, json) = match id {
            Some(id) if self.ids.contains(&id) => {
                return Err(format!("id {id:?} stands earlier in the file too"));
            }
            Some(id) => (id, json),
            None => {
                let id = self.place(line).derived_id(ordinal, found.raw.get().as_bytes());
                let json = with_id(&id, &json);
                (id, json)
            }
        };
        let source = source(&self.place(line));
        let sealed = Event::from_json(Some(&source), json.as_bytes(), found.imported_at, &self.options.event);
        let event = match (sealed, otherwise) {
            (Ok(event), _) => event,
            (Err(Rejected::TooLong { .. }), _) => self.seal_long_json(&json, found.raw, &source)?,
            (Err(Rejected::InvalidField(_) | Rejected::OutcomeUnknown), Some(otherwise)) => {
                return self.seal(otherwise(found), found, line, ordinal);
            }
            (Err(rejected), _) => return Err(rejected.to_string()),
        };
        self.ids.insert(&id);
        Ok(ImportedEvent { line: line.number, offset: line.offset, id, event })
    }

    /// An entry that is too long as it stands: its plain fields stay, the whole of it becomes a payload.
    fn seal_long_json(&self, json: &str, raw: &RawValue, source: &Source) -> Result<Event, String> {
        let whole: AuditEntry = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let plain = |text: Option<String>| text.map(|text| clip(&text, TEXT_BYTES_MAX));
        let mut entry = AuditEntry::new(whole.category, clip(&whole.action, TEXT_BYTES_MAX))
            .id(whole.id)
            .at(whole.timestamp)
            .outcome(whole.outcome)
            .phase(whole.phase)
            .detail(Detail::Original.small(raw))
            .attach("original", "application/json", raw.get().as_bytes());
        entry.principal = plain(whole.principal);
        entry.duration_ms = whole.duration_ms;
        entry.okr_id = plain(whole.okr_id);
        entry.okr_run_id = plain(whole.okr_run_id);
        entry.relay_id = plain(whole.relay_id);
        entry.session_id = plain(whole.session_id);
        entry.event_name = plain(whole.event_name);
        entry.cause_id = plain(whole.cause_id);
        entry.correlation_id = plain(whole.correlation_id);
        Event::from_entry_of(Some(source), &entry, &self.options.event)
            .map_err(|rejected| rejected.to_string())
    }
}

/// The JSON of a line, or why it has none.
fn json_of<'a>(line: &Line<'a>) -> Result<&'a RawValue, String> {
    if line.is_cut() {
        return Err(format!(
            "line has {} bytes, at most {IMPORT_LINE_BYTES_MAX}; its first part is kept",
            line.size
        ));
    }
    let bytes = line.content();
    let torn = if line.is_torn { "torn last line: " } else { "" };
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(format!("{torn}{} NUL bytes", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| format!("{torn}not UTF-8: {error}"))?;
    serde_json::from_str(text).map_err(|error| format!("{torn}not JSON: {error}"))
}

/// Where `part` begins within `line`.
fn position(line: &Line<'_>, part: &str) -> u64 {
    (part.as_ptr().addr().saturating_sub(line.bytes.as_ptr().addr())) as u64
}

fn unmapped(line: &Line<'_>, record: &[u8], reason: &str) -> Unmapped {
    Unmapped {
        line: line.number,
        offset: line.offset,
        size: record.len() as u64,
        reason: clip(reason, TEXT_BYTES_MAX),
        original: record.to_vec(),
    }
}

/// What every imported entry says about where it came from.
pub(crate) fn source(place: &Place<'_>) -> Source {
    Source {
        id: Some(place.format.source_id()),
        instance: Some(place.instance.to_owned()),
        seq: Some(place.line),
        transport: Some("file".to_owned()),
        peer: None,
        vantage: Some(Vantage::Imported),
    }
}

fn with_id(id: &str, json: &str) -> String {
    let rest = json.trim_ascii_start()[1..].trim_ascii_start();
    let comma = if rest.starts_with('}') { "" } else { "," };
    format!("{{\"id\":\"{id}\"{comma}{rest}")
}

impl Detail<'_> {
    /// The member `detail` of an entry.
    fn json(&self, raw: &RawValue) -> Result<Box<RawValue>, Rejected> {
        let (facts, original) = match self {
            Self::Original => return Ok(raw.to_owned()),
            Self::FactsAndOriginal(facts) => (facts, Some(raw.get())),
            Self::Facts(facts) => (facts, None),
        };
        let members = facts.iter().map(|(name, json)| (*name, json.as_ref()));
        let mut text = String::with_capacity(raw.get().len() + 256);
        for (name, json) in members.chain(original.map(|original| ("original", original))) {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(&format!("\"{name}\":{json}"));
        }
        text.push_str(if text.is_empty() { "{}" } else { "}" });
        RawValue::from_string(text).map_err(|error| Rejected::NotJson(error.to_string()))
    }

    /// `detail` of an entry whose record lies beside it.
    fn small(&self, raw: &RawValue) -> Value {
        let mut detail = json!({"original": {"payload": "original", "size": raw.get().len()}});
        if let Self::FactsAndOriginal(facts) | Self::Facts(facts) = self {
            let small = facts.iter().filter(|(_, json)| json.len() <= FACT_BYTES_MAX);
            for (name, json) in small {
                detail[*name] = serde_json::from_str(json).unwrap_or_default();
            }
        }
        detail
    }
}

/// Ids that a file has used, by their hashes: a chance collision only makes an id a derived one.
#[derive(Default)]
struct UsedIds {
    hasher: BuildHasherDefault<DefaultHasher>,
    hashes: HashSet<u64>,
}

impl UsedIds {
    fn contains(&self, id: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(id))
    }

    /// Remembers `id`; false when it was there.
    fn insert(&mut self, id: &str) -> bool {
        let hash = self.hasher.hash_one(id);
        if self.hashes.len() < IDS_REMEMBERED_MAX {
            self.hashes.insert(hash)
        } else {
            !self.hashes.contains(&hash)
        }
    }
}
