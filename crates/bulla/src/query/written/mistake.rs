//! A query that cannot be understood: where, why, and what to write instead.

use std::ops::Range;

/// A query that cannot be understood; says where and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("query, character {position}: {problem}")]
pub struct InvalidFilter {
    position: usize,
    length: usize,
    problem: String,
}

impl InvalidFilter {
    /// The bytes `range` of `query` are wrong.
    pub(super) fn new(query: &str, range: Range<usize>, problem: String) -> Self {
        let position = query[..range.start].chars().count() + 1;
        Self { position, length: query[range].chars().count(), problem }
    }

    /// The character at which the mistake begins, from 1; one past the end when something is missing there.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many characters are wrong; 0 when something is missing.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What is wrong there, and what to write instead.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}
