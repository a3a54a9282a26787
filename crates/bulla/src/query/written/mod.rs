//! Queries as text: reading them (`grammar.rs`, from `reader.rs` up), what is refused and what to write instead
//! (`mistake.rs`, `known.rs`), and writing them (`print.rs`).

mod grammar;
mod known;
mod mistake;
pub(super) mod moment;
mod print;
mod reader;
mod values;

#[cfg(test)]
mod tests;

pub(super) use grammar::parse;
pub use grammar::{NESTING_MAX, TERMS_MAX};
pub use mistake::InvalidFilter;
pub use moment::{InvalidMoment, parse_moment};
pub use reader::QUERY_BYTES_MAX;
