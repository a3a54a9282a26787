//! Transcripts of coding agents: who asked what, what the model said, which tools it called, and how that ended.

mod claude_code;
mod codex;
mod transcript;

pub(super) use claude_code::ClaudeCode;
pub(super) use codex::Codex;
