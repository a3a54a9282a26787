//! How things are shown: data on stdout, talk on stderr, and nothing from a log that could drive a terminal.

pub(crate) mod amount;
pub(crate) mod entry_row;
pub(crate) mod palette;
pub(crate) mod progress;
pub(crate) mod stdout;
pub(crate) mod talk;
pub(crate) mod text;
pub(crate) mod verdict;
