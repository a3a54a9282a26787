//! A real server on loopback, with a log in a temporary folder.

mod ingest;
mod operation;
mod reading;
mod server;
