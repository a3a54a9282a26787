//! What the index knows of an entry: its fields, the facts of each value, the shape of the whole, its words.

pub(super) mod document;
pub(crate) mod facts;
pub(crate) mod schema;
pub(crate) mod shapes;
pub(super) mod words;
