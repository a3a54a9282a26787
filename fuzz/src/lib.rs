//! What must be true of every parser and of the write path, whatever the bytes are: one function a target, which panics
//! when its law is broken.
//!
//! The binary `fuzz` runs them under libFuzzer, `seeds` writes what they begin with, and `fuzz/run` builds and drives both.

mod damage;
mod entry;
mod import;
mod json;
mod keys;
mod notes;
mod proofs;
mod query;
pub mod seeds;
mod sequence;
mod small_log;
mod tails;

/// A target: its name, and what it makes of some bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name, as `fuzz/run` takes it.
    pub name: &'static str,
    /// Panics when the law is broken.
    pub law: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 19] = [
    Target { name: "note", law: notes::note },
    Target { name: "checkpoint", law: notes::checkpoint },
    Target { name: "key", law: keys::key },
    Target { name: "policy", law: keys::policy },
    Target { name: "tile", law: proofs::tile },
    Target { name: "path", law: proofs::path },
    Target { name: "proof-file", law: proofs::proof_file },
    Target { name: "record", law: entry::record },
    Target { name: "export", law: entry::export },
    Target { name: "query", law: query::query },
    Target { name: "import-jsonl", law: import::jsonl },
    Target { name: "import-seed", law: import::seed },
    Target { name: "import-cloudtrail", law: import::cloudtrail },
    Target { name: "import-claude-code", law: import::claude_code },
    Target { name: "import-codex", law: import::codex },
    Target { name: "sealed-segment", law: damage::sealed_segment },
    Target { name: "damage", law: damage::damage },
    Target { name: "tail", law: tails::tail },
    Target { name: "sequence", law: sequence::sequence },
];

impl Target {
    /// The target of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }
}
