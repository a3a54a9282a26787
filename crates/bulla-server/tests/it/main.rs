//! A real server on loopback, with a log in a temporary folder.

mod access;
mod ingest;
mod reading;
mod refusals;
mod server;
