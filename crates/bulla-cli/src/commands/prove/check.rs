//! `bulla check`: a proof, an entry and a key, nothing else; no log, no network.

use anyhow::Context;
use bulla::proof::{Policy, ProofFile, Verdict};

use super::read_file;
use crate::args::CheckArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::stdout::is_reader_gone;
use crate::output::verdict;

pub(crate) fn run(this: &mut Invocation, args: &CheckArgs) -> anyhow::Result<Ended> {
    let policy = match (&args.policy, &args.key) {
        (Some(path), _) => read_file::policy(path)?,
        (None, Some(key)) => Policy::log_key(key.clone()),
        (None, None) => anyhow::bail!("say what to trust: --key VKEY or --policy FILE"),
    };
    let proof = read_file::read(&args.proof)?;
    let proof = ProofFile::parse(&proof).with_context(|| format!("{} is no proof", args.proof.display()))?;
    let entry = read_file::read(&args.entry)?;
    let verdict = check(&proof, &entry, &policy)?;
    let what = format!("{} with {}", args.proof.display(), args.entry.display());
    let palette = this.palette;
    let printed = if this.json {
        this.out.json(&verdict)
    } else {
        verdict::print(&verdict, &crate::output::text::shown(&what), &palette, &mut this.out)
    };
    match printed.and_then(|()| this.out.flush()) {
        Err(error) if !is_reader_gone(&error) => return Err(error),
        _ => {}
    }
    Ok(Ended::fine_if(verdict.is_clean()))
}

/// Checks the bytes, and if they are not the entry, the bytes without a newline that some tool added.
fn check(proof: &ProofFile, entry: &[u8], policy: &Policy) -> anyhow::Result<Verdict> {
    let verdict = proof.check(entry, policy)?;
    match entry.strip_suffix(b"\n") {
        Some(without) if !verdict.is_clean() => {
            let without = proof.check(without, policy)?;
            Ok(if without.is_clean() { without } else { verdict })
        }
        _ => Ok(verdict),
    }
}
