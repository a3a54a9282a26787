//! Completion scripts and manual pages, made from the arguments themselves.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::ended::Ended;
use crate::invocation::Invocation;

pub(crate) fn completions(this: &mut Invocation, args: &CompletionsArgs) -> anyhow::Result<Ended> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bulla", &mut script);
    this.out.bytes(&script)?;
    Ok(Ended::Fine)
}

pub(crate) fn man(folder: &Path) -> anyhow::Result<Ended> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| format!("write manual pages into {}", folder.display()))?;
    Ok(Ended::Fine)
}
