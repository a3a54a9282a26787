//! Any JSON object, by the usual names of its fields; the object itself is the entry's `detail`.

use bulla::entry::{Actor, Reason, Request, Target, Trace};
use bulla::{AuditCategory, AuditEntry, AuditOutcome};
use serde_json::value::RawValue;

use super::roles::{self, Role};
use crate::import::found::{Found, TEXT_BYTES_MAX, When, note};
use crate::import::name::category_of;
use crate::import::seal::{Detail, Draft};
use crate::record::{Record, clip, scalar_of};

/// The category of an event about which nothing better is known.
pub(crate) fn event_category() -> AuditCategory {
    AuditCategory::named("event").expect("the name is snake_case")
}

/// The best field for each role.
struct Slots<'a>([Option<(u8, String, &'a RawValue)>; Role::COUNT]);

pub(crate) fn draft<'a>(found: &Found<'a>) -> Draft<'a> {
    let slots = Slots::fill(&found.record);
    let when = slots.field(Role::Time).map_or(When::Missing, |(name, value)| When::Field(name, value));
    // A foreign `id` may be anything's, and may stand in other files too: the entry gets an id of its own.
    let mut entry = found.entry(slots.category(), &slots.action(), &when);
    entry.event_name = slots.text(Role::EventName);
    entry.principal = slots.text(Role::Principal);
    entry.session_id = slots.text(Role::Session);
    entry.correlation_id = slots.text(Role::Correlation);
    entry.duration_ms = slots.text(Role::DurationMs).and_then(|text| text.parse().ok());
    entry.request = slots.request().map(Box::new);
    entry.trace = slots.trace().map(Box::new);
    if let Some(principal) = &entry.principal {
        entry.actor = Some(Box::new(Actor { name: Some(principal.clone()), ..Actor::default() }));
    }
    if let Some(host) = slots.text(Role::Host) {
        entry.targets.push(Target { kind: Some("host".to_owned()), name: Some(host), ..Target::default() });
    }
    slots.set_outcome(&mut entry);
    Draft::Entry(Box::new(entry), Detail::Original)
}

impl<'a> Slots<'a> {
    fn fill(record: &Record<'a>) -> Self {
        let mut slots = Self(std::array::from_fn(|_| None));
        for (name, value) in record.fields() {
            slots.offer(name, value);
            if roles::is_namespace(name)
                && let Some(inner) = Record::parse(value)
            {
                slots.offer_inner(name, &inner);
            }
        }
        slots
    }

    /// Fields one or two levels down, as `event.action` or `http.request.method`.
    fn offer_inner(&mut self, outer: &str, inner: &Record<'a>) {
        for (name, value) in inner.fields() {
            let path = format!("{outer}.{name}");
            if roles::is_namespace(name)
                && let Some(innermost) = Record::parse(value)
            {
                for (name, value) in innermost.fields() {
                    self.offer(&format!("{path}.{name}"), value);
                }
            }
            self.offer(&path, value);
        }
    }

    fn offer(&mut self, name: &str, value: &'a RawValue) {
        let Some((role, rank)) = roles::role_of(name) else { return };
        if scalar_of(value).is_none() {
            return;
        }
        let slot = &mut self.0[role as usize];
        if slot.as_ref().is_none_or(|(best, ..)| rank < *best) {
            *slot = Some((rank, name.to_owned(), value));
        }
    }

    fn field(&self, role: Role) -> Option<(&str, &'a RawValue)> {
        self.0[role as usize].as_ref().map(|(_, name, value)| (name.as_str(), *value))
    }

    fn text(&self, role: Role) -> Option<String> {
        let (_, value) = self.field(role)?;
        scalar_of(value).map(|text| clip(&text, TEXT_BYTES_MAX))
    }

    fn status(&self) -> Option<u16> {
        self.text(Role::Status).and_then(|text| text.parse().ok())
    }

    fn category(&self) -> AuditCategory {
        let named = self.text(Role::Category).and_then(|name| category_of(&name));
        let is_request = self.field(Role::Method).is_some() && self.field(Role::Path).is_some();
        named.unwrap_or_else(|| if is_request { AuditCategory::Api } else { event_category() })
    }

    fn action(&self) -> String {
        let request = || Some(format!("{} {}", self.text(Role::Method)?, self.text(Role::Path)?));
        self.text(Role::Action)
            .or_else(request)
            .or_else(|| self.text(Role::EventName))
            .or_else(|| self.text(Role::Message).map(|message| clip(&message, 200)))
            .unwrap_or_else(|| "event".to_owned())
    }

    fn request(&self) -> Option<Request> {
        let request = Request {
            id: self.text(Role::RequestId),
            method: self.text(Role::Method),
            path: self.text(Role::Path),
            status_code: self.status(),
            client_ip: self.text(Role::ClientIp),
            user_agent: self.text(Role::UserAgent),
            ..Request::default()
        };
        (request != Request::default()).then_some(request)
    }

    fn trace(&self) -> Option<Trace> {
        let trace = Trace {
            trace_id: self.text(Role::TraceId),
            span_id: self.text(Role::SpanId),
            ..Trace::default()
        };
        (trace != Trace::default()).then_some(trace)
    }

    /// A word about the outcome, else a status, else an error, else the level; what says nothing went well.
    fn set_outcome(&self, entry: &mut AuditEntry) {
        let word = self.text(Role::Outcome).or_else(|| self.text(Role::Status));
        let said = word.as_deref().and_then(roles::outcome_of);
        let by_status = || self.status().and_then(roles::outcome_of_status);
        let error = self.text(Role::Error).filter(|error| error != "false" && error != "0");
        let failed =
            error.is_some() || self.text(Role::Severity).is_some_and(|word| roles::is_error_level(&word));
        if let (Some(word), None) = (self.text(Role::Outcome), said) {
            note(entry, &format!("outcome {:?} is not a known word", clip(&word, 64)));
        }
        let otherwise = if failed { AuditOutcome::Failure } else { AuditOutcome::Success };
        entry.outcome = said.or_else(by_status).unwrap_or(otherwise);
        if let Some(message) = error
            && entry.outcome != AuditOutcome::Success
        {
            let code = Some("error".to_owned());
            entry.reason = Some(Box::new(Reason { code, message: Some(message), ..Reason::default() }));
        }
    }
}
