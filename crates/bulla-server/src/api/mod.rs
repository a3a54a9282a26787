//! Reading over HTTP: the routes under `/v1` that answer from the log.

pub(crate) mod views;
