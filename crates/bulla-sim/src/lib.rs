//! A disk that fails and forgets on command, and what a log on it must keep all the same.
//!
//! [`SimDisk`] keeps what is durable apart from what only the page cache shows. [`Driver`] runs a workload on it and
//! keeps a [`Model`] of what was promised; [`check`] compares a reopened log with that model. [`seeds`] makes up
//! workloads and faults from one number each, and [`queries`] entries and queries.
//!
//! # What is deterministic
//! The engine has threads (writer, syncer, publisher, sealer), but the driver lets only one of them touch the disk at
//! a time: it waits for every receipt, publishes on request only, and lets the sealer, whose work asks to give way,
//! act only while it waits for it. So the same seed gives the same acts in the same order and byte-identical
//! directories, within one process: `log.opened` holds the process id.

mod chance;
mod check;
mod disk;
mod driver;
mod fault;
mod image;
mod model;
mod pieces;
pub mod queries;
pub mod seeds;
mod trace;

pub use chance::{SimClock, SimEntropy};
pub use check::{Broken, check};
pub use disk::{Background, SimDisk};
pub use driver::{Driver, block_on};
pub use fault::{Errno, Fault, Trigger};
pub use image::Survival;
pub use model::Model;
pub use trace::{Act, ActKind};
