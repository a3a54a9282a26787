//! AWS CloudTrail: one event per line, or a delivered file's `{"Records":[…]}` in one line. The event itself is
//! the entry's `detail`.
//!
//! Field names are those of the
//! [CloudTrail record contents](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).

use std::borrow::Cow;
use std::net::IpAddr;

use bulla::entry::{Actor, Credential, Request, Target};
use bulla::{AuditCategory, AuditEntry, AuditOutcome};
use serde_json::json;

use super::found::{Found, TEXT_BYTES_MAX};
use super::seal::{Detail, Document, Draft, Mapping};
use crate::record::{Record, clip};

/// Maps CloudTrail events.
pub(crate) struct Cloudtrail;

impl Mapping for Cloudtrail {
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>) {
        drafts.push(Draft::Entry(Box::new(entry(found)), Detail::Original));
    }

    fn split<'a>(&self, record: &Record<'a>) -> Option<Document<'a>> {
        let list = record.value("Records").filter(|list| list.get().starts_with('['))?;
        let rest: Vec<String> = record
            .fields()
            .filter(|(name, _)| *name != "Records")
            .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name)))
            .collect();
        let rest = (!rest.is_empty()).then(|| format!("{{{}}}", rest.join(",")));
        Some(Document { records: crate::record::items(list), rest })
    }
}

fn entry(found: &Found<'_>) -> AuditEntry {
    let event = &found.record;
    let service = event.word("eventSource").unwrap_or(Cow::Borrowed("aws"));
    let name = event.word("eventName").unwrap_or(Cow::Borrowed("unknown"));
    let time = if event.value("eventTime").is_some() { "eventTime" } else { "@timestamp" };
    let mut entry = found.entry(category(event, &service), &format!("{service}:{name}"), &found.when(time));
    entry.id = event.text("eventID").unwrap_or_default().into_owned();
    entry.event_name = Some(event_name(&service, &name));
    entry.correlation_id = copy(event, "sharedEventID");
    entry.request = request(event).map(Box::new);
    entry.targets =
        event.list("resources").into_iter().filter_map(Record::parse).filter_map(|r| target(&r)).collect();
    if let Some(identity) = event.object("userIdentity") {
        entry.principal = principal(&identity);
        entry.actor = Some(Box::new(actor(&identity)));
    }
    for (label, field) in [("aws.region", "awsRegion"), ("aws.account", "recipientAccountId")] {
        if let Some(value) = copy(event, field) {
            entry = entry.label(label, value);
        }
    }
    with_outcome(entry, event)
}

/// A text of the record for a field of the entry.
fn copy(record: &Record<'_>, name: &str) -> Option<String> {
    record.word(name).map(|text| clip(&text, TEXT_BYTES_MAX))
}

fn category(event: &Record<'_>, service: &str) -> AuditCategory {
    let is_sign_in = matches!(service, "signin.amazonaws.com" | "sts.amazonaws.com")
        || event.word("eventType").is_some_and(|kind| kind == "AwsConsoleSignIn");
    if is_sign_in { AuditCategory::Auth } else { AuditCategory::Api }
}

/// `auth.login` for console logins, else `aws.SERVICE.EVENT`.
fn event_name(service: &str, name: &str) -> String {
    match name {
        "ConsoleLogin" => "auth.login".to_owned(),
        _ => clip(&format!("aws.{}.{name}", service.trim_end_matches(".amazonaws.com")), TEXT_BYTES_MAX),
    }
}

fn principal(identity: &Record<'_>) -> Option<String> {
    ["arn", "userName", "invokedBy", "principalId", "accountId"]
        .into_iter()
        .find_map(|name| copy(identity, name))
}

fn actor(identity: &Record<'_>) -> Actor {
    let kind = identity.word("type");
    let kind = match kind.as_deref() {
        Some(
            "Root" | "IAMUser" | "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "IdentityCenterUser",
        ) => "user",
        Some("AssumedRole" | "Role") => "service_account",
        Some("AWSService") => "system",
        Some(other) => &clip(other, 64),
        None => "unknown",
    };
    let issuer = identity.object("sessionContext").and_then(|context| context.object("sessionIssuer"));
    let issuer = issuer.filter(|issuer| issuer.word("arn").is_some());
    Actor {
        kind: Some(kind.to_owned()),
        id: copy(identity, "principalId"),
        name: copy(identity, "userName").or_else(|| issuer.as_ref().and_then(|issuer| copy(issuer, "userName"))),
        on_behalf_of: issuer
            .iter()
            .map(|issuer| json!({"type": copy(issuer, "type"), "id": copy(issuer, "arn"), "name": copy(issuer, "userName")}))
            .collect(),
        // The id of an access key is public; its secret never stands in CloudTrail under this name.
        credential: copy(identity, "accessKeyId").map(|id| Credential {
            kind: Some("api_key".to_owned()),
            id: Some(id),
            ..Credential::default()
        }),
        ..Actor::default()
    }
}

fn request(event: &Record<'_>) -> Option<Request> {
    // For calls between services this is a name such as `ec2.amazonaws.com`, which is no address.
    let client_ip = event.word("sourceIPAddress").filter(|text| text.parse::<IpAddr>().is_ok());
    let request = Request {
        id: copy(event, "requestID"),
        client_ip: client_ip.map(Cow::into_owned),
        user_agent: copy(event, "userAgent"),
        ..Request::default()
    };
    (request != Request::default()).then_some(request)
}

fn target(resource: &Record<'_>) -> Option<Target> {
    let id = copy(resource, "ARN")
        .or_else(|| copy(resource, "ARNPrefix"))
        .or_else(|| copy(resource, "accountId"))?;
    Some(Target { kind: copy(resource, "type"), id: Some(id), ..Target::default() })
}

fn with_outcome(entry: AuditEntry, event: &Record<'_>) -> AuditEntry {
    let message = copy(event, "errorMessage");
    if let Some(code) = copy(event, "errorCode") {
        let outcome = if is_denial(&code) { AuditOutcome::Denied } else { AuditOutcome::Failure };
        return entry.outcome(outcome).reason(code, message.unwrap_or_default());
    }
    let login = event.object("responseElements").and_then(|response| response.word("ConsoleLogin"));
    if login.is_some_and(|word| word == "Failure") {
        return entry.outcome(AuditOutcome::Failure).reason("login_failed", message.unwrap_or_default());
    }
    entry.outcome(AuditOutcome::Success)
}

/// `AccessDenied`, `AccessDeniedException`, `Client.UnauthorizedOperation`, `UnauthorizedAccess`, `Forbidden`…
fn is_denial(code: &str) -> bool {
    ["AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden", "AuthorizationError"]
        .iter()
        .any(|word| code.contains(word))
}
