//! What makes an OCSF 1.9 event valid, as far as our classes go: attributes that a class requires and those it has,
//! the values of enumerations, types, and the arithmetic of the numbers.

use serde_json::Value;

/// A class: its number, its activities, what it requires, and what it has beyond the base event.
struct Class {
    uid: u64,
    activities: &'static [u64],
    required: &'static [&'static str],
    has: &'static [&'static str],
    at_least_one: &'static [&'static str],
}

const CLASSES: [Class; 7] = [
    Class { uid: 0, activities: &[], required: &[], has: &[], at_least_one: &[] },
    Class {
        uid: 1007,
        activities: &[1, 2, 3, 4, 5],
        required: &["actor", "device", "process"],
        has: &["actor", "device", "process", "exit_code"],
        at_least_one: &[],
    },
    Class {
        uid: 1008,
        activities: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        required: &[],
        has: &["actor", "device", "src_endpoint", "log_name", "log_provider"],
        at_least_one: &["log_file", "log_name", "log_provider", "log_type", "log_type_id"],
    },
    Class {
        uid: 3002,
        activities: &[1, 2, 3, 4, 5, 6, 7],
        required: &["user"],
        has: &["user", "service", "session", "src_endpoint", "http_request", "http_response"],
        at_least_one: &["service", "dst_endpoint"],
    },
    Class {
        uid: 3004,
        activities: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
        required: &["entity"],
        has: &["entity", "comment", "src_endpoint", "http_request", "http_response"],
        at_least_one: &[],
    },
    Class {
        uid: 6002,
        activities: &[1, 2, 3, 4, 5, 6, 7, 8],
        required: &["application"],
        has: &["app", "application"],
        at_least_one: &[],
    },
    Class {
        uid: 6003,
        activities: &[1, 2, 3, 4],
        required: &["actor", "api", "src_endpoint"],
        has: &["actor", "api", "src_endpoint", "http_request", "http_response", "resources"],
        at_least_one: &[],
    },
];

/// Attributes of every class.
const BASE: [&str; 20] = [
    "class_uid",
    "class_name",
    "category_uid",
    "category_name",
    "activity_id",
    "activity_name",
    "type_uid",
    "severity_id",
    "severity",
    "status_id",
    "status",
    "status_code",
    "status_detail",
    "time",
    "message",
    "metadata",
    "unmapped",
    "duration",
    "raw_data",
    "count",
];

/// Attributes that a profile brings.
const PROFILES: [(&str, &[&str]); 5] = [
    ("record_integrity", &["attestation_list"]),
    ("security_control", &["action_id", "action", "disposition_id", "disposition"]),
    ("host", &["actor", "device"]),
    ("ai_operation", &["ai_agent", "ai_model", "message_context"]),
    ("trace", &["trace"]),
];

/// Objects: where they are, which members they require, and of which they need at least one.
const OBJECTS: [(&str, &[&str], &[&str]); 20] = [
    ("/metadata", &["version", "product"], &[]),
    ("/metadata/product", &[], &["name", "uid"]),
    ("/actor", &[], &["process", "user", "session", "application"]),
    ("/actor/user", &[], &["account", "name", "uid"]),
    ("/user", &[], &["account", "name", "uid"]),
    ("/src_endpoint", &[], &["ip", "uid", "name", "hostname", "svc_name"]),
    ("/device", &["type_id"], &["ip", "uid", "name", "hostname"]),
    ("/process", &[], &["pid", "uid"]),
    ("/api", &["operation"], &[]),
    ("/api/request", &["uid"], &[]),
    ("/service", &[], &["name", "uid"]),
    ("/entity", &[], &["name", "uid"]),
    ("/application", &[], &["name", "uid"]),
    ("/http_request/url", &[], &["url_string", "path"]),
    ("/http_response", &["code"], &[]),
    ("/ai_agent", &["uid"], &[]),
    ("/ai_model", &["ai_provider", "name"], &[]),
    ("/message_context", &[], &["application", "service"]),
    ("/trace", &["uid"], &[]),
    ("/attestation_list/0/fingerprint", &["algorithm_id", "value"], &[]),
];

/// Numbers that stand for something.
const ENUMS: [(&str, &[u64]); 10] = [
    ("/severity_id", &[0, 1, 2, 3, 4, 5, 6, 99]),
    ("/status_id", &[0, 1, 2, 99]),
    ("/action_id", &[0, 1, 2, 3, 4]),
    ("/disposition_id", &[0, 1, 2]),
    ("/actor/user/type_id", &[0, 1, 2, 3, 4, 99]),
    ("/device/type_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 99]),
    ("/message_context/ai_role_id", &[0, 1, 2, 3, 4, 5, 6, 99]),
    ("/attestation_list/0/fingerprint/algorithm_id", &[3]),
    ("/attestation_list/0/fingerprint/encoding_id", &[1]),
    ("/attestation_list/0/fingerprint/serialization_id", &[1]),
];

const TEXTS: [&str; 22] = [
    "/message",
    "/status",
    "/status_code",
    "/status_detail",
    "/activity_name",
    "/metadata/uid",
    "/metadata/version",
    "/metadata/event_code",
    "/metadata/original_time",
    "/metadata/correlation_uid",
    "/actor/user/uid",
    "/actor/user/name",
    "/actor/session/uid",
    "/src_endpoint/ip",
    "/src_endpoint/name",
    "/api/operation",
    "/api/request/uid",
    "/http_request/http_method",
    "/http_request/user_agent",
    "/http_request/url/path",
    "/process/uid",
    "/trace/uid",
];

const INTEGERS: [&str; 7] = [
    "/time",
    "/metadata/sequence",
    "/metadata/logged_time",
    "/http_response/code",
    "/message_context/prompt_tokens",
    "/message_context/completion_tokens",
    "/exit_code",
];

/// Everything that is wrong with an event.
pub(crate) fn problems(event: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let number = |name: &str| event[name].as_u64();
    let class = CLASSES.iter().find(|class| number("class_uid") == Some(class.uid));
    let Some(class) = class else { return vec![format!("class_uid is {}", event["class_uid"])] };
    check_classification(event, class, &mut problems);
    check_attributes(event, class, &mut problems);
    for (path, required, one_of) in OBJECTS {
        let Some(object) = event.pointer(path) else { continue };
        let has = |name: &&str| object.get(name).is_some_and(is_said);
        problems.extend(required.iter().filter(|name| !has(name)).map(|name| format!("{path}/{name}")));
        if !one_of.is_empty() && !one_of.iter().any(has) {
            problems.push(format!("{path} has none of {one_of:?}"));
        }
    }
    for (path, allowed) in ENUMS {
        let found = event.pointer(path);
        if found.is_some_and(|value| value.as_u64().is_none_or(|value| !allowed.contains(&value))) {
            problems.push(format!("{path} is {}", found.unwrap()));
        }
    }
    let of_type = |paths: &[&'static str], is_it: fn(&Value) -> bool| -> Vec<String> {
        let wrong = paths.iter().filter(|path| event.pointer(path).is_some_and(|value| !is_it(value)));
        wrong.map(|path| format!("{path} has a wrong type")).collect()
    };
    problems.extend(of_type(&TEXTS, |value| value.as_str().is_some_and(|text| !text.is_empty())));
    problems.extend(of_type(&INTEGERS, Value::is_i64));
    problems.extend(of_type(&["/unmapped", "/metadata", "/actor"], Value::is_object));
    let ip = event.pointer("/src_endpoint/ip").and_then(Value::as_str);
    if ip.is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
        problems.push("src_endpoint.ip is no address".to_owned());
    }
    let denied = event.get("action_id").is_some();
    if denied && number("status_id") != Some(2) {
        problems.push("what was denied did not fail".to_owned());
    }
    problems
}

fn check_classification(event: &Value, class: &Class, problems: &mut Vec<String>) {
    let number = |name: &str| event[name].as_u64();
    if number("category_uid") != Some(class.uid / 1000) {
        problems.push("category_uid is not the class's".to_owned());
    }
    let activity = number("activity_id").unwrap_or(u64::MAX);
    if activity != 0 && activity != 99 && !class.activities.contains(&activity) {
        problems.push(format!("activity_id {activity}"));
    }
    if activity == 99 && event["activity_name"].as_str().is_none_or(str::is_empty) {
        problems.push("another activity has no name".to_owned());
    }
    if number("type_uid") != Some(class.uid * 100 + activity) {
        problems.push("type_uid".to_owned());
    }
    if event.pointer("/metadata/version") != Some(&Value::from("1.9.0")) {
        problems.push("metadata.version".to_owned());
    }
}

/// Attributes that must be there, and none that the class and the profiles in use do not have.
fn check_attributes(event: &Value, class: &Class, problems: &mut Vec<String>) {
    let base = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];
    for name in base.iter().chain(class.required) {
        if event.get(name).is_none() {
            problems.push(format!("{name} is missing"));
        }
    }
    if !class.at_least_one.is_empty() && !class.at_least_one.iter().any(|name| event.get(name).is_some()) {
        problems.push(format!("none of {:?}", class.at_least_one));
    }
    let profiles: Vec<&str> = event["metadata"]["profiles"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    problems.extend(
        profiles
            .iter()
            .filter(|used| PROFILES.iter().all(|(name, _)| name != *used))
            .map(ToString::to_string),
    );
    let of_profiles = PROFILES.iter().filter(|(name, _)| profiles.contains(name)).flat_map(|(_, has)| *has);
    let known: Vec<&&str> = BASE.iter().chain(class.has).chain(of_profiles).collect();
    for name in event.as_object().unwrap().keys().filter(|name| !known.contains(&&name.as_str())) {
        problems.push(format!("{name} is no attribute of class {} with {profiles:?}", class.uid));
    }
}

/// Whether a value is there and not an empty string.
fn is_said(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}
