//! The OpenAPI document: what is served is what is kept in `spec/openapi.json`, and it says what holds for all routes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::body::Body;
use bulla_server::Code;
use serde_json::{Value, json};

use crate::server::TestServer;

/// Set to `1`, the file is written anew instead of compared.
const UPDATE: &str = "BULLA_UPDATE_OPENAPI";

/// What needs no credential.
const OPEN: [&str; 4] = ["/login", "/logout", "/healthz", "/readyz"];

fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json")
}

/// Every operation of the document, with its path and method.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap();
            item.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

/// The same, with the keys of every object in order, so that the file does not depend on how a build orders them.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.into_iter().map(|(key, value)| (key, in_order(value))).collect();
            fields.sort_by(|one, two| one.0.cmp(&two.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(in_order).collect()),
        other => other,
    }
}

async fn served() -> Value {
    let server = TestServer::start().await;
    let answer = server.send(server.anonymous("GET", "/openapi.json").body(Body::empty()).unwrap()).await;
    let document = answer.json();
    server.stop().await;
    document
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept() {
    let served = in_order(served().await);
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&served).unwrap();
        std::fs::write(kept(), text + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(kept()).unwrap()).unwrap();
    assert!(
        served == kept,
        "the API is not what spec/openapi.json says; if that is meant: {UPDATE}=1 cargo test -p bulla-server openapi, \
         and look at the difference"
    );
}

#[tokio::test]
async fn every_problem_code_is_in_the_document() {
    let document = served().await;
    let listed = &document["components"]["schemas"]["Code"]["enum"];
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(*listed, json!(codes));
}

#[tokio::test]
async fn every_operation_says_its_tag_and_which_credential_it_needs() {
    let document = served().await;
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| {
            assert!(!tag["description"].as_str().unwrap().is_empty());
            tag["name"].as_str().unwrap()
        })
        .collect();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut names = BTreeSet::new();
    for (route, operation) in operations(&document) {
        assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{route}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{route}");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{route}: its name stands twice");
        let needed = operation["security"].as_array();
        let is_open = OPEN.iter().any(|open| route.ends_with(open));
        assert_eq!(needed.is_none(), is_open, "{route}");
        for requirement in needed.into_iter().flatten() {
            let (scheme, scopes) = requirement.as_object().unwrap().iter().next().unwrap();
            assert!(schemes.contains_key(scheme) && scopes[0].is_string(), "{route}");
        }
    }
}
