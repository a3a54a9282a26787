//! Commands that read the log.

pub(crate) mod count_by;
pub(crate) mod export;
pub(crate) mod follow;
mod payload;
pub(crate) mod search;
pub(crate) mod session;
pub(crate) mod show;
pub(crate) mod tail;
