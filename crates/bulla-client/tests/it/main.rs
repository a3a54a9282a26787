//! The client against a server of its own, which serves what a test wants it to.

mod changed;
mod fake_log;
mod requests;
mod verdicts;
