//! The index's files: where they lie, whose they are, and when they are believed.

pub(super) mod files;
mod place;
mod trust;
