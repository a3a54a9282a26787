//! The mappings as their callers see them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy knows `#[test]` functions as tests, but not what they call"
)]

mod agent_transcripts;
mod cloud_events;
mod entry_of;
mod exports;
mod hostile_lines;
mod json_lines;
mod real_inputs;
mod seed_lines;
