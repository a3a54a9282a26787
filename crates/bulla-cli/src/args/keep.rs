//! Arguments of the commands that keep a log in order.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A key cannot be changed: in format 1 of the log directory the key's name is the log's name, and everyone who checks the
log knows it by that key. When a key is lost or may have been read by others, keep the old log as it is, with its last
checkpoint in a safe place, and begin a new one.")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a signer key for a log that is to be made; see `bulla help key generate`
    Generate(KeyGenerateArgs),
    /// Print the log's verifier key: what others need to check proofs
    Show,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A log makes a key of its own when it is made, so this is needed only to choose its name. Put the key where the log
will be, as `log.key`, before the first entry: the log takes it over, and its name is the log's origin for ever.

Example:
  mkdir audit && bulla key generate --origin example.com/audit -o audit/log.key
  bulla record --action start --outcome success")]
pub(crate) struct KeyGenerateArgs {
    /// Name of the key and origin of the log, like a URL without scheme: example.com/audit
    #[arg(long, value_name = "NAME")]
    pub(crate) origin: String,
    /// File for the secret key, readable by you only; must not exist yet [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatsArgs {
    /// Instead, count all entries by the values of a field: category, principal, detail.exit_code
    #[arg(long, value_name = "FIELD")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The index is derived from the log and lies in its directory, under `index`. Searches use it when it is there and read
the log for what it does not hold yet. Deleting it loses nothing.")]
pub(crate) struct IndexArgs {
    /// Throw the index away first and build it anew
    #[arg(long)]
    pub(crate) rebuild: bool,
}
