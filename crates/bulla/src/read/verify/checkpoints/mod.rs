//! What was published: the notes on disk, whose signatures are believed, and the roots that the entries must have.

pub(in crate::read::verify) mod expected;
pub(in crate::read) mod history;
pub(in crate::read::verify) mod published;
pub(in crate::read::verify) mod trust;
