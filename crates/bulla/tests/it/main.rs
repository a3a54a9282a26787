//! What `bulla` promises, tested from outside.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod capture;
mod disks;
mod durability;
mod engine;
mod histories;
mod hostile;
mod identity;
mod locations;
mod queries;
mod rules;
mod seed;
mod shapes;
mod trust;
mod verify;
