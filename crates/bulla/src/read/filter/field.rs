//! The fields that an entry is known to have, so that a mistyped one is noticed. Any other field is allowed.

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
    let nearest = KNOWN.iter().map(|known| (slips(&lower, known), *known)).min();
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
