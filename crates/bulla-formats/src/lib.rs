//! Foreign audit records to Bulla entries ([`import`]), and entries to foreign records ([`export`]).
//!
//! Pure mappings: bytes in, entries or bytes out. This crate opens no file and no socket and reads no clock for
//! what it writes; the caller brings the reader, the name of what is read and the time.

pub mod export;
pub mod import;
mod record;
