//! Windows events as collectors write them as JSON (NXLog, Winlogbeat's flat form): one object with `Channel` and
//! `EventID`. The object itself is the entry's `detail`.

use std::borrow::Cow;

use bulla::entry::{Actor, Request, Target};
use bulla::{AuditCategory, AuditOutcome};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::generic::event_category;
use super::roles::is_error_level;
use crate::import::found::{Found, TEXT_BYTES_MAX, When};
use crate::import::name::snake_case;
use crate::import::seal::{Detail, Draft};
use crate::import::time::{ReadTime, read_time};
use crate::record::{Record, clip, scalar_of};

/// Declares the fields that matter, found in one pass over a record of forty.
macro_rules! fields {
    ($( $field:ident = $name:literal ),* $(,)?) => {
        #[derive(Default)]
        struct Fields<'a> { $( $field: Option<&'a RawValue>, )* }

        impl<'a> Fields<'a> {
            fn of(record: &Record<'a>) -> Self {
                let mut fields = Self::default();
                for (name, value) in record.fields() {
                    match name {
                        $( $name => fields.$field = Some(value), )*
                        _ => {}
                    }
                }
                fields
            }
        }
    };
}

fields! {
    channel = "Channel",
    event_id = "EventID",
    category = "Category",
    event_type = "EventType",
    severity = "Severity",
    utc_time = "UtcTime",
    collected = "@timestamp",
    event_time = "EventTime",
    activity = "ActivityID",
    host = "Hostname",
    subject_user = "SubjectUserName",
    subject_domain = "SubjectDomainName",
    subject_sid = "SubjectUserSid",
    target_user = "TargetUserName",
    target_domain = "TargetDomainName",
    account = "AccountName",
    account_domain = "Domain",
    account_sid = "UserID",
    user = "User",
    process = "ProcessName",
    image = "Image",
    object = "ObjectName",
    object_type = "ObjectType",
    target_object = "TargetObject",
    target_file = "TargetFilename",
    new_process = "NewProcessName",
    command_line = "CommandLine",
    ip = "IpAddress",
}

/// An entry for a Windows event; nothing for any other object.
pub(crate) fn draft<'a>(found: &Found<'a>) -> Option<Draft<'a>> {
    let fields = Fields::of(&found.record);
    let channel = text(fields.channel)?;
    let event_id = text(fields.event_id)?;
    let event =
        if channel.eq_ignore_ascii_case("security") { security_event(&event_id) } else { Security::Other };
    let category = if event == Security::Other { event_category() } else { AuditCategory::Auth };
    let mut entry = found.entry(category, &fields.action(&channel, &event_id), &fields.when());
    let name = format!("windows.{}.{event_id}", snake_case(&channel, 100));
    entry.event_name = Some(clip(&name, TEXT_BYTES_MAX));
    entry.outcome = fields.outcome();
    entry.principal = fields.principal(event == Security::Logon);
    entry.correlation_id = text(fields.activity).map(|id| clip(&id, TEXT_BYTES_MAX));
    entry.actor = fields.actor(entry.principal.as_deref()).map(Box::new);
    entry.targets = fields.targets(event == Security::Logon);
    if let Some(ip) = text(fields.ip) {
        entry = entry.request(Request { client_ip: Some(clip(&ip, 64)), ..Request::default() });
    }
    Some(Draft::Entry(Box::new(entry), Detail::Original))
}

/// What an event of the Security channel is about, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// An account logs on or off or proves who it is: the account named as target is the one that acts.
    Logon,
    /// Somebody uses other credentials, or changes an account or a group.
    Account,
    Other,
}

fn security_event(event_id: &str) -> Security {
    match event_id.parse().unwrap_or(0) {
        4624 | 4625 | 4634 | 4647 | 4768..=4777 => Security::Logon,
        4648 | 4649 | 4672 | 4720..=4767 | 4778 | 4779 | 4800..=4803 => Security::Account,
        _ => Security::Other,
    }
}

impl Fields<'_> {
    /// `Security 4624: Logon`.
    fn action(&self, channel: &str, event_id: &str) -> String {
        match text(self.category) {
            Some(category) => format!("{channel} {event_id}: {category}"),
            None => format!("{channel} {event_id}"),
        }
    }

    /// Sysmon's own UTC time, else the collector's time with a zone, else the event's local time.
    fn when(&self) -> When<'_> {
        // UtcTime is written without a zone, and says by its name which one it is in.
        let utc =
            self.utc_time.and_then(read_time).map(|(ReadTime::Exact(at) | ReadTime::AssumedUtc(at))| at);
        if let Some(at) = utc {
            return When::Known(at);
        }
        let field = |name, value: Option<_>| value.map(|value| When::Field(name, value));
        field("@timestamp", self.collected)
            .or_else(|| field("EventTime", self.event_time))
            .unwrap_or(When::Missing)
    }

    fn outcome(&self) -> AuditOutcome {
        match text(self.event_type).as_deref() {
            Some("AUDIT_SUCCESS") => AuditOutcome::Success,
            Some("AUDIT_FAILURE" | "ERROR") => AuditOutcome::Failure,
            _ if text(self.severity).is_some_and(|word| is_error_level(&word)) => AuditOutcome::Failure,
            _ => AuditOutcome::Success,
        }
    }

    /// `DOMAIN\name` of the subject; of the one who logs on where that is the subject.
    fn principal(&self, is_logon: bool) -> Option<String> {
        let target = || account(self.target_domain, self.target_user);
        let subject = || account(self.subject_domain, self.subject_user);
        let first = if is_logon { target().or_else(subject) } else { subject() };
        first
            .or_else(|| account(self.account_domain, self.account))
            .or_else(|| text(self.user).map(|user| clip(&user, TEXT_BYTES_MAX)))
    }

    fn actor(&self, principal: Option<&str>) -> Option<Actor> {
        let id = text(self.subject_sid).or_else(|| text(self.account_sid));
        let process = text(self.process).or_else(|| text(self.image));
        if principal.is_none() && id.is_none() && process.is_none() {
            return None;
        }
        let mut actor = Actor {
            id: id.map(|id| clip(&id, TEXT_BYTES_MAX)),
            name: principal.map(str::to_owned),
            ..Actor::default()
        };
        if let Some(process) = process {
            actor
                .other
                .insert("process".to_owned(), json!({ "name": Value::from(clip(&process, TEXT_BYTES_MAX)) }));
        }
        Some(actor)
    }

    fn targets(&self, is_logon: bool) -> Vec<Target> {
        let object_kind = text(self.object_type).map(|kind| snake_case(&kind, 64));
        let named = [
            (object_kind.as_deref().unwrap_or("object"), self.object),
            ("registry", self.target_object),
            ("file", self.target_file),
            ("process", self.new_process.or(self.command_line)),
            ("host", self.host),
        ];
        let target = |kind: &str, name: String| Target {
            kind: Some(kind.to_owned()),
            name: Some(name),
            ..Target::default()
        };
        let user = if is_logon { None } else { account(self.target_domain, self.target_user) };
        let named = named
            .into_iter()
            .filter_map(|(kind, name)| text(name).map(|name| target(kind, clip(&name, TEXT_BYTES_MAX))));
        user.map(|user| target("user", user)).into_iter().chain(named).collect()
    }
}

/// A value that says something; Windows writes `-` where it has nothing.
fn text(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    value.and_then(scalar_of).filter(|text| text != "-")
}

fn account(domain: Option<&RawValue>, name: Option<&RawValue>) -> Option<String> {
    let name = text(name)?;
    let account = match text(domain) {
        Some(domain) => format!("{domain}\\{name}"),
        None => name.into_owned(),
    };
    Some(clip(&account, TEXT_BYTES_MAX))
}
