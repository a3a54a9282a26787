//! What is wrong, up to a number that fits in memory.

use bulla_proof::Finding;

/// 1,000: more than anyone reads, under a megabyte. The others are counted.
pub(in crate::read::verify) const FINDINGS_MAX: usize = 1000;

/// The list and the count of what is not on it.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Findings {
    pub(in crate::read::verify) list: Vec<Finding>,
    pub(in crate::read::verify) not_listed: u64,
}

impl Findings {
    pub(in crate::read::verify) fn push(&mut self, finding: Finding) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(finding);
        } else {
            self.not_listed += 1;
        }
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}
