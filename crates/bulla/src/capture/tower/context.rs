//! What the inside of a service adds to its request's entry: a cell that travels in the request's extensions.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value};

use super::limits::{ACTION_BYTES_MAX, ADDED_MAX, PRINCIPAL_BYTES_MAX, REASON_BYTES_MAX};
use crate::capture::bounded::Bounds;
use crate::entry::{Actor, AuditEntry, AuditOutcome, Reason, Target};

/// What handlers and inner layers say about the request under way. It is in the extensions of every request that
/// [`AuditLayer`](super::AuditLayer) sees, also of those it skips; in axum, take it as `Extension<AuditContext>`.
///
/// What is said here goes before what the layer finds by itself. What is said after the entry was written (see
/// [the module](super)) is lost: the act was over. At most 64 details, labels and targets each are taken; texts are
/// cut at the limits of an entry.
///
/// ```
/// # use bulla::capture::tower::AuditContext;
/// # fn authenticate(request: &http::Request<()>) {
/// if let Some(audit) = request.extensions().get::<AuditContext>() {
///     audit.set_principal("alice@example.org");
///     audit.set_detail("plan", "free");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct AuditContext {
    said: Arc<Mutex<Said>>,
}

/// All that was said so far.
#[derive(Debug, Default)]
struct Said {
    principal: Option<String>,
    action: Option<String>,
    route: Option<String>,
    session: Option<String>,
    actor: Option<Actor>,
    outcome: Option<AuditOutcome>,
    reason: Option<Reason>,
    targets: Vec<Target>,
    detail: Map<String, Value>,
    labels: Vec<(String, String)>,
}

impl AuditContext {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().expect("no panic while held")
    }

    /// Says who is accountable.
    pub fn set_principal(&self, principal: impl Into<String>) {
        self.said().principal = Some(principal.into());
    }

    /// Says who did it, in more words.
    pub fn set_actor(&self, actor: Actor) {
        self.said().actor = Some(actor);
    }

    /// Names the act better than method and route do.
    pub fn set_action(&self, action: impl Into<String>) {
        self.said().action = Some(action.into());
    }

    /// Says which route template matched.
    pub fn set_route(&self, route: impl Into<String>) {
        self.said().route = Some(route.into());
    }

    /// Names the session.
    pub fn set_session(&self, session: impl Into<String>) {
        self.said().session = Some(session.into());
    }

    /// Says how it ended where the status does not; an exchange that is cut short is a failure all the same.
    pub fn set_outcome(&self, outcome: AuditOutcome) {
        self.said().outcome = Some(outcome);
    }

    /// Says why it was allowed, denied or failed.
    pub fn set_reason(&self, code: impl Into<String>, message: impl Into<String>) {
        let reason = Reason { code: Some(code.into()), message: Some(message.into()), ..Reason::default() };
        self.said().reason = Some(reason);
    }

    /// Adds something that was acted on.
    pub fn add_target(&self, target: Target) {
        let mut said = self.said();
        if said.targets.len() < ADDED_MAX {
            said.targets.push(target);
        }
    }

    /// Adds to `detail`. The key `http` is the layer's own.
    pub fn set_detail(&self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        let mut said = self.said();
        if said.detail.len() < ADDED_MAX || said.detail.contains_key(&key) {
            said.detail.insert(key, value);
        }
    }

    /// Adds a label.
    pub fn set_label(&self, key: impl Into<String>, value: impl Into<String>) {
        let label = (key.into(), value.into());
        let mut said = self.said();
        if said.labels.len() < ADDED_MAX {
            said.labels.push(label);
        }
    }

    /// What was found outside counts only where nothing was said. `find` runs without the lock: it is the user's.
    pub(super) fn find_principal(&self, find: impl FnOnce() -> Option<String>) {
        if self.said().principal.is_none() {
            let found = find();
            let mut said = self.said();
            said.principal = said.principal.take().or(found);
        }
    }

    /// As [`AuditContext::find_principal`].
    pub(super) fn find_route(&self, find: impl FnOnce() -> Option<String>) {
        if self.said().route.is_none() {
            let found = find();
            let mut said = self.said();
            said.route = said.route.take().or(found);
        }
    }

    pub(super) fn route(&self) -> Option<String> {
        self.said().route.clone()
    }

    /// Outcome and reason, where somebody said them.
    pub(super) fn told(&self, bounds: &mut Bounds) -> (Option<AuditOutcome>, Option<Reason>) {
        let said = self.said();
        let reason = said.reason.clone().map(|mut reason| {
            reason.message =
                reason.message.map(|text| bounds.text("/reason/message", &text, REASON_BYTES_MAX));
            reason
        });
        (said.outcome.filter(|outcome| *outcome != AuditOutcome::Unknown), reason)
    }

    /// Writes the rest of what was said into the entry; gives its `detail`.
    pub(super) fn fill(&self, entry: &mut AuditEntry, bounds: &mut Bounds) -> Map<String, Value> {
        let said = self.said();
        let mut text = |pointer: &str, text: &Option<String>, bytes_max| {
            text.as_ref().map(|text| bounds.text(pointer, text, bytes_max))
        };
        if let Some(action) = text("/action", &said.action, ACTION_BYTES_MAX) {
            entry.action = action;
        }
        entry.principal = text("/principal", &said.principal, PRINCIPAL_BYTES_MAX);
        entry.session_id = text("/session_id", &said.session, PRINCIPAL_BYTES_MAX);
        entry.actor = said.actor.clone().map(Box::new);
        entry.targets.clone_from(&said.targets);
        entry.labels.extend(said.labels.iter().cloned());
        said.detail.clone()
    }
}
