//! Arguments of the commands that add to the log.

use std::path::PathBuf;

use bulla::{AuditCategory, AuditOutcome, Timestamp};
use bulla_formats::import::ImportFormat;
use clap::builder::{PossibleValuesParser, TypedValueParser};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bulla record --action tool:bash --outcome success --principal alice
  bulla record --category auth --action login --outcome denied --detail '{\"method\":\"password\"}'
  some-program | bulla record -

Each line for `-` is one JSON object with category, action and outcome at least; other fields are kept as they come.
A line that is none is kept whole in an entry that says so, counted, and named by its number; exit code 1 then.")]
pub(crate) struct RecordArgs {
    /// `-`: read JSON Lines from stdin, one entry each
    #[arg(value_parser = ["-"], value_name = "-", conflicts_with = "one_entry")]
    pub(crate) stdin: Option<String>,
    #[command(flatten)]
    pub(crate) entry: EntryArgs,
}

/// One entry.
#[derive(Debug, clap::Args)]
#[group(id = "one_entry", multiple = true)]
pub(crate) struct EntryArgs {
    /// What happened, for people: `POST /v1/tasks`, `tool:bash`
    #[arg(long, required_unless_present = "stdin")]
    pub(crate) action: Option<String>,
    /// How it ended: success, failure, denied; unknown only with `--phase pre`
    #[arg(long, required_unless_present = "stdin")]
    pub(crate) outcome: Option<AuditOutcome>,
    /// Kind of action, any snake_case name [default: `tool_execution` for an action `tool:…`, otherwise `api`]
    #[arg(long)]
    pub(crate) category: Option<AuditCategory>,
    /// Who is accountable
    #[arg(long)]
    pub(crate) principal: Option<String>,
    /// Anything else, as JSON
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(crate) detail: Option<Box<serde_json::value::RawValue>>,
    /// Session that it belongs to
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Name for rules and counting: `tool.call`, `auth.login`
    #[arg(long, value_name = "NAME")]
    pub(crate) event_name: Option<String>,
    /// How long it took, in milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) duration_ms: Option<u64>,
    /// Why it was allowed, denied or failed
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Whether it is written before or after the act
    #[arg(long, value_parser = ["single", "pre", "post"])]
    pub(crate) phase: Option<String>,
    /// Id of the entry that caused this one
    #[arg(long, value_name = "ID")]
    pub(crate) cause: Option<String>,
    /// Id of the flow that it belongs to
    #[arg(long, value_name = "ID")]
    pub(crate) correlation: Option<String>,
    /// When it happened, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) timestamp: Option<Timestamp>,
    /// The entry's own unique id [default: a new UUIDv7]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// A label of your own; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
}

fn json(text: &str) -> Result<Box<serde_json::value::RawValue>, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}; a text goes in double quotes"))
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The original of every record is kept. Importing a file again adds only what is new in it, also after an interruption
and when the file was moved: a file is known by its name and first line.

Examples:
  bulla import --from claude-code ~/.claude/projects/*/*.jsonl
  bulla import --from cloudtrail events.jsonl
  zcat old.jsonl.gz | bulla import --from jsonl --as old.jsonl -")]
pub(crate) struct ImportArgs {
    /// What the files are
    #[arg(long, value_name = "FORMAT", value_parser = import_format())]
    pub(crate) from: ImportFormat,
    /// Files, one record per line; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Name that entries give as their file [default: the file's name and a digest of its first line]
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) instance: Option<String>,
    /// Remove values under keys that hold secrets (passwords, tokens, cookies); otherwise originals are kept whole
    #[arg(long)]
    pub(crate) redact: bool,
}

fn import_format() -> impl TypedValueParser<Value = ImportFormat> {
    PossibleValuesParser::new(ImportFormat::all().map(ImportFormat::as_str))
        .map(|name| name.parse().expect("the possible values are the formats' names"))
}
