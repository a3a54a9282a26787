//! Capture: layers that turn what a server does anyway into entries. Each is behind a feature of its name.
//!
//! Both submit and never wait unless asked to: what the queue does not take is counted and said in the log.

mod bounded;
mod recorder;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;
