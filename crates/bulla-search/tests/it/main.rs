//! The index against the scan, whatever happens to either.

#![expect(clippy::unwrap_used, reason = "tests")]

mod agreement;
mod answers;
mod damage;
mod generated;
mod killed;
mod log;
mod paging;
