//! Which requests a rule is about.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};

/// Which requests a rule is about: those to which every kind of condition applies that it has.
///
/// ```
/// use bulla::capture::tower::Requests;
/// use http::Method;
/// let probes = Requests::all().method(Method::GET).path("/healthz").path("/readyz");
/// let reads = Requests::all().method(Method::GET).path_prefix("/v1/").status(200..=299);
/// ```
///
/// Paths are compared as they were sent, before any routing or decoding. A prefix also matches what a router would
/// resolve to another place (`/v1/%2e%2e/admin`), so skip by whole paths where that matters.
#[derive(Clone, Default)]
pub struct Requests {
    methods: Vec<Method>,
    paths: Vec<Path>,
    statuses: Vec<RangeInclusive<u16>>,
    #[expect(clippy::type_complexity, reason = "a test of a request is nothing else")]
    when: Option<Arc<dyn Fn(&Parts) -> bool + Send + Sync>>,
}

#[derive(Debug, Clone)]
enum Path {
    Whole(String),
    Prefix(String),
}

impl Requests {
    /// All requests.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only those with this method, or another one named so.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Only those with this path, or another one named so.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.paths.push(Path::Whole(path.into()));
        self
    }

    /// Only those whose path begins so, or is another one named so.
    #[must_use]
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.paths.push(Path::Prefix(prefix.into()));
        self
    }

    /// Only those that are answered with such a status. What is cut short (dropped, panicked, failed midway) is never
    /// meant by a status.
    #[must_use]
    pub fn status(mut self, status: RangeInclusive<u16>) -> Self {
        self.statuses.push(status);
        self
    }

    /// Only those of which this is true.
    #[must_use]
    pub fn when(mut self, when: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(Arc::new(when));
        self
    }

    /// Whether the status has a say.
    pub(super) fn needs_status(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Whether the head of the request is one of these.
    pub(super) fn has_head(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        let is_path = |rule: &Path| match rule {
            Path::Whole(whole) => path == whole,
            Path::Prefix(prefix) => path.starts_with(prefix.as_str()),
        };
        (self.methods.is_empty() || self.methods.contains(&head.method))
            && (self.paths.is_empty() || self.paths.iter().any(is_path))
            && self.when.as_ref().is_none_or(|when| when(head))
    }

    /// Whether the status is one of these.
    pub(super) fn has_status(&self, status: StatusCode) -> bool {
        self.statuses.is_empty() || self.statuses.iter().any(|range| range.contains(&status.as_u16()))
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("methods", &self.methods)
            .field("paths", &self.paths)
            .field("statuses", &self.statuses)
            .field("when", &self.when.is_some())
            .finish()
    }
}
