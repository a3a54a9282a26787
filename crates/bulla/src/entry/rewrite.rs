//! Takes long strings and secrets out of an entry's JSON, leaving the text of everything else as it was.

use std::borrow::Cow;
use std::fmt;

use bulla_proof::Hash;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::context::{Payload, Redacted};
use super::entry::Attachment;
use super::event::{EventOptions, Rejected};
use super::limits::PAYLOAD_BYTES_MAX;
use super::redaction::REDACTED;

/// A file for `payloads/`: salt and content, named by its SHA-256.
#[derive(Debug, Clone)]
pub(crate) struct PayloadFile {
    /// SHA-256 of `content`.
    pub(crate) digest: Hash,
    /// 32 bytes of salt, then the payload.
    pub(crate) content: Vec<u8>,
}

/// 32: with as many random bytes before it, a short payload cannot be guessed from its digest.
pub(crate) const SALT_BYTES: usize = 32;

/// Key of the object that stands in place of a string that was moved to a payload.
pub(crate) const PAYLOAD_KEY: &str = "$payload";

/// Rewrites `text`, one JSON object: values under keys that a rule names are replaced and listed in
/// `redactions`; long strings of `detail` and all attachments become payload files and are listed in `payloads`.
pub(crate) fn rewrite(
    text: &mut Vec<u8>,
    attachments: &[Attachment],
    options: &EventOptions,
) -> Result<Vec<PayloadFile>, Rejected> {
    let source = std::str::from_utf8(text).expect("checked JSON is UTF-8");
    let mut work = Rewrite { options, files: Vec::new(), payloads: Vec::new(), redactions: Vec::new() };
    let fields: Fields<'_> =
        serde_json::from_str(source).map_err(|error| Rejected::NotJson(error.to_string()))?;
    let mut written = Vec::with_capacity(fields.0.len() + 2);
    for (key, value) in &fields.0 {
        written.push((key.as_ref(), work.field(key, value)?));
    }
    for attachment in attachments {
        work.store(attachment.name.clone(), attachment.media_type.clone(), &attachment.content)?;
    }
    append_list(&mut written, "payloads", &work.payloads);
    append_list(&mut written, "redactions", &work.redactions);
    let files = work.files;
    *text = object(&written);
    Ok(files)
}

/// Name and size of the largest top-level field of a JSON object.
pub(crate) fn largest_field(text: &[u8]) -> (String, usize) {
    let fields: Option<Fields<'_>> = serde_json::from_slice(text).ok();
    let largest = fields.iter().flat_map(|fields| &fields.0).max_by_key(|(_, value)| value.get().len());
    largest.map_or_else(|| ("?".to_owned(), text.len()), |(key, value)| (key.to_string(), value.get().len()))
}

struct Rewrite<'a> {
    options: &'a EventOptions,
    files: Vec<PayloadFile>,
    payloads: Vec<Payload>,
    redactions: Vec<Redacted>,
}

impl Rewrite<'_> {
    fn field(&mut self, key: &str, value: &RawValue) -> Result<String, Rejected> {
        let mut pointer = String::new();
        push_pointer(&mut pointer, key);
        let may_move = key == "detail";
        self.value(value.get(), &mut pointer, key, may_move)
    }

    /// The text of `value` after all rules; `pointer` is its place and `key` the name it stands under.
    fn value(
        &mut self,
        value: &str,
        pointer: &mut String,
        key: &str,
        may_move: bool,
    ) -> Result<String, Rejected> {
        if self.options.redaction.removes(key) {
            self.redactions.push(Redacted {
                path: pointer.clone(),
                rule: format!("key:{key}"),
                ..Redacted::default()
            });
            return Ok(REDACTED.to_owned());
        }
        match value.as_bytes().first() {
            Some(b'{') => self.object(value, pointer, may_move),
            Some(b'[') => self.array(value, pointer, may_move),
            Some(b'"') if may_move && value.len() > self.options.inline_string_bytes_max => {
                self.long_string(value, pointer)
            }
            _ => Ok(value.to_owned()),
        }
    }

    fn object(&mut self, value: &str, pointer: &mut String, may_move: bool) -> Result<String, Rejected> {
        let fields: Fields<'_> = parse(value)?;
        let mut written = Vec::with_capacity(fields.0.len());
        for (key, value) in &fields.0 {
            let end = pointer.len();
            push_pointer(pointer, key);
            written.push((key.as_ref(), self.value(value.get(), pointer, key, may_move)?));
            pointer.truncate(end);
        }
        Ok(String::from_utf8(object(&written)).expect("JSON of JSON is UTF-8"))
    }

    fn array(&mut self, value: &str, pointer: &mut String, may_move: bool) -> Result<String, Rejected> {
        let items: Vec<&RawValue> = parse(value)?;
        let mut text = String::with_capacity(value.len());
        for (index, item) in items.iter().enumerate() {
            text.push(if index == 0 { '[' } else { ',' });
            let end = pointer.len();
            push_pointer(pointer, &index.to_string());
            text.push_str(&self.value(item.get(), pointer, "", may_move)?);
            pointer.truncate(end);
        }
        text.push_str(if items.is_empty() { "[]" } else { "]" });
        Ok(text)
    }

    fn long_string(&mut self, value: &str, pointer: &str) -> Result<String, Rejected> {
        let content: String = parse(value)?;
        if content.len() <= self.options.inline_string_bytes_max {
            return Ok(value.to_owned());
        }
        let media_type = "text/plain; charset=utf-8".to_owned();
        let reference = self.store(pointer.to_owned(), media_type, content.as_bytes())?;
        Ok(format!("{{\"{PAYLOAD_KEY}\":\"{reference}\"}}"))
    }

    /// Makes a payload file and lists it; gives its name.
    fn store(&mut self, name: String, media_type: String, content: &[u8]) -> Result<String, Rejected> {
        if content.len() > PAYLOAD_BYTES_MAX {
            return Err(Rejected::PayloadTooLarge { name, size: content.len() });
        }
        let mut file = vec![0; SALT_BYTES];
        self.options.entropy.fill(&mut file);
        file.extend_from_slice(content);
        let digest = Hash::from(<[u8; 32]>::from(Sha256::digest(&file)));
        let reference = digest.to_string();
        self.payloads.push(Payload {
            name,
            media_type: Some(media_type),
            size: Some(content.len() as u64),
            sha256: Some(reference.clone()),
            reference: Some(reference.clone()),
            ..Payload::default()
        });
        self.files.push(PayloadFile { digest, content: file });
        Ok(reference)
    }
}

fn parse<'a, T: Deserialize<'a>>(value: &'a str) -> Result<T, Rejected> {
    serde_json::from_str(value).map_err(|error| Rejected::NotJson(error.to_string()))
}

/// Appends `items` to the list `name` of an object, which need not have it yet.
fn append_list<T: serde::Serialize>(fields: &mut Vec<(&str, String)>, name: &'static str, items: &[T]) {
    if items.is_empty() {
        return;
    }
    let items = serde_json::to_string(items).expect("parts of an entry are JSON");
    match fields.iter_mut().find(|(key, value)| *key == name && value.len() > "[]".len()) {
        Some((_, list)) if list.starts_with('[') => {
            list.truncate(list.len() - 1);
            list.push(',');
            list.push_str(&items[1..]);
        }
        _ => {
            fields.retain(|(key, _)| *key != name);
            fields.push((name, items));
        }
    }
}

fn object(fields: &[(&str, String)]) -> Vec<u8> {
    let mut text = Vec::with_capacity(fields.iter().map(|(key, value)| key.len() + value.len() + 4).sum());
    for (index, (key, value)) in fields.iter().enumerate() {
        text.push(if index == 0 { b'{' } else { b',' });
        serde_json::to_writer(&mut text, key).expect("a key is JSON");
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
    }
    text.extend_from_slice(if fields.is_empty() { b"{}" } else { b"}" });
    text
}

/// Appends one step to a JSON Pointer (RFC 6901 §3).
fn push_pointer(pointer: &mut String, step: &str) {
    pointer.push('/');
    for c in step.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Fields of an object in order, their values as text.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    fields.push((key.0, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A key that borrows when it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
