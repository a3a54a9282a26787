//! Vectors: made by others, and made by us for a second implementation.

mod c2sp;
mod rfc6962;
mod spec;
