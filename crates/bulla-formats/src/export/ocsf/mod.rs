//! Events of the [Open Cybersecurity Schema Framework](https://schema.ocsf.io/1.9.0/) 1.9.
//!
//! Every attribute that a class requires is always there, filled from the entry's own facts. What has no attribute, and
//! every value that an attribute would say with less precision or in other words, is under `unmapped`, at the path that
//! it has in the entry. The profile `record_integrity` carries the hash of the entry's leaf in the tree: SHA-256 over
//! a zero byte and the stored line (RFC 6962 §2.1), so `serialization_id` is that of a flat sequence of bytes.

mod class;
mod facts;

use std::net::IpAddr;

use serde_json::json;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::object::Object;
use super::{ExportError, Line, Moment, moment};
use crate::record::text_of;
use class::Class;
use facts::{Facts, Outcome};

/// Version of the schema whose attributes these are.
const OCSF_VERSION: &str = "1.9.0";

/// Methods that `http_request.http_method` has a word for; others are names of remote procedures.
const HTTP_METHODS: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Where details say which command was run.
const COMMAND_PATHS: [&str; 3] = ["detail.command", "detail.input.command", "detail.block.input.command"];

/// Writes an event.
pub(super) fn record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let mut fields = line.fields()?;
    let at = moment(&mut fields)?;
    let facts = Facts::read(&mut fields)?;
    let class = Class::of(&facts);
    let mut mapping = Mapping { line, class, facts, at };
    Object::write(out, |event| mapping.write(event, &mut fields));
    out.push(b'\n');
    Ok(())
}

/// One entry on its way to an event.
struct Mapping<'m, 'a> {
    line: &'m Line<'a>,
    class: Class,
    facts: Facts<'a>,
    at: Moment<'a>,
}

impl Mapping<'_, '_> {
    fn write(&mut self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        self.classification(event);
        self.ending(event, fields);
        event.put("time", &self.at.millis());
        event.put("message", &self.facts.action);
        let has_trace = self.class.has_operation();
        let trace = if has_trace { fields.take_word("trace.trace_id") } else { None };
        self.metadata(event, fields, trace.is_some());
        self.source(event, fields);
        self.actor(event, fields);
        self.of_class(event, fields);
        self.http(event, fields);
        self.operation(event, fields);
        event.object("trace", |object| object.maybe("uid", trace));
        self.attestation(event);
        event.object("unmapped", |rest| fields.rest(rest));
    }

    fn classification(&self, event: &mut Object<'_>) {
        let (category_uid, category_name) = self.class.category();
        let activity = self.class.activity(&self.facts);
        event.put("class_uid", &self.class.uid());
        event.put("class_name", self.class.name());
        event.put("category_uid", &category_uid);
        event.put("category_name", category_name);
        event.put("activity_id", &activity.id);
        event.put("activity_name", &activity.name);
        event.put("type_uid", &(self.class.uid() * 100 + activity.id));
        let (severity_id, severity) = match self.facts.outcome {
            Outcome::Success | Outcome::Unknown => (1, "Informational"),
            Outcome::Failure => (2, "Low"),
            Outcome::Denied => (3, "Medium"),
        };
        event.put("severity_id", &severity_id);
        event.put("severity", severity);
    }

    /// How it ended, and why.
    fn ending(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        let (status_id, status) = match self.facts.outcome {
            Outcome::Success => (1, "Success"),
            Outcome::Failure | Outcome::Denied => (2, "Failure"),
            Outcome::Unknown => (0, "Unknown"),
        };
        event.put("status_id", &status_id);
        event.put("status", status);
        event.maybe("status_code", fields.take_word("reason.code"));
        event.maybe("status_detail", fields.take_word("reason.message"));
        if self.facts.outcome == Outcome::Denied {
            event.put("action_id", &2);
            event.put("action", "Denied");
            event.put("disposition_id", &2);
            event.put("disposition", "Blocked");
        }
    }

    fn metadata(&self, event: &mut Object<'_>, fields: &mut Fields<'_>, has_trace: bool) {
        let profiles = [
            (true, "record_integrity"),
            (self.facts.outcome == Outcome::Denied, "security_control"),
            (self.class.needs_host_for_actor(), "host"),
            (self.is_operation(), "ai_operation"),
            (has_trace, "trace"),
        ];
        let profiles: Vec<&str> =
            profiles.into_iter().filter_map(|(is_used, name)| is_used.then_some(name)).collect();
        event.object("metadata", |metadata| {
            metadata.put("version", OCSF_VERSION);
            let version = env!("CARGO_PKG_VERSION");
            metadata.put("product", &json!({"name": "Bulla", "vendor_name": "Bulla", "version": version}));
            metadata.put("profiles", &profiles);
            metadata.maybe("uid", fields.take_word("id"));
            metadata.put("log_name", self.line.origin);
            metadata.maybe("sequence", fields.take_number("seq"));
            metadata.maybe("event_code", fields.take_word("event_name"));
            metadata.maybe("correlation_uid", fields.take_word("correlation_id"));
            metadata.maybe("original_time", fields.take_word("timestamp"));
            // Milliseconds; the nanoseconds stay in `unmapped`.
            metadata.maybe("logged_time", fields.see("recorded_at").and_then(millis));
        });
    }

    /// Whether an agent or a model is at work here.
    fn is_operation(&self) -> bool {
        let is_theirs = matches!(self.facts.category.as_ref(), "tool_execution" | "cognition" | "swarm");
        is_theirs && self.class.has_operation()
    }

    /// Where it came from: the client, else the emitter, else the log itself.
    fn source(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        if !self.class.has_source() {
            return;
        }
        event.object("src_endpoint", |endpoint| {
            let from = ["request.client_ip", "request.peer_ip"];
            let ip = from.into_iter().find_map(|path| fields.take_as(path, address));
            if ip.is_none() {
                endpoint.put("name", self.source_name());
            }
            endpoint.maybe("ip", ip);
        });
    }

    fn source_name(&self) -> &str {
        self.facts.source.as_deref().unwrap_or(self.line.origin)
    }

    fn actor(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        let principal = fields.see_text("principal").filter(|name| !name.is_empty());
        event.object("actor", |actor| {
            actor.object("user", |user| {
                user.maybe("uid", fields.take_word("principal"));
                user.maybe("uid_alt", fields.take_word("actor.id"));
                let name = fields.take_word("actor.name");
                if principal.is_none() && name.is_none() {
                    user.put("name", "unknown");
                }
                user.maybe("name", name);
                if let Some(kind) = fields.take_word("actor.type") {
                    user.put("type_id", &user_type(&kind));
                    user.put("type", &kind);
                }
                user.maybe("credential_uid", fields.take_word("actor.credential.id"));
            });
            actor.object("session", |session| session.maybe("uid", fields.take_word("session_id")));
        });
        if self.class == Class::Authentication {
            // Who logs in is whom the entry holds accountable.
            match principal {
                Some(uid) => event.put("user", &json!({"uid": uid})),
                None => event.put("user", &json!({"name": "unknown"})),
            }
        }
    }

    /// What the class requires beyond what all have.
    fn of_class(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        let facts = &self.facts;
        match self.class {
            Class::BaseEvent => {}
            Class::Process => {
                event.object("process", |process| {
                    let call = fields.take_word("tool.call_id");
                    process.put("uid", &call.unwrap_or_else(|| facts.id.clone()));
                    process.maybe("name", fields.take_word("tool.name"));
                    let said = COMMAND_PATHS.into_iter().find_map(|path| fields.see_text(path));
                    process.maybe("cmd_line", said);
                });
                event.maybe("exit_code", fields.see("detail.exit_code").and_then(small_integer));
                event.put("device", &json!({"type_id": 0, "name": self.source_name()}));
            }
            Class::EventLog => {
                event.put("log_name", self.line.origin);
                event.put("log_provider", "Bulla");
            }
            Class::Authentication => event.put("service", &json!({"name": self.source_name()})),
            Class::Entity => event.object("entity", |entity| {
                let (name, kind) = facts.target.clone().unwrap_or_else(|| (facts.action.to_string(), None));
                entity.put("name", &name);
                entity.maybe("type", kind);
            }),
            Class::Application => {
                let name = self.source_name();
                event.put("application", &json!({"name": name}));
                // Deprecated by `application` in 1.9, and what readers of earlier versions require.
                event.put("app", &json!({"name": name}));
            }
            Class::Api => event.object("api", |api| {
                api.maybe("operation", fields.take_word("action"));
                api.object("request", |request| {
                    request.put("uid", &fields.take_word("request.id").unwrap_or_else(|| facts.id.clone()));
                });
                api.object("service", |service| service.maybe("name", fields.take_word("tool.server")));
            }),
        }
    }

    fn http(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        if !self.class.has_http() {
            return;
        }
        event.object("http_request", |request| {
            request.maybe("http_method", fields.take_as("request.method", http_method));
            request.object("url", |url| url.maybe("path", fields.take_word("request.path")));
            request.maybe("user_agent", fields.take_word("request.user_agent"));
        });
        event.object("http_response", |response| {
            response.maybe("code", fields.take_number("request.status_code"));
        });
    }

    /// The attributes of the profile `ai_operation`: objects whose required attributes the entry has.
    fn operation(&self, event: &mut Object<'_>, fields: &mut Fields<'_>) {
        if !self.is_operation() {
            return;
        }
        let agent = ["agent", "subagent"].map(Some).contains(&fields.see_text("actor.type").as_deref());
        event.object("ai_agent", |object| {
            if let Some(uid) = fields.see_text("actor.id").filter(|uid| agent && !uid.is_empty()) {
                object.put("uid", &uid);
                object.maybe("name", fields.see_text("actor.name"));
            }
        });
        let provider = fields.see_text("model.provider").filter(|name| !name.is_empty());
        let Some(provider) = provider else {
            event.object("message_context", |context| {
                if let Some(name) = fields.take_word("tool.name") {
                    context.put("ai_role_id", &3);
                    context.put("service", &json!({"name": name}));
                    context.maybe("uid", fields.take_word("tool.call_id"));
                }
            });
            return;
        };
        event.object("ai_model", |object| {
            let answered = fields.take_word("model.response").or_else(|| fields.take_word("model.request"));
            if let Some(name) = answered {
                object.put("name", &name);
                object.maybe("ai_provider", fields.take_word("model.provider"));
            }
        });
        event.object("message_context", |context| {
            context.put("ai_role_id", &2);
            context.put("service", &json!({"name": provider}));
            context.maybe("prompt_tokens", fields.take_number("model.input_tokens"));
            context.maybe("completion_tokens", fields.take_number("model.output_tokens"));
        });
    }

    fn attestation(&self, event: &mut Object<'_>) {
        event.list_of_one("attestation_list", |attestation| {
            attestation.put("authority_uid", self.line.origin);
            attestation.put("chain_uid", self.line.origin);
            attestation.object("fingerprint", |fingerprint| {
                fingerprint.put("algorithm_id", &3);
                fingerprint.put("algorithm", "SHA-256");
                fingerprint.put("encoding_id", &1);
                fingerprint.put("serialization_id", &1);
                fingerprint.put("value", &self.line.leaf_hash());
            });
        });
    }
}

/// `user.type_id`.
fn user_type(kind: &str) -> u32 {
    match kind {
        "unknown" => 0,
        "user" => 1,
        "system" => 3,
        "service_account" => 4,
        _ => 99,
    }
}

fn address(value: &RawValue) -> Option<String> {
    let text = text_of(value)?;
    let ip: IpAddr = text.parse().ok()?;
    (ip.to_string() == text).then(|| text.into_owned())
}

fn http_method(value: &RawValue) -> Option<String> {
    text_of(value).filter(|method| HTTP_METHODS.contains(&method.as_ref())).map(std::borrow::Cow::into_owned)
}

fn millis(value: &RawValue) -> Option<i64> {
    let at: bulla::Timestamp = text_of(value)?.parse().ok()?;
    i64::try_from(at.unix_nanos().div_euclid(1_000_000)).ok()
}

fn small_integer(value: &RawValue) -> Option<i32> {
    value.get().parse().ok()
}
