//! What verification must say.

use std::ops::Range;

use bulla::proof::{Finding, FindingKind, Verdict};

/// One finding that there must be.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its kind.
    pub kind: FindingKind,
    /// The entries that it must name, or of which it must name at least one and no other when it may choose.
    pub seqs: Option<Range<u64>>,
    /// The file that it must name.
    pub file: Option<String>,
    /// A byte of the file that must be in what it names.
    pub byte: Option<u64>,
    /// Whether it may name only a part of `seqs`.
    pub is_part_enough: bool,
}

impl Expected {
    /// A finding of this kind, wherever.
    pub fn new(kind: FindingKind) -> Self {
        Self { kind, seqs: None, file: None, byte: None, is_part_enough: false }
    }

    /// It names exactly these entries.
    #[must_use]
    pub fn at(mut self, seqs: Range<u64>) -> Self {
        self.seqs = Some(seqs);
        self
    }

    /// It names some of these entries, and no others.
    #[must_use]
    pub fn within(mut self, seqs: Range<u64>) -> Self {
        self.is_part_enough = true;
        self.at(seqs)
    }

    /// It names this file.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// It names bytes of the file that this one is among.
    #[must_use]
    pub fn around(mut self, byte: usize) -> Self {
        self.byte = Some(byte as u64);
        self
    }

    /// Whether a finding is this one.
    pub fn is_met_by(&self, finding: &Finding) -> bool {
        let named = finding.first_seq.zip(finding.end_seq);
        let is_at = match (&self.seqs, named) {
            (None, _) => true,
            (Some(seqs), Some((first, end))) if self.is_part_enough => {
                seqs.start <= first && end <= seqs.end && first <= end
            }
            (Some(seqs), Some((first, end))) => (seqs.start, seqs.end) == (first, end),
            (Some(_), None) => false,
        };
        let is_in_file = self.file.is_none() || finding.file == self.file;
        let is_around = match (self.byte, &finding.bytes) {
            (None, _) => true,
            // A byte that came or went lies at the edge of what is named.
            (Some(byte), Some(bytes)) => (bytes.start..=bytes.end).contains(&byte),
            (Some(_), None) => false,
        };
        self.kind == finding.kind && is_at && is_in_file && is_around
    }
}

/// What a verdict lacks of what is expected, and what it has beyond it; `None` when it is as it must be.
pub fn unmet(verdict: &Verdict, expected: &[Expected]) -> Option<String> {
    let missing: Vec<_> = expected
        .iter()
        .filter(|expected| !verdict.findings.iter().any(|finding| expected.is_met_by(finding)))
        .collect();
    let beyond: Vec<_> = verdict
        .findings
        .iter()
        .filter(|finding| !expected.iter().any(|expected| expected.is_met_by(finding)))
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() && beyond.is_empty() {
        return None;
    }
    let found: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    Some(format!("missing: {missing:#?}\nbeyond: {beyond:#?}\nall: {found:#?}"))
}
