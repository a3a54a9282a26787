//! `bulla prove`: a proof file for one entry, to be checked without the log and without this machine.

use anyhow::bail;
use bulla::proof::ProofFile;
use bulla::{ProveError, StoredEntry};

use crate::args::ProveArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::new_file::{Readable, write};
use crate::output::talk;

pub(crate) fn run(this: &mut Invocation, args: &ProveArgs) -> anyhow::Result<Ended> {
    let reader = log_access::reader(&this.log)?;
    let entry = log_access::find(&log_access::search(&this.log)?, &args.entry)?;
    let proof = match reader.prove(entry.seq()) {
        Ok(proof) => proof,
        Err(ProveError::NotCovered { seq, published }) => bail!(
            "no checkpoint covers entry {seq} yet, the newest has size {published}: the process that writes the log \
             publishes one within its publish interval (1 s unless set), so try again; when none writes it, the next \
             command that does (such as `bulla record`) publishes"
        ),
        Err(error) => return Err(error.into()),
    };
    write_proof(this, args, &proof, &entry, &reader.identity().vkey)
}

/// Writes the proof, and the entry that it is of, to where the arguments say.
pub(crate) fn write_proof(
    this: &mut Invocation,
    args: &ProveArgs,
    proof: &ProofFile,
    entry: &StoredEntry,
    vkey: &str,
) -> anyhow::Result<Ended> {
    if let Some(path) = &args.entry_out {
        write(path, entry.line(), Readable::Usual)?;
    }
    let text = proof.to_string();
    let Some(path) = &args.output else {
        this.out.bytes(text.as_bytes())?;
        return Ok(Ended::Fine);
    };
    write(path, text.as_bytes(), Readable::Usual)?;
    let entry_file = match &args.entry_out {
        Some(path) => path.display().to_string(),
        None => "ENTRY".to_owned(),
    };
    if args.entry_out.is_none() {
        talk::note(format!(
            "the entry itself belongs to the proof: `bulla show {} --raw > ENTRY`",
            entry.seq()
        ));
    }
    talk::note(format!("to check: bulla check {} --entry {entry_file} --key '{}'", path.display(), vkey));
    Ok(Ended::Fine)
}
