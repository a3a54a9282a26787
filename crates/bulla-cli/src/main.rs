//! The bulla command: record, import, read, verify and prove.
//!
//! Arguments as typed (`args/`), then one dispatch, then one file per command (`commands/`).

mod args;
mod commands;
mod ended;
mod input;
mod interrupt;
mod invocation;
mod log_access;
mod new_file;
mod output;
mod server_access;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use ended::Ended;
use output::stdout::is_reader_gone;
use output::talk;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(ended) => ended.into(),
        // Whoever read our output has seen enough.
        Err(error) if is_reader_gone(&error) => Ended::Fine.into(),
        Err(error) => {
            talk::fail(&error);
            ExitCode::from(ended::COULD_NOT)
        }
    }
}
