//! The same commands on a server's log, over its HTTP API, as far as the API goes.

mod export;
mod prove;
mod read;
mod record;
mod stats;
mod verify;

use anyhow::bail;
use bulla_client::Client;

use crate::args::{Command, KeyCommand};
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::server_access::{self, is_url};

/// The server that a command is for, if it is for one.
pub(crate) fn server_of(this: &Invocation, command: &Command) -> anyhow::Result<Option<Client>> {
    let url = match command {
        // What is named last, and only for this command, counts.
        Command::Verify(args) if args.place.is_some() => {
            let named = args.place.as_deref().filter(|named| is_url(named));
            named.and_then(|named| named.to_str()).map(str::to_owned)
        }
        _ if needs_no_log(command) => None,
        _ => this.remote.url.clone(),
    };
    url.map(|url| server_access::client(&url, &this.remote)).transpose()
}

fn needs_no_log(command: &Command) -> bool {
    match command {
        Command::Check(_) | Command::Completions(_) | Command::Man { .. } => true,
        Command::Key(args) => matches!(args.command, KeyCommand::Generate(_)),
        _ => false,
    }
}

/// Does what was typed on the server's log.
pub(crate) fn run(this: &mut Invocation, client: &Client, command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Record(args) => record::run(this, client, *args),
        Command::Tail(args) => read::tail(this, client, &args),
        Command::Search(args) => read::search(this, client, &args),
        Command::Show(args) => read::show(this, client, &args),
        Command::Session(args) => read::session(this, client, &args),
        Command::Export(args) => export::run(client, &args),
        Command::Verify(args) => verify::run(this, client, &args),
        Command::Prove(args) => prove::prove(this, client, &args),
        Command::Checkpoint(args) => prove::checkpoint(this, client, &args),
        Command::Stats(args) => stats::run(this, client, &args),
        _ => bail!(
            "this command needs the log directory and cannot be used with a server: leave out --url (and BULLA_URL), and \
             run it where the log is"
        ),
    }
}
