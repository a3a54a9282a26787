//! The routes under `/v1` that answer from the log, and those for admins.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod checkpoints;
pub(crate) mod entry;
pub(crate) mod export;
pub(crate) mod params;
pub(crate) mod payload;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod views;
pub(crate) mod wire;
