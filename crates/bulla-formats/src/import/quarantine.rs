//! Gives a record that has no place in an entry an entry all the same, so that nothing is lost.

use bulla::entry::limits::PAYLOAD_BYTES_MAX;
use bulla::entry::{Actor, Truncation};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Event};
use serde_json::json;

use super::derived_id::Place;
use super::found::TEXT_BYTES_MAX;
use super::seal::source;
use super::{ImportFormat, ImportOptions, Unmapped};
use crate::record::clip;

/// Ordinal of a quarantine entry among the entries of one record; no other entry has it.
const QUARANTINE_ORDINAL: u64 = u64::MAX;

/// An entry that holds an unmapped record: category `import`, action `import.unmapped`, outcome failure, the
/// reason, the place, and the record's bytes as the payload `original`.
pub fn quarantine_entry(
    unmapped: &Unmapped,
    format: ImportFormat,
    instance: &str,
    options: &ImportOptions,
) -> Event {
    let instance = clip(instance, TEXT_BYTES_MAX);
    let place = Place { format, instance: &instance, line: unmapped.line, offset: unmapped.offset };
    let kept = &unmapped.original[..unmapped.original.len().min(PAYLOAD_BYTES_MAX)];
    let category = AuditCategory::named("import").expect("the name is snake_case");
    let mut entry = AuditEntry::new(category, "import.unmapped")
        .id(place.derived_id(QUARANTINE_ORDINAL, kept))
        .at(options.imported_at)
        .event_name("import.unmapped")
        .outcome(AuditOutcome::Failure)
        .reason("unmapped", clip(&unmapped.reason, TEXT_BYTES_MAX))
        .actor(Actor { kind: Some("system".to_owned()), ..Actor::default() })
        .detail(json!({
            "file": instance, "format": format.as_str(), "line": unmapped.line, "offset": unmapped.offset,
            "size": unmapped.size,
        }))
        .attach("original", "application/octet-stream", kept);
    if unmapped.size > kept.len() as u64 {
        let path = "/payloads/0".to_owned();
        entry.truncated.push(Truncation { path, size: Some(unmapped.size), ..Truncation::default() });
    }
    Event::from_entry_of(Some(&source(&place)), &entry, &options.event)
        .expect("a quarantine entry is small, whole and has no free keys")
}
