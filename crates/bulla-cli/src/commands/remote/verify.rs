//! `bulla verify URL`: the whole log of a server from the outside, through its public format.

use bulla_client::{Client, Progress, Verify};

use crate::args::VerifyArgs;
use crate::commands::prove::{read_file, verify};
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::{progress, talk};

pub(super) fn run(this: &mut Invocation, client: &Client, args: &VerifyArgs) -> anyhow::Result<Ended> {
    let bar = progress::over_entries(0, "verifying");
    let show = |done: Progress| {
        bar.set_length(done.entries_total);
        bar.set_position(done.entries_done);
    };
    let mut verify = Verify::of(client).progress(&show);
    for pin in &args.pin {
        verify = verify.pin(read_file::read(pin)?);
    }
    if let Some(policy) = &args.policy {
        verify = verify.policy(read_file::policy(policy)?);
    }
    if let Some(key) = &args.key {
        verify = verify.key(key.clone());
    }
    if let Some(connections) = args.threads {
        verify = verify.connections(connections);
    }
    let verdict = verify.run();
    bar.finish_and_clear();
    let ended = verify::print(this, &verdict?, client.url())?;
    if args.key.is_none() && args.policy.is_none() && args.pin.is_empty() && !this.json {
        talk::note(
            "the key was taken from the server itself: --key VKEY and --pin FILE hold the log to what you know of it from \
             elsewhere",
        );
    }
    Ok(ended)
}
