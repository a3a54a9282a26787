//! `bulla prove` and `bulla checkpoint` on a server's log. What the server sends is checked with the key that it names
//! before it is passed on; the key itself is to be had by another way.

use anyhow::{Context, bail};
use bulla::proof::{Policy, ProofFile, TrustedCheckpoint, check_consistency};
use bulla_client::Client;

use super::read::{name, stored};
use crate::args::{CheckpointArgs, ProveArgs};
use crate::commands::prove::checkpoint::{self, Relation};
use crate::commands::prove::{prove, read_file};
use crate::ended::Ended;
use crate::invocation::Invocation;

pub(super) fn prove(this: &mut Invocation, client: &Client, args: &ProveArgs) -> anyhow::Result<Ended> {
    let entry = stored(&client.entry(name(&args.entry))?)?;
    let proof = ProofFile::parse(&client.proof(&entry.seq().to_string())?).context("the server's proof")?;
    let vkey = client.identity()?.vkey;
    let policy = Policy::log_key(vkey.parse().context("the key that the server names")?);
    let verdict = proof.check(entry.line(), &policy).context("the server's proof")?;
    if !verdict.is_clean() {
        bail!("the server's proof does not hold: {verdict}");
    }
    prove::write_proof(this, args, &proof, &entry, &vkey)
}

pub(super) fn checkpoint(
    this: &mut Invocation,
    client: &Client,
    args: &CheckpointArgs,
) -> anyhow::Result<Ended> {
    let policy = Policy::log_key(client.identity()?.vkey.parse().context("the key that the server names")?);
    let Some(newest) = client.checkpoint()? else {
        bail!("no checkpoint is published yet: record an entry, and one is published within the second");
    };
    let newest =
        policy.verify(&newest).context("the server's checkpoint is not signed by the key that it names")?;
    let Some(path) = &args.since else {
        checkpoint::print(this, &newest)?;
        return Ok(Ended::Fine);
    };
    let older = policy
        .verify(&read_file::read(path)?)
        .with_context(|| format!("{} is not a checkpoint of this log", path.display()))?;
    let relation = relation(client, &older, &newest)?;
    relation.print(this, &older, &newest)?;
    Ok(Ended::fine_if(matches!(relation, Relation::Continues(_))))
}

fn relation(
    client: &Client,
    older: &TrustedCheckpoint,
    newest: &TrustedCheckpoint,
) -> anyhow::Result<Relation> {
    if newest.size() < older.size() {
        return Ok(Relation::RolledBack);
    }
    let proof = client.consistency(older.size(), newest.size())?;
    let checked = check_consistency(older.size(), newest.size(), &proof, &older.root(), &newest.root());
    Ok(match checked {
        Ok(()) => Relation::Continues(proof),
        Err(error) => Relation::Fork(error.to_string()),
    })
}
