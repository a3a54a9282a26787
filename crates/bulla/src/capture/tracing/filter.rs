//! What the layer listens to, as a filter of its own that no other filter of the subscriber can narrow.

use ::tracing::subscriber::Interest;
use ::tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

/// Events and spans of this target become entries.
pub(super) const TARGET: &str = "audit";
/// Spans of this target become none, but what is inside them takes their fields.
pub(super) const CONTEXT_TARGET: &str = "audit::context";

/// Lets through what [`AuditLayer`](super::AuditLayer) records, at every level, and nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter;

pub(super) fn is_audit(metadata: &Metadata<'_>) -> bool {
    matches!(metadata.target(), TARGET | CONTEXT_TARGET)
}

impl<S: Subscriber> Filter<S> for AuditFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_audit(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_audit(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}
