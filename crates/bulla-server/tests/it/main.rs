//! A real server on loopback, with a log in a temporary folder.
#![expect(clippy::unwrap_used, reason = "clippy knows `#[test]` functions as tests, but not what they call")]

mod access;
mod export;
mod ingest;
mod interop;
mod openapi;
mod operation;
mod public;
mod reading;
mod refusals;
mod schemathesis;
mod search;
mod server;
mod viewer;
mod viewing;
