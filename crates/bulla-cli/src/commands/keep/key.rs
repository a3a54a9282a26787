//! `bulla key`: a signer key for a log that is to be made, and the verifier key of one that is there.
//!
//! There is no rotation in format 1: the key's name is the log's origin and `log.json` never changes, so a new key
//! is a new log.

use anyhow::Context;
use bulla::proof::SignerKey;
use bulla::{Entropy, SystemEntropy};
use serde_json::json;

use crate::args::{KeyArgs, KeyCommand, KeyGenerateArgs};
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::new_file::{Readable, write};

pub(crate) fn run(this: &mut Invocation, args: &KeyArgs) -> anyhow::Result<Ended> {
    match &args.command {
        KeyCommand::Generate(args) => generate(this, args)?,
        KeyCommand::Show => show(this)?,
    }
    Ok(Ended::Fine)
}

fn generate(this: &mut Invocation, args: &KeyGenerateArgs) -> anyhow::Result<()> {
    let mut seed = [0; 32];
    SystemEntropy.fill(&mut seed);
    let key =
        SignerKey::from_seed(&args.origin, seed).with_context(|| format!("origin {:?}", args.origin))?;
    let secret = format!("{}\n", key.to_secret_string());
    let vkey = key.verifier_key().to_string();
    match &args.output {
        None if this.json => this.out.json(&json!({"signer_key": secret.trim_end(), "vkey": vkey})),
        None => this.out.bytes(secret.as_bytes()),
        Some(path) => {
            write(path, secret.as_bytes(), Readable::Private)?;
            print_vkey(this, &vkey)
        }
    }
}

fn show(this: &mut Invocation) -> anyhow::Result<()> {
    let vkey = log_access::reader(&this.log)?.identity().vkey.clone();
    print_vkey(this, &vkey)
}

fn print_vkey(this: &mut Invocation, vkey: &str) -> anyhow::Result<()> {
    if this.json { this.out.json(&json!({"vkey": vkey})) } else { this.out.line(vkey) }
}
