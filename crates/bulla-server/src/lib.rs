//! Bulla over HTTP: recording, reading, the public tile format, access, and operation. One server embeds one log.

mod access;
mod api;
mod document;
mod hex;
mod ingest;
mod listen;
mod own_record;
mod problem;
mod public;
mod router;
mod server;
pub mod settings;
mod state;
mod viewer;
mod watch;

pub use access::scope::{Scope, UnknownScope};
pub use access::tokens::{NewToken, Token, TokenError, Tokens};
pub use listen::tls::TlsError;
pub use problem::Code;
pub use server::{Server, StartError};
pub use settings::Settings;
pub use watch::disk::{Space, SpaceSource};
pub use watch::{logs, supervisor};
