//! The verdict in words: what was checked, and what a clean verdict still does not show.

use bulla_proof::{TreeSize, Verdict};

use crate::read::verify::checkpoints::published::Heads;
use crate::read::verify::checkpoints::trust::Trust;
use crate::read::verify::findings::Findings;
use crate::read::verify::sweep::Swept;

/// Puts the verdict together.
pub(in crate::read::verify) fn verdict(
    trust: &Trust,
    heads: &Heads,
    swept: Swept,
    entries: u64,
    is_pinned: bool,
    mut findings: Findings,
) -> Verdict {
    let size = heads.newest.as_ref().map_or(TreeSize(0), |newest| newest.size);
    let mut verdict = Verdict::new(trust.origin().map(str::to_owned), size);
    verdict.checked = checked(trust, heads, &swept, entries);
    let erased = swept.lost.erased;
    let untold = swept.lost.report(&mut findings);
    verdict.findings = findings.list;
    verdict.findings_not_listed = findings.not_listed;
    verdict.not_covered = (entries > size.get()).then_some(size.get()..entries);
    verdict.not_proved = not_proved(trust, is_pinned, entries > size.get(), erased, untold);
    verdict
}

fn checked(trust: &Trust, heads: &Heads, swept: &Swept, entries: u64) -> Vec<String> {
    let mut checked = vec![format!("the bytes of {entries} entries, and every hash in tree/")];
    if heads.notes > 0 && trust.has_key() {
        checked.push(format!("the signatures of {} checkpoints, and their order", heads.notes));
    }
    if swept.roots > 0 {
        checked.push(format!("the roots of {} checkpoints, against the entries", swept.roots));
    }
    checked
}

fn not_proved(trust: &Trust, is_pinned: bool, has_tail: bool, erased: u64, untold: u64) -> Vec<String> {
    let mut lines = vec![
        "that what the entries say is true, and that everything was reported".to_owned(),
        "that the clock was right: the order of entries is proved, the hour is not".to_owned(),
    ];
    if !trust.has_key() {
        lines.push("that the checkpoints are this log's: there is no key to check them with".to_owned());
    } else if trust.is_own_key() {
        lines.push(
            "that the key is the log's: it was taken from log.json, which lies beside the entries".to_owned(),
        );
    }
    if !is_pinned && !trust.has_witnesses() {
        lines.push(
            "that this is not an older copy, or a history that was signed anew: nothing from outside was compared"
                .to_owned(),
        );
    }
    if has_tail {
        lines.push("anything about the entries that no checkpoint covers yet".to_owned());
    }
    if erased > 0 {
        lines.push(format!("what was in {erased} payloads: they were erased, and that is recorded"));
    }
    if untold > 0 {
        lines.push(format!("whether {untold} more payloads that are gone were erased: there are too many"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_that_may_have_been_erased_are_counted() {
        let trust = Trust::new(None, None, Err("damaged".to_owned()), &mut Vec::new());
        let counted =
            |erased, untold| -> Vec<String> { not_proved(&trust, true, false, erased, untold).split_off(3) };
        assert_eq!(counted(0, 0), [""; 0]);
        assert_eq!(counted(2, 0), ["what was in 2 payloads: they were erased, and that is recorded"]);
        assert_eq!(counted(0, 3), ["whether 3 more payloads that are gone were erased: there are too many"]);
    }
}
