//! One entry on one line: time, outcome, principal, action, duration, number.

use bulla::entry::Reason;
use bulla::{AuditEntry, AuditOutcome, StoredEntry};

use super::amount;
use super::palette::{Palette, painted};
use super::text::{clip, padded, shown, shown_bytes, width};

/// Columns of a principal; longer ones are cut on a terminal.
const PRINCIPAL_COLUMNS: usize = 18;

/// Columns of the longest outcome, `success`.
const OUTCOME_COLUMNS: usize = 7;

/// Fewest columns that an action is cut to.
const ACTION_COLUMNS_MIN: usize = 20;

/// The row, cut to `columns` if there are so few.
pub(crate) fn row(stored: &StoredEntry, palette: &Palette, columns: Option<usize>) -> String {
    let Ok(entry) = stored.entry() else {
        let line = shown_bytes(stored.line());
        let line = columns.map_or(line.as_str().into(), |columns| clip(&line, columns.saturating_sub(40)));
        return format!("{} #{} {line}", painted(palette.bad, "not an entry:"), stored.seq());
    };
    let outcome = painted(palette.outcome(entry.outcome), &padded(word(&entry), OUTCOME_COLUMNS));
    let principal = shown(entry.principal.as_deref().unwrap_or("-"));
    let principal = match columns {
        Some(_) => clip(&principal, PRINCIPAL_COLUMNS),
        None => principal,
    };
    let time = amount::moment(entry.timestamp);
    let tail = tail(&entry, stored.seq().get());
    let action = action(&entry);
    let taken = width(&time) + OUTCOME_COLUMNS + width(&principal).max(PRINCIPAL_COLUMNS) + width(&tail) + 8;
    let action = match columns {
        Some(columns) => clip(&action, columns.saturating_sub(taken).max(ACTION_COLUMNS_MIN)).into_owned(),
        None => action,
    };
    let principal = padded(&principal, PRINCIPAL_COLUMNS);
    format!(
        "{}  {outcome}  {principal}  {action}  {}",
        painted(palette.faint, &time),
        painted(palette.faint, &tail)
    )
}

/// How it ended, or that it only begins.
fn word(entry: &AuditEntry) -> &'static str {
    match entry.outcome {
        AuditOutcome::Unknown => "begins",
        outcome => outcome.as_str(),
    }
}

fn tail(entry: &AuditEntry, seq: u64) -> String {
    match entry.duration_ms {
        Some(ms) => format!("{}  #{seq}", amount::duration(ms)),
        None => format!("#{seq}"),
    }
}

/// The action, and for what did not succeed, why.
fn action(entry: &AuditEntry) -> String {
    let action = shown(&entry.action).into_owned();
    match entry.reason.as_deref().and_then(Reason::why) {
        Some(why) if matches!(entry.outcome, AuditOutcome::Failure | AuditOutcome::Denied) => {
            format!("{action} ({})", shown(why))
        }
        _ => action,
    }
}
