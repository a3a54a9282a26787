//! Recording over HTTP. Whatever form records come in, they pass one door, `intake.rs`: the envelope is filled there by
//! what the server knows, repeated records are recognised, and counters are kept. A new form of ingest is a file here
//! that makes records of its own and hands them to that door.

mod answer;
pub(crate) mod emitter;
pub(crate) mod intake;
mod known;
mod lines;
pub(crate) mod route;
pub(crate) mod sources;
