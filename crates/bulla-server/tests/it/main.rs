//! A real server on loopback, with a log in a temporary folder.

mod ingest;
mod interop;
mod public;
mod reading;
mod server;
