//! Arguments of the commands that read the log.

use std::path::PathBuf;

use bulla_formats::export::ExportFormat;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Which entries. Only the first argument can begin with a hyphen: later ones would be taken for options.
#[derive(Debug, clap::Args)]
pub(crate) struct QueryArgs {
    /// Which entries, see below [default: all]
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    first: Option<String>,
    /// More terms, instead of one quoted argument; put `--` before one that begins with a hyphen
    #[arg(value_name = "TERM")]
    more: Vec<String>,
}

impl QueryArgs {
    /// The query as one string.
    pub(crate) fn text(&self) -> String {
        let terms: Vec<&str> = self.first.iter().chain(&self.more).map(String::as_str).collect();
        terms.join(" ")
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Go on with new entries as they become durable, whichever process writes them
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many of the newest entries to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) lines: usize,
}

/// From when to when.
#[derive(Debug, clap::Args)]
pub(crate) struct PeriodArgs {
    /// Only what happened at or after: a time, a day, or how long ago (2h, 7d)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what happened before
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    #[command(flatten)]
    pub(crate) period: PeriodArgs,
    /// Stop after so many
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Count entries by the values of a field instead of listing them
    #[arg(long, value_name = "FIELD", conflicts_with = "oldest_first")]
    pub(crate) count_by: Option<String>,
    /// Oldest first instead of newest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The entry's number, or its id
    #[arg(value_name = "SEQ|ID")]
    pub(crate) entry: String,
    /// Print exactly the stored bytes, without a newline: what the leaf hash and proofs are about
    #[arg(long)]
    pub(crate) raw: bool,
    /// Print the content of the entry's payload number N, from 0, if it is what was recorded
    #[arg(long, value_name = "N", conflicts_with = "raw")]
    pub(crate) payload: Option<usize>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SessionArgs {
    /// The session's id, or its beginning
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Also show entries that are neither tool calls nor failures in full
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = export_format())]
    pub(crate) format: ExportFormat,
    /// File to write; must not exist yet [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) period: PeriodArgs,
}

fn export_format() -> impl TypedValueParser<Value = ExportFormat> {
    let value = |format: &ExportFormat| PossibleValue::new(format.as_str()).help(format.summary());
    PossibleValuesParser::new(ExportFormat::ALL.iter().map(value))
        .map(|name| name.parse().expect("the possible values are the formats' names"))
}
