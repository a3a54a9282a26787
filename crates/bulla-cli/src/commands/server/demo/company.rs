//! What people and servers of the company did: requests, logins, refusals, failures, a changed setting, two deployments.
//! Names end in `.example` and addresses are those kept for documentation, so that nobody real is in it.

use std::time::Duration;

use bulla::entry::{Actor, Credential, Reason, Request, Target};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Phase, Timestamp};
use serde_json::json;

use super::sample::{SPAN, Sample};

const PEOPLE: [&str; 5] = [
    "ines@harbor.example",
    "mira@harbor.example",
    "oskar@harbor.example",
    "tomas@harbor.example",
    "yuki@harbor.example",
];
const SERVICES: [&str; 3] = ["checkout-service", "invoice-worker", "stock-sync"];

/// Method, route, a path of it, and how many of a hundred requests it is.
const ROUTES: [(&str, &str, u64); 7] = [
    ("GET", "/v1/orders", 30),
    ("GET", "/v1/orders/{id}", 25),
    ("POST", "/v1/orders", 12),
    ("GET", "/v1/customers/{id}", 12),
    ("PUT", "/v1/stock/{sku}", 9),
    ("POST", "/v1/invoices", 8),
    ("DELETE", "/v1/carts/{id}", 4),
];

/// 34 seconds between two requests on average: some 2,700 in all.
const PAUSE_SECONDS: std::ops::Range<u64> = 4..65;

pub(super) fn happen(sample: &mut Sample) {
    requests(sample);
    logins(sample);
    guessing(sample);
    changed_setting(sample);
    deployment(sample, 19 * 3600, "checkout", "4.11.0", true);
    deployment(sample, 3 * 3600, "invoices", "2.3.1", false);
    // The disk of the proxy's host was full for a while.
    sample.lose("edge-proxy", sample.ago(11 * 3600), 17);
}

pub(super) fn target(kind: &str, id: &str) -> Target {
    let (kind, id) = (Some(kind.to_owned()), Some(id.to_owned()));
    Target { kind, id, ..Target::default() }
}

pub(super) fn person(name: &str) -> Actor {
    let (kind, id) = (Some("user".to_owned()), Some(name.to_owned()));
    Actor { kind, id, ..Actor::default() }
}

fn requests(sample: &mut Sample) {
    let mut seconds = SPAN.as_secs() - 60;
    while seconds > 60 {
        request(sample, seconds);
        seconds = seconds.saturating_sub(sample.dice.between(PAUSE_SECONDS.start, PAUSE_SECONDS.end));
    }
}

fn request(sample: &mut Sample, seconds: u64) {
    let (method, route) = route(sample);
    let is_service = sample.dice.percent(55);
    let principal = *if is_service { sample.dice.one_of(&SERVICES) } else { sample.dice.one_of(&PEOPLE) };
    let status = status(sample, method);
    let path = route.replace("{id}", &sample.dice.between(10_000, 99_999).to_string());
    let path = path.replace("{sku}", &format!("tea-{}", sample.dice.between(100, 999)));
    let actor = Actor {
        kind: Some(if is_service { "service_account" } else { "user" }.to_owned()),
        id: Some(principal.to_owned()),
        credential: Some(Credential {
            kind: Some(if is_service { "api_key" } else { "session" }.to_owned()),
            ..Credential::default()
        }),
        ..Actor::default()
    };
    let mut entry = AuditEntry::api(format!("{method} {route}"))
        .event_name("http.request")
        .principal(principal)
        .actor(actor)
        .outcome(match status {
            401 | 403 => AuditOutcome::Denied,
            400.. => AuditOutcome::Failure,
            _ => AuditOutcome::Success,
        })
        .request(Request {
            method: Some(method.to_owned()),
            route: Some(route.to_owned()),
            path: Some(path),
            status_code: Some(status),
            client_ip: Some(format!("198.51.100.{}", sample.dice.between(2, 250))),
            user_agent: Some(if is_service { "harbor-http/3.2" } else { "Mozilla/5.0" }.to_owned()),
            ..Request::default()
        })
        .duration(Duration::from_millis(sample.dice.between(3, 180) + if status >= 500 { 2_000 } else { 0 }));
    entry = match status {
        403 => entry.reason("forbidden", "the role `support` may not change stock"),
        503 => entry.reason("upstream", "the database did not answer within 2 s"),
        _ => entry,
    };
    let emitter = if sample.dice.percent(70) { "edge-proxy" } else { "orders-api" };
    sample.add(emitter, sample.ago(seconds), entry);
}

fn route(sample: &mut Sample) -> (&'static str, &'static str) {
    let mut roll = sample.dice.between(0, 100);
    for (method, route, part) in ROUTES {
        if roll < part {
            return (method, route);
        }
        roll -= part;
    }
    unreachable!("the parts are a hundred in all")
}

fn status(sample: &mut Sample, method: &str) -> u16 {
    match sample.dice.between(0, 1000) {
        0..=11 => 503,
        12..=29 => 404,
        30..=44 if method == "PUT" => 403,
        _ if method == "POST" => 201,
        _ => 200,
    }
}

fn logins(sample: &mut Sample) {
    for (index, name) in PEOPLE.iter().enumerate() {
        for earlier in [0, 18 * 3600] {
            let seconds = 7 * 3600 + earlier + index as u64 * 700 + sample.dice.between(0, 600);
            let at = sample.ago(seconds);
            if sample.dice.percent(25) {
                let entry = login(name, AuditOutcome::Failure)
                    .reason("wrong_code", "the second factor did not match");
                sample.add("identity", at.saturating_sub(Duration::from_secs(20)), entry);
            }
            sample.add("identity", at, login(name, AuditOutcome::Success));
        }
    }
}

fn login(name: &str, outcome: AuditOutcome) -> AuditEntry {
    AuditEntry::auth("log in").event_name("auth.login").principal(name).actor(person(name)).outcome(outcome)
}

/// Somebody tries names and passwords from one address, and is shut out.
fn guessing(sample: &mut Sample) {
    let began = 9 * 3600;
    for attempt in 0..40 {
        let name = ["admin", "root", "mira@harbor.example", "backup"][attempt as usize % 4];
        let is_shut_out = attempt >= 25;
        let (code, message) = if is_shut_out {
            ("rate_limited", "too many attempts from this address")
        } else {
            ("unknown_credential", "no such user, or a wrong password")
        };
        let entry = login(name, AuditOutcome::Denied)
            .reason(code, message)
            .request(Request { client_ip: Some("203.0.113.66".to_owned()), ..Request::default() });
        sample.add("identity", sample.ago(began - attempt * 7), entry);
    }
}

fn changed_setting(sample: &mut Sample) {
    let entry = AuditEntry::new(AuditCategory::Config, "change alert threshold")
        .event_name("config.changed")
        .principal("oskar@harbor.example")
        .actor(person("oskar@harbor.example"))
        .outcome(AuditOutcome::Success)
        .target(target("setting", "alerts/checkout"))
        .change("/error_rate/threshold", Some(json!(0.01)), Some(json!(0.05)))
        .change("/error_rate/window_s", Some(json!(60)), Some(json!(300)))
        .reason("noise", "three pages in one night for retries that succeeded");
    sample.add("config-service", sample.ago(8 * 3600 + 340), entry);
}

/// An entry before and one after. The one that fails is rolled back by a deployment of its own.
fn deployment(sample: &mut Sample, seconds: u64, service: &str, version: &str, works: bool) {
    let flow = format!("deploy-{service}-{version}");
    let entry = |phase, outcome| {
        AuditEntry::new(AuditCategory::Api, format!("deploy {service}"))
            .event_name("deploy")
            .principal("tomas@harbor.example")
            .actor(person("tomas@harbor.example"))
            .correlation(&flow)
            .phase(phase)
            .outcome(outcome)
            .target(target("service", service))
            .detail(json!({"version": version, "cluster": "prod-eu"}))
    };
    let began = sample.ago(seconds);
    let before = sample.add("ci-runner", began, entry(Phase::Pre, AuditOutcome::Unknown));
    let took = Duration::from_secs(if works { 96 } else { 41 });
    let after = match works {
        true => entry(Phase::Post, AuditOutcome::Success),
        false => entry(Phase::Post, AuditOutcome::Failure)
            .reason("unhealthy", "2 of 3 instances did not become ready"),
    };
    let after = sample.add("ci-runner", began.saturating_add(took), after.cause(before).duration(took));
    if !works {
        let at: Timestamp = began.saturating_add(took * 2);
        let back = entry(Phase::Single, AuditOutcome::Success)
            .cause(after)
            .detail(json!({"version": "2.3.0", "cluster": "prod-eu"}));
        let approved = Reason {
            code: Some("rollback".to_owned()),
            approver: Some("oskar@harbor.example".to_owned()),
            ..Reason::default()
        };
        sample.add("ci-runner", at, AuditEntry { reason: Some(Box::new(approved)), ..back });
    }
}
