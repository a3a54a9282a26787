//! From an entry, or from an emitter's JSON, to the bytes that the log stores: limits, redaction, payloads, and
//! one serialisation, all on the caller's thread.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::AuditEntry;
use super::encode::encode;
use super::entry::{ENVELOPE_FIELDS, EVENT_FIELDS, new_id};
use super::envelope::Source;
use super::limits::{
    BODY_BYTES_MAX, DEPTH_MAX, ID_BYTES_MAX, INLINE_STRING_BYTES_DEFAULT, LINE_BYTES_MAX, PAYLOAD_BYTES_MAX,
    PREFIX_BYTES_MAX,
};
use super::outcome::{AuditOutcome, Phase};
use super::redaction::Redaction;
use super::rewrite::{self, PayloadFile};
use super::strict;
use crate::clock::Timestamp;
use crate::entropy::{Entropy, SystemEntropy};

/// Why an entry was not taken. Nothing of it is stored; correct it and record it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// Not one JSON object in UTF-8.
    #[error("entry is not a JSON object: {0}")]
    NotJson(String),
    /// A key stands twice in one object; readers disagree on which one counts.
    #[error("entry has the key {0} twice in one object")]
    DuplicateKey(String),
    /// Nested deeper than 64 levels.
    #[error("entry is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// A field that only the recorder writes.
    #[error("field `{0}` is written by the log itself; remove it or give it another name")]
    ReservedField(String),
    /// A known field is missing or has the wrong type.
    #[error("entry has an invalid field: {0}")]
    InvalidField(String),
    /// Outcome `unknown` on an entry that is not written before its act.
    #[error("outcome is unknown: set success, failure or denied, or record it with phase pre")]
    OutcomeUnknown,
    /// Longer than a stored line can be.
    #[error(
        "entry is too long: {size} bytes, at most {limit}; its largest field is `{largest_field}` with \
         {largest_size} bytes: shorten it or attach it as a payload"
    )]
    TooLong {
        /// Bytes of the line.
        size: usize,
        /// Bytes that fit.
        limit: usize,
        /// Largest top-level field.
        largest_field: String,
        /// Its bytes.
        largest_size: usize,
    },
    /// A payload larger than the log takes.
    #[error("payload `{name}` is too large: {size} bytes, at most {PAYLOAD_BYTES_MAX}")]
    PayloadTooLarge {
        /// Name of the payload.
        name: String,
        /// Its bytes.
        size: usize,
    },
}

/// How entries are prepared for a log.
#[derive(Debug, Clone)]
pub struct EventOptions {
    /// A string in `detail` longer than this many bytes moves to a payload.
    pub inline_string_bytes_max: usize,
    /// What is removed before storing.
    pub redaction: Redaction,
    /// Where the salts of payloads come from.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self {
            inline_string_bytes_max: INLINE_STRING_BYTES_DEFAULT,
            redaction: Redaction::default(),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// An entry that is ready to be stored: checked, redacted, serialised once.
#[derive(Debug, Clone)]
pub struct Event {
    /// Holds the stored line after its envelope prefix: `"id":…}` or `"source":{…},"id":…}`.
    bytes: Vec<u8>,
    /// Where that begins in `bytes`.
    start: usize,
    payloads: Vec<PayloadFile>,
}

impl Event {
    /// Prepares an entry of this process.
    ///
    /// # Errors
    /// [`Rejected`] when the entry breaks a rule of the record; nothing is stored.
    pub fn from_entry(entry: &AuditEntry, options: &EventOptions) -> Result<Self, Rejected> {
        Self::from_entry_of(None, entry, options)
    }

    /// Prepares an entry that came from elsewhere.
    ///
    /// # Errors
    /// As [`Event::from_entry`].
    pub fn from_entry_of(
        source: Option<&Source>,
        entry: &AuditEntry,
        options: &EventOptions,
    ) -> Result<Self, Rejected> {
        check_entry(entry)?;
        let mut text = Vec::with_capacity(512);
        encode(entry, &mut text).map_err(|error| Rejected::InvalidField(error.to_string()))?;
        let mut needs_rewrite = !entry.attachments.is_empty() || text.len() > options.inline_string_bytes_max;
        if entry.verbatim_detail.is_some() {
            drop_newlines(&mut text);
            needs_rewrite |= strict::check_object(&text, &|key| options.redaction.removes(key))?.marked;
        } else {
            needs_rewrite |= has_removed_key(entry, &options.redaction, 1)?;
        }
        let payloads = if needs_rewrite {
            rewrite::rewrite(&mut text, &entry.attachments, options)?
        } else {
            Vec::new()
        };
        Self::assemble(source, text, payloads)
    }

    /// Prepares an emitter's own JSON, which is stored as it stands: unknown fields, the text of numbers and the
    /// order of keys are kept. A missing `id` or `timestamp` is added.
    ///
    /// # Errors
    /// [`Rejected`] when it is not one JSON object, has duplicate keys, is nested too deep, lacks a required field
    /// (`category`, `action`, `outcome`), has one of the wrong type, or sets a field of the envelope.
    pub fn from_json(
        source: Option<&Source>,
        json: &[u8],
        now: Timestamp,
        options: &EventOptions,
    ) -> Result<Self, Rejected> {
        Self::from_json_with_id(source, json, None, now, options).map(|(event, _)| event)
    }

    /// As [`Event::from_json`], for entries that may come twice: one without an `id` gets `default_id`, and the id is
    /// returned unless the log made it up.
    ///
    /// # Errors
    /// As [`Event::from_json`]. A `default_id` with characters that JSON escapes is refused like any wrong id.
    pub fn from_json_with_id(
        source: Option<&Source>,
        json: &[u8],
        default_id: Option<&str>,
        now: Timestamp,
        options: &EventOptions,
    ) -> Result<(Self, Option<String>), Rejected> {
        let seen = strict::check_object(json, &|key| options.redaction.removes(key))?;
        if let Some(field) = seen.keys.iter().find(|key| ENVELOPE_FIELDS.contains(&key.as_ref())) {
            return Err(Rejected::ReservedField(field.clone().into_owned()));
        }
        if default_id.is_some_and(|id| id.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'))) {
            return Err(Rejected::InvalidField("id has characters that JSON escapes".to_owned()));
        }
        let mut text = with_missing_fields(json, &seen.keys, default_id, now);
        drop_newlines(&mut text);
        let entry: AuditEntry =
            serde_json::from_slice(&text).map_err(|error| Rejected::InvalidField(plain_message(&error)))?;
        check_entry(&entry)?;
        let payloads = if seen.marked || text.len() > options.inline_string_bytes_max {
            rewrite::rewrite(&mut text, &[], options)?
        } else {
            Vec::new()
        };
        let is_told = default_id.is_some() || seen.keys.iter().any(|key| key == "id");
        let own_id = is_told.then_some(entry.id);
        Ok((Self::assemble(source, text, payloads)?, own_id))
    }

    /// Bytes that the event takes in the queue.
    pub fn size(&self) -> usize {
        self.body().len() + self.payloads.iter().map(|payload| payload.content.len()).sum::<usize>()
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn has_payloads(&self) -> bool {
        !self.payloads.is_empty()
    }

    pub(crate) fn into_payloads(self) -> Vec<PayloadFile> {
        self.payloads
    }

    fn assemble(
        source: Option<&Source>,
        text: Vec<u8>,
        payloads: Vec<PayloadFile>,
    ) -> Result<Self, Rejected> {
        let fields = text[1..].trim_ascii_start();
        let event = if let Some(source) = source {
            let mut bytes = Vec::with_capacity(text.len() + 128);
            bytes.extend_from_slice(b"\"source\":");
            serde_json::to_writer(&mut bytes, source)
                .map_err(|error| Rejected::InvalidField(error.to_string()))?;
            bytes.push(b',');
            bytes.extend_from_slice(fields);
            Self { bytes, start: 0, payloads }
        } else {
            let start = text.len() - fields.len();
            Self { bytes: text, start, payloads }
        };
        if event.body().len() > BODY_BYTES_MAX {
            let text = [b"{", event.body()].concat();
            let (largest_field, largest_size) = rewrite::largest_field(&text);
            return Err(Rejected::TooLong {
                size: PREFIX_BYTES_MAX + event.body().len(),
                limit: LINE_BYTES_MAX,
                largest_field,
                largest_size,
            });
        }
        Ok(event)
    }
}

/// Rules that hold for every entry, wherever it comes from.
fn check_entry(entry: &AuditEntry) -> Result<(), Rejected> {
    if entry.id.is_empty() || entry.id.len() > ID_BYTES_MAX {
        return Err(Rejected::InvalidField(format!(
            "id has {} bytes, not 1 to {ID_BYTES_MAX}",
            entry.id.len()
        )));
    }
    if entry.outcome == AuditOutcome::Unknown && entry.phase != Phase::Pre {
        return Err(Rejected::OutcomeUnknown);
    }
    if entry.detail.is_some() && entry.verbatim_detail.is_some() {
        return Err(Rejected::DuplicateKey("\"detail\"".to_owned()));
    }
    let is_known =
        |key: &&String| EVENT_FIELDS.contains(&key.as_str()) || ENVELOPE_FIELDS.contains(&key.as_str());
    if let Some(key) = entry.other.keys().find(is_known) {
        return Err(Rejected::ReservedField(key.clone()));
    }
    // A reference that the log did not make itself would be a missing payload to every verifier.
    if entry.payloads.iter().any(|payload| payload.reference.is_some()) {
        return Err(Rejected::ReservedField("payloads[].ref".to_owned()));
    }
    let too_large = entry.attachments.iter().find(|payload| payload.content.len() > PAYLOAD_BYTES_MAX);
    match too_large {
        Some(payload) => {
            Err(Rejected::PayloadTooLarge { name: payload.name.clone(), size: payload.content.len() })
        }
        None => Ok(()),
    }
}

/// Whether a rule removes something of the entry's free-form parts; also enforces their depth.
fn has_removed_key(entry: &AuditEntry, rules: &Redaction, depth: usize) -> Result<bool, Rejected> {
    let mut found = entry.labels.keys().any(|key| rules.removes(key));
    let changed = entry.changes.iter().flat_map(|change| [&change.before, &change.after]);
    for value in entry.detail.iter().chain(changed.flatten()).chain(entry.other.values()) {
        found |= value_has_removed_key(value, rules, depth)?;
    }
    Ok(found | entry.other.keys().any(|key| rules.removes(key)))
}

fn value_has_removed_key(value: &Value, rules: &Redaction, depth: usize) -> Result<bool, Rejected> {
    let mut found = false;
    match value {
        Value::Object(_) | Value::Array(_) if depth == DEPTH_MAX => return Err(Rejected::TooDeep),
        Value::Object(map) => {
            for (key, value) in map {
                found |= rules.removes(key) | value_has_removed_key(value, rules, depth + 1)?;
            }
        }
        Value::Array(list) => {
            for value in list {
                found |= value_has_removed_key(value, rules, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(found)
}

/// Valid JSON has raw newlines only between tokens, where they mean nothing.
fn drop_newlines(text: &mut Vec<u8>) {
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        text.retain(|byte| !matches!(byte, b'\n' | b'\r'));
    }
}

/// The object `json` without outer white space, with an `id` and a `timestamp` in front if it had none.
fn with_missing_fields(
    json: &[u8],
    keys: &[Cow<'_, str>],
    default_id: Option<&str>,
    now: Timestamp,
) -> Vec<u8> {
    let has = |name: &str| keys.iter().any(|key| key == name);
    let json = json.trim_ascii();
    let mut text = Vec::with_capacity(json.len() + 96);
    text.push(b'{');
    if !has("id") {
        let id = default_id.map_or_else(new_id, str::to_owned);
        text.extend_from_slice(format!("\"id\":\"{id}\",").as_bytes());
    }
    if !has("timestamp") {
        text.extend_from_slice(format!("\"timestamp\":\"{now}\",").as_bytes());
    }
    text.extend_from_slice(json[1..].trim_ascii_start());
    text
}

/// serde's message without its position, which is that of a text the caller never saw.
fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
