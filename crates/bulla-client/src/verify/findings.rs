//! What is wrong, up to a number that fits in memory.

use bulla_proof::{Finding, Verdict};

/// 1,000: more than anyone reads, under a megabyte. The others are counted.
const FINDINGS_MAX: usize = 1000;

/// The list and the count of what is not on it.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    not_listed: u64,
}

impl Findings {
    /// Adds a finding; one that goes on where the last one ends is one with it.
    pub(super) fn push(&mut self, next: Finding) {
        if let Some(last) = self.list.last_mut()
            && last.kind == next.kind
            && last.file == next.file
            && last.message == next.message
            && last.end_seq.is_some()
            && last.end_seq == next.first_seq
        {
            last.end_seq = next.end_seq;
            if let (Some(last), Some(next)) = (&mut last.bytes, &next.bytes) {
                last.end = next.end;
            }
        } else if self.list.len() < FINDINGS_MAX {
            self.list.push(next);
        } else {
            self.not_listed += 1;
        }
    }

    pub(super) fn into_verdict(self, verdict: Verdict) -> Verdict {
        Verdict { findings: self.list, findings_not_listed: self.not_listed, ..verdict }
    }
}
