//! Commands that read the log.

pub(crate) mod export;
pub(crate) mod follow;
pub(crate) mod search;
pub(crate) mod session;
pub(crate) mod session_calls;
pub(crate) mod show;
pub(crate) mod tail;
