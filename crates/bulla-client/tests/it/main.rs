//! The client against a server of its own, which serves what a test wants it to.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod changed;
mod fake_log;
mod requests;
mod verdicts;
