//! The command line as it is typed: names, defaults and help. What it means is decided in `commands/`.

mod keep;
mod prove;
mod read;
mod serve;
mod write;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use keep::{CompletionsArgs, IndexArgs, KeyArgs, KeyCommand, KeyGenerateArgs, StatsArgs};
pub(crate) use prove::{CheckArgs, CheckpointArgs, ProveArgs, VerifyArgs};
pub(crate) use read::{ExportArgs, SearchArgs, SessionArgs, ShowArgs, TailArgs};
pub(crate) use serve::{ServeArgs, TokenArgs, TokenCommand, TokenCreateArgs};
pub(crate) use write::{ImportArgs, RecordArgs};

const QUERY_HELP: &str = "\
Queries:
  outcome:denied tool.name:bash    both hold; paths go through objects and arrays
  outcome:(denied OR failure)      one of them; also a OR b, (a OR b) c
  -outcome:success  NOT has:tool   does not hold
  action:\"GET /health\"             quotes keep spaces and stars
  action:deploy* action:\"GET /\"*   begins so
  duration_ms:>500 seq:10..20      numbers; >= < <= a.. ..b a..<b too
  timestamp:2026-10-01..2026-10-07 times, last day included
  since:2h until:2026-10-07        at or after; before
  has:changes                      is there and not null
  denied \"no such file\" conn*      words in action, principal, reason or detail, in any case";

/// Heading of what every command takes, apart from a command's own options.
const GLOBAL: &str = "Global options";

const EXIT_HELP: &str = "\
Exit codes:
  0  fine
  1  something is wrong with what was looked at: damage, a bad line, a proof that does not hold
  2  it could not be done or found out";

/// A tamper-evident flight recorder for servers and AI agents.
///
/// Entries go into an append-only log; anyone can check later, with a public key, that none was changed, removed,
/// inserted, reordered or cut off. Data goes to stdout, talk to stderr.
#[derive(Debug, Parser)]
#[command(name = "bulla", version, after_help = EXIT_HELP, max_term_width = 110)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// The log directory [default: audit]
    #[arg(long, value_name = "DIR", env = "BULLA_LOG", global = true, help_heading = GLOBAL)]
    pub(crate) log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// When to use colour; NO_COLOR is heeded
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = GLOBAL, value_enum)]
    pub(crate) color: ColorWhen,
}

/// A server to use instead of a log directory.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RemoteArgs {
    /// A server to use instead of a log directory: http://127.0.0.1:2852
    #[arg(long, value_name = "URL", env = "BULLA_URL", global = true, help_heading = GLOBAL)]
    pub(crate) url: Option<String>,
    /// File with the token for the server [default: the token in BULLA_TOKEN]
    #[arg(long, value_name = "FILE", global = true, help_heading = GLOBAL)]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates (PEM) to trust for the server, instead of the system's
    #[arg(long, value_name = "FILE", env = "BULLA_CA_FILE", global = true, help_heading = GLOBAL)]
    pub(crate) ca_file: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server: record and read over HTTP
    Serve(Box<ServeArgs>),
    /// Record one entry, or with `-` JSON Lines from stdin; prints receipts
    Record(Box<RecordArgs>),
    /// Take in foreign records: agent sessions, CloudTrail, any JSON Lines
    Import(ImportArgs),
    /// Show the newest entries, and follow
    #[command(after_help = QUERY_HELP)]
    Tail(TailArgs),
    /// Find entries, the newest first
    #[command(after_help = QUERY_HELP)]
    Search(SearchArgs),
    /// Show one entry whole, or exactly its stored bytes
    Show(ShowArgs),
    /// Show one session as a tree and timeline
    Session(SessionArgs),
    /// Check the whole log
    #[command(after_help = EXIT_HELP)]
    Verify(VerifyArgs),
    /// Prove that an entry is in the log, to someone who has neither log nor machine
    Prove(ProveArgs),
    /// Check a proof; needs only the proof, the entry and the log's public key
    #[command(after_help = EXIT_HELP)]
    Check(CheckArgs),
    /// Print the newest checkpoint, and check that it continues an older one
    Checkpoint(CheckpointArgs),
    /// Write entries in another format; recorded in the log itself
    #[command(after_help = QUERY_HELP)]
    Export(ExportArgs),
    /// Make and show keys
    Key(KeyArgs),
    /// Make, show and revoke tokens for programs that use the server
    Token(TokenArgs),
    /// Show sizes, rates and what the log is about
    Stats(StatsArgs),
    /// Build the search index, or bring it up to date; `bulla serve` keeps one by itself
    Index(IndexArgs),
    /// Look for what is wrong with the log and its surroundings, and say what to do
    #[command(after_help = EXIT_HELP)]
    Doctor,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write manual pages into a folder
    #[command(hide = true)]
    Man {
        /// Folder for the pages; made if missing
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
