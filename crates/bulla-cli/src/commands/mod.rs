//! One dispatch: each command to its file.

mod keep;
mod prove;
mod read;
mod remote;
mod server;
mod write;

use crate::args::{Cli, Command};
use crate::ended::Ended;
use crate::invocation::Invocation;

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Ended> {
    let mut invocation = Invocation::new(cli.global);
    let this = &mut invocation;
    if let Some(client) = remote::server_of(this, &cli.command)? {
        let ended = remote::run(this, &client, cli.command)?;
        invocation.out.flush()?;
        return Ok(ended);
    }
    let ended = match cli.command {
        Command::Serve(args) => server::serve::run(this, *args),
        Command::Record(args) => write::record::run(this, *args),
        Command::Import(args) => write::import::run(this, &args),
        Command::Tail(args) => read::tail::run(this, &args),
        Command::Search(args) => read::search::run(this, &args),
        Command::Show(args) => read::show::run(this, &args),
        Command::Session(args) => read::session::run(this, &args),
        Command::Export(args) => read::export::run(this, &args),
        Command::Verify(args) => prove::verify::run(this, &args),
        Command::Prove(args) => prove::prove::run(this, &args),
        Command::Check(args) => prove::check::run(this, &args),
        Command::Checkpoint(args) => prove::checkpoint::run(this, &args),
        Command::Key(args) => keep::key::run(this, &args),
        Command::Token(args) => server::token::run(this, args),
        Command::Stats(args) => keep::stats::run(this, &args),
        Command::Index(args) => keep::index::run(this, &args),
        Command::Doctor => keep::doctor::run(this),
        Command::Completions(args) => keep::shell::completions(this, &args),
        Command::Man { folder } => keep::shell::man(&folder),
    }?;
    invocation.out.flush()?;
    Ok(ended)
}
