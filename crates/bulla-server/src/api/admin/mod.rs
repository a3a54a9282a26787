//! For admins: who has which token, and how the server was started.

pub(crate) mod settings;
pub(crate) mod tokens;
