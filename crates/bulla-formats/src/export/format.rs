//! Names of the formats that can be written.

use std::fmt;
use std::str::FromStr;

/// A format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportFormat {
    /// The stored lines, byte for byte.
    Jsonl,
    /// The format of the module that Bulla replaces.
    Seed,
    /// A table for spreadsheets.
    Csv,
}

/// A name that is no export format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("export format {0:?} is none of jsonl, seed, csv")]
pub struct UnknownExportFormat(String);

impl ExportFormat {
    /// Every format, in the order in which help texts list them.
    pub fn all() -> [Self; 3] {
        [Self::Jsonl, Self::Seed, Self::Csv]
    }

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Seed => "seed",
            Self::Csv => "csv",
        }
    }

    /// Media type of what is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Seed => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownExportFormat;

    fn from_str(name: &str) -> Result<Self, UnknownExportFormat> {
        let found = Self::all().into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| UnknownExportFormat(name.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_format() {
        for format in ExportFormat::all() {
            assert_eq!(format.to_string().parse(), Ok(format));
            let refusal = "x".parse::<ExportFormat>().unwrap_err().to_string();
            assert!(refusal.contains(format.as_str()), "{refusal}");
        }
    }
}
