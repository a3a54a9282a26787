//! Arguments of the server and of its credentials.

use std::net::SocketAddr;
use std::path::PathBuf;

use bulla_server::Scope;
use bulla_server::logs::{LogFormat, LogLevels};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Needs no configuration: the log is ./audit, and the printed link logs you in once. Programs use tokens:
  bulla token create --name my-app --scope write

Each option can stand in a TOML file instead (--config), or in the variable named beside it; an option goes before a
variable, a variable before the file. docs/operation.md lists what else the file may say.

Examples:
  bulla serve
  bulla serve --demo
  bulla serve --listen 0.0.0.0:2852 --tls-cert cert.pem --tls-key key.pem
  bulla serve --config /etc/bulla.toml --check")]
pub(crate) struct ServeArgs {
    /// Settings file
    #[arg(long, value_name = "FILE", env = "BULLA_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Say whether the settings are valid, and end
    #[arg(long)]
    pub(crate) check: bool,
    /// Serve a log of its own with made-up entries, to look around in; it is removed at the end
    #[arg(long, conflicts_with_all = ["config", "check", "origin", "public"])]
    pub(crate) demo: bool,
    /// Address to listen on [default: 127.0.0.1:2852; with --demo a free port]
    #[arg(long, value_name = "ADDRESS", env = "BULLA_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Certificate chain for HTTPS, PEM
    #[arg(long, value_name = "FILE", env = "BULLA_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key for HTTPS, PEM
    #[arg(long, value_name = "FILE", env = "BULLA_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Allow plain HTTP beyond this machine, because something in front speaks TLS
    #[arg(long, env = "BULLA_INSECURE_HTTP")]
    pub(crate) insecure_http: bool,
    /// Let anyone read checkpoints, tiles and entries in the public format
    #[arg(long, env = "BULLA_PUBLIC")]
    pub(crate) public: bool,
    /// Name of a log that is made new: a URL without scheme, such as example.com/audit
    #[arg(long, value_name = "NAME", env = "BULLA_ORIGIN")]
    pub(crate) origin: Option<String>,
    /// Longest time between an entry and the checkpoint that covers it [default: 1000]
    #[arg(long, value_name = "MS", env = "BULLA_PUBLISH_INTERVAL_MS")]
    pub(crate) publish_interval_ms: Option<u64>,
    /// Requests per second that one credential may make [default: no limit]
    #[arg(long, value_name = "N", env = "BULLA_REQUESTS_PER_SECOND")]
    pub(crate) requests_per_second: Option<u32>,
    /// Let anyone read /metrics
    #[arg(long, env = "BULLA_METRICS_PUBLIC")]
    pub(crate) metrics_public: bool,
    /// Keep no index: searches read the log
    #[arg(long, env = "BULLA_NO_INDEX")]
    pub(crate) no_index: bool,
    /// How the server's own lines on stderr are written: text or json
    #[arg(long, value_name = "FORMAT", env = "BULLA_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Which of them: error, warn, info, debug, trace, off, or by target, as in warn,bulla_server=debug
    #[arg(long, value_name = "LEVEL", env = "RUST_LOG", default_value = "info")]
    pub(crate) log_level: LogLevels,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; it is shown once and never again
    #[command(after_help = "\
Scopes:
  write    record entries
  read     read entries, statistics and status; includes verify
  verify   checkpoints, tiles and proofs only
  admin    everything

Example:
  export BULLA_TOKEN=$(bulla token create --name my-app --scope write,read)")]
    Create(TokenCreateArgs),
    /// Show all tokens: names, scopes, when they were made and revoked; never the tokens themselves
    List,
    /// Revoke a token; a running server refuses it at once
    Revoke {
        /// Name of the token
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenCreateArgs {
    /// Name of the token; entries recorded with it say that they came from there
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What it allows; several with commas, or given again
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true)]
    pub(crate) scope: Vec<Scope>,
    /// Source that its entries name [default: the token's name]
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// Days until it ends by itself [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) expires_days: Option<u32>,
}
