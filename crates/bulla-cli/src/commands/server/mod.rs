//! The server, and the credentials by which programs use it.

mod demo;
pub(crate) mod serve;
pub(crate) mod token;
