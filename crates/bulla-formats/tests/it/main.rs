//! The mappings as their callers see them.

mod agent_transcripts;
mod cloud_events;
mod entry_of;
mod exports;
mod hostile_lines;
mod json_lines;
mod real_inputs;
mod seed_lines;
