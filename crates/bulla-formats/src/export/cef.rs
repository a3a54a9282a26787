//! ArcSight Common Event Format, version 0: one event a line, without a syslog header.
//!
//! A header field escapes `\` and `|` and has no line breaks; an extension value escapes `\` and `=` and writes line
//! breaks as `\n` and `\r`. Attackers write log content, so nothing that a reader may take for the end of a line stands
//! as it is. A value that this would change stays in `msg` as well, where the rest of the entry is, as JSON.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use serde_json::value::RawValue;

use super::fields::Fields;
use super::object::Object;
use super::{ExportError, Line, moment, needed};
use crate::record::text_of;

/// Writes an event.
pub(super) fn record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let mut fields = line.fields()?;
    let at = moment(&mut fields)?;
    let category = needed(&mut fields, "category")?;
    let action = needed(&mut fields, "action")?;
    let outcome = fields.see_text("outcome").unwrap_or_default();
    let class = fields.take_as("event_name", |value| text_of(value).filter(|name| header(name) == *name));
    let class = class.or_else(|| fields.see_text("event_name")).unwrap_or_else(|| category.clone());
    let head = format!(
        "CEF:0|Bulla|Bulla|{}|{}|{}|{}|",
        env!("CARGO_PKG_VERSION"),
        escaped_header(&class),
        escaped_header(&action),
        severity(&outcome)
    );
    out.extend_from_slice(head.as_bytes());
    let mut extension = Extension { out, is_first: true };
    extension.put("rt", &at.millis().to_string());
    write_fields(&mut extension, &mut fields);
    extension.labelled("cs2", "origin", line.origin);
    extension.labelled("cs3", "leafHash", &line.leaf_hash());
    let mut rest = Vec::new();
    Object::write(&mut rest, |object| fields.rest(object));
    extension.put("msg", &one_line(&String::from_utf8_lossy(&rest)));
    out.push(b'\n');
    Ok(())
}

fn write_fields(extension: &mut Extension<'_>, fields: &mut Fields<'_>) {
    for (key, path) in [
        ("externalId", "id"),
        ("cat", "category"),
        ("act", "action"),
        ("outcome", "outcome"),
        ("suser", "principal"),
        ("requestMethod", "request.method"),
        ("request", "request.path"),
        ("requestClientApplication", "request.user_agent"),
    ] {
        if let Some(text) = fields.take_as(path, plain) {
            extension.put(key, &text);
        } else if let Some(text) = fields.see_text(path).filter(|text| !text.trim().is_empty()) {
            extension.put(key, harmless(&text).trim());
        }
    }
    // The dictionary's `src` is an IPv4 address; any other stays in the rest.
    let client = ["request.client_ip", "request.peer_ip"];
    if let Some(ip) = client.into_iter().find_map(|path| fields.take_as(path, ipv4)) {
        extension.put("src", &ip);
    }
    if let Some(seq) = fields.take_number("seq") {
        extension.labelled("cn1", "seq", &seq.to_string());
    }
    if let Some(duration) = fields.take_number("duration_ms") {
        extension.labelled("cn2", "durationMs", &duration.to_string());
    }
    if let Some(session) = fields.take_as("session_id", plain) {
        extension.labelled("cs1", "sessionId", &session);
    }
}

/// 0 to 10. What was denied is what somebody should look at.
fn severity(outcome: &str) -> u8 {
    match outcome {
        "success" => 2,
        "denied" => 7,
        "failure" => 5,
        _ => 3,
    }
}

/// The `key=value` pairs behind the header.
struct Extension<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl Extension<'_> {
    fn put(&mut self, key: &str, value: &str) {
        if !self.is_first {
            self.out.push(b' ');
        }
        self.is_first = false;
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
        self.out.extend_from_slice(escaped_value(value).as_bytes());
    }

    /// A custom field and what it is.
    fn labelled(&mut self, key: &str, label: &str, value: &str) {
        self.put(key, value);
        self.put(&format!("{key}Label"), label);
    }
}

fn escaped_header(text: &str) -> String {
    header(text).replace('\\', r"\\").replace('|', r"\|")
}

fn escaped_value(text: &str) -> String {
    text.replace('\\', r"\\").replace('=', r"\=").replace('\n', r"\n").replace('\r', r"\r")
}

/// A header field has no line breaks; a space stands for each, and for each other control character.
fn header(text: &str) -> Cow<'_, str> {
    replaced(text, is_control)
}

/// A value whose only control characters are those that an extension has an escape for.
fn harmless(text: &str) -> Cow<'_, str> {
    replaced(text, |character| is_control(character) && !matches!(character, '\n' | '\r'))
}

fn replaced(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&is_bad) { Cow::Owned(text.replace(is_bad, " ")) } else { Cow::Borrowed(text) }
}

/// Control characters, and what some readers take for the end of a line.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// A string that comes out of an extension as it went in: readers trim, and have no word for an empty value.
fn plain(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = text_of(value)?;
    let is_plain = !text.is_empty() && text.trim() == text && harmless(&text) == text;
    is_plain.then_some(text)
}

fn ipv4(value: &RawValue) -> Option<String> {
    let text = text_of(value)?;
    let ip: Ipv4Addr = text.parse().ok()?;
    (ip.to_string() == text).then(|| text.into_owned())
}

/// JSON in which no character can be taken for the end of a line: in JSON such characters stand in strings only.
fn one_line(json: &str) -> Cow<'_, str> {
    if !json.contains(is_control) {
        return Cow::Borrowed(json);
    }
    let escaped = json.chars().map(|character| match character {
        bad if is_control(bad) => format!("\\u{:04x}", u32::from(bad)),
        other => other.to_string(),
    });
    Cow::Owned(escaped.collect())
}
