//! Commands that keep a log in order: keys, sizes, what is wrong, and the shell around it.

pub(crate) mod doctor;
pub(crate) mod index;
pub(crate) mod key;
pub(crate) mod shell;
pub(crate) mod stats;
