//! What pages of the viewer ask for beside searches: payloads, the history of checkpoints, tokens and settings.

mod checkpoints;
mod payloads;
mod settings;
mod tokens;
