//! JSON Lines of no particular kind: entries, which go in as they are, and objects with the usual names of fields.

mod as_is;
mod generic;
mod jsonl;
mod roles;
mod seed;
mod windows;

pub(super) use jsonl::Jsonl;
pub(super) use seed::Seed;
