//! Segments: the files that hold the entries, being written, full, and sealed.

pub(crate) mod catalogue;
pub(crate) mod line;
pub(crate) mod open_segment;
pub(crate) mod sealed;
