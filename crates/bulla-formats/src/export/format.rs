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
    /// Events of the Open Cybersecurity Schema Framework 1.9, one JSON object a line.
    Ocsf,
    /// Documents of the Elastic Common Schema, one JSON object a line.
    Ecs,
    /// ArcSight Common Event Format, one event a line.
    Cef,
    /// CloudEvents 1.0 in structured mode, one JSON object a line.
    CloudEvents,
    /// A table with typed columns for DuckDB, pandas, Spark and the like.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// A name that is no export format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("export format {0:?} is none of {names}", names = names())]
pub struct UnknownExportFormat(String);

impl ExportFormat {
    /// Every format, in the order in which help texts list them.
    pub const ALL: &[Self] = &[
        Self::Jsonl,
        Self::Seed,
        Self::Csv,
        Self::Ocsf,
        Self::Ecs,
        Self::Cef,
        Self::CloudEvents,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];

    /// The name on the command line and in the HTTP API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Seed => "seed",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Ecs => "ecs",
            Self::Cef => "cef",
            Self::CloudEvents => "cloudevents",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    /// What it is, in one line for people.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Jsonl => "The stored lines, byte for byte: the only one that hashes to the same leaves",
            Self::Seed => "The fields of the format Bulla replaces; leaves out all others",
            Self::Csv => "A table for spreadsheets, formulas defused; the last column is the stored line",
            Self::Ocsf => "OCSF 1.9 events (JSON Lines); what has no attribute is under `unmapped`",
            Self::Ecs => "Elastic Common Schema documents (JSON Lines); the rest is under `bulla`",
            Self::Cef => "ArcSight Common Event Format, one event a line; the rest is JSON in `msg`",
            Self::CloudEvents => "CloudEvents 1.0, structured mode (JSON Lines); the rest is in `data`",
            #[cfg(feature = "parquet")]
            Self::Parquet => "A table with typed columns for DuckDB, pandas, Spark; a file or a pipe",
        }
    }

    /// Media type of what is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Seed | Self::Ocsf | Self::Ecs | Self::CloudEvents => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Cef => "text/plain; charset=utf-8",
            #[cfg(feature = "parquet")]
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// How names of files of this format end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Seed => "jsonl",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf.jsonl",
            Self::Ecs => "ecs.jsonl",
            Self::Cef => "cef",
            Self::CloudEvents => "cloudevents.jsonl",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }
}

fn names() -> String {
    let names: Vec<&str> = ExportFormat::ALL.iter().map(|format| format.as_str()).collect();
    names.join(", ")
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownExportFormat;

    fn from_str(name: &str) -> Result<Self, UnknownExportFormat> {
        let found = Self::ALL.iter().copied().find(|format| format.as_str() == name);
        found.ok_or_else(|| UnknownExportFormat(name.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_format() {
        for format in ExportFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
            let refusal = "x".parse::<ExportFormat>().unwrap_err().to_string();
            assert!(refusal.contains(format.as_str()), "{refusal}");
        }
    }
}
