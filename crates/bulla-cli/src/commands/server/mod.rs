//! The server, and the credentials by which programs use it.

pub(crate) mod serve;
pub(crate) mod token;
