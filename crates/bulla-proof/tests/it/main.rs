//! Claims about the public formats, made from outside the crate.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which may panic and say that they skip"
)]

mod canonical;
mod checkpoint;
mod key;
mod naive;
mod note;
mod policy;
mod proof_file;
mod tile;
mod tree;
mod vectors;
mod verdict;
