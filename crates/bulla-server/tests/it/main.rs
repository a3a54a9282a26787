//! What the server does, seen from the other end of a connection.

mod interop;
mod public;
