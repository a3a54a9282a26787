//! What the server counts while it works: requests and how long they took, refusals, and how long recording took.
//! What can be asked for at any time is not counted here but looked up by `metrics.rs`.

use std::time::Duration;

use bulla::State;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Code;

/// A family of histograms that are all made alike.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Counts since the server began.
#[derive(Debug)]
pub(crate) struct Counters {
    requests: Histograms<Answered>,
    refused: Family<Refused, Counter>,
    appends: Histograms<Reached>,
}

/// An answer, as requests are told apart: few values each, none of them from a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    pub(crate) method: &'static str,
    /// The route's pattern.
    pub(crate) route: String,
    /// `2xx` and so on.
    pub(crate) status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reached {
    state: &'static str,
}

impl Default for Counters {
    fn default() -> Self {
        let refused = Family::default();
        for code in Code::ALL {
            drop(refused.get_or_create(&Refused { code: code.as_str() }));
        }
        Self {
            // 0.5 ms to 16 s: a read from memory, a scan of a large log.
            requests: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))),
            refused,
            // 0.1 ms to 6.6 s: a sync of a fast disk, several publish intervals.
            appends: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0001, 2.0, 17))),
        }
    }
}

impl Counters {
    /// Counts an answer.
    pub(crate) fn answered(&self, answer: &Answered, took: Duration) {
        self.requests.get_or_create(answer).observe(took.as_secs_f64());
    }

    /// Counts an answer that is no success.
    pub(crate) fn refused(&self, code: Code) {
        self.refused.get_or_create(&Refused { code: code.as_str() }).inc();
    }

    /// Counts an entry that reached `state` so long after it was offered.
    pub(crate) fn appended(&self, state: State, took: Duration) {
        let state = match state {
            State::Published => "published",
            State::Witnessed => "witnessed",
            _ => "durable",
        };
        self.appends.get_or_create(&Reached { state }).observe(took.as_secs_f64());
    }

    /// Shows all of it in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Time from a request's head to its answer's head, by route and class of status";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, self.requests.clone());
        let help = "Answers that are no success, by their stable code";
        registry.register("requests_refused", help, self.refused.clone());
        let help = "Time from an entry's arrival to the state that its client waited for";
        registry.register_with_unit("append_duration", help, Unit::Seconds, self.appends.clone());
    }
}
