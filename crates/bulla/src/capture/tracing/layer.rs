//! The layer: an entry for each event, and one for each span when it closes.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use ::tracing::span::{Attributes, Id, Record};
use ::tracing::{Event, Level, Metadata, Subscriber};
use serde_json::Value;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::fields::Fields;
use super::filter::{AuditFilter, CONTEXT_TARGET, TARGET, is_audit};
use super::mapping::{self, Defaults, is_inherited};
use crate::capture::recorder::Recorder;
use crate::entry::{AuditCategory, AuditEntry, new_id};
use crate::log::{AuditLog, RecordError};

/// Field of the event by which [`Counts::is_heard`] asks.
const PROBE: &str = "bulla_probe";

thread_local! {
    /// Whether this thread is recording: what is said meanwhile is about the recording, and would never end.
    static IS_RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// Turns events and spans of the target `audit` into entries; see [the module](super).
#[derive(Debug)]
#[must_use = "a layer records nothing until it is part of a subscriber"]
pub struct AuditLayer {
    recorder: Recorder,
    category: AuditCategory,
    counts: Counts,
}

/// What a layer did so far; outlives its move into the subscriber.
#[derive(Clone)]
pub struct Counts {
    recorded: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    probes: Arc<AtomicU64>,
}

/// While it lives, this thread is recording.
struct Recording;

impl Recording {
    /// None when this thread is recording already.
    fn begin() -> Option<Self> {
        (!IS_RECORDING.replace(true)).then_some(Self)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        IS_RECORDING.set(false);
    }
}

/// What is kept of a span while it is open.
struct OpenSpan {
    /// Of the entry to come, so that what happens inside can name it as its cause.
    id: String,
    fields: Fields,
    started: Instant,
}

impl AuditLayer {
    /// A layer that submits to this log and never waits.
    pub fn new(log: AuditLog) -> Self {
        let recorder = Recorder::new(log, "capture of tracing: not recorded", false);
        let counts =
            Counts { recorded: Arc::default(), lost: recorder.lost_counter(), probes: Arc::default() };
        let category = AuditCategory::named("application").expect("it is snake_case");
        Self { recorder, category, counts }
    }

    /// Category of what has no field `category`. Default: `application`.
    pub fn category(mut self, category: AuditCategory) -> Self {
        self.category = category;
        self
    }

    /// Calls this for each entry that is lost: a log macro has no caller to return an error to. It runs on the thread
    /// that logged, and must not wait.
    pub fn on_error(mut self, on_error: impl Fn(&RecordError) + Send + Sync + 'static) -> Self {
        self.recorder.on_error = Some(Arc::new(on_error));
        self
    }

    /// A handle on what the layer does, to be taken before it is moved into the subscriber.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// The layer behind its own filter, which hears the target `audit` at every level whatever the filters of other
    /// layers say. A filter that is added to the subscriber as a layer of its own stands before all of them; give it
    /// to the layer it is meant for instead.
    pub fn filtered<S: Subscriber>(self) -> Filtered<Self, AuditFilter, S>
    where
        Self: Layer<S>,
    {
        self.with_filter(AuditFilter)
    }

    /// Submits an entry. What is said on the way, by [`AuditLayer::on_error`] for one, is not captured in turn.
    fn record(&self, entry: AuditEntry) {
        let Some(_recording) = Recording::begin() else { return };
        if self.recorder.submit(entry).is_ok() {
            self.counts.recorded.fetch_add(1, Relaxed);
        }
    }

    fn defaults<'a>(&self, metadata: &Metadata<'a>, cause: Option<String>) -> Defaults<'a> {
        Defaults {
            category: self.category,
            action: metadata.name(),
            level: *metadata.level(),
            cause,
            is_panicking: false,
        }
    }
}

impl Counts {
    /// Entries that were queued so far.
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Relaxed)
    }

    /// Entries that could not be recorded so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Whether an event of the target `audit` at level `INFO` reaches the layer now, on this thread. Ask once at
    /// start-up: a filter before the layer, or a subscriber without it, would lose entries without a trace.
    pub fn is_heard(&self) -> bool {
        let before = self.probes.load(Relaxed);
        ::tracing::event!(target: TARGET, Level::INFO, bulla_probe = true, "audit capture is asked whether it hears");
        self.probes.load(Relaxed) > before
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").field("recorded", &self.recorded()).field("lost", &self.lost()).finish()
    }
}

impl<S> Layer<S> for AuditLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| is_audit(span.metadata())) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(OpenSpan { id: new_id(), fields, started: Instant::now() });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<OpenSpan>() {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        if event.metadata().fields().field(PROBE).is_some() {
            self.counts.probes.fetch_add(1, Relaxed);
            return;
        }
        let (mut fields, cause) = surroundings(context.event_scope(event));
        event.record(&mut fields);
        self.record(mapping::entry(fields, self.defaults(event.metadata(), cause)));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<OpenSpan>() else { return };
        if span.metadata().target() == CONTEXT_TARGET {
            return;
        }
        let (mut fields, cause) = surroundings(span.parent().map(|parent| parent.scope()));
        for (name, value) in open.fields.values {
            fields.put(name, value);
        }
        let is_panicking = std::thread::panicking();
        let defaults = Defaults { is_panicking, ..self.defaults(span.metadata(), cause) };
        let mut entry = mapping::entry(fields, defaults);
        entry.id = open.id;
        if entry.duration_ms.is_none() {
            entry = entry.duration(open.started.elapsed());
        }
        self.record(entry);
    }
}

/// What an entry takes from the spans around it, the nearest before the farther, and the id of the nearest span that
/// will have an entry.
fn surroundings<'a, S: LookupSpan<'a>>(scope: Option<Scope<'a, S>>) -> (Fields, Option<String>) {
    let (mut fields, mut cause) = (Fields::default(), None);
    for span in scope.into_iter().flat_map(Scope::from_root) {
        let extensions = span.extensions();
        let Some(open) = extensions.get::<OpenSpan>() else { continue };
        let inherited: Vec<(&str, Value)> =
            open.fields.values.iter().filter(|(name, _)| is_inherited(name)).cloned().collect();
        for (name, value) in inherited {
            fields.put(name, value);
        }
        if span.metadata().target() == TARGET {
            cause = Some(open.id.clone());
        }
    }
    (fields, cause)
}
