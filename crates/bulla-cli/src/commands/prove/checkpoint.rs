//! `bulla checkpoint`: the newest checkpoint, to be kept elsewhere, and whether it continues an older one.

use anyhow::{Context, bail};
use bulla::LogReader;
use bulla::proof::{Hash, Policy, TrustedCheckpoint, check_consistency};
use serde_json::json;

use super::read_file;
use crate::args::CheckpointArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::palette::painted;
use crate::output::text::shown;

pub(crate) fn run(this: &mut Invocation, args: &CheckpointArgs) -> anyhow::Result<Ended> {
    let reader = log_access::reader(&this.log)?;
    let Some(newest) = reader.checkpoint()? else {
        bail!("no checkpoint is published yet: record an entry, and one is published within the second");
    };
    let Some(path) = &args.since else {
        print(this, &newest)?;
        return Ok(Ended::Fine);
    };
    let older = read_file::read(path)?;
    let policy = Policy::log_key(reader.identity().vkey.parse().context("the log's verifier key")?);
    let older = policy
        .verify(&older)
        .with_context(|| format!("{} is not a checkpoint of this log", path.display()))?;
    let relation = Relation::of(&reader, &older, &newest)?;
    relation.print(this, &older, &newest)?;
    Ok(Ended::fine_if(matches!(relation, Relation::Continues(_))))
}

/// Prints the newest checkpoint.
pub(crate) fn print(this: &mut Invocation, newest: &TrustedCheckpoint) -> anyhow::Result<()> {
    let note = newest.note().to_string();
    if this.json {
        return this.out.json(&json!({
            "origin": newest.origin(), "size": newest.size().get(), "root": newest.root().to_base64(), "note": note,
        }));
    }
    this.out.bytes(note.as_bytes())
}

/// What the newest checkpoint is to an older one.
pub(crate) enum Relation {
    /// It has everything that the older one has; the hashes show it.
    Continues(Vec<Hash>),
    /// It is of the same log when it was smaller: entries were taken away.
    RolledBack,
    /// Both are signed, and no log can have both.
    Fork(String),
}

impl Relation {
    fn of(reader: &LogReader, older: &TrustedCheckpoint, newest: &TrustedCheckpoint) -> anyhow::Result<Self> {
        if newest.size() < older.size() {
            return Ok(Self::RolledBack);
        }
        let proof = reader.consistency(older.size(), newest.size())?;
        let checked = check_consistency(older.size(), newest.size(), &proof, &older.root(), &newest.root());
        Ok(match checked {
            Ok(()) => Self::Continues(proof),
            Err(error) => Self::Fork(error.to_string()),
        })
    }

    pub(crate) fn print(
        &self,
        this: &mut Invocation,
        older: &TrustedCheckpoint,
        newest: &TrustedCheckpoint,
    ) -> anyhow::Result<()> {
        let (word, proof, style) = match self {
            Self::Continues(proof) => ("consistent", proof.as_slice(), this.palette.good),
            Self::RolledBack => ("rolled_back", &[][..], this.palette.bad),
            Self::Fork(_) => ("fork", &[][..], this.palette.bad),
        };
        let (old, new) = (older.size().get(), newest.size().get());
        if this.json {
            return this.out.json(&json!({
                "relation": word, "older_size": old, "newest_size": new, "newest": newest.note().to_string(),
                "proof": proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
            }));
        }
        let text = match self {
            Self::Continues(_) => {
                format!("the tree of {old} entries is the beginning of the tree of {new} entries")
            }
            Self::RolledBack => format!(
                "the log's newest checkpoint has {new} entries, the older one had {old}: entries were taken away, or \
                 this is an old copy of the log"
            ),
            Self::Fork(error) => format!(
                "both checkpoints are signed, and no log can have both ({}): keep both as evidence",
                shown(error)
            ),
        };
        this.out.line(format!("{}: {text}", painted(style, &word.replace('_', " "))))?;
        proof.iter().try_for_each(|hash| this.out.line(hash.to_base64()))?;
        this.out.line("")?;
        this.out.bytes(newest.note().to_string().as_bytes())
    }
}
