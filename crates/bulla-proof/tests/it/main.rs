//! Claims about the public formats, made from outside the crate.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which may panic and say that they skip"
)]

mod c2sp_vectors;
mod naive;
mod rfc6962_vectors;
mod tree;
