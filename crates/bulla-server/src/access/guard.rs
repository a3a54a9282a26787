//! The gate before every route but the few that anyone may use: who is it, may they, and not too often.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller::{Caller, identify};
use super::scope::{Scope, allows};
use crate::problem::{Code, Problem};
use crate::state::Shared;

/// What a group of routes needs.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Scope,
}

/// Lets a request through to its handler, with its [`Caller`], or refuses and records that.
pub(crate) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&gate, &parts) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refused) => {
            let Refused { problem, caller } = *refused;
            gate.shared.denials.record(&problem, &parts, caller.as_ref());
            problem.into_response()
        }
    }
}

/// Why a request was refused, and whose it is, when that is known.
struct Refused {
    problem: Problem,
    caller: Option<Caller>,
}

fn admit(gate: &Gate, parts: &Parts) -> Result<Caller, Box<Refused>> {
    let caller =
        identify(&gate.shared, parts).map_err(|problem| Box::new(Refused { problem, caller: None }))?;
    match check(gate, parts, &caller) {
        Ok(()) => Ok(caller),
        Err(problem) => Err(Box::new(Refused { problem, caller: Some(caller) })),
    }
}

fn check(gate: &Gate, parts: &Parts, caller: &Caller) -> Result<(), Problem> {
    if caller.is_person() {
        check_same_origin(parts)?;
    }
    if !allows(&caller.scopes, gate.scope) {
        let detail = format!("`{}` lacks the scope `{}`, which this route needs", caller.name, gate.scope);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let Some(rate) = &gate.shared.rate else { return Ok(()) };
    rate.take(&caller.fingerprint, Instant::now()).map_err(|seconds| {
        let detail = format!("`{}` has used up its requests; try again in {seconds} s", caller.name);
        Problem::new(Code::RateLimited, detail).retry_after(seconds)
    })
}

/// A cookie goes with every request that a browser sends here, also one that another site made it send. Those that
/// change something must come from a page of this server.
pub(crate) fn check_same_origin(parts: &Parts) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let is_same = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST.as_str())
        }
        (None, None) => false,
    };
    if is_same {
        return Ok(());
    }
    Err(Problem::new(
        Code::CrossOrigin,
        "the request came from a page of another site; open this server's own page",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).header("host", "here:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_same_origin(&parts).is_ok()
    }

    #[test]
    fn only_pages_of_this_server_may_change_something() {
        assert!(verdict(Method::GET, &[("sec-fetch-site", "cross-site")]), "reading is safe");
        for (headers, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "http://here:1")], true),
            (&[("origin", "http://there:1")], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://here:1"), ("sec-fetch-site", "cross-site")], false),
            (&[], false),
        ] {
            assert_eq!(verdict(Method::POST, headers), expected, "{headers:?}");
        }
    }
}
