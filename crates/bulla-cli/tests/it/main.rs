//! Tests of the command as its users see it: arguments in, stdout, stderr and exit code out.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy knows `#[test]` functions as tests, but not what they call"
)]

mod acceptance;
mod bad_input;
mod bench_log;
mod demo;
mod faults;
mod import;
mod indexed;
mod load;
mod proofs;
mod reading;
mod recording;
mod remote;
mod surroundings;
