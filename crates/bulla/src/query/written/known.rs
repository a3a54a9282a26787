//! The fields that an entry is known to have, and what they can be, so that a mistyped one is noticed. Any other field is
//! allowed.

use super::moment;
use crate::query::expression::{TIME_FIELDS, Test};

/// Known fields, with the members of their parts.
const KNOWN: &[&str] = &[
    "seq",
    "recorded_at",
    "source",
    "source.id",
    "source.instance",
    "source.seq",
    "source.transport",
    "source.peer",
    "source.vantage",
    "id",
    "timestamp",
    "category",
    "action",
    "principal",
    "outcome",
    "detail",
    "duration_ms",
    "event_name",
    "phase",
    "cause_id",
    "correlation_id",
    "session_id",
    "okr_id",
    "okr_run_id",
    "relay_id",
    "actor",
    "actor.type",
    "actor.id",
    "actor.name",
    "actor.on_behalf_of",
    "actor.agent",
    "actor.credential",
    "actor.credential.type",
    "actor.credential.id",
    "targets",
    "targets.type",
    "targets.id",
    "targets.name",
    "targets.uri",
    "request",
    "request.id",
    "request.method",
    "request.route",
    "request.path",
    "request.status_code",
    "request.peer_ip",
    "request.client_ip",
    "request.user_agent",
    "trace",
    "trace.trace_id",
    "trace.span_id",
    "tool",
    "tool.name",
    "tool.call_id",
    "tool.kind",
    "tool.server",
    "tool.method",
    "tool.transport_status",
    "tool.rpc_error",
    "tool.is_error",
    "model",
    "model.provider",
    "model.request",
    "model.response",
    "model.input_tokens",
    "model.output_tokens",
    "reason",
    "reason.code",
    "reason.message",
    "reason.policy_id",
    "reason.rule",
    "reason.approver",
    "changes",
    "changes.path",
    "changes.op",
    "changes.before",
    "changes.after",
    "payloads",
    "payloads.name",
    "payloads.media_type",
    "payloads.size",
    "payloads.sha256",
    "redactions",
    "truncated",
    "labels",
];

/// Fields below which everything is the user's own.
const FREE: [&str; 2] = ["detail.", "labels."];

/// The known field that `field` is a mistyping of, if it looks like one.
pub(super) fn meant(field: &str) -> Option<&'static str> {
    if KNOWN.contains(&field) || FREE.iter().any(|free| field.starts_with(free)) {
        return None;
    }
    let lower = field.to_ascii_lowercase();
    let shortened =
        |known: &&&str| known.strip_prefix(lower.as_str()).is_some_and(|rest| rest.starts_with('_'));
    if let Some(known) = KNOWN.iter().find(shortened) {
        return Some(known);
    }
    // One slip in a short name, two in a longer one; names of three letters are like too many others.
    let slips_max = match lower.len() {
        0..=3 => return None,
        4..=5 => 1,
        _ => 2,
    };
    let as_long = KNOWN.iter().filter(|known| known.len().abs_diff(lower.len()) <= slips_max);
    let nearest = as_long.map(|known| (slips(&lower, known), *known)).min();
    nearest.filter(|(slips, _)| *slips <= slips_max).map(|(_, known)| known)
}

/// Letters to insert, remove, replace or swap with their neighbour to get from one name to the other.
fn slips(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// What has a meaning of its own before a colon.
pub(super) const WORDS: [&str; 3] = ["has", "since", "until"];

/// Fields that have one of a few values.
const CLOSED: [(&str, &[&str]); 3] = [
    ("outcome", &["success", "failure", "denied", "unknown"]),
    ("phase", &["single", "pre", "post"]),
    ("source.vantage", &["observed", "reported", "imported"]),
];

/// Fields that are whole numbers.
const NUMBERS: [&str; 3] = ["seq", "duration_ms", "source.seq"];

/// Whether a field is known.
pub(super) fn is_field(field: &str) -> bool {
    KNOWN.contains(&field)
}

/// Why no entry's field passes a test, and what to write instead, when that is known beforehand.
pub(super) fn impossible(field: &str, test: &Test) -> Option<String> {
    if TIME_FIELDS.contains(&field) {
        return no_time(field, test);
    }
    if NUMBERS.contains(&field) {
        return no_number(field, test);
    }
    let (_, values) = CLOSED.iter().find(|(closed, _)| *closed == field)?;
    let Test::Equals(literal) = test else { return None };
    let (text, all) = (literal.text(), values.join(", "));
    if values.contains(&text) {
        return None;
    }
    Some(match nearest_value(text, values) {
        Some(nearest) => {
            format!("`{field}` is never `{text}`: did you mean `{nearest}`? (It is one of {all}.)")
        }
        None => format!("`{field}` is never `{text}`: it is one of {all}"),
    })
}

fn no_time(field: &str, test: &Test) -> Option<String> {
    match test {
        Test::Prefix(start) => {
            Some(format!("a time has no beginning to compare: write a range{}", range_of(field, start)))
        }
        Test::Equals(literal) if literal.time().is_none() => Some(format!(
            "`{}` is not a time: write a moment, a day or a range{}",
            literal.text(),
            range_of(field, literal.text())
        )),
        Test::Numbers { .. } => Some(format!("`{field}` is a time: compare it with one, such as 2026-11-23")),
        _ => None,
    }
}

/// The range that the beginning of a time, a month or a year, may have meant; or an example.
fn range_of(field: &str, start: &str) -> String {
    let start = start.trim_end_matches('-');
    let is_day = |text: &str| moment::absolute(text).is_some();
    let year = format!("{start}-01-01");
    if is_day(&year) {
        return format!(": {field}:{year}..{start}-12-31");
    }
    let last = (28..=31).rev().map(|day| format!("{start}-{day}")).find(|day| is_day(day));
    match last {
        Some(last) => format!(": {field}:{start}-01..{last}"),
        None => format!(", such as {field}:2026-11-01..2026-11-30"),
    }
}

fn no_number(field: &str, test: &Test) -> Option<String> {
    let is_none = match test {
        Test::Equals(literal) => literal.number().is_none(),
        Test::Times { .. } => true,
        _ => false,
    };
    is_none.then(|| format!("`{field}` is a number: write {field}:5, {field}:>5 or {field}:5..10"))
}

/// The value that was mistyped or shortened, if one looks so.
fn nearest_value<'v>(text: &str, values: &[&'v str]) -> Option<&'v str> {
    let lower = text.to_ascii_lowercase();
    let begins_alike = |value: &&&str| lower.len() >= 3 && value.as_bytes()[..3] == lower.as_bytes()[..3];
    let alike = values.iter().find(begins_alike).copied();
    let nearest = values.iter().map(|value| (slips(&lower, value), *value)).min();
    nearest.filter(|(slips, _)| *slips <= 2).map(|(_, value)| value).or(alike)
}
