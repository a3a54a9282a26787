//! What the head of a request tells, each with the distrust it deserves.

mod client;
mod facts;
mod query;
mod traceparent;

pub use client::{ForwardedBy, InvalidNetwork, Network};
pub use query::Query;

pub(super) use client::Proxies;
pub(super) use facts::{Facts, is_grpc};
pub(super) use query::percent_decoded;
