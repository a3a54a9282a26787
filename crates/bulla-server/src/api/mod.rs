//! Reading over HTTP: the routes under `/v1` that answer from the log.

pub(crate) mod audit;
pub(crate) mod entry;
pub(crate) mod export;
pub(crate) mod params;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod views;
pub(crate) mod wire;
