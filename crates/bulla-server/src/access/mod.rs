//! Who may do what: tokens and their scopes, the login of people, limits of rate, and what is recorded of refusals.

pub(crate) mod caller;
pub(crate) mod changes;
pub(crate) mod denials;
pub(crate) mod guard;
pub(crate) mod login;
pub(crate) mod rate;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod sessions;
pub(crate) mod tokens;
