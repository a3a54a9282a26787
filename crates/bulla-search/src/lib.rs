//! Search over a Bulla log: a derived index of every field, and what can be asked of it.
//!
//! The log is the truth; the index is thrown away and built anew whenever it is not right. A [`Search`] answers from
//! the index what it holds and from stored lines what it does not hold yet, so an answer never misses a durable entry.

mod ask;
mod index;
mod session;

pub use ask::{
    AskError, Bucket, Counted, Facet, FacetValue, Facets, Histogram, OUTCOMES, Order, Page, PageLimits,
    Search, SessionSummary, Sessions, Total, ValueCounter, View, by_session, facets_default,
};
pub use index::{
    Damage, INDEX_DIRECTORY, Index, IndexOptions, IndexStatus, Progress, Snapshot, open_snapshot, remove,
};
pub use session::{Missing, Session, Step, StepActor};
