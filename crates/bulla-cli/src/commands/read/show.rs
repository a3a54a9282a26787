//! `bulla show`: one entry whole, for people or exactly as it is stored.

use bulla::StoredEntry;
use serde_json::value::RawValue;

use super::payload;
use crate::args::ShowArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::palette::painted;
use crate::output::text::{padded, shown, shown_bytes};

/// Columns of the names of fields.
const NAME_COLUMNS: usize = 14;

pub(crate) fn run(this: &mut Invocation, args: &ShowArgs) -> anyhow::Result<Ended> {
    let search = log_access::search(&this.log)?;
    let entry = log_access::find(&search, &args.entry)?;
    if let Some(place) = args.payload {
        return payload::print(this, search.log(), &entry, place);
    }
    show(this, &entry, args.raw)?;
    Ok(Ended::Fine)
}

/// Prints an entry whole: as it is stored, as JSON, or for people.
pub(crate) fn show(this: &mut Invocation, entry: &StoredEntry, raw: bool) -> anyhow::Result<()> {
    if raw {
        this.out.json_text(entry.line())?;
    } else if this.json {
        this.out.json_text(entry.line())?;
        this.out.bytes(b"\n")?;
    } else {
        print(this, entry)?;
    }
    Ok(())
}

fn print(this: &mut Invocation, entry: &StoredEntry) -> anyhow::Result<()> {
    let Ok(Members(fields)) = serde_json::from_slice(entry.line()) else {
        let line = shown_bytes(entry.line());
        return this.out.line(format!("{} {line}", painted(this.palette.bad, "not an entry:")));
    };
    for (name, value) in fields {
        field(this, &name, value, 0)?;
    }
    let label = painted(this.palette.strong, &padded("(leaf hash)", NAME_COLUMNS));
    this.out.line(format!("{label} {}", entry.leaf_hash().to_base64()))
}

/// A member: on one line when it is a plain value, otherwise with its own below it.
fn field(this: &mut Invocation, name: &str, value: &RawValue, depth: usize) -> anyhow::Result<()> {
    let label = format!("{}{}", "  ".repeat(depth), shown(name));
    let label = painted(this.palette.strong, &padded(&label, NAME_COLUMNS));
    let json = value.get();
    let inner: Vec<(String, &RawValue)> = match json.as_bytes().first() {
        Some(b'{') => serde_json::from_str(json).map(|Members(members)| members).unwrap_or_default(),
        Some(b'[') => items(json),
        _ => Vec::new(),
    };
    if !inner.is_empty() {
        this.out.line(label.trim_end())?;
        return inner.iter().try_for_each(|(name, value)| field(this, name, value, depth + 1));
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) if text.contains('\n') => {
            this.out.line(label.trim_end())?;
            let indent = "  ".repeat(depth + 1);
            text.split('\n').try_for_each(|line| this.out.line(format!("{indent}| {}", shown(line))))
        }
        Ok(text) => this.out.line(format!("{label} {}", shown(&text))),
        // Numbers and the like as they are stored: no digit is lost.
        Err(_) => this.out.line(format!("{label} {}", shown(json))),
    }
}

/// The items of an array under their positions, when one of them has members itself.
fn items(json: &str) -> Vec<(String, &RawValue)> {
    let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    if items.iter().all(|item| !item.get().starts_with(['{', '['])) {
        return Vec::new();
    }
    items.into_iter().enumerate().map(|(at, item)| (format!("[{at}]"), item)).collect()
}

/// Members of an object in the order of its text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an entry (a JSON object)")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
