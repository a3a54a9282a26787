//! Arguments of the commands that check and prove.

use std::path::PathBuf;

use bulla::proof::VerifierKey;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The log directory, or the URL of a server: its log is verified from the outside [default: that of --log or --url]
    #[arg(value_name = "DIR|URL")]
    pub(crate) place: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: the log must continue it. May be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) pin: Vec<PathBuf>,
    /// Which keys and witnesses to trust (C2SP tlog-policy) [default: the key in log.json, or that the server names]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The log's verifier key, as you know it from elsewhere [default: as for --policy]
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Option<VerifierKey>,
    /// Threads to use, or connections to a server [default: as many as there are processors; 4]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// The entry's number, or its id
    #[arg(value_name = "SEQ|ID")]
    pub(crate) entry: String,
    /// File for the proof [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// File for the entry's stored bytes, which belong to the proof
    #[arg(long, value_name = "FILE")]
    pub(crate) entry_out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The proof, as `bulla prove` wrote it
    #[arg(value_name = "PROOF")]
    pub(crate) proof: PathBuf,
    /// The entry, as `bulla show SEQ --raw` wrote it; one newline at the end does no harm
    #[arg(long, value_name = "FILE")]
    pub(crate) entry: PathBuf,
    /// The log's verifier key; get it by another way than the proof
    #[arg(long, value_name = "VKEY", required_unless_present = "policy")]
    pub(crate) key: Option<VerifierKey>,
    /// Which keys and witnesses to trust instead (C2SP tlog-policy)
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointArgs {
    /// An older checkpoint: check that the newest one continues it, and print the consistency proof
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
}
