//! `bulla verify`: the whole log, with what is known of it from elsewhere.

use bulla::proof::Verdict;
use bulla::{Progress, Verify};

use super::read_file;
use crate::args::VerifyArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::stdout::is_reader_gone;
use crate::output::{progress, talk, verdict};

pub(crate) fn run(this: &mut Invocation, args: &VerifyArgs) -> anyhow::Result<Ended> {
    let directory = args.place.clone().unwrap_or_else(|| this.log.clone());
    // For its error, which says more of a directory that is no log.
    log_access::reader_or_damage(&directory)?;
    let bar = progress::over_bytes(Some(0), "verifying");
    let show = |done: Progress| {
        bar.set_length(done.bytes_total);
        bar.set_position(done.bytes_done);
    };
    let mut verify = Verify::of(&directory).progress(&show);
    for pin in &args.pin {
        verify = verify.pin(read_file::read(pin)?);
    }
    if let Some(policy) = &args.policy {
        verify = verify.policy(read_file::policy(policy)?);
    }
    if let Some(key) = &args.key {
        verify = verify.key(key.clone());
    }
    if let Some(threads) = args.threads {
        verify = verify.threads(threads);
    }
    let verdict = verify.run();
    bar.finish_and_clear();
    let ended = print(this, &verdict?, &directory.display().to_string())?;
    if args.key.is_none() && args.policy.is_none() && args.pin.is_empty() && !this.json {
        talk::note("--key VKEY and --pin FILE hold the log to what you know of it from elsewhere");
    }
    Ok(ended)
}

/// Prints the verdict about `what`. Whoever reads only its first line still gets the right exit code.
pub(crate) fn print(this: &mut Invocation, verdict: &Verdict, what: &str) -> anyhow::Result<Ended> {
    let palette = this.palette;
    let printed = if this.json {
        this.out.json(verdict)
    } else {
        verdict::print(verdict, what, &palette, &mut this.out)
    };
    match printed.and_then(|()| this.out.flush()) {
        Err(error) if !is_reader_gone(&error) => Err(error),
        _ => Ok(Ended::fine_if(verdict.is_clean())),
    }
}
