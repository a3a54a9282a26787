//! CloudEvents 1.0, JSON format, structured mode: one event a line.
//!
//! `id` is the entry's. An emitter could use an id twice, and a receiver may drop what has `id` and `source` of another
//! event; so `source` names the log and, behind `#`, the entry's number in it. Extensions: `recordedtime`, `sequence`
//! (20 digits, so that text sorts as numbers do), `authid` and `authtype`, `correlationid` (the session),
//! `causationid`, `leafhash`. `data` has the rest, and every value that an attribute would say in other words.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::value::RawValue;

use super::fields::{Fields, whole};
use super::object::Object;
use super::{ExportError, Line, moment, needed};
use crate::record::text_of;

/// Writes an event.
pub(super) fn record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let mut fields = line.fields()?;
    let at = moment(&mut fields)?;
    let id = needed(&mut fields, "id")?;
    let category = needed(&mut fields, "category")?;
    let seq = fields.see("seq").and_then(whole).ok_or(ExportError::MissingField("seq"))?;
    let time = at.at.to_rfc3339();
    if *at.text == *time {
        fields.take_text("timestamp");
    }
    Object::write(out, |event| {
        event.put("specversion", "1.0");
        event.put("id", &fields.take_as("id", attribute).unwrap_or_else(|| representable(&id)));
        event.put("source", &format!("//{}#{seq}", uri_path(line.origin)));
        event.put("type", &kind(&category, &mut fields));
        event.put("time", &time);
        event.maybe("subject", subject(&mut fields));
        event.put("datacontenttype", "application/json");
        event.maybe("recordedtime", fields.take_as("recorded_at", time_attribute));
        event.put("sequence", &format!("{seq:020}"));
        if let Some(who) = fields.take_as("principal", attribute) {
            event.put("authtype", auth_type(fields.see_text("actor.type").as_deref()));
            event.put("authid", &who);
        }
        event.maybe("correlationid", fields.take_as("session_id", attribute));
        event.maybe("causationid", fields.take_as("cause_id", attribute));
        event.put("leafhash", &line.leaf_hash());
        // An event may have no data, but then it has no member of that name either.
        event.object("data", |data| fields.rest(data));
    });
    out.push(b'\n');
    Ok(())
}

/// `bulla.tool_execution.tool.call`: the category, and the event's name if it has one.
fn kind<'a>(category: &'a str, fields: &mut Fields<'_>) -> Cow<'a, str> {
    let category = representable(category);
    match fields.see_text("event_name").filter(|name| !name.is_empty()) {
        Some(name) => Cow::Owned(format!("bulla.{category}.{}", representable(&name))),
        None => Cow::Owned(format!("bulla.{category}")),
    }
}

/// What was acted on: the first target.
fn subject(fields: &mut Fields<'_>) -> Option<String> {
    let targets = crate::record::items(fields.see("targets")?);
    let target = crate::record::Record::parse(targets.first()?)?;
    let named = ["uri", "id", "name"].into_iter().find_map(|key| target.word(key))?;
    Some(representable(&named).into_owned())
}

/// The word of the authentication-context extension for the kind of actor.
fn auth_type(actor: Option<&str>) -> &'static str {
    match actor {
        Some("user") => "user",
        Some("service_account") => "service_account",
        Some("api_key") => "api_key",
        Some("system") => "system",
        Some("anonymous") => "unauthenticated",
        _ => "unknown",
    }
}

/// A string that an attribute holds as it is.
fn attribute(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = text_of(value)?;
    (!text.is_empty() && !text.contains(is_refused)).then_some(text)
}

fn time_attribute(value: &RawValue) -> Option<Cow<'_, str>> {
    attribute(value).filter(|text| text.parse::<bulla::Timestamp>().is_ok())
}

/// The text with `U+FFFD` for each character that an attribute must not have.
fn representable(text: &str) -> Cow<'_, str> {
    if text.contains(is_refused) {
        Cow::Owned(text.replace(is_refused, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Control characters and what Unicode calls no character (CloudEvents 1.0, type system, String).
fn is_refused(character: char) -> bool {
    let code = u32::from(character);
    character.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// The name of a log as authority and path of a URI.
fn uri_path(origin: &str) -> String {
    let mut path = String::with_capacity(origin.len());
    for byte in origin.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte) {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").expect("a String takes any text");
        }
    }
    path
}
