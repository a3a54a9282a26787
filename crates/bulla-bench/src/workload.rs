//! Entries as servers and agents write them: about 370 bytes of JSON each, their values varied.

use bulla::{AuditEntry, AuditOutcome};
use serde_json::json;

const PRINCIPALS: [&str; 8] = [
    "alice@example.org",
    "bob@example.org",
    "carol@example.org",
    "dave@example.org",
    "svc-build",
    "svc-deploy",
    "erin@example.org",
    "frank@example.org",
];
const TOOLS: [&str; 6] = ["bash", "read_file", "write_file", "web_search", "grep", "apply_patch"];

/// A small fixed generator: the same entries in every run, but for ids and times.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn pick<'a>(from: &[&'a str], bits: u64) -> &'a str {
    from[usize::try_from(bits % from.len() as u64).expect("an index")]
}

/// Entry `number` of the workload.
pub(crate) fn entry(number: u64) -> AuditEntry {
    let bits = scramble(number);
    let tool = pick(&TOOLS, bits);
    let outcome = match bits % 20 {
        0 => AuditOutcome::Denied,
        1 | 2 => AuditOutcome::Failure,
        _ => AuditOutcome::Success,
    };
    let mut entry = AuditEntry::tool(tool)
        .principal(pick(&PRINCIPALS, bits >> 8))
        .session(format!("sess-{:04x}", (bits >> 16) % 4096))
        .outcome(outcome)
        .detail(json!({"path": format!("src/module_{}/file_{}.rs", bits % 40, bits % 400), "exit_code": bits % 3}));
    entry.tool = None;
    entry.duration_ms = Some((bits >> 24) % 5000);
    entry
}
