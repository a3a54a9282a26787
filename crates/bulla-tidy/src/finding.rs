//! One broken rule at one place, in a form that says what to do about it.

use std::fmt;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path from the project root, with `/` between parts.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// What is forbidden, and what was found.
    pub rule: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// A finding at `file:line`.
    pub fn new(file: &str, line: usize, rule: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule: rule.into(), advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    {}", self.file, self.line, self.rule, self.advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_rule_and_remedy() {
        let finding = Finding::new("crates/a/src/b.rs", 7, "no clocks here", "pass the time in");
        assert_eq!(finding.to_string(), "crates/a/src/b.rs:7: no clocks here\n    pass the time in");
    }
}
