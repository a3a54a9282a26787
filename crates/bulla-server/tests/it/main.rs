//! A real server on loopback, with a log in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod ingest;
mod interop;
mod public;
mod reading;
mod server;
