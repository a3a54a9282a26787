//! Schemathesis, a program that makes requests from an OpenAPI document, against a live server: no answer is a server
//! error, and every answer is one that the document describes. Slow, and needs Python and a package registry.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bulla_server::Scope;

use crate::server::{TestServer, record};

/// The release that is used; others may find other things.
const VERSION: &str = "4.32.5";
/// Requests for each route and phase.
const EXAMPLES: &str = "200";
/// What an answer must be. Left out are guesses about which requests are to be refused: a query string has a syntax
/// that the document cannot tell.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";

/// The program, installed under `target` when it is not there yet.
fn installed() -> Result<PathBuf, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name(format!("schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    if program.exists() {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let package = format!("schemathesis=={VERSION}");
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &package]))?;
    Ok(program)
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn schemathesis(program: &Path, url: &str, token: &str) -> Output {
    Command::new(program)
        // It keeps a folder of its own where it runs.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .args(["run", &format!("{url}/openapi.json"), "--no-color", "--seed", "1", "--workers", "1"])
        .args(["--max-examples", EXAMPLES, "--checks", CHECKS, "--continue-on-failure"])
        .args(["--request-timeout", "30", "--generation-database", "none", "--warnings", "off"])
        // It has no end.
        .args(["--exclude-path", "/v1/tail"])
        // It would revoke the token that it uses.
        .args(["--exclude-operation-id", "revoke_token"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // As pages of this server send it.
        .args(["--header", "Sec-Fetch-Site: same-origin"])
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_one_that_the_document_describes() {
    if std::env::var_os("BULLA_SLOW_TESTS").is_none() {
        println!("SKIPPED: schemathesis, because BULLA_SLOW_TESTS is not set");
        return;
    }
    let program = match installed() {
        Ok(program) => program,
        Err(reason) => {
            println!("SKIPPED: schemathesis {VERSION} cannot be installed: {reason}");
            return;
        }
    };
    let server = TestServer::start().await;
    for number in 0..20 {
        server.post_json("/v1/entries", &record(&format!("act-{number}"))).await;
    }
    let token = server.new_token("schemathesis", &[Scope::Admin]);
    let url = server.server.url();
    let output = tokio::task::spawn_blocking(move || schemathesis(&program, &url, &token)).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let generated = said.split_once(" generated").and_then(|(before, _)| before.split_whitespace().last());
    let generated: u64 = generated.and_then(|count| count.parse().ok()).unwrap_or(0);
    assert!(generated >= 1000, "only {generated} requests were made: {said}");
    server.stop().await;
}
