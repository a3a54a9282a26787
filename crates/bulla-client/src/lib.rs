//! A small blocking client of Bulla's HTTP API, and verification of a log from the outside.
//!
//! ```no_run
//! use bulla_client::{Client, Verify};
//!
//! let client = Client::builder("https://log.example").token("bulla_…").build()?;
//! let verdict = Verify::of(&client).run()?;
//! println!("{verdict}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing that a server says is believed: bodies have limits, and what is signed is checked by [`Verify`] with
//! `bulla-proof` alone. The wire types are this crate's own.

mod answer;
mod connection;
mod export;
mod public_format;
mod read;
mod record;
mod rows;
mod tail;
mod verify;

pub use answer::{ClientError, Refusal};
pub use connection::{Client, ClientBuilder};
pub use export::Export;
pub use public_format::LogIdentity;
pub use read::{Facet, FacetValue, Found, Order, Page, Search, Status, Watermarks};
pub use record::{Receipt, RecordOptions, Recorded, RejectedRecord, Wait};
pub use tail::{Tail, TailEntry};
pub use verify::{Progress, Verify, VerifyError};
