//! Commands that add to the log.

pub(crate) mod import;
pub(crate) mod import_place;
pub(crate) mod record;
