//! Tests of the command as its users see it: arguments in, stdout, stderr and exit code out.

mod acceptance;
mod bad_input;
mod bench_log;
mod import;
mod proofs;
mod reading;
mod recording;
mod surroundings;
