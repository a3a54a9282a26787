//! Names of the formats that can be read.

use std::fmt;
use std::str::FromStr;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImportFormat {
    /// Any JSON Lines: entries as they are, other objects by the usual names of their fields.
    Jsonl,
    /// The format of the module that Bulla replaces.
    Seed,
    /// AWS CloudTrail: one event per line, or `{"Records":[…]}`.
    Cloudtrail,
    /// A Claude Code transcript.
    ClaudeCode,
    /// A Codex CLI rollout.
    Codex,
}

/// A name that is no import format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("import format {0:?} is none of jsonl, seed, cloudtrail, claude-code, codex")]
pub struct UnknownImportFormat(String);

impl ImportFormat {
    /// Every format, in the order in which help texts list them.
    pub fn all() -> [Self; 5] {
        [Self::Jsonl, Self::Seed, Self::Cloudtrail, Self::ClaudeCode, Self::Codex]
    }

    /// Name of the format's files as the source of entries: their `source.id`.
    pub fn source_id(self) -> String {
        format!("import:{}", self.as_str())
    }

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Seed => "seed",
            Self::Cloudtrail => "cloudtrail",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }
}

impl fmt::Display for ImportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ImportFormat {
    type Err = UnknownImportFormat;

    fn from_str(name: &str) -> Result<Self, UnknownImportFormat> {
        let found = Self::all().into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| UnknownImportFormat(name.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_format() {
        for format in ImportFormat::all() {
            assert_eq!(format.to_string().parse(), Ok(format));
            let refusal = "x".parse::<ImportFormat>().unwrap_err().to_string();
            assert!(refusal.contains(format.as_str()), "{refusal}");
        }
    }
}
